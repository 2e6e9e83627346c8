//! A perturbation with what it learns from images before any is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::Tensor;
use ndarray::{Array2, Axis, concatenate};
use oodbench::fit::nearest_mean::RCOND;
use oodbench::fit::{FitError, NearestMean, Space, Training};
use oodbench::numeric::linalg::Side;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};

use super::mahalanobis::{FEATURES, FittedLayer};
use super::{Perturbation, godin, odin, unit_step};
use crate::data::{Batches, ImageSet, Input, Normalisation};
use crate::error::TrainError;
use crate::evaluate::EVALUATION_BATCH;
use crate::input::tensors;
use crate::model::{Network, Taps};
use crate::nn::{Mode, rows};

/// What Mahalanobis learns from.
const TRAINING: &str = "the training images, whose class means are what images are near to";
/// What a step is chosen on.
const HELD_OUT: &str = "held-out images, on which the step is chosen; or take a single --epsilon";

/// A perturbation that is ready to move images.
pub struct Prepared {
    kind: Kind,
    /// Of images on the network's own scale.
    unit_step: Tensor,
}

enum Kind {
    Odin { temperatures: Vec<f64>, epsilons: Vec<f64> },
    Godin { epsilon: f64 },
    Mahalanobis { layers: Vec<FittedLayer>, epsilons: Vec<f64> },
}

/// What becomes of moved images, by name.
#[derive(Default)]
pub struct Moved {
    /// Logits (n, C).
    pub logits: Vec<(String, Array2<f32>)>,
    /// Scores (n, 1).
    pub scores: Vec<(String, Array2<f32>)>,
}

/// The sets of a dump, their constants, and whether to stop.
pub(crate) type Images<'a> = (&'a [(Role, Arc<ImageSet>)], &'a Normalisation, &'a AtomicBool);

impl Perturbation {
    /// Refuses what could not be prepared, before hours of training.
    ///
    /// # Errors
    /// [`TrainError::Perturbation`].
    pub(crate) fn check(&self, network: &Network, sets: &[(Role, Arc<ImageSet>)]) -> Result<(), TrainError> {
        if let Some((_, set)) = sets.iter().find(|(_, set)| set.element.input() == Input::Sequences) {
            let (found, expected) =
                (Input::Sequences.to_string(), "images or vectors, which can be moved by a small step".to_owned());
            return Err(TrainError::Mismatch { set: set.name.clone(), found, expected });
        }
        let has = |role: Role| sets.iter().any(|(own, _)| *own == role);
        let lacking = match self {
            Self::Odin { .. } => None,
            Self::Mahalanobis { .. } if has(Role::Train) => None,
            Self::Mahalanobis { .. } => Some(("id/train", TRAINING)),
            Self::Godin { epsilons } => {
                let one = Tensor::ones(
                    (1, network.backbone().features()),
                    candle_core::DType::F32,
                    network.device().candle(),
                )?;
                match network.head().scores(&one)?.is_empty() {
                    true => Some(("a score of the loss itself", "which scaled-cosine and generalized-odin have")),
                    false if epsilons.len() > 1 && !has(Role::Val) => Some(("id/val", HELD_OUT)),
                    false => None,
                }
            }
        };
        lacking.map_or(Ok(()), |(lacking, why)| Err(TrainError::Perturbation { lacking: lacking.to_owned(), why }))
    }

    /// Learns what is to be known: class means of the training images for `Mahalanobis`, the best ε on held-out images for `Godin`.
    ///
    /// # Errors
    /// The set that it learns from is not among the sets, or does not fit the network; the loss has no score of its own.
    pub(crate) fn prepare(&self, network: &Network, images: Images<'_>) -> Result<Prepared, TrainError> {
        self.check(network, images.0)?;
        let step = unit_step(images.1, &Tensor::zeros(1, candle_core::DType::F32, network.device().candle())?)?;
        let kind = match self {
            Self::Odin { temperatures, epsilons } => {
                Kind::Odin { temperatures: temperatures.clone(), epsilons: epsilons.clone() }
            }
            Self::Godin { epsilons } => Kind::Godin { epsilon: best_epsilon(network, images, &step, epsilons)? },
            Self::Mahalanobis { epsilons } => {
                Kind::Mahalanobis { layers: fitted_layers(network, images)?, epsilons: epsilons.clone() }
            }
        };
        Ok(Prepared { kind, unit_step: step })
    }
}

impl Prepared {
    /// Whether images of this role are moved. Where class means come from, nothing reads what would become of them, and they are the most.
    pub(crate) fn is_for(&self, role: &Role) -> bool {
        !matches!((&self.kind, role), (Kind::Mahalanobis { .. }, Role::Train))
    }

    /// What the network makes of a batch of moved images.
    ///
    /// # Errors
    /// The images do not fit the network.
    pub(crate) fn outputs(&self, network: &Network, images: &Tensor) -> Result<Moved, TrainError> {
        let mut moved = Moved::default();
        let step = &self.unit_step;
        match &self.kind {
            Kind::Odin { temperatures, epsilons } => {
                for t in temperatures {
                    for (epsilon, logits) in epsilons.iter().zip(odin::logits(network, images, step, (*t, epsilons))?) {
                        moved.logits.push((format!("odin_{t}_{epsilon}"), rows(&logits)?));
                    }
                }
            }
            Kind::Godin { epsilon } => {
                for score in godin::scores(network, images, step, &[*epsilon])? {
                    moved.scores.push((format!("godin_{epsilon}"), rows(&score)?));
                }
            }
            Kind::Mahalanobis { layers, epsilons } => {
                for layer in layers {
                    for (epsilon, score) in epsilons.iter().zip(layer.scores(network, images, step, epsilons)?) {
                        moved.scores.push((format!("mahalanobis_{}_{epsilon}", layer.name()), rows(&score)?));
                    }
                }
            }
        }
        Ok(moved)
    }
}

/// The batches of the set of a role.
fn batches_of<'a>(
    (sets, normalisation, stop): Images<'a>,
    role: &Role,
    why: &'static str,
) -> Result<(Arc<ImageSet>, impl Iterator<Item = Result<crate::data::Batch, TrainError>> + use<'a>), TrainError> {
    let set = sets.iter().find(|(own, _)| own == role).map(|(_, set)| Arc::clone(set));
    let set = set.ok_or_else(|| TrainError::Perturbation { lacking: role.to_string(), why })?;
    let batches = Batches::evaluation(&set, normalisation, EVALUATION_BATCH)?;
    let unless_stopped = move |batch| match stop.load(Ordering::Relaxed) {
        true => Err(TrainError::Stopped { epochs: 0 }),
        false => Ok(batch),
    };
    Ok((set, batches.map(unless_stopped)))
}

/// The ε with the largest mean score on held-out images; the smallest of several.
fn best_epsilon(network: &Network, images: Images<'_>, step: &Tensor, epsilons: &[f64]) -> Result<f64, TrainError> {
    if let [only] = epsilons {
        return Ok(*only);
    }
    let (set, batches) = batches_of(images, &Role::Val, HELD_OUT)?;
    let mut sums = vec![0.0; epsilons.len()];
    for batch in batches {
        let (images, _) = tensors(batch?, network.device().candle())?;
        for (sum, scores) in sums.iter_mut().zip(godin::scores(network, &images, step, epsilons)?) {
            *sum += f64::from(scores.sum_all()?.to_scalar::<f32>()?);
        }
    }
    // Of those tried, even where no mean is a number.
    let mut best = (f64::NEG_INFINITY, epsilons[0]);
    for (sum, epsilon) in sums.iter().zip(epsilons) {
        let mean = sum / set.len() as f64;
        if mean > best.0 {
            best = (mean, *epsilon);
        }
    }
    Ok(best.1)
}

/// Class means and covariance of every layer and of the features, from the training images.
fn fitted_layers(network: &Network, images: Images<'_>) -> Result<Vec<FittedLayer>, TrainError> {
    let (set, batches) = batches_of(images, &Role::Train, TRAINING)?;
    let layers = network.backbone().layers();
    let mut gathered: Vec<Vec<Array2<f32>>> = vec![Vec::new(); layers.len() + 1];
    for batch in batches {
        let (images, _) = tensors(batch?, network.device().candle())?;
        let mut taps = Taps::of(&layers);
        let features = network.backbone().forward(&images, Mode::Eval, &mut taps)?.detach();
        let all = taps.into_recorded().into_iter().map(|(_, layer)| layer).chain([features]);
        for (own, layer) in gathered.iter_mut().zip(all) {
            own.push(rows(&layer)?);
        }
    }
    let names = layers.iter().map(String::as_str).chain([FEATURES]);
    let mut split = Split::new(Role::Train, set.name.clone());
    for (name, parts) in names.clone().zip(gathered) {
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let array = concatenate(Axis(0), &views).unwrap_or_default();
        split = split.with(ArrayKind::Layer(name.to_owned()), Matrix::of(name, array)?)?;
    }
    let labels = set.labels.as_ref().ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
    let labels = Labels::of("labels", labels.iter().copied().map(i64::from).collect());
    let run = RunRows::new(set.name.clone(), vec![split.with_labels(labels)?], None)?;
    let training = Training::new(&run);
    let mut fitted = Vec::new();
    for name in names {
        match NearestMean::tied(&training, &ArrayKind::Layer(name.to_owned()), Space::Raw, RCOND, Side::Chosen) {
            Ok((nearest, _)) => fitted.push(FittedLayer::new(name, &nearest, network.device().candle())?),
            // A layer that says nothing.
            Err(FitError::NoVariance { .. }) => {}
            Err(error) => return Err(Box::new(error).into()),
        }
    }
    Ok(fitted)
}
