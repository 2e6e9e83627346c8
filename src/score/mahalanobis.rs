#![doc = include_str!("mahalanobis.md")]

use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RCOND, RankedFit, ranked, rcond};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::obstacle::{several_vectors, single_rows};
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::{Side, Whitening, whitening};
use crate::rows::{ArrayKind, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mahalanobis",
    title: "Mahalanobis",
    aliases: &["maha"],
    reference: "Lee et al., A Simple Unified Framework for Detecting OOD Samples and Adversarial Attacks, NeurIPS 2018, arXiv:1807.03888",
    page: include_str!("mahalanobis.md"),
    parameters: &[
        Parameter {
            name: "variant",
            default: "tied",
            help: "whose constants: tied, lee, assume_centered, openood or pytorch_ood",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "layer",
            default: "",
            help: "scores features@LAYER.npy instead of features.npy",
            grid: &[],
            counts: None,
        },
        RCOND,
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

/// Whose constants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Variant {
    /// `−d²`, and whatever differs from it by rounding only.
    Tied,
    /// `−½ d²`.
    Lee,
    /// `−½ d²` of the summed outer products and a ridge.
    PytorchOod,
}

struct Mahalanobis {
    variant: Variant,
    /// The array of features.
    array: ArrayKind,
    needs: [Need; 3],
    rcond: f64,
}

/// What pytorch-ood adds to the diagonal of the summed outer products.
const PYTORCH_OOD_RIDGE: f64 = 1e-6;

/// The whitening of the summed outer products and the ridge, as pytorch-ood inverts them, given their mean.
pub(super) fn summed_with_ridge(
    training: &Training<'_>,
    covariance: &Array2<f64>,
    rows: usize,
) -> Result<Whitening, FitError> {
    let mut summed = covariance * rows as f64;
    summed.diag_mut().mapv_inplace(|variance| variance + PYTORCH_OOD_RIDGE);
    whitening(&summed.view(), 0.0).map_err(|error| training.failed(error))
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let variant = settings.choice(
        "variant",
        &[
            ("tied", Variant::Tied),
            ("lee", Variant::Lee),
            ("assume_centered", Variant::Tied),
            ("openood", Variant::Tied),
            ("pytorch_ood", Variant::PytorchOod),
        ],
    )?;
    let rcond = rcond(settings)?;
    let (array, needs) = match settings.text("layer") {
        "" => (ArrayKind::Features, [Need::Features, Need::TrainFeatures, Need::TrainLabels]),
        layer => {
            let name = || layer.to_owned();
            (ArrayKind::Layer(name()), [Need::Layer(name()), Need::TrainLayer(name()), Need::TrainLabels])
        }
    };
    Ok(Box::new(Mahalanobis { variant, array, needs, rcond }))
}

impl Mahalanobis {
    /// What `−d²` is multiplied by.
    fn factor(&self) -> f64 {
        if self.variant == Variant::Tied { 1.0 } else { 0.5 }
    }

    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        let gaussian = training.gaussian_of(&self.array, Space::Raw)?;
        let (nearest, ranks) = if self.variant == Variant::PytorchOod {
            let whitening = summed_with_ridge(training, &gaussian.within_classes(training)?.matrix, gaussian.rows)?;
            (NearestMean::new(&gaussian.classes(training)?.means, whitening), Vec::new())
        } else {
            let (nearest, rank) = NearestMean::tied(training, &self.array, Space::Raw, self.rcond, side)?;
            (nearest, vec![("covariance", rank)])
        };
        let scorer = FittedMahalanobis { array: self.array.clone(), nearest, factor: self.factor() };
        Ok(RankedFit::new(scorer, &ranks, gaussian.rows, Vec::new()))
    }
}

impl Score for Mahalanobis {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        several_vectors(run, &self.array).or_else(|| single_rows(run))
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (array, nearest) = (self.array.clone(), NearestMean::restore(state)?);
        Ok(Box::new(FittedMahalanobis { array, nearest, factor: self.factor() }))
    }
}

struct FittedMahalanobis {
    array: ArrayKind,
    nearest: NearestMean,
    factor: f64,
}

impl Fitted for FittedMahalanobis {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let distances = self.nearest.squared_distances(block.features_of(&self.array));
        for (out, distance) in out.iter_mut().zip(distances.iter()) {
            *out = -self.factor * distance;
        }
    }

    fn save(&self) -> State<'_> {
        self.nearest.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Labels, Matrix, Role, Split};
    use crate::score::Chosen;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page; the second row is twice the first.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[-1.0, 0.0], [1.0, 0.0], [0.0, -2.0], [0.0, 2.0]],
            labels: vec![0; 4],
            features: array![[1.0, 2.0], [2.0, 4.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-4.0, -16.0], 1e-14);
        example.gives(&ENTRY, &[("variant", "openood")], &[-4.0, -16.0], 1e-14);
        example.gives(&ENTRY, &[("variant", "lee")], &[-2.0, -8.0], 1e-14);
        example.gives(&ENTRY, &[("variant", "pytorch_ood")], &[-0.5, -2.0], 1e-6);
    }

    #[test]
    fn a_layer_of_several_vectors_is_refused() {
        let layer = || ArrayKind::Layer("map".to_owned());
        let of = |vectors: usize| {
            let matrix = Matrix::of("map", array![[-1.0, 0.0], [1.0, 0.5], [0.0, -2.0]]).unwrap();
            let split = Split::new(Role::Train, "memory").with(layer(), matrix.with_members(vectors).unwrap()).unwrap();
            let split = split.with_labels(Labels::of("labels", vec![0; 3])).unwrap();
            let rows = RunRows::new("memory", vec![split], None).unwrap();
            let mut settings = ENTRY.settings();
            settings.set("layer", "map").unwrap();
            Chosen::new(&ENTRY, settings).unwrap().fit(&Training::new(&rows)).err().map(|error| error.to_string())
        };
        let refused = of(2);
        let expected = "features@map has 2 vectors of 1 columns in a row, where one is needed; pool them";
        assert!(of(1).is_none() && refused.as_ref().is_some_and(|text| text.contains(expected)), "{refused:?}");
    }
}
