#![doc = include_str!("ash_s.md")]

use super::assumption::Assumption;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::step::{Step, StepEntry};
use super::{Score, shaping};
use crate::numeric::largest::Largest;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ash_s",
    title: "ASH-S",
    aliases: &[],
    reference: "Djurisic et al., Extremely Simple Activation Shaping for Out-of-Distribution Detection, ICLR 2023, arXiv:2209.09858",
    page: include_str!("ash_s.md"),
    parameters: &[shaping::share("0.9")],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is ASH-S with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "f · exp(s1/s2) among the k = D − round(D·p) largest of the row, 0 elsewhere; s1, s2 the sums of all and of the largest",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    shaping::step(ENTRY.id, settings, sharpen_largest)
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    build_step(settings).map(shaping::build)
}

fn sharpen_largest(row: &mut [f64], largest: &mut Largest) {
    let factor = shaping::sharpening(row.iter().sum(), largest.sum(row));
    largest.keep(row, |value| value * factor);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let mut row = [1.0, 3.0, 0.0, 2.0];
        sharpen_largest(&mut row, &mut Largest::new(2));
        let factor = (6.0_f64 / 5.0).exp();
        assert_eq!(row, [0.0, 3.0 * factor, 0.0, 2.0 * factor]);
    }
}
