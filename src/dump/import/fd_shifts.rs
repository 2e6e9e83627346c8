//! FD-Shifts' `raw_logits.npz` and `raw_output.npz`: one array `arr_0` of a row per sample, whose last two columns are the label and the number of the data set.
//!
//! The set of number 0 is the ID test set, the others are called `set1`, `set2`, ...; which they are, the configuration of the study says
//! (`eval.query_studies`). `raw_output.npz` holds softmax outputs: scores of logits mean something else there, and `inspect` says so.
//!
//! Source: `fd_shifts/utils/exp_utils.py`, `fd_shifts/analysis/__init__.py`.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Axis};

use super::imported::{Imported, Reader};
use crate::dump::error::DumpError;
use crate::dump::format::npz;
use crate::dump::layout::Taken;
use crate::dump::layout::listing::stem;
use crate::dump::meta::RunInfo;
use crate::rows::{ArrayKind, Labels, Matrix, Role, Split};

pub(super) const READER: Reader = Reader { title: "FD-Shifts' raw_logits.npz", read };

/// Data sets of a study.
const MOST_SETS: usize = 64;

fn read(path: &Path) -> Result<Vec<Imported>, DumpError> {
    let is_archive = path.is_file() && path.extension().is_some_and(|ending| ending == "npz");
    if !is_archive || npz::members(path)? != ["arr_0"] {
        return Ok(Vec::new());
    }
    let matrix = Matrix::new(vec![npz::open(path, "arr_0")?])?;
    let columns = matrix.columns();
    if columns < 4 || matrix.rows() == 0 {
        return Ok(Vec::new());
    }
    let classes = columns - 2;
    let mut sets: BTreeMap<u64, (Vec<f64>, Vec<i64>)> = BTreeMap::new();
    let mut start = 0;
    while start < matrix.rows() {
        let end = matrix.rows().min(start + 4096);
        for (at, row) in matrix.block(start..end).to_f64().axis_iter(Axis(0)).enumerate() {
            let (label, set) = (row[classes], row[classes + 1]);
            let is_index = |number: f64| number.fract() == 0.0 && (-1.0..1e9).contains(&number);
            if !is_index(label) || !is_index(set) || set < 0.0 {
                let found = format!("{label} and {set} in the last columns of row {}", start + at);
                let remedy = "name a file of FD-Shifts, or give its layout with --layout";
                return Err(DumpError::malformed(path, found, "a label and the number of a data set", remedy));
            }
            let (outputs, labels) = sets.entry(set as u64).or_default();
            outputs.extend(row.iter().take(classes));
            labels.push(label as i64);
        }
        start = end;
    }
    if sets.len() > MOST_SETS || !sets.contains_key(&0) {
        let found =
            format!("{} data sets, from number {}", sets.len(), sets.keys().next().copied().unwrap_or_default());
        return Err(DumpError::malformed(
            path,
            found,
            format!("number 0 and at most {MOST_SETS}"),
            "name a file of FD-Shifts",
        ));
    }
    let mut imported = Imported {
        info: RunInfo { name: stem(path), ..RunInfo::default() },
        splits: Vec::new(),
        taken: Vec::new(),
        left_out: Vec::new(),
    };
    for (set, (outputs, labels)) in sets {
        let role = if set == 0 { Role::Test } else { Role::Ood { group: None, name: format!("set{set}") } };
        let rows = Array2::from_shape_vec((labels.len(), classes), outputs).unwrap_or_default();
        let mut split = Split::new(role.clone(), path).with(ArrayKind::Logits, Matrix::of(path, rows)?)?;
        if set == 0 {
            split = split.with_labels(Labels::of(path, labels))?;
        }
        let why = format!("number {set} in the last column");
        imported.taken.push(Taken { what: format!("{role}/logits"), from: format!("{}[arr_0]", path.display()), why });
        imported.splits.push(split);
    }
    Ok(vec![imported])
}
