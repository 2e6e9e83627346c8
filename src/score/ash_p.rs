#![doc = include_str!("ash_p.md")]

use super::assumption::Assumption;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::step::{Step, StepEntry};
use super::{Score, shaping};
use crate::numeric::largest::Largest;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ash_p",
    title: "ASH-P",
    aliases: &[],
    reference: "Djurisic et al., Extremely Simple Activation Shaping for Out-of-Distribution Detection, ICLR 2023, arXiv:2209.09858",
    page: include_str!("ash_p.md"),
    parameters: &[shaping::share("0.6")],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is ASH-P with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "f among the k = D − round(D·p) largest of the row, 0 elsewhere",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    shaping::step(ENTRY.id, settings, prune)
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    build_step(settings).map(shaping::build)
}

fn prune(row: &mut [f64], largest: &mut Largest) {
    largest.keep(row, |value| value);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let mut row = [1.0, 3.0, 0.0, 2.0];
        prune(&mut row, &mut Largest::new(2));
        assert_eq!(row, [0.0, 3.0, 0.0, 2.0]);
    }
}
