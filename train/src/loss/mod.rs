//! The three losses of the paper: each is a head, which turns features into logits, and a training
//! loss of those logits.
//!
//! | loss | logits | training loss |
//! |---|---|---|
//! | [`softmax`] | W·f + b | cross-entropy |
//! | [`isomax`] | −‖f − p_j‖ | −log(softmax(10 · logits)), probability and logarithm separately |
//! | [`isomax_plus`] | −\|d_s\| ‖f̂ − p̂_j‖ | the same |
//!
//! The entropic scale 10 belongs to the loss and not to the logits: what a network gives out in
//! evaluation is without it, which is the paper's entropy maximisation trick.
//!
//! Every parameter of a head is trainable and decayed like the rest of the network.

pub mod distance;
pub mod isomax;
pub mod isomax_plus;
pub mod likelihood;
pub mod softmax;

use super::nn::Builder;
use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// Which loss a network is trained with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// Linear layer, softmax and cross-entropy.
    Softmax,
    /// Isotropy maximisation loss (Macêdo et al. 2021).
    Isomax,
    /// Enhanced isotropy maximisation loss (Macêdo and Ludermir 2022).
    IsomaxPlus,
}

impl LossKind {
    /// All losses, in the paper's order.
    pub const ALL: [Self; 3] = [Self::Softmax, Self::Isomax, Self::IsomaxPlus];

    /// The name in commands, configurations and dumps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Isomax => "isomax",
            Self::IsomaxPlus => "isomax-plus",
        }
    }

    /// The loss of that [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Makes the head's parameters.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn build(
        self,
        builder: &mut Builder,
        name: &str,
        features: usize,
        classes: usize,
    ) -> Result<Box<dyn LossHead>> {
        Ok(match self {
            Self::Softmax => Box::new(softmax::Softmax::new(builder, name, features, classes)?),
            Self::Isomax => Box::new(isomax::Isomax::new(builder, name, features, classes)?),
            Self::IsomaxPlus => Box::new(isomax_plus::IsomaxPlus::new(builder, name, features, classes)?),
        })
    }
}

/// A head and the loss it is trained with.
pub trait LossHead: Send + Sync {
    /// Logits (n, C) of features (n, D), without the entropic scale: higher is more likely.
    ///
    /// # Errors
    ///
    /// The features have another length.
    fn logits(&self, features: &Tensor) -> Result<Tensor>;

    /// The mean training loss of logits (n, C) for classes `targets` (n), u32; a scalar.
    ///
    /// # Errors
    ///
    /// A target is no class, or the shapes do not fit.
    fn loss(&self, logits: &Tensor, targets: &Tensor) -> Result<Tensor>;

    /// The parameters a dump stores.
    fn parameters(&self) -> HeadParameters;
}

/// The parameters of a head in a dump's terms.
#[derive(Clone, Debug)]
pub enum HeadParameters {
    /// Logits W·f + b.
    Linear {
        /// W (C, D).
        weight: Tensor,
        /// b (C).
        bias: Tensor,
    },
    /// Logits from distances to prototypes.
    Prototypes {
        /// Prototypes (C, D), not normalised.
        prototypes: Tensor,
        /// d_s (1), where the loss has one.
        distance_scale: Option<Tensor>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_serde_names_and_come_back() {
        for kind in LossKind::ALL {
            assert_eq!(LossKind::from_name(kind.name()), Some(kind));
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("{:?}", kind.name()));
        }
        assert_eq!(LossKind::from_name("soft-max"), None);
    }
}
