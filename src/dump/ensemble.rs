//! The rows of a folder that names other runs as the members of an ensemble.
//!
//! Of each split that the first member has: `logits@members`, the members' logits side by side; `logits`, their mean; and the labels, which are the same
//! for all. Sets that scores are fitted or chosen on are left out where members have other rows: trainings with several seeds hold out several images. The
//! values are copied into memory, some rows at a time: 4 bytes for each row, member and class (8 where a member has them in double precision), and 8 for
//! each row and class. Copies that take more than a fit may are refused.

use std::path::Path;

use ndarray::Array2;

use super::error::DumpError;
use super::meta::RunInfo;
use crate::rows::matrix::Rows;
use crate::rows::{ArrayKind, Matrix, Role, RowsError, RunRows, Split};

/// What members have in common.
#[derive(Default)]
pub(super) struct Joined {
    /// The sets of which every member has the same rows.
    pub(super) splits: Vec<Split>,
    /// Those of the others that no value is computed on, and why they are not there.
    pub(super) left_out: Vec<(Role, String)>,
}

/// The splits of an ensemble in `folder`, and what its members agree on where `info` says nothing.
///
/// # Errors
/// [`DumpError`] for members whose id/test or OOD sets are not of the same rows and classes.
pub(super) fn join(folder: &Path, info: &mut RunInfo, members: &[(&RunInfo, &RunRows)]) -> Result<Joined, DumpError> {
    let Some(((first, rows), others)) = members.split_first() else { return Ok(Joined::default()) };
    let agreed = |of: fn(&RunInfo) -> Option<String>| {
        of(first).filter(|said| others.iter().all(|(other, _)| of(other).as_ref() == Some(said)))
    };
    info.model = info.model.take().or_else(|| agreed(|info| info.model.clone()));
    info.in_distribution = info.in_distribution.take().or_else(|| agreed(|info| info.in_distribution.clone()));
    let loss = first.loss.clone().filter(|loss| others.iter().all(|(other, _)| other.loss.as_ref() == Some(loss)));
    info.loss = info.loss.take().or(loss);
    let (mut sets, mut left_out) = (Vec::with_capacity(rows.splits.len()), Vec::new());
    for first in &rows.splits {
        match logits_of(members, first) {
            Ok(logits) => sets.push((first, logits)),
            Err(error) if first.role.is_for_fits() => left_out.push((first.role.clone(), error.to_string())),
            Err(error) => return Err(error),
        }
    }
    // Their labels need not tell.
    if left_out.iter().any(|(role, _)| *role == Role::Val) {
        let made_of_val = |(first, _): &mut (&Split, _)| matches!(first.role, Role::ValOod { .. });
        let why = "it may be made of id/val, as attacks are, which is left out".to_owned();
        left_out.extend(sets.extract_if(.., made_of_val).map(|(first, _)| (first.role.clone(), why.clone())));
    }
    check_memory(folder, sets.iter().map(|(_, logits)| bytes_of(logits)).sum())?;
    let splits = sets.into_iter().map(|(first, logits)| joined(folder, first, &logits));
    Ok(Joined { splits: splits.collect::<Result<_, _>>()?, left_out })
}

/// Bytes that the copies may take, as much as what a score learns.
const MOST_BYTES: usize = 4 << 30;

/// Bytes of the copies of a set.
fn bytes_of(logits: &[&Matrix]) -> usize {
    let numbers = logits[0].rows().saturating_mul(logits[0].columns());
    let side_by_side = numbers.saturating_mul(logits.len()).saturating_mul(if are_single(logits) { 4 } else { 8 });
    side_by_side.saturating_add(numbers.saturating_mul(8))
}

fn check_memory(folder: &Path, bytes: usize) -> Result<(), DumpError> {
    if bytes <= MOST_BYTES {
        return Ok(());
    }
    let giga = |bytes: usize| format!("{:.1} GB", bytes as f64 / 1e9);
    let found = format!("members whose logits take {} side by side", giga(bytes));
    let remedy = "name fewer members, or runs without id/train or with fewer rows of it";
    Err(DumpError::malformed(folder.join("run.toml"), found, format!("at most {}", giga(MOST_BYTES)), remedy))
}

fn are_single(logits: &[&Matrix]) -> bool {
    logits.iter().all(|matrix| matches!(matrix.block(0..0), Rows::F32(_)))
}

/// The logits of all members for a split of the first.
fn logits_of<'m>(members: &[(&RunInfo, &'m RunRows)], first: &Split) -> Result<Vec<&'m Matrix>, DumpError> {
    let mut logits: Vec<&Matrix> = Vec::with_capacity(members.len());
    for (_, member) in members {
        let own = member.split(&first.role).and_then(|split| Some((split, split.logits.as_ref()?)));
        let Some((split, own)) = own else {
            let path = member.place.join(first.role.to_string()).join("logits.npy");
            let expected = match first.logits {
                Some(_) => "logits, which the first member of the ensemble has for this set",
                None => "logits of every member of the ensemble",
            };
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
    Ok(logits)
}

/// A split of the first member, with the logits of all.
fn joined(folder: &Path, first: &Split, logits: &[&Matrix]) -> Result<Split, DumpError> {
    let place = folder.join(first.role.to_string());
    let name = |kind: &ArrayKind| place.join(kind.file_stem());
    let members = ArrayKind::Variant("members".to_owned());
    let (joined, mean) = if are_single(logits) {
        let (joined, mean) = side_by_side(logits, |logit| logit as f32);
        (Matrix::of(name(&members), joined)?, mean)
    } else {
        let (joined, mean) = side_by_side(logits, |logit| logit);
        (Matrix::of(name(&members), joined)?, mean)
    };
    let split = Split::of_files(first.role.clone(), &place);
    let split = split.with(ArrayKind::Logits, Matrix::of(name(&ArrayKind::Logits), mean)?)?;
    let split = split.with(members, joined.with_members(logits.len())?)?;
    Ok(match &first.labels {
        Some(labels) => split.with_labels(labels.clone())?,
        None => split,
    })
}

/// Rows that are read at once.
const ROWS_AT_ONCE: usize = 1 << 10;

/// The logits of all members (n, M·C), and their mean (n, C).
fn side_by_side<T: Copy + Default>(logits: &[&Matrix], narrow: impl Fn(f64) -> T) -> (Array2<T>, Array2<f64>) {
    let (rows, classes, members) = (logits[0].rows(), logits[0].columns(), logits.len());
    let mut joined = Array2::from_elem((rows, members * classes), T::default());
    let mut mean = Array2::zeros((rows, classes));
    for (member, matrix) in logits.iter().enumerate() {
        for first in (0..rows).step_by(ROWS_AT_ONCE) {
            matrix.block(first..rows.min(first + ROWS_AT_ONCE)).for_each(|row, logits| {
                for (class, logit) in logits.iter().enumerate() {
                    joined[[first + row, member * classes + class]] = narrow(*logit);
                    mean[[first + row, class]] += logit;
                }
            });
        }
    }
    (joined, mean / members as f64)
}

fn differs(matrix: &Matrix, found: String, expected: String) -> RowsError {
    RowsError::malformed(
        matrix.path(),
        found,
        expected,
        "members of an ensemble are runs on the same images, in one order",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn what_is_copied_is_what_is_said_and_limited() {
        let single = Matrix::of("a", Array2::<f32>::zeros((1000, 10))).unwrap();
        let double = Matrix::of("b", Array2::<f64>::zeros((1000, 10))).unwrap();
        assert_eq!(bytes_of(&[&single, &single, &single]), 1000 * 10 * (3 * 4 + 8));
        assert_eq!(bytes_of(&[&single, &double]), 1000 * 10 * (2 * 8 + 8));
        assert!(check_memory(Path::new("both"), MOST_BYTES).is_ok());
        let error = check_memory(Path::new("both"), 25_620_000_000).unwrap_err().to_string();
        assert!(
            error.contains("found members whose logits take 25.6 GB side by side, expected at most 4.3 GB"),
            "{error}"
        );
    }

    /// More rows than are read at once, and members of two precisions.
    #[test]
    fn members_stand_side_by_side_beside_their_mean() {
        let rows = 2 * ROWS_AT_ONCE + 1;
        let own = Array2::from_shape_fn((rows, 2), |(row, class)| (row * 2 + class) as f32);
        let other = own.mapv(|logit| 3.0 * f64::from(logit));
        let (a, b) = (Matrix::of("a", own).unwrap(), Matrix::of("b", other).unwrap());
        let (joined, mean) = side_by_side(&[&a, &b], |logit| logit);
        assert_eq!((joined.dim(), mean.dim()), ((rows, 4), (rows, 2)));
        let last = (rows - 1) as f64;
        assert_eq!(joined.row(rows - 1), array![2.0 * last, 2.0 * last + 1.0, 6.0 * last, 6.0 * last + 3.0]);
        assert_eq!(mean.row(rows - 1), array![4.0 * last, 4.0 * last + 2.0]);
    }
}
