//! A sample of scores that metrics can rely on.

use crate::numeric::finite::all_finite;
use crate::numeric::sort::sort;

/// Finite scores, at least one, in ascending order; of ID scores it may be known which rows the model classifies wrongly.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    scores: Vec<f64>,
    /// Scores of rows that are classified wrongly, in ascending order.
    wrong: Option<Vec<f64>>,
}

/// Scores that no metric is defined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum SampleError {
    /// There are none.
    #[error("found no scores, expected at least one")]
    Empty,
    /// One is NaN or infinite.
    #[error("found a NaN or infinite score at row {row}, expected finite scores")]
    NotFinite { row: usize },
}

impl Sample {
    /// Takes scores in any order.
    ///
    /// # Errors
    /// [`SampleError`] for no scores, or one that is NaN or infinite: sorting would silently make it the best or the worst.
    pub fn new(mut scores: Vec<f64>) -> Result<Self, SampleError> {
        finite(&scores)?;
        sort(&mut scores);
        Ok(Self { scores, wrong: None })
    }

    /// The same, knowing of each row whether it is classified rightly.
    ///
    /// ```
    /// use oodbench::metric::Sample;
    /// let id = Sample::with_predictions(vec![0.7, 0.9, 0.8], &[false, true, true])?;
    /// assert_eq!((id.ascending(), id.wrong()), (&[0.7, 0.8, 0.9][..], Some(&[0.7][..])));
    /// # Ok::<(), oodbench::metric::SampleError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Sample::new`].
    ///
    /// # Panics
    /// If there are not as many of both.
    pub fn with_predictions(scores: Vec<f64>, right: &[bool]) -> Result<Self, SampleError> {
        assert_eq!(scores.len(), right.len(), "a prediction for each score");
        finite(&scores)?;
        let mut wrong: Vec<f64> =
            scores.iter().zip(right).filter(|(_, right)| !**right).map(|(score, _)| *score).collect();
        sort(&mut wrong);
        Ok(Self { wrong: Some(wrong), ..Self::new(scores)? })
    }

    /// The scores in ascending order.
    #[must_use]
    pub fn ascending(&self) -> &[f64] {
        &self.scores
    }

    /// The scores of rows that are classified wrongly in ascending order, where that is known.
    #[must_use]
    pub fn wrong(&self) -> Option<&[f64]> {
        self.wrong.as_deref()
    }

    /// How many there are; never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(&self) -> usize {
        self.scores.len()
    }
}

/// That there are scores, all finite.
///
/// # Errors
/// [`SampleError`] otherwise.
pub fn finite(scores: &[f64]) -> Result<(), SampleError> {
    if scores.is_empty() {
        return Err(SampleError::Empty);
    }
    if !all_finite(scores) {
        let row = scores.iter().position(|score| !score.is_finite()).unwrap_or_default();
        return Err(SampleError::NotFinite { row });
    }
    Ok(())
}
