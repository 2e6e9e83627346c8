#![doc = include_str!("mmls.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill_logits};
use crate::numeric::softmax::mean_difference;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mmls",
    title: "Maximum mean logit",
    aliases: &["maximum_mean_logit"],
    reference: "Macêdo et al., Distinction Maximization Loss (DisMax), arXiv:2205.05874",
    page: include_str!("mmls.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct MaximumMeanLogit;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MaximumMeanLogit))
}

impl RowScore for MaximumMeanLogit {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let tops = block.tops();
        fill_logits(out, block, |i, row| {
            let largest = tops[i].value;
            largest + (largest + mean_difference(row, largest))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        assert_near(of_logits(&MaximumMeanLogit, &[[1.0, -2.0, 4.0]])[0], 5.0, 0.0);
    }
}
