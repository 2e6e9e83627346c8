//! Arrays of other libraries where they lie, without a copy.

use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::Arc;

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use oodbench::rows::array::{Memory, StoredArray};
use oodbench::rows::element::{Dtype, Endian, Float};
use oodbench::rows::{Labels, Matrix};
use pyo3::prelude::*;

use crate::error::{ArrayError, of_rows};

/// The elements of an array object, which is kept alive.
struct Held {
    start: NonNull<u8>,
    bytes: usize,
    _owner: Py<PyAny>,
}

// SAFETY: the memory is only read, and its owner keeps it; an object that is dropped without the interpreter is released when it is there again.
unsafe impl Send for Held {}
// SAFETY: as above. Python may write to the elements meanwhile, as to those of any array that a library reads without the interpreter: the numbers
// read are then old or new ones, and no length depends on them.
unsafe impl Sync for Held {}

impl Memory for Held {
    fn bytes(&self) -> &[u8] {
        // SAFETY: start and length are those of the array, which neither moves nor shrinks while it is referred to.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

/// An array under the name that messages call it by: NumPy's own, anything with `__dlpack__`, or a buffer.
pub(crate) fn stored(name: &str, object: &Bound<'_, PyAny>) -> PyResult<StoredArray> {
    // A subclass may mean other numbers than it holds, as a masked array does.
    if let Ok(array) = object.cast_exact::<PyUntypedArray>() {
        return of_numpy(name, array, false);
    }
    let (array, is_bfloat) = converted(name, object)?;
    of_numpy(name, array.cast::<PyUntypedArray>()?, is_bfloat)
}

/// NumPy's view of an array of another library, and whether its 16-bit integers are the bits of bfloat16.
fn converted<'py>(name: &str, object: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, bool)> {
    object.py().import("oodbench._arrays")?.getattr("view")?.call1((name, object))?.extract()
}

fn of_numpy(name: &str, array: &Bound<'_, PyUntypedArray>, is_bfloat: bool) -> PyResult<StoredArray> {
    let dtype = if is_bfloat { Dtype::Float(Float::Bf16, Endian::Little) } else { element(array)? };
    let (c_order, fortran) = (array.is_c_contiguous(), array.is_fortran_contiguous());
    if !c_order && !fortran {
        return Err(ArrayError::new_err(format!(
            "{name}: found strides {:?} for shape {:?}, expected an array without gaps, since nothing is copied here; pass numpy.ascontiguousarray({name})",
            array.strides(),
            array.shape()
        )));
    }
    let shape = array.shape().to_vec();
    let bytes = shape.iter().product::<usize>() * dtype.size().unwrap_or(0);
    // SAFETY: the object is an array.
    let start = unsafe { (*array.as_array_ptr()).fields.data.cast::<u8>() };
    let held = Held {
        start: NonNull::new(start).unwrap_or(NonNull::dangling()),
        bytes,
        _owner: array.clone().into_any().unbind(),
    };
    let stored = StoredArray::new(PathBuf::from(name), dtype.clone(), shape, Arc::new(held), 0);
    let stored = stored.ok_or_else(|| {
        ArrayError::new_err(format!(
            "{name}: found {dtype}, expected floats (of labels: integers); pass {name}.astype(numpy.float32)"
        ))
    })?;
    Ok(stored.in_fortran_order(!c_order))
}

/// The element type, by NumPy's numbers of types.
fn element(array: &Bound<'_, PyUntypedArray>) -> PyResult<Dtype> {
    let descr = array.dtype();
    let endian = if descr.byteorder() == b'>' { Endian::Big } else { Endian::Little };
    Ok(match (descr.kind(), descr.itemsize()) {
        (b'f', 2) => Dtype::Float(Float::F16, endian),
        (b'f', 4) => Dtype::Float(Float::F32, endian),
        (b'f', 8) => Dtype::Float(Float::F64, endian),
        (b'i', size @ (1 | 2 | 4 | 8)) => Dtype::Signed(size, endian),
        (b'u' | b'b', size @ (1 | 2 | 4 | 8)) => Dtype::Unsigned(size, endian),
        (_, 2) if descr.getattr("name")?.extract::<String>()? == "bfloat16" => Dtype::Float(Float::Bf16, endian),
        _ => Dtype::Other(descr.str()?.to_string()),
    })
}

/// Rows of floats.
pub(crate) fn matrix(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Matrix> {
    let array = stored(name, object)?;
    if let [columns] = array.shape[..] {
        return Err(ArrayError::new_err(format!(
            "{name}: found shape ({columns},), expected (rows, columns); pass {name}[None] if it is one row"
        )));
    }
    Matrix::new(vec![array]).map_err(|error| of_rows(&error))
}

/// One number per row as `f64`, from shape (rows,) or (rows, 1); a copy.
pub(crate) fn numbers(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let array = stored(name, object)?;
    match (&array.shape[..], &array.dtype) {
        ([_] | [_, 1], Dtype::Float(..) | Dtype::Signed(..) | Dtype::Unsigned(..)) => Ok(array.numbers().collect()),
        (shape, _) => Err(ArrayError::new_err(format!(
            "{name}: found {} of shape {shape:?}, expected one number per row",
            array.dtype
        ))),
    }
}

/// Class indices.
pub(crate) fn labels(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Labels> {
    Labels::new(vec![stored(name, object)?]).map_err(|error| of_rows(&error))
}

/// One yes or no per row.
pub(crate) fn flags(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Vec<bool>> {
    Ok(numbers(name, object)?.into_iter().map(|number| number != 0.0).collect())
}
