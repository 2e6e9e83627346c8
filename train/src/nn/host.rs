//! Values of tensors on the host, for what works without candle.

use candle_core::{D, Device, Result, Tensor};
use ndarray::{Array2, ShapeError};

/// All values, in row-major order.
///
/// # Errors
///
/// The tensor is not f32, or the device failed.
pub fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.detach().flatten_all()?.to_device(&Device::Cpu)?.to_vec1()
}

/// Rows (n, m) in single precision, as they are.
///
/// # Errors
///
/// As [`values`].
pub fn rows(tensor: &Tensor) -> Result<Array2<f32>> {
    let columns = tensor.dim(D::Minus1)?;
    let values = values(tensor)?;
    let shape = (values.len() / columns.max(1), columns);
    Array2::from_shape_vec(shape, values).map_err(|error: ShapeError| candle_core::Error::wrap(error))
}

/// A matrix (n, m) in double precision, exactly.
///
/// # Errors
///
/// As [`values`].
pub fn matrix(tensor: &Tensor) -> Result<Array2<f64>> {
    Ok(rows(tensor)?.mapv(f64::from))
}

/// A vector in double precision, exactly.
///
/// # Errors
///
/// As [`values`].
pub fn vector(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(values(tensor)?.into_iter().map(f64::from).collect())
}
