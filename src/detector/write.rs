//! Writing a detector to a file.

use std::io::{self, Write};

use super::decide::Detector;
use super::description::{Description, FORMAT};
use super::head;
use crate::eval::fits::sealed::{self, Describes};
use crate::score::State;

/// The parts of a file: arrays are named `part/array`.
pub(super) const FIT: &str = "fit";
pub(super) const HEAD: &str = "head";
pub(super) const CALIBRATION: &str = "calibration";
pub(super) const THRESHOLD: &str = "threshold";

impl Describes for Description {
    const KEY: &'static str = "oodbench_detector";
    const NAME: &'static str = "detector";
    const FORMAT: u32 = FORMAT;
}

impl Detector {
    /// Writes all of it: one file, from which [`Detector::load`] makes a detector that decides the same bits.
    ///
    /// # Errors
    /// If `out` cannot be written to.
    pub fn write<W: Write>(&self, out: &mut W) -> io::Result<()> {
        let ends: Vec<f64> = self.calibration.ends().iter().map(|&end| end as f64).collect();
        let calibration = State::new().with("scores", self.calibration.scores()).with("ends", &ends);
        let mut parts = vec![
            (FIT, self.score.scorer.save()),
            (CALIBRATION, calibration),
            (THRESHOLD, State::new().with("scores", &self.thresholds)),
        ];
        parts.extend(self.head.as_ref().map(|own| (HEAD, head::save(own))));
        sealed::write(out, &parts, &self.description)
    }
}
