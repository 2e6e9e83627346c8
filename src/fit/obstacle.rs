//! Why a fit cannot be had, as far as shapes and labels tell.

use std::collections::BTreeSet;

use crate::rows::{ArrayKind, Role, RunRows};

/// Bytes that what a score learns may take.
const MOST_BYTES: usize = 4 << 30;

/// What to say of so many numbers of double precision, a product of three, if they take more memory than a fit may.
pub(crate) fn beyond_memory(what: &str, [a, b, c]: [usize; 3]) -> Option<String> {
    let bytes = a.saturating_mul(b).saturating_mul(c).saturating_mul(size_of::<f64>());
    let (takes, most) = (bytes as f64 / 1e9, MOST_BYTES as f64 / 1e9);
    (bytes > MOST_BYTES).then(|| format!("{what} takes {takes:.1} GB, more than the {most:.1} GB that a fit may take"))
}

/// What to say where no class has two training rows.
pub(crate) fn single_rows(run: &RunRows) -> Option<String> {
    let labels = run.split(&Role::Train)?.labels.as_ref()?;
    let mut seen = BTreeSet::new();
    let single = labels.block(0..labels.len()).into_iter().all(|label| seen.insert(label));
    single.then(|| {
        "no class has two training rows, so nothing varies within classes; dump more rows per class".to_owned()
    })
}

/// What to say of an array with several vectors in a row, patches of an image, where a score takes one.
pub(crate) fn several_vectors(run: &RunRows, array: &ArrayKind) -> Option<String> {
    let (vectors, columns) = run.members(array).filter(|(vectors, _)| *vectors > 1)?;
    let array = array.file_stem();
    Some(format!(
        "{array} has {vectors} vectors of {columns} columns in a row, where one is needed; pool them, e.g. x.mean(axis=1)"
    ))
}
