#![doc = include_str!("react.md")]

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::head_energy::head_energy;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::percentile::feature_percentiles;
use crate::fit::{FitError, Training};
use crate::numeric::recycled::RecycledMatrix;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "react",
    title: "ReAct",
    aliases: &[],
    reference: "Sun et al., ReAct: Out-of-distribution Detection With Rectified Activations, NeurIPS 2021, arXiv:2111.12797",
    page: include_str!("react.md"),
    parameters: &[Parameter {
        name: "percentile",
        default: "0.9",
        help: "features are clipped at this percentile of all training features; from 0 to 1",
        grid: &["0.8", "0.85", "0.9", "0.95", "0.99"],
        counts: Some(Count::PercentileOfFeatures),
    }],
    build,
    caution: no_caution,
};

struct React {
    percentile: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let percentile = settings.number("percentile", "a number from 0 to 1", |p: &f64| (0.0..=1.0).contains(p))?;
    Ok(Box::new(React { percentile }))
}

impl Score for React {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let limit = feature_percentiles(training, &[self.percentile])?[0];
        Ok(Fit::new(FittedReact { limit }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedReact { limit: state.number("limit")? }))
    }
}

struct FittedReact {
    limit: f64,
}

impl Fitted for FittedReact {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        head_energy(block.head(), &RecycledMatrix::mapped(block.features(), |f| f.min(self.limit)), out);
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("limit", self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Head;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let head = Head::Linear { weight: array![[1.0, 0.0], [0.0, 1.0]], bias: array![0.0, 0.0] };
        let features = Rows::F64(Cow2::Owned(array![[5.0, 2.0]]));
        let mut out = [0.0];
        FittedReact { limit: 2.0 }.score_block(&RowBlock::new(1, None, Some(features), Some(&head)), &mut out);
        assert!((out[0] - (2.0 + 2.0_f64.ln())).abs() < 1e-15);
    }
}
