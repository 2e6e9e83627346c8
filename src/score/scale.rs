#![doc = include_str!("scale.md")]

use super::assumption::Assumption;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::step::{Step, StepEntry};
use super::{Score, shaping};
use crate::numeric::largest::Largest;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "scale",
    title: "SCALE",
    aliases: &[],
    reference: "Xu et al., Scaling for Training Time and Post-hoc Out-of-distribution Detection Enhancement, ICLR 2024, arXiv:2310.00227",
    page: include_str!("scale.md"),
    parameters: &[shaping::share("0.85")],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is SCALE with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "f · exp(s1/s2), s1 the sum of all features of the row and s2 that of the k = D − round(D·p) largest",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    shaping::step(ENTRY.id, settings, sharpen)
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    build_step(settings).map(shaping::build)
}

fn sharpen(row: &mut [f64], largest: &mut Largest) {
    let factor = shaping::sharpening(row.iter().sum(), largest.sum(row));
    row.iter_mut().for_each(|value| *value *= factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let mut row = [1.0, 3.0, 0.0, 2.0];
        sharpen(&mut row, &mut Largest::new(2));
        let factor = (6.0_f64 / 5.0).exp();
        assert_eq!(row, [factor, 3.0 * factor, 0.0, 2.0 * factor]);
    }
}
