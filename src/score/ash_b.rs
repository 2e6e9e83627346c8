#![doc = include_str!("ash_b.md")]

use super::assumption::Assumption;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::step::{Step, StepEntry};
use super::{Score, shaping};
use crate::numeric::largest::Largest;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ash_b",
    title: "ASH-B",
    aliases: &[],
    reference: "Djurisic et al., Extremely Simple Activation Shaping for Out-of-Distribution Detection, ICLR 2023, arXiv:2209.09858",
    page: include_str!("ash_b.md"),
    parameters: &[shaping::share("0.65")],
    build,
    caution: no_caution,
    assumes: &[Assumption::NonNegativeFeatures],
};

/// The step that is ASH-B with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "s1/k among the k = D − round(D·p) largest of the row, 0 elsewhere; s1 the sum of all",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    shaping::step(ENTRY.id, settings, level_largest)
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    build_step(settings).map(shaping::build)
}

fn level_largest(row: &mut [f64], largest: &mut Largest) {
    let level = row.iter().sum::<f64>() / largest.count() as f64;
    largest.keep(row, |_| level);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let mut row = [1.0, 3.0, 0.0, 2.0];
        level_largest(&mut row, &mut Largest::new(2));
        assert_eq!(row, [0.0, 3.0, 0.0, 3.0]);
    }
}
