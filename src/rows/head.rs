//! The last layer of the network, where it was dumped.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::row_product::row_product;
use crate::numeric::vector::squared_distance;

/// The kind of the last layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadKind {
    /// Logits are `W f + b`.
    Linear,
    /// Logits are negative distances to prototypes.
    Prototypes,
}

/// What turns features (n, D) into logits (n, C).
#[derive(Clone, Debug)]
pub enum Head {
    /// `z = W f + b`.
    Linear {
        /// Weights (C, D).
        weight: Array2<f64>,
        /// Biases (C); zeros where none was dumped.
        bias: Array1<f64>,
    },
    /// IsoMax: `z_c = −‖f − p_c‖`.
    Prototypes {
        /// Prototypes (C, D).
        prototypes: Array2<f64>,
    },
    /// IsoMax+: `z_c = −|d_s|·‖f/‖f‖ − p_c/‖p_c‖‖`.
    NormalisedPrototypes {
        /// Prototypes (C, D), already normalised.
        prototypes: Array2<f64>,
        /// The learned scale `|d_s|` of the distances.
        distance_scale: f64,
    },
}

impl Head {
    /// The head of IsoMax+: prototypes (C, D) are normalised here, of the scale only the magnitude counts.
    #[must_use]
    pub fn normalised_prototypes(mut prototypes: Array2<f64>, distance_scale: f64) -> Self {
        for mut row in prototypes.rows_mut() {
            let norm = norm(row.as_slice().unwrap_or_default());
            row /= norm;
        }
        Self::NormalisedPrototypes { prototypes, distance_scale: distance_scale.abs() }
    }

    /// The kind `run.toml` may name.
    #[must_use]
    pub fn kind(&self) -> HeadKind {
        match self {
            Self::Linear { .. } => HeadKind::Linear,
            Self::Prototypes { .. } | Self::NormalisedPrototypes { .. } => HeadKind::Prototypes,
        }
    }

    /// (C, D).
    #[must_use]
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Self::Linear { weight: w, .. }
            | Self::Prototypes { prototypes: w }
            | Self::NormalisedPrototypes { prototypes: w, .. } => w.dim(),
        }
    }

    /// The logits (n, C) of features (n, D), without any entropic scale.
    #[must_use]
    pub fn logits(&self, features: ArrayView2<'_, f64>) -> RecycledMatrix {
        match self {
            Self::Linear { weight, bias } => {
                let mut logits = row_product(&features, &weight.t(), Factor::Full, Threads::One);
                *logits += bias;
                logits
            }
            Self::Prototypes { prototypes } => negative_distances(features, prototypes, 1.0, false),
            Self::NormalisedPrototypes { prototypes, distance_scale } => {
                negative_distances(features, prototypes, *distance_scale, true)
            }
        }
    }
}

fn negative_distances(
    features: ArrayView2<'_, f64>,
    prototypes: &Array2<f64>,
    scale: f64,
    normalise: bool,
) -> RecycledMatrix {
    let mut out = RecycledMatrix::zeros((features.nrows(), prototypes.nrows()));
    let mut feature = Recycled::filled(0.0, features.ncols());
    for (row, mut logits) in features.axis_iter(Axis(0)).zip(out.rows_mut()) {
        feature.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
        if normalise {
            let norm = norm(&feature);
            feature.iter_mut().for_each(|value| *value /= norm);
        }
        for (logit, prototype) in logits.iter_mut().zip(prototypes.rows()) {
            *logit = -scale * squared_distance(&feature, prototype.to_slice().unwrap_or_default()).sqrt();
        }
    }
    out
}

/// The 2-norm, at least 1e-12, as `torch.nn.functional.normalize` bounds it.
fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12)
}
