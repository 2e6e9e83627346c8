//! What `oodbench inspect` tells of a dump: shapes, and what commonly spoils results without being an error.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use ndarray::ArrayView2;

use super::run::Dump;
use crate::numeric::real::Real;
use crate::rows::array::StoredArray;
use crate::rows::check::{BadRows, non_finite_rows};
use crate::rows::element::Dtype;
use crate::rows::split::matrix_of;
use crate::rows::{ArrayKind, Labels, Matrix, Role, Rows, RowsError, Split};

/// One array of a split.
#[derive(Clone, Debug)]
pub struct ArrayFacts {
    /// Which array.
    pub kind: ArrayKind,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its element type.
    pub dtype: String,
    /// Files it is stored in.
    pub shards: usize,
    /// Diagnostics of a matrix.
    pub values: Option<ValueFacts>,
    /// Distinct labels of a label array.
    pub distinct_labels: Option<usize>,
}

/// What the values of a matrix are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueFacts {
    /// Rows with NaN or infinite values.
    pub bad: BadRows,
    /// Rows equal to an earlier row: a data set twice, or precision lost.
    pub repeated_rows: usize,
    /// Columns that never change: dead features.
    pub constant_columns: usize,
    /// Whether the elements have 16 bits, whose rounding ties scores.
    pub half_precision: bool,
}

/// One split.
#[derive(Clone, Debug)]
pub struct SplitFacts {
    /// Its role.
    pub role: Role,
    /// Its arrays.
    pub arrays: Vec<ArrayFacts>,
}

/// Looks at every array of a run. Values that scoring would refuse are reported here, not refused; labels that cannot be used are among the warnings of
/// the dump.
#[must_use]
pub fn diagnose(dump: &Dump) -> Vec<SplitFacts> {
    dump.splits.iter().map(split_facts).collect()
}

/// Looks at an array that is in no dump, as what its type and shape can be: integers of one axis are labels, floats of one axis a score, of two features, of three
/// members side by side.
///
/// # Errors
/// [`RowsError`] for anything else.
pub fn diagnose_array(array: StoredArray) -> Result<ArrayFacts, RowsError> {
    let shape = array.shape.clone();
    let is_whole = matches!(array.dtype, Dtype::Signed(..) | Dtype::Unsigned(..));
    let facts = match (shape.len(), is_whole) {
        (1, true) => label_facts(&Labels::new(vec![array])?),
        (axes, _) => {
            let kind = match axes {
                1 => ArrayKind::Score("own".to_owned()),
                3 => ArrayKind::Variant("members".to_owned()),
                _ => ArrayKind::Features,
            };
            let matrix = matrix_of(&kind, vec![array])?;
            matrix_facts(kind, &matrix)
        }
    };
    Ok(ArrayFacts { shape, ..facts })
}

fn split_facts(split: &Split) -> SplitFacts {
    let named = [(ArrayKind::Logits, split.logits.as_ref()), (ArrayKind::Features, split.features.as_ref())];
    let layers = split.layers.iter().map(|(name, matrix)| (ArrayKind::Layer(name.clone()), Some(matrix)));
    let scores = split.scores.iter().map(|(name, matrix)| (ArrayKind::Score(name.clone()), Some(matrix)));
    let variants = split.variants.iter().map(|(name, matrix)| (ArrayKind::Variant(name.clone()), Some(matrix)));
    let grams = split.grams.iter().map(|(layer, matrix)| (ArrayKind::Gram(layer.clone()), Some(matrix)));
    let all = named.into_iter().chain(layers).chain(scores).chain(variants).chain(grams);
    let matrices = all.filter_map(|(kind, matrix)| Some((kind, matrix?)));
    let mut arrays: Vec<ArrayFacts> = matrices.map(|(kind, matrix)| matrix_facts(kind, matrix)).collect();
    arrays.extend(split.labels.as_ref().map(label_facts));
    SplitFacts { role: split.role.clone(), arrays }
}

fn matrix_facts(kind: ArrayKind, matrix: &Matrix) -> ArrayFacts {
    ArrayFacts {
        kind,
        shape: match matrix.members() {
            1 => vec![matrix.rows(), matrix.columns()],
            members => vec![matrix.rows(), members, matrix.columns() / members],
        },
        dtype: matrix.dtype(),
        shards: matrix.shard_count(),
        values: Some(value_facts(matrix)),
        distinct_labels: None,
    }
}

fn label_facts(labels: &Labels) -> ArrayFacts {
    let distinct: HashSet<i64> = labels.block(0..labels.len()).into_iter().collect();
    ArrayFacts {
        kind: ArrayKind::Labels,
        shape: vec![labels.len()],
        dtype: labels.dtype(),
        shards: labels.shard_count(),
        values: None,
        distinct_labels: Some(distinct.len()),
    }
}

/// Rows read at a time.
const ROWS: usize = 1024;

fn value_facts(matrix: &Matrix) -> ValueFacts {
    let mut scan = Scan { hashes: HashSet::new(), repeated: 0, first: None, constant: vec![true; matrix.columns()] };
    let mut start = 0;
    while start < matrix.rows() {
        let end = matrix.rows().min(start + ROWS);
        match matrix.block(start..end) {
            Rows::F32(rows) => scan.take(rows.view()),
            Rows::F64(rows) => scan.take(rows.view()),
        }
        start = end;
    }
    ValueFacts {
        bad: non_finite_rows(matrix, &|_| {}),
        repeated_rows: scan.repeated,
        constant_columns: if matrix.rows() > 1 { scan.constant.iter().filter(|c| **c).count() } else { 0 },
        half_precision: matrix.is_half_precision(),
    }
}

/// One pass over the rows. Rows are told apart by a 64-bit hash: of a million rows a false repeat has odds of 1 in 10⁷.
struct Scan {
    hashes: HashSet<u64>,
    repeated: usize,
    first: Option<Vec<u64>>,
    constant: Vec<bool>,
}

impl Scan {
    fn take<T: Real>(&mut self, rows: ArrayView2<'_, T>) {
        for row in rows.rows() {
            let bits: Vec<u64> = row.iter().map(|value| value.to_f64().to_bits()).collect();
            let mut hasher = DefaultHasher::new();
            bits.hash(&mut hasher);
            self.repeated += usize::from(!self.hashes.insert(hasher.finish()));
            let first = self.first.get_or_insert_with(|| bits.clone());
            for (constant, (bit, first)) in self.constant.iter_mut().zip(bits.iter().zip(first)) {
                *constant &= bit == first;
            }
        }
    }
}
