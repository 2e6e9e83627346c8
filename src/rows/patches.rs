//! Patches of images: feature vectors side by side in a row, in the space of the features.

use super::error::RowsError;
use super::matrix::Matrix;

/// Refuses patches that are not as wide as the features. In a matrix without an axis for them, any number of them may lie side by side.
///
/// ```
/// use ndarray::Array2;
/// use oodbench::rows::{Matrix, patches::check_patches};
///
/// let patches = Matrix::of("patches", Array2::<f32>::ones((2, 18)))?.with_members(2)?;
/// assert!(check_patches(&patches, 9).is_ok());
/// let error = check_patches(&patches, 16).unwrap_err().to_string();
/// assert!(error.starts_with("patches: found 2 patches of 9 columns, expected 16 columns, as the features have; project"));
/// # Ok::<(), oodbench::rows::RowsError>(())
/// ```
///
/// # Errors
/// [`RowsError::Malformed`] for patches of another width.
pub fn check_patches(patches: &Matrix, features: usize) -> Result<(), RowsError> {
    let (members, columns) = (patches.members(), patches.columns());
    let (fits, found, expected) = if members > 1 {
        let found = format!("{members} patches of {} columns", columns / members);
        (columns == members * features, found, format!("{features} columns, as the features have"))
    } else {
        let expected = format!("a multiple of {features}, the columns of the features");
        (features > 0 && columns.is_multiple_of(features), format!("{columns} columns"), expected)
    };
    if fits {
        return Ok(());
    }
    let remedy = "project patches into the space of the features, or call another layer by another name";
    Err(RowsError::malformed(patches.path(), found, expected, remedy))
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::role::PATCHES;
    use super::super::{ArrayKind, Role, RunRows, Split, Texts};
    use super::*;

    fn patches(columns: usize) -> Matrix {
        Matrix::of("patches", Array2::<f64>::ones((2, columns))).unwrap()
    }

    fn run(patches: Matrix, features: Option<usize>) -> Result<RunRows, RowsError> {
        let split = Split::new(Role::Test, "memory").with(ArrayKind::Layer(PATCHES.to_owned()), patches)?;
        let split = match features {
            Some(columns) => {
                split.with(ArrayKind::Features, Matrix::of("features", Array2::<f64>::ones((2, columns)))?)?
            }
            None => split,
        };
        RunRows::new("memory", vec![split], None)
    }

    #[test]
    fn patches_of_a_run_are_of_the_space_of_its_features() {
        assert!(run(patches(4), Some(2)).is_ok() && run(patches(4).with_members(2).unwrap(), Some(2)).is_ok());
        for (patches, expected) in [
            (patches(3), "patches: found 3 columns, expected a multiple of 2, the columns of the features; project"),
            (patches(8).with_members(2).unwrap(), "patches: found 2 patches of 4 columns, expected 2 columns, as the"),
        ] {
            let error = run(patches, Some(2)).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    /// Where a run has no features, texts tell the space.
    #[test]
    fn patches_without_features_are_of_the_space_of_the_texts() {
        let texts = || Texts { classes: Array2::ones((3, 2)), negatives: None };
        assert!(run(patches(4), None).unwrap().with_texts(texts()).is_ok());
        let error = run(patches(3), None).unwrap().with_texts(texts()).unwrap_err().to_string();
        assert!(error.starts_with("patches: found 3 columns, expected a multiple of 2"), "{error}");
    }
}
