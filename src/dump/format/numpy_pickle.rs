//! An array in a pickle, as NumPy writes it, or as a list of numbers.
//!
//! ```text
//! protocols 2 to 4   numpy.core.multiarray._reconstruct(ndarray, (0,), b'b'), then its state (version, shape, dtype, is_fortran, bytes)
//! protocol 5         numpy.core.numeric._frombuffer(bytes, dtype, shape, 'C' or 'F'); since NumPy 2.4 also 'K' with the order of permuted axes, which is refused
//! dtype              numpy.dtype('f4', ...), then its state (version, '<', ...)
//! ```
//! NumPy 2 says `numpy._core`. Elements that stand in the file as they are stay there, behind a memory map.
//!
//! Source: `numpy/_core/src/multiarray/methods.c` (`array_reduce_ex`), `numpy/_core/src/multiarray/descriptor.c` (`arraydescr_reduce`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::entry::printable;
use super::pickle::{Defect, Id, Pickle, Value};
use crate::rows::array::{Memory, StoredArray, shape_text};
use crate::rows::element::{Dtype, Endian, Float};

/// What is expected where a value is no array that can be read.
pub(super) const ARRAY: &str = "an array of real numbers in C or Fortran order";

/// Whether a value is a list of numbers, of which there is at least one. It takes as long as the list.
pub(super) fn is_list_of_numbers(pickle: &Pickle<'_>, id: Id) -> bool {
    let (Value::List(items) | Value::Tuple(items)) = pickle.get(id) else { return false };
    let is_number = |id: &Id| matches!(pickle.get(*id), Value::Int(_) | Value::Float(_));
    !items.is_empty() && items.iter().all(is_number)
}

/// The arrays of a pickle.
pub(super) struct Arrays<'p, 'b> {
    pickle: &'p Pickle<'b>,
    /// What the pickle stands in.
    memory: Arc<dyn Memory>,
    /// Elements that stand in the file in other words, each decoded once: several arrays may have the same.
    decoded: HashMap<Id, Arc<dyn Memory>>,
}

impl<'p, 'b> Arrays<'p, 'b> {
    pub(super) fn new(pickle: &'p Pickle<'b>, memory: Arc<dyn Memory>) -> Self {
        Self { pickle, memory, decoded: HashMap::new() }
    }

    /// The array that a value stands for, if it does; its bytes are those of the file, where they stand in there.
    ///
    /// # Errors
    /// [`Defect`] for an array whose parts do not fit together.
    pub(super) fn open(&mut self, id: Id, shown: &Path) -> Result<Option<StoredArray>, Defect> {
        let pickle = self.pickle;
        if is_list_of_numbers(pickle, id) {
            return list(pickle, id, shown).map(Some);
        }
        let Some(parts) = parts(pickle, id)? else { return Ok(None) };
        let dtype = dtype_of(pickle, parts.dtype)?;
        let Some(size) = dtype.size() else { return Err(dtype.to_string()) };
        let shape = lengths(pickle, parts.shape)?;
        let Value::Bytes(bytes) = pickle.get(parts.bytes) else {
            return Err(format!("elements of {dtype} that are no bytes"));
        };
        let needed = shape.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis));
        if needed != Some(bytes.len()) {
            return Err(format!("{} bytes for shape {} of {dtype}", bytes.len(), shape_text(&shape)));
        }
        // Of texts that had to be decoded there is no place in the file.
        let inside = (bytes.as_ptr() as usize).checked_sub(self.memory.bytes().as_ptr() as usize);
        let (memory, start) = match inside.filter(|start| start + bytes.len() <= self.memory.bytes().len()) {
            Some(start) => (Arc::clone(&self.memory), start),
            None => (Arc::clone(self.decoded.entry(parts.bytes).or_insert_with(|| Arc::new(bytes.to_vec()))), 0),
        };
        let array = StoredArray::new(shown.to_owned(), dtype, shape, memory, start);
        let array = array.ok_or("a shape of more bytes than there can be")?;
        Ok(Some(array.in_fortran_order(parts.fortran)))
    }
}

/// What NumPy restores an array from.
struct Parts {
    bytes: Id,
    dtype: Id,
    shape: Id,
    fortran: bool,
}

fn parts(pickle: &Pickle<'_>, id: Id) -> Result<Option<Parts>, Defect> {
    let Value::Call { function, arguments, state } = pickle.get(id) else { return Ok(None) };
    let without = || "an array without contents".to_owned();
    if function.ends_with("._reconstruct") {
        let parts = state.and_then(|state| items(pickle, state));
        let Some(&[_, shape, dtype, fortran, bytes]) = parts else { return Err(without()) };
        let fortran = matches!(pickle.get(fortran), Value::Bool(true));
        return Ok(Some(Parts { bytes, dtype, shape, fortran }));
    }
    if !function.ends_with("._frombuffer") {
        return Ok(None);
    }
    let Some(&[bytes, dtype, shape, order, ..]) = items(pickle, *arguments) else { return Err(without()) };
    let fortran = match pickle.get(order) {
        Value::Bytes(order) if **order == *b"C" => false,
        Value::Bytes(order) if **order == *b"F" => true,
        _ => return Err("an array whose axes are permuted (save numpy.ascontiguousarray(x))".to_owned()),
    };
    Ok(Some(Parts { bytes, dtype, shape, fortran }))
}

fn lengths(pickle: &Pickle<'_>, shape: Id) -> Result<Vec<usize>, Defect> {
    let shape = items(pickle, shape).filter(|axes| axes.len() <= 64).ok_or("a shape that is no tuple")?;
    let axis = |id: &Id| match pickle.get(*id) {
        Value::Int(axis) => usize::try_from(*axis).map_err(|_| "a negative length".to_owned()),
        _ => Err("a length that is no number".to_owned()),
    };
    shape.iter().map(axis).collect()
}

fn items<'p>(pickle: &'p Pickle<'_>, id: Id) -> Option<&'p [Id]> {
    let (Value::Tuple(items) | Value::List(items)) = pickle.get(id) else { return None };
    Some(items)
}

/// `numpy.dtype('f4', False, True)` with the state `(3, '<', ...)`.
fn dtype_of(pickle: &Pickle<'_>, id: Id) -> Result<Dtype, Defect> {
    let unknown = || "elements of an unknown type".to_owned();
    let Value::Call { function: "numpy.dtype", arguments, state } = pickle.get(id) else { return Err(unknown()) };
    let text = |id: Option<&Id>| match pickle.get(*id?) {
        Value::Bytes(text) => str::from_utf8(text).ok(),
        _ => None,
    };
    let code = text(items(pickle, *arguments).and_then(<[Id]>::first)).ok_or_else(unknown)?;
    let order = state.and_then(|state| text(items(pickle, state)?.get(1))).unwrap_or_default();
    Ok(Dtype::parse(&format!("{}{}", printable(order), printable(code))))
}

/// A list of whole numbers as labels are, or of numbers as scores are.
fn list(pickle: &Pickle<'_>, id: Id, shown: &Path) -> Result<StoredArray, Defect> {
    let items = items(pickle, id).unwrap_or_default();
    let endian = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };
    let whole: Option<Vec<i64>> =
        items.iter().map(|id| if let Value::Int(number) = pickle.get(*id) { Some(*number) } else { None }).collect();
    let array = match whole {
        Some(numbers) => {
            let dtype = Dtype::Signed(8, endian);
            StoredArray::new(shown.to_owned(), dtype, vec![items.len()], Arc::new(numbers), 0)
        }
        None => {
            let number = |id: &Id| match pickle.get(*id) {
                Value::Int(number) => *number as f64,
                Value::Float(number) => *number,
                _ => f64::NAN,
            };
            let numbers: Vec<f64> = items.iter().map(number).collect();
            let dtype = Dtype::Float(Float::F64, endian);
            StoredArray::new(shown.to_owned(), dtype, vec![items.len()], Arc::new(numbers), 0)
        }
    };
    array.ok_or_else(|| "a list that is too long".to_owned())
}
