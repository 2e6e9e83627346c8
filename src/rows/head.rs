//! The last layer of the network, where it was dumped.

use std::path::PathBuf;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::error::RowsError;
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

    /// Refuses a head without classes or features, with NaN or infinite numbers, or with another number of biases than classes; `place` is what a
    /// message calls its `weight`, `bias`, `prototypes` and `distance_scale`.
    ///
    /// ```
    /// use ndarray::array;
    /// use oodbench::rows::Head;
    ///
    /// let head = Head::Linear { weight: array![[1.0, 2.0]], bias: array![f64::NAN] };
    /// let error = head.check(|part| format!("head {part}").into()).unwrap_err();
    /// assert!(error.to_string().starts_with("head bias: found 1 rows with NaN or infinite values"));
    /// ```
    ///
    /// # Errors
    /// [`RowsError`] for the first thing that is wrong.
    pub fn check(&self, place: impl Fn(&'static str) -> PathBuf) -> Result<(), RowsError> {
        let (name, matrix) = match self {
            Self::Linear { weight, .. } => ("weight", weight),
            Self::Prototypes { prototypes } | Self::NormalisedPrototypes { prototypes, .. } => {
                ("prototypes", prototypes)
            }
        };
        if matrix.is_empty() {
            let found = if matrix.nrows() == 0 { "no rows" } else { "no columns" };
            let expected = "one row per class, one column per feature";
            return Err(RowsError::malformed(place(name), found, expected, "take the parameters of the whole layer"));
        }
        let not_finite = |name: &'static str, rows: Vec<usize>| match rows.first() {
            Some(&first) => Err(RowsError::NotFinite { path: place(name), first, rows: rows.len() }),
            None => Ok(()),
        };
        let rows = matrix.rows().into_iter().enumerate();
        let bad = rows.filter(|(_, row)| row.iter().any(|value| !value.is_finite()));
        not_finite(name, bad.map(|(index, _)| index).collect())?;
        match self {
            Self::Linear { weight, bias } if bias.len() != weight.nrows() => Err(RowsError::malformed(
                place("bias"),
                format!("{} biases", bias.len()),
                format!("{}, one per row of the weight", weight.nrows()),
                "take weight (C, D) and bias (C) of one layer",
            )),
            Self::Linear { bias, .. } => {
                let bad = bias.iter().enumerate().filter(|(_, value)| !value.is_finite());
                not_finite("bias", bad.map(|(index, _)| index).collect())
            }
            Self::NormalisedPrototypes { distance_scale, .. } if !distance_scale.is_finite() => {
                not_finite("distance_scale", vec![0])
            }
            Self::Prototypes { .. } | Self::NormalisedPrototypes { .. } => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::RunRows;
    use super::*;

    #[test]
    fn a_head_in_memory_is_checked_as_one_of_files_is() {
        let one = array![[1.0, 2.0], [3.0, 4.0]];
        let scale = |scale| Head::normalised_prototypes(one.clone(), scale);
        let prototypes = |prototypes| Head::Prototypes { prototypes };
        let linear = |bias| Head::Linear { weight: one.clone(), bias };
        for (head, expected) in [
            (prototypes(Array2::zeros((0, 2))), "head prototypes: found no rows, expected one row per class"),
            (prototypes(Array2::zeros((2, 0))), "head prototypes: found no columns, expected"),
            (
                prototypes(array![[1.0], [f64::NAN], [f64::INFINITY]]),
                "found 2 rows with NaN or infinite values, the first is row 1,",
            ),
            (Head::normalised_prototypes(array![[f64::INFINITY, 0.0]], 1.0), "head prototypes: found 1 rows with NaN"),
            (scale(f64::NAN), "head distance_scale: found 1 rows with NaN"),
            (linear(array![0.0]), "head bias: found 1 biases, expected 2, one per row of the weight"),
            (
                linear(array![0.0, f64::INFINITY]),
                "head bias: found 1 rows with NaN or infinite values, the first is row 1,",
            ),
        ] {
            let error = RunRows::new("arrays", Vec::new(), Some(head)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        for head in [prototypes(one.clone()), scale(-2.0), linear(array![0.0, 1.0])] {
            assert!(RunRows::new("arrays", Vec::new(), Some(head)).is_ok());
        }
    }
}
