#![doc = include_str!("relative_mahalanobis.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "relative_mahalanobis",
    title: "Relative Mahalanobis",
    aliases: &["rmd", "rmds"],
    reference: "Ren et al., A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection, ICML 2021 UDL workshop, arXiv:2106.09022",
    page: include_str!("relative_mahalanobis.md"),
    parameters: &[Parameter {
        name: "normalised",
        default: "false",
        help: "true: on features divided by their norms (Mahalanobis++, relative)",
        grid: &["false", "true"],
    }],
    build,
    caution: no_caution,
};

struct RelativeMahalanobis(Space);

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let space = if settings.flag("normalised")? { Space::Unit } else { Space::Raw };
    Ok(Box::new(RelativeMahalanobis(space)))
}

impl Score for RelativeMahalanobis {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let gaussian = training.gaussian(self.0)?;
        let tied = gaussian.tied_covariance(training)?;
        let classes = NearestMean::new(training, &gaussian.classes(training)?.means, &tied, RCOND)?;
        let background = NearestMean::single(training, &gaussian.mean, &gaussian.covariance, RCOND)?;
        let notes = classes.note("covariance", gaussian.rows).into_iter();
        let notes = notes.chain(background.note("background covariance", gaussian.rows)).collect();
        Ok(Fit { scorer: Box::new(FittedRelativeMahalanobis { space: self.0, classes, background }), notes })
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let classes = state.part("classes", NearestMean::restore)?;
        let background = state.part("background", NearestMean::restore)?;
        Ok(Box::new(FittedRelativeMahalanobis { space: self.0, classes, background }))
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
        for (out, (distance, background)) in out.iter_mut().zip(distances.iter().zip(background)) {
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
