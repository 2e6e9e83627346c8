#![doc = include_str!("relative_mahalanobis.md")]

use ndarray::{Array2, Axis};

use super::entry::{ScoreEntry, no_caution};
use super::mahalanobis::summed_with_ridge;
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::obstacle::single_rows;
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::Side;
use crate::rows::{ArrayKind, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "relative_mahalanobis",
    title: "Relative Mahalanobis",
    aliases: &["rmd", "rmds"],
    reference: "Ren et al., A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection, ICML 2021 UDL workshop, arXiv:2106.09022",
    page: include_str!("relative_mahalanobis.md"),
    parameters: &[
        Parameter {
            name: "normalised",
            default: "false",
            help: "true: on features divided by their norms (Mahalanobis++, relative)",
            grid: &["false", "true"],
            counts: None,
        },
        Parameter {
            name: "variant",
            default: "paper",
            help: "whose constants: paper, or pytorch_ood: sums of outer products and a ridge of 1e-6 in place of covariances",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

/// Whose constants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// Covariances, divided by n.
    Paper,
    /// Summed outer products and a ridge.
    PytorchOod,
}

pub(super) struct RelativeMahalanobis {
    pub(super) space: Space,
    pub(super) variant: Variant,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let space = if settings.flag("normalised")? { Space::Unit } else { Space::Raw };
    let variant = settings.choice("variant", &[("paper", Variant::Paper), ("pytorch_ood", Variant::PytorchOod)])?;
    Ok(Box::new(RelativeMahalanobis { space, variant }))
}

impl RelativeMahalanobis {
    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        let gaussian = training.gaussian(self.space)?;
        let class_means = &gaussian.classes(training)?.means;
        let of_all = gaussian.of_all();
        let (classes, background, ranks) = match self.variant {
            Variant::Paper => {
                let (classes, rank) = NearestMean::tied(training, &ArrayKind::Features, self.space, RCOND, side)?;
                let (background, of_background) = NearestMean::single(training, &gaussian.mean, &of_all, RCOND, side)?;
                (classes, background, vec![("covariance", rank), ("background covariance", of_background)])
            }
            Variant::PytorchOod => {
                let whitening = |moment: &Array2<f64>| summed_with_ridge(training, moment, gaussian.rows);
                let mean = gaussian.mean.clone().insert_axis(Axis(0));
                let classes = NearestMean::new(class_means, whitening(&gaussian.within_classes(training)?.matrix)?);
                (classes, NearestMean::new(&mean, whitening(&of_all.matrix)?), Vec::new())
            }
        };
        let scorer = FittedRelativeMahalanobis { space: self.space, classes, background };
        Ok(RankedFit::new(scorer, &ranks, gaussian.rows, Vec::new()))
    }
}

impl Score for RelativeMahalanobis {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        single_rows(run)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let classes = state.part("classes", NearestMean::restore)?;
        let background = state.part("background", NearestMean::restore)?;
        Ok(Box::new(FittedRelativeMahalanobis { space: self.space, classes, background }))
    }
}

struct FittedRelativeMahalanobis {
    space: Space,
    classes: NearestMean,
    background: NearestMean,
}

impl Fitted for FittedRelativeMahalanobis {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let features = self.space.of(block);
        let distances = self.classes.squared_distances(features);
        let background = self.background.squared_distances(features);
        for (out, (distance, background)) in out.iter_mut().zip(distances.iter().zip(background.iter())) {
            *out = background - distance;
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with_part("classes", self.classes.save()).with_part("background", self.background.save())
    }
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
            train: array![[1.0], [3.0], [-1.0], [-3.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[2.0], [7.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[0.8, 49.0 / 5.0 - 25.0], 1e-13);
        // Sums of 4 and 20 in place of means of 1 and 5.
        example.gives(&ENTRY, &[("variant", "pytorch_ood")], &[0.2, 49.0 / 20.0 - 25.0 / 4.0], 1e-5);
    }

    /// On the sphere of one dimension both classes are a point: nothing varies within them.
    #[test]
    fn classes_without_variance_are_refused() {
        let example = Example {
            train: array![[1.0], [3.0], [-1.0], [-3.0]],
            labels: vec![0, 0, 1, 1],
            features: array![[2.0]],
            logits: None,
        };
        let error = example.scores(&ENTRY, &[("normalised", "true")]);
        assert!(matches!(error, Err(FitError::NoVariance { .. })), "{error:?}");
    }
}
