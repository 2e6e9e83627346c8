//! ACET, adversarial confidence enhancing training (Hein, Andriushchenko and Bitterwolf 2019): SoftMax, and low confidence wherever an image of no class
//! can be moved to within a box.
//!
//! ```text
//! z = W·f + b        as softmax
//! L = mean_i −log softmax(z_i)_{t_i}  +  λ · mean_k max_{|x − x_k| ≤ ε} log max_j softmax(z(x))_j        x_k: a batch of outliers, λ = 1, ε = 0.3
//! ```
//!
//! The inner maximum is approached by so many steps of [`ascent`](crate::perturb::ascent), 40 in the authors' code; with `steps=0` the loss is CEDA, their
//! baseline. Both batches go through the network as one, as with [`outlier_exposure`](super::outlier_exposure).
//!
//! The authors train on noise made anew for each batch, half of it uniform, half of permuted pixels of training images, both smoothed; `--outliers smooth-noise`
//! is uniform and smoothed, 2000 images, and any other set of images may be named, as they do with 80 Million Tiny Images.

use candle_core::{Result, Tensor};
use oodbench::rows::Head;
use oodbench::score::settings::{Parameter, SettingError, Settings};

use super::likelihood::cross_entropy;
use super::softmax::Softmax;
use super::{Ascent, LossEntry, LossHead, MakeHead};
use crate::nn::Mode;

/// The loss in the list.
pub static ENTRY: LossEntry = LossEntry {
    id: "acet",
    summary: "logits W f + b, cross-entropy, and low confidence around outliers, found by steps along the gradient",
    reference: "Hein, Andriushchenko and Bitterwolf 2019",
    parameters: &[LAMBDA, EPSILON, STEPS],
    outliers: true,
    normalises: false,
    build,
};

/// λ: the weight of the outliers.
const LAMBDA: Parameter = Parameter {
    name: "lambda",
    default: "1",
    help: "the weight of the outliers; a number above 0",
    grid: &[],
    counts: None,
};

/// ε: how far an outlier may be moved.
const EPSILON: Parameter = Parameter {
    name: "epsilon",
    default: "0.3",
    help: "how far a pixel of an outlier may be moved on the scale 0 to 1; a number above 0, at most 1",
    grid: &[],
    counts: None,
};

/// How many steps are taken.
const STEPS: Parameter = Parameter {
    name: "steps",
    default: "40",
    help: "steps of ε/steps each, a pass forward and back for every one; a whole number, 0 for none",
    grid: &[],
    counts: None,
};

fn build(settings: &Settings) -> std::result::Result<MakeHead, SettingError> {
    let lambda = settings.number(LAMBDA.name, "a number above 0", |l: &f64| *l > 0.0 && l.is_finite())?;
    let epsilon = settings.number(EPSILON.name, "a number above 0, at most 1", |e: &f64| *e > 0.0 && *e <= 1.0)?;
    let steps = settings.number(STEPS.name, "a whole number up to 1000", |steps: &usize| *steps <= 1000)?;
    Ok(Box::new(move |builder, name, [features, classes]| {
        let head = Softmax::new(builder, name, features, classes)?;
        Ok(Box::new(Acet { head, lambda, ascent: Ascent { epsilon, steps } }))
    }))
}

/// A linear head that is unsure of outliers and of what is near them.
pub struct Acet {
    head: Softmax,
    lambda: f64,
    ascent: Ascent,
}

impl LossHead for Acet {
    fn logits(&self, features: &Tensor, mode: Mode) -> Result<Tensor> {
        self.head.logits(features, mode)
    }

    fn loss(&self, logits: &Tensor, targets: &Tensor, outliers: Option<&Tensor>) -> Result<Tensor> {
        let loss = cross_entropy(logits, targets)?;
        match outliers {
            // log max_j p_j is the likelihood of the predicted class.
            Some(outliers) => loss - (cross_entropy(outliers, &outliers.detach().argmax(1)?)? * self.lambda)?,
            // Validation has no outliers.
            None => Ok(loss),
        }
    }

    fn ascent(&self) -> Option<Ascent> {
        (self.ascent.steps > 0).then_some(self.ascent)
    }

    fn head(&self) -> Result<Option<Head>> {
        self.head.head()
    }
}
