//! The rows of a folder that names other runs as the members of an ensemble.
//!
//! Of each split that the first member has: `logits@members`, the members' logits side by side; `logits`, their mean; and the labels, which are the same
//! for all. The values are copied into memory: 4 bytes for each row, member and class, and 8 for each row and class.

use std::path::Path;

use ndarray::{Array2, Axis, concatenate};

use super::error::DumpError;
use super::meta::RunInfo;
use crate::rows::matrix::Rows;
use crate::rows::{ArrayKind, Matrix, RowsError, RunRows, Split};

/// The splits of an ensemble in `folder`, and what its members agree on where `info` says nothing.
///
/// # Errors
/// [`DumpError`] for members that are not of the same rows and classes.
pub(super) fn join(
    folder: &Path,
    info: &mut RunInfo,
    members: &[(&RunInfo, &RunRows)],
) -> Result<Vec<Split>, DumpError> {
    let Some(((first, rows), others)) = members.split_first() else { return Ok(Vec::new()) };
    let agreed = |of: fn(&RunInfo) -> Option<String>| {
        of(first).filter(|said| others.iter().all(|(other, _)| of(other).as_ref() == Some(said)))
    };
    info.model = info.model.take().or_else(|| agreed(|info| info.model.clone()));
    info.in_distribution = info.in_distribution.take().or_else(|| agreed(|info| info.in_distribution.clone()));
    let loss = first.loss.clone().filter(|loss| others.iter().all(|(other, _)| other.loss.as_ref() == Some(loss)));
    info.loss = info.loss.take().or(loss);
    rows.splits.iter().map(|split| joined(folder, members, split)).collect()
}

/// A split of the first member, with the logits of all.
fn joined(folder: &Path, members: &[(&RunInfo, &RunRows)], first: &Split) -> Result<Split, DumpError> {
    let place = folder.join(first.role.to_string());
    let mut logits: Vec<&Matrix> = Vec::with_capacity(members.len());
    for (_, member) in members {
        let own = member.split(&first.role).and_then(|split| Some((split, split.logits.as_ref()?)));
        let Some((split, own)) = own else {
            let path = member.place.join(first.role.to_string()).join("logits.npy");
            let expected = "logits, which the first member of the ensemble has for this set";
            return Err(DumpError::missing(path, expected, "dump the set with every member, or name other members"));
        };
        if split.rows != first.rows || logits.first().is_some_and(|first| first.columns() != own.columns()) {
            let found = format!("{} rows of {} classes", own.rows(), own.columns());
            return Err(differs(own, found, format!("{}, as in the first member", first.rows)).into());
        }
        if let (Some(labels), Some(expected)) = (&split.labels, &first.labels)
            && labels.block(0..split.rows) != expected.block(0..first.rows)
        {
            return Err(differs(own, "rows of other labels".to_owned(), "those of the first member".to_owned()).into());
        }
        logits.push(own);
    }
    let mut split = Split::of_files(first.role.clone(), &place);
    let name = |kind: &ArrayKind| place.join(kind.file_stem());
    let side_by_side = ArrayKind::Variant("members".to_owned());
    let all = beside(&logits);
    let mean = all.iter().fold(Array2::zeros(all[0].dim()), |sum: Array2<f64>, own| sum + own) / logits.len() as f64;
    let single = logits.iter().all(|matrix| matches!(matrix.block(0..0), Rows::F32(_)));
    let views: Vec<_> = all.iter().map(|logits| logits.view()).collect();
    let joined = concatenate(Axis(1), &views).unwrap_or_default();
    let joined = match single {
        true => Matrix::of(name(&side_by_side), joined.mapv(|value| value as f32))?,
        false => Matrix::of(name(&side_by_side), joined)?,
    };
    split = split.with(ArrayKind::Logits, Matrix::of(name(&ArrayKind::Logits), mean)?)?;
    split = split.with(side_by_side, joined.with_members(logits.len())?)?;
    Ok(match &first.labels {
        Some(labels) => split.with_labels(labels.clone())?,
        None => split,
    })
}

fn beside(logits: &[&Matrix]) -> Vec<Array2<f64>> {
    logits.iter().map(|matrix| matrix.block(0..matrix.rows()).to_f64()).collect()
}

fn differs(matrix: &Matrix, found: String, expected: String) -> RowsError {
    RowsError::malformed(
        matrix.path(),
        found,
        expected,
        "members of an ensemble are runs on the same images, in one order",
    )
}
