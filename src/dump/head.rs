//! The files of a run's last layer.

use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2};

use super::error::DumpError;
use super::npy;
use crate::rows::array::shape_text;
use crate::rows::{Head, Matrix, check};

/// Reads the head of a run's folder, if one was dumped.
///
/// # Errors
/// [`DumpError`] for arrays of the wrong shape, not finite, or of two kinds of heads at once.
pub(super) fn read(folder: &Path) -> Result<Option<Head>, DumpError> {
    let head = folder.join("head");
    let file = |name: &str| Some(head.join(name)).filter(|path| path.symlink_metadata().is_ok());
    match (file("weight.npy"), file("prototypes.npy")) {
        (Some(weight), Some(_)) => Err(DumpError::malformed(
            weight,
            "weight.npy and prototypes.npy",
            "a linear head or a head of prototypes",
            "remove the one that is not the model's",
        )),
        (Some(weight), None) => read_linear(&weight, file("bias.npy")).map(Some),
        (None, Some(prototypes)) => read_prototypes(&prototypes, file("distance_scale.npy")).map(Some),
        (None, None) => Ok(None),
    }
}

fn read_linear(weight: &Path, bias: Option<PathBuf>) -> Result<Head, DumpError> {
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
    Ok(Head::Linear { weight, bias })
}

fn read_prototypes(path: &Path, scale: Option<PathBuf>) -> Result<Head, DumpError> {
    let prototypes = read_matrix(path)?;
    let Some(scale_path) = scale else { return Ok(Head::Prototypes { prototypes }) };
    let scale = read_vector(&scale_path)?;
    let [distance_scale] = scale[..] else {
        return Err(DumpError::malformed(
            scale_path,
            format!("{} values", scale.len()),
            "one value, the learned d_s",
            "dump the scalar parameter distance_scale",
        ));
    };
    Ok(Head::normalised_prototypes(prototypes, distance_scale))
}

fn read_matrix(path: &Path) -> Result<Array2<f64>, DumpError> {
    let matrix = Matrix::new(vec![npy::open(path)?])?;
    if matrix.rows() == 0 {
        return Err(DumpError::malformed(path, "no rows", "one row per class", "dump the layer's parameters again"));
    }
    check::finite(&matrix, &|_| {})?;
    Ok(matrix.block(0..matrix.rows()).to_f64())
}

/// A vector or a scalar of floats, of any shape with at most one axis longer than 1.
fn read_vector(path: &Path) -> Result<Vec<f64>, DumpError> {
    let mut array = npy::open(path)?;
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
    check::finite(&matrix, &|_| {})?;
    Ok(matrix.block(0..length).to_f64().into_raw_vec_and_offset().0)
}
