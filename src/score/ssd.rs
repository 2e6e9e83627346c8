#![doc = include_str!("ssd.md")]

use super::entry::{ScoreEntry, no_caution};
use super::mahalanobis_pp::UnitDistance;
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::Side;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ssd",
    title: "SSD",
    aliases: &[],
    reference: "Sehwag et al., SSD: A Unified Framework for Self-Supervised Outlier Detection, ICLR 2021, arXiv:2103.12051",
    page: include_str!("ssd.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Ssd;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Ssd))
}

impl Score for Ssd {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(UnitDistance(NearestMean::restore(state)?)))
    }
}

fn fit_at(training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
    let gaussian = training.gaussian(Space::Unit)?;
    let (nearest, rank) = NearestMean::single(training, &gaussian.mean, &gaussian.of_all(), RCOND, side)?;
    Ok(RankedFit::new(UnitDistance(nearest), &[("covariance", rank)], gaussian.rows, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[3.0, 4.0], [3.0, -4.0], [-0.6, 0.8], [-6.0, -8.0]],
            labels: vec![0; 4],
            features: array![[2.0, 0.0], [0.0, 9.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-2.7778, -1.5625], 5e-5);
    }
}
