//! New rows for a detector: a file, a folder, or a pipe.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum, ValueHint};

use super::elements::Elements;
use oodbench::detector::{Detector, NewRows, OnNan};

/// The detector and the rows of a command that decides.
#[derive(Args)]
pub(crate) struct DetectorAndRows {
    /// A file written by `oodbench calibrate`
    #[arg(value_name = "DETECTOR", value_hint = ValueHint::FilePath)]
    pub(crate) detector: PathBuf,
    /// New rows: an array (.npy), a folder or archive with logits and features, or - for an array on standard input
    #[arg(value_name = "ROWS", value_hint = ValueHint::AnyPath)]
    pub(crate) rows: PathBuf,
    /// What becomes of rows with NaN, infinite numbers or no finite score
    #[arg(long, value_name = "WHAT", value_enum, default_value = "refuse")]
    on_nan: OnNanChoice,
    #[command(flatten)]
    elements: Elements,
}

/// `--on-nan`.
#[derive(Clone, Copy, ValueEnum)]
enum OnNanChoice {
    /// They are an error
    Refuse,
    /// They are flagged; `monitor` leaves them out
    Flag,
}

/// What standard input is called.
const STDIN: &str = "-";

impl DetectorAndRows {
    /// The rows, opened for a detector.
    pub(crate) fn open<'d>(&self, detector: &'d Detector) -> anyhow::Result<NewRows<'d>> {
        if self.is_stdin() {
            if self.elements.are_given() {
                bail!(
                    "--dtype: found standard input, expected a file of elements alone; pipe an .npy array, which says its type"
                );
            }
            return Ok(NewRows::of_pipe(detector, io::stdin(), Path::new("standard input"))?);
        }
        Ok(match self.elements.of(&self.rows)? {
            Some(raw) => NewRows::of_elements(detector, &self.rows, &raw)?,
            None => NewRows::open(detector, &self.rows)?,
        })
    }

    /// Whether the rows come from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.rows.as_os_str() == STDIN
    }

    /// What becomes of rows without a score.
    pub(crate) fn on_nan(&self) -> OnNan {
        match self.on_nan {
            OnNanChoice::Refuse => OnNan::Refuse,
            OnNanChoice::Flag => OnNan::Flag,
        }
    }
}
