//! Arrays of other libraries where they lie, without a copy.

use std::path::PathBuf;
use std::ptr::NonNull;
use std::sync::Arc;

use numpy::npyffi::flags::NPY_ARRAY_OWNDATA;
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use oodbench::rows::array::{Memory, StoredArray};
use oodbench::rows::element::{Dtype, Endian, Float};
use oodbench::rows::role::PATCHES;
use oodbench::rows::{Labels, Matrix};
use pyo3::prelude::*;

use crate::error::{ArrayError, of_rows};

/// The elements of an array object, which is kept alive.
///
/// That keeps its memory in place, with one exception that nothing here can rule out: `ndarray.resize(refcheck=False)`, and its like in other libraries,
/// move or free the memory of an array that others refer to. Documents say that an array must not be resized while it is read; what is kept from call to
/// call is looked at again, [`Held::is_where_it_was`].
pub(crate) struct Held {
    start: NonNull<u8>,
    bytes: usize,
    owner: Py<PyAny>,
}

// SAFETY: the memory is only read, and lies there as long as its owner does, under the promise above; an object that is dropped without the interpreter
// is released when it is there again.
unsafe impl Send for Held {}
// SAFETY: as above. Who writes to the elements meanwhile breaks a promise of the documents, as with any library that reads arrays without the interpreter;
// no length depends on the numbers read.
unsafe impl Sync for Held {}

impl Memory for Held {
    fn bytes(&self) -> &[u8] {
        // SAFETY: start and length are those of the array when it was taken, and the caller of Python has promised not to resize it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }
}

impl Held {
    /// Whether the memory still is that of the array, and of the array that it is a view of.
    pub(crate) fn is_where_it_was(&self, py: Python<'_>) -> bool {
        let (start, end) = (self.start.as_ptr().addr(), self.start.as_ptr().addr() + self.bytes);
        let mut object = self.owner.bind(py).clone();
        let mut is_the_array = true;
        while let Ok(array) = object.cast::<PyUntypedArray>() {
            // SAFETY: the object is an array.
            let (data, flags) = unsafe {
                let array = array.as_array_ptr();
                ((*array).fields.data.addr(), (*array).fields.flags)
            };
            let bytes = array.len() * array.dtype().itemsize();
            // A view may have gaps; who owns its elements has none.
            let owns = flags & NPY_ARRAY_OWNDATA != 0;
            let moved = std::mem::take(&mut is_the_array) && data != start;
            if self.bytes > 0 && (moved || owns && (start < data || end > data + bytes)) {
                return false;
            }
            let Ok(base) = object.getattr("base") else { break };
            object = base;
        }
        true
    }
}

/// An array under the name that messages call it by: NumPy's own, anything with `__dlpack__`, or a buffer.
pub(crate) fn stored(name: &str, object: &Bound<'_, PyAny>) -> PyResult<StoredArray> {
    Ok(held(name, object)?.0)
}

/// The same with the object that it is read from.
pub(crate) fn held(name: &str, object: &Bound<'_, PyAny>) -> PyResult<(StoredArray, Arc<Held>)> {
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

fn of_numpy(name: &str, array: &Bound<'_, PyUntypedArray>, is_bfloat: bool) -> PyResult<(StoredArray, Arc<Held>)> {
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
    let held = Arc::new(Held {
        start: NonNull::new(start).unwrap_or(NonNull::dangling()),
        bytes,
        owner: array.clone().into_any().unbind(),
    });
    let memory: Arc<dyn Memory> = held.clone();
    let stored = StoredArray::new(PathBuf::from(name), dtype.clone(), shape, memory, 0);
    let stored = stored.ok_or_else(|| {
        ArrayError::new_err(format!(
            "{name}: found {dtype}, expected floats (of labels: integers); pass {name}.astype(numpy.float32)"
        ))
    })?;
    Ok((stored.in_fortran_order(!c_order), held))
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

/// Rows of floats of a named layer: of patches as (rows, patches, columns), or side by side.
pub(crate) fn layer(name: &str, layer: &str, object: &Bound<'_, PyAny>) -> PyResult<Matrix> {
    let array = stored(name, object)?;
    match array.shape.len() {
        3 if layer == PATCHES => {
            check_order(&array)?;
            Matrix::of_patches(vec![array]).map_err(|error| of_rows(&error))
        }
        _ => of_stored(name, array),
    }
}

/// Refuses patches whose rows do not lie together.
pub(crate) fn check_order(patches: &StoredArray) -> PyResult<()> {
    if !patches.fortran {
        return Ok(());
    }
    let name = patches.path.display();
    Err(ArrayError::new_err(format!(
        "{name}: found Fortran order, expected patches in C order; pass numpy.ascontiguousarray({name})"
    )))
}

/// Rows of floats.
pub(crate) fn matrix(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Matrix> {
    of_stored(name, stored(name, object)?)
}

fn of_stored(name: &str, array: StoredArray) -> PyResult<Matrix> {
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

/// One yes or no per row, as bools, or as 0 and 1; `remedy` makes them of what others have in their place.
pub(crate) fn flags(name: &str, object: &Bound<'_, PyAny>, remedy: &str) -> PyResult<Vec<bool>> {
    let numbers = numbers(name, object)?;
    if let Some(row) = numbers.iter().position(|number| *number != 0.0 && *number != 1.0) {
        let text = format!("{name}: found {} at row {row}, expected bools; pass {remedy}", numbers[row]);
        return Err(ArrayError::new_err(text));
    }
    Ok(numbers.into_iter().map(|number| number == 1.0).collect())
}
