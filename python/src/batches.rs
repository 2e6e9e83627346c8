//! What was added to the splits of a run: checked when it comes, so that what is kept can be read, and joined when it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use oodbench::rows::array::StoredArray;
use oodbench::rows::matrix::Rows;
use oodbench::rows::patches::check_patches;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, Split};
use pyo3::prelude::*;

use crate::array::{Held, check_order, held};
use crate::error::{ArrayError, MissingInputError, of_rows};
use crate::head::HeadArrays;

/// An array that was added.
#[derive(Clone)]
pub(crate) struct Batch {
    array: StoredArray,
    /// The object that it is read from, if it is not a copy.
    held: Option<Arc<Held>>,
}

/// Per array its batches.
pub(crate) type Batches = BTreeMap<ArrayKind, Vec<Batch>>;

/// The arrays of some rows, one of each kind.
pub(crate) type Added = BTreeMap<ArrayKind, Batch>;

impl Batch {
    /// An argument of `add`, of shape (rows, columns), or (rows,) for labels and scores, or (rows, patches, columns).
    pub(crate) fn of(role: &Role, kind: &ArrayKind, object: &Bound<'_, PyAny>, copy: bool) -> PyResult<Self> {
        let (mut array, held) = held(&format!("{role}: {}", kind.file_stem()), object)?;
        match (kind, &array.shape[..]) {
            (ArrayKind::Labels, [_] | [_, 1]) | (_, [_, _]) => {}
            (ArrayKind::Score(_), &[rows]) => array.shape = vec![rows, 1],
            (kind, [_, _, _]) if kind.is_patches() => check_order(&array)?,
            // Axes of length 1 change no place of an element, in either order.
            (_, &[rows, columns, 1, 1] | &[rows, 1, 1, columns]) => array.shape = vec![rows, columns],
            (_, shape) => {
                let name = array.path.display();
                let text = format!(
                    "{name}: found shape {}, expected (rows, columns)",
                    oodbench::rows::array::shape_text(shape)
                );
                return Err(ArrayError::new_err(text));
            }
        }
        Ok(if copy { Self { array: copied(&array)?, held: None } } else { Self { array, held: Some(held) } })
    }

    /// The rows of the batch.
    pub(crate) fn rows(&self) -> usize {
        self.array.shape[0]
    }

    /// Patches of a row, 1 where there is no axis for them, and all its columns.
    fn parts(&self) -> [usize; 2] {
        match self.array.shape[..] {
            [_, patches, columns] => [patches, patches * columns],
            _ => [1, self.array.shape.get(1).copied().unwrap_or(1)],
        }
    }

    fn name(&self) -> String {
        self.array.path.display().to_string()
    }

    /// Whether both are read from the same place.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self.array.bytes(), other.array.bytes())
    }

    /// Refuses an array that is not where it was when it was added.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.held.as_ref().is_none_or(|held| held.is_where_it_was(py)) {
            return Ok(());
        }
        let text = format!(
            "{}: found an array that was resized after add(..., copy=False), expected one that stays as it was; pass a copy, or copy=True",
            self.name()
        );
        Err(ArrayError::new_err(text))
    }
}

/// Refuses rows that no run could be made of, by themselves or beside what it has.
pub(crate) fn check(added: &Added, role: &Role, splits: &[(Role, Batches)], head: &HeadArrays) -> PyResult<()> {
    if added.keys().all(|kind| *kind == ArrayKind::Labels) {
        let found = if added.is_empty() { "no array" } else { "labels alone" };
        let text = format!(
            "{role}: found {found}, expected rows of numbers; pass logits=..., features=..., layers=..., gram=... or scores=..."
        );
        return Err(MissingInputError::new_err(text));
    }
    let mut rows: Option<(&Batch, usize)> = None;
    for batch in added.values() {
        let (first, expected) = *rows.get_or_insert((batch, batch.rows()));
        if batch.rows() != expected {
            let text =
                format!("{}: found {} rows, expected {expected}, as in {}", batch.name(), batch.rows(), first.name());
            return Err(ArrayError::new_err(text));
        }
    }
    for (kind, batch) in added.iter().filter(|(kind, _)| **kind != ArrayKind::Labels) {
        let matrix = matrix(kind, vec![batch.array.clone()])?;
        let found = [matrix.members(), matrix.columns()];
        if let Some((of, expected)) = parts(kind, splits, head).filter(|(_, expected)| *expected != found) {
            let expected = if [found[0], expected[0]] == [1, 1] { expected[1].to_string() } else { in_words(expected) };
            let text = format!("{}: found {}, expected {expected}, as in {of}", batch.name(), in_words(found));
            return Err(ArrayError::new_err(text));
        }
        if kind.is_patches() {
            let features = added.get(&ArrayKind::Features).map(Batch::parts);
            let features = features.or_else(|| Some(parts(&ArrayKind::Features, splits, head)?.1));
            features.map_or(Ok(()), |[_, columns]| check_patches(&matrix, columns)).map_err(|error| of_rows(&error))?;
        }
    }
    if let Some(batch) = added.get(&ArrayKind::Labels) {
        let labels = Labels::new(vec![batch.array.clone()]).map_err(|error| of_rows(&error))?;
        let logits = added.get(&ArrayKind::Logits).map(Batch::parts);
        let logits = logits.or_else(|| Some(parts(&ArrayKind::Logits, splits, head)?.1));
        let classes = logits.map(|[_, classes]| classes);
        if !matches!(role, Role::Ood { .. } | Role::ValOod { .. }) {
            labels.check_range(classes).map_err(|error| of_rows(&error))?;
        }
    }
    let Some((_, before)) = splits.iter().find(|(own, _)| own == role) else { return Ok(()) };
    if before.keys().eq(added.keys()) {
        return Ok(());
    }
    let names = |kinds: Vec<String>| kinds.join(", ");
    Err(ArrayError::new_err(format!(
        "{role}: found a batch of {}, expected {}, as in the batches before",
        names(added.keys().map(ArrayKind::file_stem).collect()),
        names(before.keys().map(ArrayKind::file_stem).collect())
    )))
}

/// How many patches and columns an array has by the head or by what came before, and where.
fn parts(kind: &ArrayKind, splits: &[(Role, Batches)], head: &HeadArrays) -> Option<(String, [usize; 2])> {
    match (kind, head.shape()) {
        (ArrayKind::Logits, Some((of, [classes, _]))) => Some((of.to_owned(), [1, classes])),
        (ArrayKind::Features, Some((of, [_, features]))) => Some((of.to_owned(), [1, features])),
        _ => splits.iter().find_map(|(role, batches)| {
            Some((format!("the rows of {role} before"), batches.get(kind)?.first()?.parts()))
        }),
    }
}

fn in_words([patches, columns]: [usize; 2]) -> String {
    if patches == 1 {
        format!("{columns} columns")
    } else {
        format!("{patches} patches of {} columns", columns / patches)
    }
}

fn matrix(kind: &ArrayKind, arrays: Vec<StoredArray>) -> PyResult<Matrix> {
    let matrix = if kind.is_patches() { Matrix::of_patches(arrays) } else { Matrix::new(arrays) };
    let matrix = matrix.map_err(|error| of_rows(&error))?;
    match (kind, matrix.columns()) {
        (ArrayKind::Score(_), columns @ 2..) => Err(ArrayError::new_err(format!(
            "{}: found {columns} columns, expected one score per row, shape (rows,)",
            matrix.path().display()
        ))),
        _ => Ok(matrix),
    }
}

/// The split of a role.
pub(crate) fn split(role: &Role, batches: &Batches) -> PyResult<Split> {
    let refuse = |error| of_rows(&error);
    let arrays = |batches: &[Batch]| batches.iter().map(|batch| batch.array.clone()).collect();
    let mut split = Split::new(role.clone(), role.to_string());
    for (kind, batches) in batches.iter().filter(|(kind, _)| **kind != ArrayKind::Labels) {
        split = split.with(kind.clone(), matrix(kind, arrays(batches))?).map_err(refuse)?;
    }
    match batches.get(&ArrayKind::Labels) {
        Some(batches) => split.with_labels(Labels::new(arrays(batches)).map_err(refuse)?).map_err(refuse),
        None => Ok(split),
    }
}

/// Batches of one type as one, so that blocks of rows need not be put together each time; none where there is nothing to join.
pub(crate) fn joined(batches: &[Batch]) -> Option<Batch> {
    let [first, _, ..] = batches else { return None };
    let first = &first.array;
    let alike = |one: &Batch| {
        one.array.dtype == first.dtype && !one.array.fortran && one.array.shape.get(1..) == first.shape.get(1..)
    };
    if !batches.iter().all(alike) {
        return None;
    }
    Some(Batch { array: glued(batches.iter().map(|batch| &batch.array))?, held: None })
}

/// Arrays in C order of as many columns, one below the other in memory of their own.
fn glued<'a>(arrays: impl Iterator<Item = &'a StoredArray> + Clone) -> Option<StoredArray> {
    let first = arrays.clone().next()?;
    let bytes: usize = arrays.clone().map(|one| one.bytes().len()).sum();
    let mut all: Vec<u64> = vec![0; bytes.div_ceil(8)];
    // SAFETY: u64 has no invalid bytes, and its vector has at least so many.
    let mut rest = unsafe { std::slice::from_raw_parts_mut(all.as_mut_ptr().cast::<u8>(), bytes) };
    let mut rows = 0;
    for array in arrays {
        let (own, behind) = rest.split_at_mut(array.bytes().len());
        own.copy_from_slice(array.bytes());
        (rest, rows) = (behind, rows + array.shape[0]);
    }
    let shape = [rows].into_iter().chain(first.shape[1..].iter().copied()).collect();
    StoredArray::new(first.path.clone(), first.dtype.clone(), shape, Arc::new(all), 0)
}

/// The array in memory of its own, in C order.
fn copied(array: &StoredArray) -> PyResult<StoredArray> {
    if array.fortran {
        let matrix = Matrix::new(vec![array.clone()]).map_err(|error| of_rows(&error))?;
        return Ok(match matrix.block(0..matrix.rows()) {
            Rows::F32(rows) => StoredArray::of(array.path.clone(), rows.view().to_owned()),
            Rows::F64(rows) => StoredArray::of(array.path.clone(), rows.view().to_owned()),
        });
    }
    Ok(glued([array].into_iter()).unwrap_or_else(|| array.clone()))
}
