#![doc = include_str!("mahalanobis_pp.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::obstacle::single_rows;
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::Side;
use crate::rows::{ArrayKind, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mahalanobis_pp",
    title: "Mahalanobis++",
    aliases: &["mahalanobis++", "maha++", "mdspp"],
    reference: "Müller & Hein, Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025, arXiv:2505.18032",
    page: include_str!("mahalanobis_pp.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct MahalanobisPp;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MahalanobisPp))
}

impl Score for MahalanobisPp {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        single_rows(run)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(UnitDistance(NearestMean::restore(state)?)))
    }
}

fn fit_at(training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
    let (nearest, rank) = NearestMean::tied(training, &ArrayKind::Features, Space::Unit, RCOND, side)?;
    let rows = training.split()?.rows;
    Ok(RankedFit::new(UnitDistance(nearest), &[("covariance", rank)], rows, Vec::new()))
}

/// `−d²` of normalised features to the nearest mean.
pub(super) struct UnitDistance(pub(super) NearestMean);

impl Fitted for UnitDistance {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        for (out, distance) in out.iter_mut().zip(self.0.squared_distances(block.unit_features()).iter()) {
            *out = -distance;
        }
    }

    fn save(&self) -> State<'_> {
        self.0.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page; the length of the scored row plays no part.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[3.0, 4.0], [0.6, -0.8], [4.0, 3.0], [-8.0, 6.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[3.0, 4.0], [0.75, 1.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-1.25, -1.25], 1e-14);
    }
}
