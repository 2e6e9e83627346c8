//! A sample of scores that metrics can rely on.

use crate::numeric::finite::all_finite;
use crate::numeric::sort::sort;

/// Finite scores, at least one, in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample(Vec<f64>);

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
        Ok(Self(scores))
    }

    /// The scores in ascending order.
    #[must_use]
    pub fn ascending(&self) -> &[f64] {
        &self.0
    }

    /// How many there are; never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether all scores are equal, so that nothing can be told apart.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.0[0] == self.0[self.0.len() - 1]
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
