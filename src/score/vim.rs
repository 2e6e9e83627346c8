#![doc = include_str!("vim.md")]

use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::residual::{DIM, dim};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, ResidualSpace, Training};
use crate::numeric::linalg::Side;
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "vim",
    title: "ViM",
    aliases: &[],
    reference: "Wang et al., ViM: Out-Of-Distribution with Virtual-logit Matching, CVPR 2022, arXiv:2203.10807",
    page: include_str!("vim.md"),
    parameters: &[DIM],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Vim {
    dim: Option<usize>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Vim { dim: dim(settings)? }))
}

impl Score for Vim {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead, Need::TrainLogits, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let space = state.part("space", ResidualSpace::restore)?;
        Ok(Box::new(FittedVim { space, alpha: state.number("alpha")? }))
    }
}

impl Vim {
    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        let residual = training.principal()?.residual(training, ENTRY.id, self.dim, side)?;
        let mut notes: Vec<String> = residual.note(ENTRY.id).into_iter().collect();
        let (space, rank) = (residual.space, residual.rank);
        let (split, _) = training.features()?;
        let (wanted, head) = (BTreeSet::from([ArrayKind::Logits, ArrayKind::Features]), training.rows().head.as_ref());
        let sums = |range: Range<usize>| {
            let block = split.block(range, &wanted, head);
            let largest: f64 = block.tops().iter().map(|top| top.value).sum();
            (largest, space.norms(block.features()).iter().sum::<f64>())
        };
        // Collected before they are added, so that the order of the sum does not depend on the threads.
        let sums: Vec<(f64, f64)> = split.block_ranges().into_par_iter().map(sums).collect();
        let (logits, norms) = sums.into_iter().fold((0.0, 0.0), |(a, b), (logits, norms)| (a + logits, b + norms));
        if !space.spanned || norms == 0.0 {
            let reason =
                "the training features leave no residual that the largest logit could be matched to; set vim.dim lower";
            return Err(training.not_applicable(ENTRY.id, reason.to_owned()));
        }
        let alpha = logits / norms;
        if alpha <= 0.0 {
            notes.push(format!("α = {alpha} is not positive, as the mean largest logit of the training rows is not: residuals raise the score"));
        }
        Ok(RankedFit { scorer: Box::new(FittedVim { space, alpha }), ranks: vec![rank], notes })
    }
}

struct FittedVim {
    space: ResidualSpace,
    alpha: f64,
}

impl Fitted for FittedVim {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let norms = self.space.norms(block.features());
        for ((out, softmax), norm) in out.iter_mut().zip(block.softmax()).zip(norms.iter()) {
            *out = softmax.log_sum_exp() - self.alpha * norm;
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with_part("space", self.space.save()).with_number("alpha", self.alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let run = HandDump::new(&array![[1.0, 0.0]], &array![0.0], &array![[3.0, 1.0], [3.0, -1.0]]);
        let scores = run.scores(&ENTRY, &[("dim", "1")], array![[5.0, 2.0]]);
        assert!((scores[0] + 1.0).abs() < 1e-14);
    }

    #[test]
    fn no_residual_to_match_is_refused() {
        let run = HandDump::new(&array![[1.0, 0.0]], &array![0.0], &array![[3.0, 0.0], [1.0, 0.0]]);
        let error = run.fit(&ENTRY, &[("dim", "1")]).err().unwrap();
        assert!(matches!(error, FitError::NotApplicable { score: "vim", .. }), "{error}");
    }
}
