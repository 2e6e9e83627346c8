#![doc = include_str!("mmles.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill_logits};
use crate::numeric::softmax::mean_difference;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mmles",
    title: "Maximum mean logit, entropy",
    aliases: &["maximum_mean_logit_entropy"],
    reference: "Macêdo et al., Distinction Maximization Loss (DisMax), arXiv:2205.05874",
    page: include_str!("mmles.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct MaximumMeanLogitEntropy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MaximumMeanLogitEntropy))
}

impl RowScore for MaximumMeanLogitEntropy {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let softmax = block.softmax();
        fill_logits(out, block, |i, row| {
            let largest = softmax[i].top.value;
            largest + (largest + mean_difference(row, largest)) + softmax[i].negative_entropy()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        assert_near(of_logits(&MaximumMeanLogitEntropy, &[[0.0, -(3.0_f64.ln())]])[0], -1.11164, 5e-6);
    }
}
