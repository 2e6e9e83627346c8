//! Embeddings of texts in the space of the features, as CLIP and networks of its kind give them.

use std::path::PathBuf;

use ndarray::Array2;

use super::error::RowsError;

/// What names of classes, and words beside them, are in the space of the features. Their lengths do not matter.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The name of every class (C, D), in the order of the labels.
    pub classes: Array2<f64>,
    /// Words that name no class (M, D).
    pub negatives: Option<Array2<f64>>,
}

impl Texts {
    /// Refuses embeddings without rows or columns, with NaN or infinite numbers, or of two widths; `place` is what a message calls `text` and `negatives`.
    ///
    /// ```
    /// use ndarray::array;
    /// use oodbench::rows::Texts;
    ///
    /// let texts = Texts { classes: array![[1.0, 0.0]], negatives: Some(array![[1.0]]) };
    /// let error = texts.check(|part| format!("head {part}").into()).unwrap_err();
    /// assert!(error.to_string().starts_with("head negatives: found 1 columns, expected 2, as head text has"));
    /// ```
    ///
    /// # Errors
    /// [`RowsError`] for the first thing that is wrong.
    pub fn check(&self, place: impl Fn(&'static str) -> PathBuf) -> Result<(), RowsError> {
        check_matrix(&self.classes, place("text"), "one row per class, one column per feature")?;
        let Some(negatives) = &self.negatives else { return Ok(()) };
        check_matrix(negatives, place("negatives"), "one row per word, one column per feature")?;
        self.check_width(negatives.ncols(), &place)
    }

    fn check_width(&self, negatives: usize, place: impl Fn(&'static str) -> PathBuf) -> Result<(), RowsError> {
        if negatives == self.classes.ncols() {
            return Ok(());
        }
        Err(RowsError::malformed(
            place("negatives"),
            format!("{negatives} columns"),
            format!("{}, as {} has", self.classes.ncols(), place("text").display()),
            "embed all texts with one model",
        ))
    }

    /// Refuses embeddings that are not of the space of features with so many columns, or of another number of classes, where these are known.
    ///
    /// # Errors
    /// [`RowsError::Malformed`].
    pub fn check_beside(
        &self,
        features: Option<usize>,
        classes: Option<usize>,
        place: impl Fn(&'static str) -> PathBuf,
    ) -> Result<(), RowsError> {
        let (rows, columns) = self.classes.dim();
        if let Some(expected) = features.filter(|expected| *expected != columns) {
            return Err(RowsError::malformed(
                place("text"),
                format!("{columns} columns"),
                format!("{expected}, as the features have"),
                "embed texts and images with one model",
            ));
        }
        if let Some(expected) = classes.filter(|expected| *expected != rows) {
            return Err(RowsError::malformed(
                place("text"),
                format!("{rows} rows"),
                format!("{expected}, one per class"),
                "average the embeddings of several prompts of a class",
            ));
        }
        Ok(())
    }
}

fn check_matrix(matrix: &Array2<f64>, path: PathBuf, expected: &str) -> Result<(), RowsError> {
    if matrix.is_empty() {
        let found = if matrix.nrows() == 0 { "no rows" } else { "no columns" };
        return Err(RowsError::malformed(path, found, expected, "embed the texts again"));
    }
    let rows = matrix.rows().into_iter().enumerate();
    let mut bad = rows.filter(|(_, row)| row.iter().any(|value| !value.is_finite())).map(|(index, _)| index);
    match bad.next() {
        Some(first) => Err(RowsError::NotFinite { path, first, rows: 1 + bad.count() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::{ArrayKind, Head, Labels, Matrix, Role, RunRows, Split};
    use super::*;

    fn run(features: Array2<f64>, head: Option<Head>) -> RunRows {
        let features = Matrix::of("features", features).unwrap();
        let split = Split::new(Role::Test, "memory").with(ArrayKind::Features, features).unwrap();
        let split = split.with_labels(Labels::of("labels", vec![1, 0])).unwrap();
        RunRows::new("memory", vec![split], head).unwrap()
    }

    #[test]
    fn texts_are_of_the_features_and_of_the_classes() {
        let rows = || run(array![[1.0, 2.0], [3.0, 4.0]], None);
        let head =
            || run(array![[1.0], [3.0]], Some(Head::Linear { weight: array![[1.0], [2.0]], bias: array![0.0, 0.0] }));
        let two = array![[1.0, 0.0], [0.0, 1.0]];
        for (rows, classes, negatives, expected) in [
            (rows(), Array2::zeros((0, 2)), None, "head text: found no rows, expected one row per class"),
            (rows(), array![[1.0, f64::NAN]], None, "head text: found 1 rows with NaN or infinite values"),
            (
                rows(),
                two.clone(),
                Some(Array2::zeros((2, 0))),
                "head negatives: found no columns, expected one row per word",
            ),
            (rows(), two.clone(), Some(array![[1.0]]), "head negatives: found 1 columns, expected 2, as head text has"),
            (rows(), array![[1.0], [2.0]], None, "head text: found 1 columns, expected 2, as the features have; embed"),
            (head(), array![[1.0]], None, "head text: found 1 rows, expected 2, one per class; average"),
            (rows(), array![[1.0, 2.0]], None, "labels: found label 1 at row 0, expected labels from 0 to 0"),
        ] {
            let error = rows.with_texts(Texts { classes, negatives }).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        let rows = rows().with_texts(Texts { classes: two.clone(), negatives: Some(two) }).unwrap();
        assert_eq!(rows.classes, Some(2));
    }
}
