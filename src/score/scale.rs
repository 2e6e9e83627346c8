#![doc = include_str!("scale.md")]

use super::entry::ScoreEntry;
use super::settings::{SettingError, Settings};
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
    caution: |dump| shaping::caution("scale", dump),
};

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    shaping::build(ENTRY.id, settings, sharpen)
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
