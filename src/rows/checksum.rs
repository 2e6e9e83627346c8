//! Checksums of what a run holds, by its values: the same for one file and for shards, for `.npy` and `.npz`, for either order and byte order.

use std::iter;

use ndarray::{Array2, ArrayView1};

use super::block_checksum::{BLOCK_ELEMENTS, blocks, joined};
use super::head::Head;
use super::labels::Labels;
use super::matrix::Matrix;
use super::role::ArrayKind;
use super::split::Split;
use super::texts::Texts;
use crate::numeric::checksum::{Checksum, Hasher};

impl Split {
    /// The checksum of one of its arrays: number of rows and columns, and all values.
    #[must_use]
    pub fn checksum(&self, kind: &ArrayKind) -> Option<Checksum> {
        match kind {
            ArrayKind::Labels => self.labels.as_ref().map(of_labels),
            _ => self.matrix(kind).map(of_matrix),
        }
    }
}

impl Head {
    /// The checksum of its kind and parameters.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        let mut hasher = Hasher::new();
        let mut take = |kind: usize, matrix: &Array2<f64>| {
            hasher.number(kind);
            take_parameters(&mut hasher, matrix);
        };
        match self {
            Self::Linear { weight, bias } => {
                take(0, weight);
                take_vector(&mut hasher, bias.view());
            }
            Self::Prototypes { prototypes } => take(1, prototypes),
            Self::NormalisedPrototypes { prototypes, distance_scale } => {
                take(2, prototypes);
                hasher.doubles(&[*distance_scale]);
            }
        }
        hasher.finish()
    }
}

impl Texts {
    /// The checksum of all embeddings.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        let mut hasher = Hasher::new();
        for matrix in iter::once(&self.classes).chain(&self.negatives) {
            take_parameters(&mut hasher, matrix);
        }
        hasher.finish()
    }
}

/// Takes in the shape of a matrix, then its numbers row by row, whichever way they lie.
fn take_parameters(hasher: &mut Hasher, matrix: &Array2<f64>) {
    [matrix.nrows(), matrix.ncols()].into_iter().for_each(|number| hasher.number(number));
    matrix.rows().into_iter().for_each(|row| take_vector(hasher, row));
}

/// Takes in numbers where they lie, if they lie together.
fn take_vector(hasher: &mut Hasher, numbers: ArrayView1<'_, f64>) {
    match numbers.as_slice() {
        Some(numbers) => hasher.doubles(numbers),
        None => hasher.doubles(&numbers.to_vec()),
    }
}

fn of_matrix(matrix: &Matrix) -> Checksum {
    joined(matrix.rows(), matrix.columns(), &blocks(matrix))
}

fn of_labels(labels: &Labels) -> Checksum {
    let mut hasher = Hasher::new();
    hasher.number(labels.len());
    for start in (0..labels.len()).step_by(BLOCK_ELEMENTS) {
        let block = labels.block(start..labels.len().min(start + BLOCK_ELEMENTS));
        block.into_iter().for_each(|label| hasher.bytes(&label.to_le_bytes()));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use ndarray::{ShapeBuilder as _, s};

    use crate::rows::array::StoredArray;
    use crate::rows::element::Dtype;

    /// A head and texts are those of their numbers, whichever way these lie.
    #[test]
    fn parameters_may_lie_in_either_order() {
        let matrix = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f64 * 0.1);
        let columns = Array2::from_shape_vec((3, 4).f(), matrix.t().iter().copied().collect()).unwrap();
        let [head, other] = [&matrix, &columns]
            .map(|weight| Head::Linear { weight: weight.clone(), bias: weight.column(0).to_owned() }.checksum());
        assert_eq!(head, other);
        let texts = |classes: &Array2<f64>| Texts { classes: classes.clone(), negatives: None }.checksum();
        assert_eq!(texts(&matrix), texts(&columns));
        assert!(!columns.is_standard_layout() && texts(&matrix) != texts(&(&matrix + 1.0)));
    }

    /// More rows than one block holds, as one file, as two shards and column by column; one bit of one value turned.
    #[test]
    fn depends_on_values_alone() {
        let checksum = |arrays: &[Array2<f32>]| {
            let stored = arrays.iter().map(|array| StoredArray::of("shard", array.clone()));
            of_matrix(&Matrix::new(stored.collect()).unwrap())
        };
        let whole = Array2::from_shape_fn((150_000, 2), |(i, j)| (i * 2 + j) as f32 * 0.1);
        let expected = checksum(std::slice::from_ref(&whole));
        let shards = [whole.slice(s![..70_000, ..]).to_owned(), whole.slice(s![70_000.., ..]).to_owned()];
        assert_eq!(checksum(&shards), expected);
        let columns: Vec<f32> = whole.t().iter().copied().collect();
        let bytes = Arc::new(columns);
        let columns = StoredArray::new("columns".into(), Dtype::parse("<f4"), vec![150_000, 2], bytes, 0).unwrap();
        let columns = Matrix::new(vec![columns.in_fortran_order(true)]).unwrap();
        assert_eq!(of_matrix(&columns), expected);
        assert_eq!(crate::rows::check::finite_with_checksum(&columns, &|_| {}).unwrap(), expected);
        let mut other = whole;
        other[[149_999, 1]] = f32::from_bits(other[[149_999, 1]].to_bits() ^ 1);
        assert_ne!(checksum(&[other.clone()]), expected);
        let wider = other.into_shape_with_order((75_000, 4)).unwrap();
        assert_ne!(checksum(&[wider]), expected);
    }
}
