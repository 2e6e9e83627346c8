#![doc = include_str!("relative_mahalanobis_pp.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::relative_mahalanobis::{RelativeMahalanobis, Variant};
use super::settings::{SettingError, Settings};
use crate::fit::Space;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "relative_mahalanobis_pp",
    title: "Relative Mahalanobis++",
    aliases: &["relative_mahalanobis++", "rmds++", "rmdspp"],
    reference: "Müller & Hein, Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025, arXiv:2505.18032",
    page: include_str!("relative_mahalanobis_pp.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(RelativeMahalanobis { space: Space::Unit, variant: Variant::Paper }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::{Example, HandDump};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[3.0, 4.0], [0.6, -0.8], [4.0, 3.0], [-8.0, 6.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[3.0, 4.0], [0.75, 1.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-0.21, -0.21], 1e-14);
    }

    /// The covariance within classes has rank 3 of 4.
    #[test]
    fn golden_of_a_singular_covariance() {
        HandDump::of_three_classes().gives(&ENTRY, &[], &[26.346_330_55, 710.766_358_25, 67.332_985_21], 5e-8);
    }
}
