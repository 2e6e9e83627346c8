//! Who takes the scores of every row while runs are evaluated: a file, or whatever else implements [`ScoreSink`].

use std::error::Error;

use crate::rows::Role;

/// Scores of consecutive rows of one split.
pub struct ScoredRows<'a> {
    /// The run.
    pub run: &'a str,
    /// The in-distribution set, if known.
    pub in_distribution: Option<&'a str>,
    /// The split.
    pub role: &'a Role,
    /// Index of the first row in its split.
    pub first_row: usize,
    /// Number of rows.
    pub rows: usize,
    /// Class labels, if dumped.
    pub labels: Option<&'a [i64]>,
    /// Predicted classes, if there are logits.
    pub predicted: Option<&'a [usize]>,
    /// Per column the score's values here, or none if the run does not allow it.
    pub scores: &'a [Option<&'a [f64]>],
}

/// Takes the scores of id/val, where a run has it, of id/test and of every OOD set, in the order of rows.
///
/// ```
/// use oodbench::eval::{ScoreSink, ScoredRows, SinkError};
///
/// /// The largest score of the first column.
/// struct Largest(f64);
///
/// impl ScoreSink for Largest {
///     fn write(&mut self, rows: &ScoredRows<'_>) -> Result<(), SinkError> {
///         self.0 = rows.scores[0].into_iter().flatten().fold(self.0, |largest, score| largest.max(*score));
///         Ok(())
///     }
/// }
/// ```
pub trait ScoreSink {
    /// Takes rows.
    ///
    /// # Errors
    /// Any; it ends the evaluation.
    fn write(&mut self, rows: &ScoredRows<'_>) -> Result<(), SinkError>;
}

/// Scores that could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("scores could not be written")]
pub struct SinkError(#[from] pub Box<dyn Error + Send + Sync>);
