#![doc = include_str!("residual.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, ResidualSpace, Training};
use crate::numeric::linalg::Side;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "residual",
    title: "Residual",
    aliases: &[],
    reference: "Wang et al., ViM: Out-Of-Distribution with Virtual-logit Matching, CVPR 2022, arXiv:2203.10807",
    page: include_str!("residual.md"),
    parameters: &[DIM],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The parameter of ViM and Residual.
pub(super) const DIM: Parameter = Parameter {
    name: "dim",
    default: "",
    help: "dimension of the principal space, below D; empty: 1000 if D ≥ 2048, 512 if D ≥ 768, else D/2, but half the rank where that is no more",
    grid: &["16", "32", "64", "128", "256", "512", "1000"],
    counts: None,
};

/// Its value.
pub(super) fn dim(settings: &Settings) -> Result<Option<usize>, SettingError> {
    settings.optional("dim", "a whole number from 0 to below the number of features, or nothing", |_: &usize| true)
}

struct Residual {
    dim: Option<usize>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Residual { dim: dim(settings)? }))
}

impl Residual {
    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        let residual = training.principal()?.residual(training, ENTRY.id, self.dim, side)?;
        let notes = residual.note(ENTRY.id).into_iter().collect();
        Ok(RankedFit { scorer: Box::new(FittedResidual { space: residual.space }), ranks: vec![residual.rank], notes })
    }
}

impl Score for Residual {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedResidual { space: ResidualSpace::restore(state)? }))
    }
}

struct FittedResidual {
    space: ResidualSpace,
}

impl Fitted for FittedResidual {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let norms = self.space.norms(block.features());
        out.iter_mut().zip(norms.iter()).for_each(|(out, norm)| *out = -norm);
    }

    fn save(&self) -> State<'_> {
        self.space.save()
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
        assert!((scores[0] + 2.0).abs() < 1e-14);
    }

    /// u = −W⁺ b = (−2, 0): the rows are (4, 1) and (4, −1) from there, and so is (0, 1) from (−2, 0) away by 1 in the second.
    #[test]
    fn measures_from_where_the_logits_vanish() {
        let run = HandDump::new(&array![[2.0, 0.0]], &array![4.0], &array![[2.0, 1.0], [2.0, -1.0]]);
        let scores = run.scores(&ENTRY, &[("dim", "0")], array![[1.0, 4.0], [-2.0, 0.0]]);
        assert!((scores[0] + 5.0).abs() < 1e-14);
        assert!(scores[1].abs() < 1e-14);
    }

    #[test]
    fn undetermined_spaces_are_refused() {
        let train = array![[3.0, 0.0, 0.0], [1.0, 0.0, 0.0]];
        let run = HandDump::new(&array![[1.0, 0.0, 0.0]], &array![0.0], &train);
        let reason = |dim| run.fit(&ENTRY, &[("dim", dim)]).err().unwrap().to_string();
        assert!(reason("3").contains("dim = 3 of 3 features leaves no residual"), "{}", reason("3"));
        assert!(reason("2").contains("span 1 of 3 directions"), "{}", reason("2"));
        // One direction, and all that is beside it: no training row reaches there, a scored one may.
        let scores = run.scores(&ENTRY, &[("dim", "1")], array![[7.0, 3.0, 4.0]]);
        assert!((scores[0] + 5.0).abs() < 1e-14);
    }
}
