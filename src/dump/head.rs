//! The last layer of the network, where it was dumped.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::error::DumpError;
use super::matrix::Matrix;
use super::meta::HeadKind;
use super::npy::{NpyArray, shape_text};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::row_product::row_product;
use crate::numeric::vector::squared_distance;

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
    /// Reads the head of a run's folder, if one was dumped.
    ///
    /// # Errors
    /// [`DumpError`] for arrays of the wrong shape, not finite, or of two kinds of heads at once.
    pub fn read(folder: &Path) -> Result<Option<Self>, DumpError> {
        let head = folder.join("head");
        let file = |name: &str| Some(head.join(name)).filter(|path| path.is_file());
        match (file("weight.npy"), file("prototypes.npy")) {
            (Some(weight), Some(_)) => Err(DumpError::malformed(
                weight,
                "weight.npy and prototypes.npy",
                "a linear head or a head of prototypes",
                "remove the one that is not the model's",
            )),
            (Some(weight), None) => Self::read_linear(&weight, file("bias.npy")).map(Some),
            (None, Some(prototypes)) => Self::read_prototypes(&prototypes, file("distance_scale.npy")).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn read_linear(weight: &Path, bias: Option<PathBuf>) -> Result<Self, DumpError> {
        let weight = read_matrix(weight)?;
        let bias = match bias {
            None => Array1::zeros(weight.nrows()),
            Some(path) => {
                let values = read_vector(&path)?;
                if values.len() != weight.nrows() {
                    return Err(DumpError::malformed(
                        path,
                        format!("{} biases", values.len()),
                        format!("{}, one per row of weight.npy", weight.nrows()),
                        "dump weight (C, D) and bias (C) of one layer",
                    ));
                }
                Array1::from(values)
            }
        };
        Ok(Self::Linear { weight, bias })
    }

    fn read_prototypes(path: &Path, scale: Option<PathBuf>) -> Result<Self, DumpError> {
        let mut prototypes = read_matrix(path)?;
        let Some(scale_path) = scale else { return Ok(Self::Prototypes { prototypes }) };
        let scale = read_vector(&scale_path)?;
        let [distance_scale] = scale[..] else {
            return Err(DumpError::malformed(
                scale_path,
                format!("{} values", scale.len()),
                "one value, the learned d_s",
                "dump the scalar parameter distance_scale",
            ));
        };
        for mut row in prototypes.rows_mut() {
            let norm = norm(row.as_slice().unwrap_or_default());
            row /= norm;
        }
        Ok(Self::NormalisedPrototypes { prototypes, distance_scale: distance_scale.abs() })
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
    pub fn logits(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        match self {
            Self::Linear { weight, bias } => row_product(&features, &weight.t(), Factor::Full, Threads::One) + bias,
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
) -> Array2<f64> {
    let mut out = Array2::zeros((features.nrows(), prototypes.nrows()));
    let mut feature = vec![0.0; features.ncols()];
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

fn read_matrix(path: &Path) -> Result<Array2<f64>, DumpError> {
    let matrix = Matrix::new(vec![NpyArray::open(path)?])?;
    super::check::finite(&matrix, &|_| {})?;
    Ok(matrix.block(0..matrix.rows()).to_f64())
}

/// A vector or a scalar of floats, of any shape with at most one axis longer than 1.
fn read_vector(path: &Path) -> Result<Vec<f64>, DumpError> {
    let mut array = NpyArray::open(path)?;
    let long_axes: Vec<usize> = array.shape.iter().copied().filter(|&axis| axis != 1).collect();
    let length = match long_axes[..] {
        [] => 1,
        [length] => length,
        _ => {
            return Err(DumpError::malformed(
                path,
                format!("shape {}", shape_text(&array.shape)),
                "a vector",
                "dump the layer's one-dimensional parameter",
            ));
        }
    };
    array.shape = vec![length, 1];
    array.fortran = false;
    let matrix = Matrix::new(vec![array])?;
    super::check::finite(&matrix, &|_| {})?;
    Ok(matrix.block(0..length).to_f64().into_raw_vec_and_offset().0)
}
