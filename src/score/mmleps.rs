#![doc = include_str!("mmleps.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill_logits};
use crate::numeric::softmax::mean_difference;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mmleps",
    title: "Maximum mean logit, entropy, probability",
    aliases: &["maximum_mean_logit_entropy_probability"],
    reference: "Macêdo et al., Distinction Maximization Loss (DisMax), arXiv:2205.05874",
    page: include_str!("mmleps.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct MaximumMeanLogitEntropyProbability;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MaximumMeanLogitEntropyProbability))
}

impl RowScore for MaximumMeanLogitEntropyProbability {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let softmax = block.softmax();
        fill_logits(out, block, |i, row| {
            let largest = softmax[i].top.value;
            let entropy_and_probability = softmax[i].negative_entropy() + softmax[i].max_probability();
            largest + (largest + mean_difference(row, largest)) + entropy_and_probability
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        assert_near(of_logits(&MaximumMeanLogitEntropyProbability, &[[0.0, -(3.0_f64.ln())]])[0], -0.36164, 5e-6);
    }
}
