//! Views of candle's CPU storage as plain slices.

use candle_core::{CpuStorage, Layout, Result, bail};

/// The elements of a contiguous f32 tensor.
///
/// # Errors
///
/// Another dtype than f32, or strides that are not row-major.
pub(crate) fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("this operation needs a contiguous tensor, call contiguous() first"),
    }
}

/// As [`slice()`], for operations that write in place.
///
/// # Errors
///
/// Another dtype than f32, or strides that are not row-major.
pub(crate) fn slice_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("this operation needs a contiguous tensor, call contiguous() first")
    };
    match storage {
        CpuStorage::F32(values) => Ok(&mut values[start..end]),
        _ => bail!("this operation needs an f32 tensor"),
    }
}
