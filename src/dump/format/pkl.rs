//! Pickled arrays (`.pkl`, `.pickle`): `pickle.dump` of NumPy arrays, of lists of numbers, and of dictionaries and lists of both.
//!
//! An array is named by the keys that lead to it: `{"id": {"test": [a, b]}}` has `id/test/0` and `id/test/1`. The pickle is decoded and never run. A file of
//! `torch.save` is read as such, whatever it is called.

use std::path::Path;
use std::sync::Arc;

use super::entry::{Format, has_ending};
use super::numpy_pickle::{ARRAY, Arrays};
use super::pickle::{Defect, Pickle};
use super::{file, torch, tree};
use crate::dump::error::DumpError;
use crate::rows::array::{Memory, StoredArray};

/// Pickled arrays.
pub struct Pkl;

const REMEDY: &str = "save the arrays with numpy.savez";

impl Format for Pkl {
    fn ending(&self) -> &'static str {
        "pkl"
    }

    fn recognises(&self, path: &Path, _: &[u8]) -> bool {
        has_ending(path, self.ending()) || has_ending(path, "pickle")
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(tree::members(arrays(path)?))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        tree::open(path, arrays(path)?, member)
    }
}

/// All arrays of a file, by the keys that lead to them; one that is the file's only value has no name.
///
/// # Errors
/// [`DumpError`] if the file cannot be read, is no pickle of plain data and arrays, or an array has other bytes than its shape needs.
pub fn arrays(path: &Path) -> Result<Vec<(String, StoredArray)>, DumpError> {
    let map = Arc::new(file::map(path)?);
    if torch::recognises(map.bytes()) {
        return torch::all_arrays(path);
    }
    let wrong = |found: Defect| DumpError::malformed(path, found, "a pickle of arrays", REMEDY);
    let memory: Arc<dyn Memory> = map;
    let pickle = Pickle::decode(memory.bytes(), tree::FUNCTIONS).map_err(wrong)?;
    let mut arrays = Arrays::new(&pickle, Arc::clone(&memory));
    tree::arrays(path, tree::named(&pickle).map_err(wrong)?, |id, shown| {
        let wrong = |found: Defect| DumpError::malformed(shown, found, ARRAY, REMEDY);
        arrays.open(id, shown).map_err(wrong)
    })
}
