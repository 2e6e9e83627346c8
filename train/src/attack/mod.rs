//! Images changed on purpose so that a network takes them for another class.
//!
//! Lee et al. 2018 choose the parameters of a score on attacked in-distribution images, so that no OOD image has to be known. These are the four attacks of their
//! code; each starts from the right class t and works on pixels x on the scale 0 to 1, which it does not leave.
//!
//! | attack | x̃ |
//! |---|---|
//! | [`fgsm`] | one step along the sign of the gradient of the cross-entropy |
//! | [`bim`] | five small such steps |
//! | [`deepfool`] | the shortest way to the nearest class, as if the network were linear, step by step |
//! | [`cw`] | a short change that makes another logit the largest, by gradient descent |
//!
//! Attacked images become bytes, as any image is. Kept are those that the network takes for their class before and for another one after that, as in the
//! authors' code.

pub mod bim;
pub mod cw;
pub mod deepfool;
pub mod fgsm;
mod victim;

pub use victim::Victim;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use candle_core::{Result, Tensor};

use super::data::{Batches, ImageSet, Normalisation};
use super::error::TrainError;
use super::evaluate::EVALUATION_BATCH;
use super::input::tensors;
use super::model::Network;
use super::nn::Mode;
use super::observer::Observer;

/// Images attacked together: some seconds of work, after which it can be stopped.
const ATTACK_BATCH: usize = 64;

/// Which attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// The fast gradient sign method.
    Fgsm,
    /// The basic iterative method.
    Bim,
    /// DeepFool.
    DeepFool,
    /// Carlini and Wagner's, of the Euclidean norm.
    Cw,
}

impl Attack {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fgsm, Self::Bim, Self::DeepFool, Self::Cw];

    /// The name of attacked images as a set.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fgsm => "fgsm",
            Self::Bim => "bim",
            Self::DeepFool => "deepfool",
            Self::Cw => "cw",
        }
    }

    /// The attack of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attack| attack.name() == name)
    }

    /// Pixels (n, channels, h, w) after the attack.
    fn pixels(self, victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self {
            Self::Fgsm => fgsm::attacked(victim, pixels, targets),
            Self::Bim => bim::attacked(victim, pixels, targets),
            Self::DeepFool => deepfool::attacked(victim, pixels, targets),
            Self::Cw => cw::attacked(victim, pixels, targets),
        }
    }

    /// Those of a labelled set that the network is fooled on, attacked, without labels.
    ///
    /// # Errors
    /// The set has no labels or does not fit the network, the network is fooled on none of it, or [`TrainError::Stopped`].
    pub fn on(
        self,
        network: &Network,
        set: &Arc<ImageSet>,
        normalisation: &Normalisation,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> std::result::Result<ImageSet, TrainError> {
        let rows = right(network, set, normalisation)?;
        let fooled = match rows.is_empty() {
            true => None,
            false => {
                let set = Arc::new(set.select(&rows)?);
                observer.begin(&format!("attacking {} by {}", set.name, self.name()), set.len());
                let images = self.images(&Victim::new(network, normalisation)?, &set, normalisation, stop, observer);
                observer.end();
                let attacked = Arc::new(ImageSet { images: images?, ..ImageSet::clone(&set) });
                let withstood = right(network, &attacked, normalisation)?;
                let fooled: Vec<usize> = (0..set.len()).filter(|row| withstood.binary_search(row).is_err()).collect();
                if fooled.is_empty() { None } else { Some(attacked.select(&fooled)?) }
            }
        };
        match fooled {
            Some(fooled) => Ok(ImageSet { name: self.name().to_owned(), labels: None, classes: None, ..fooled }),
            None => Err(TrainError::Attack { attack: self.name(), images: rows.len(), set: set.name.clone() }),
        }
    }

    /// All images of a set after the attack, as bytes.
    fn images(
        self,
        victim: &Victim<'_>,
        set: &Arc<ImageSet>,
        normalisation: &Normalisation,
        stop: &AtomicBool,
        observer: &dyn Observer,
    ) -> std::result::Result<Vec<u8>, TrainError> {
        let mut images = Vec::with_capacity(set.images.len());
        for batch in Batches::evaluation(set, normalisation, ATTACK_BATCH)? {
            if stop.load(Ordering::Relaxed) {
                return Err(TrainError::Stopped { epochs: 0 });
            }
            let rows = batch.shape[0];
            let (normalised, targets) = tensors(batch, victim.device())?;
            let targets = targets.ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
            let pixels = self.pixels(victim, &victim.pixels(&normalised)?, &targets)?;
            // `as` cuts to 0..=255.
            images.extend((pixels * 255.0)?.flatten_all()?.to_vec1::<f32>()?.iter().map(|value| value.round() as u8));
            observer.advance(rows);
        }
        Ok(images)
    }
}

/// The images of a labelled set that the network takes for what they are, by their numbers.
fn right(
    network: &Network,
    set: &Arc<ImageSet>,
    normalisation: &Normalisation,
) -> std::result::Result<Vec<usize>, TrainError> {
    let mut right: Vec<u8> = Vec::with_capacity(set.len());
    for batch in Batches::evaluation(set, normalisation, EVALUATION_BATCH)? {
        let (images, targets) = tensors(batch, network.device().candle())?;
        let targets = targets.ok_or_else(|| TrainError::Unlabelled { set: set.name.clone() })?;
        right.extend(network.logits(&images, Mode::Eval)?.detach().argmax(1)?.eq(&targets)?.to_vec1::<u8>()?);
    }
    Ok(right.iter().enumerate().filter(|(_, right)| **right == 1).map(|(row, _)| row).collect())
}
