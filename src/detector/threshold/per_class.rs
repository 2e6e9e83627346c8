//! A threshold for every predicted class (Mondrian): the promise holds within each class, not only on average over them.
//!
//! The calibration rows that the classifier assigns to class c give the threshold of the rows that it assigns to c. True classes cannot take their place:
//! a new row has none. Each class needs enough rows of its own.
//!
//! Source: Vovk, Lindsay, Nouretdinov & Gammerman, Mondrian confidence machine, 2003.

use super::{Guarantee, ThresholdError, rank};

/// The rank within every class, of which there are so many calibration rows.
///
/// # Errors
/// [`ThresholdError::TooFew`] for the class that has the fewest, if that is too few.
///
/// ```
/// use oodbench::detector::threshold::{Guarantee, per_class::ranks};
/// assert_eq!(ranks(Guarantee::Marginal { alpha: 0.05 }, &[19, 40]), Ok(vec![1, 2]));
/// let error = ranks(Guarantee::Marginal { alpha: 0.05 }, &[40, 12]).unwrap_err();
/// assert_eq!(error.to_string(), "n too small: 12 rows, 19 needed of every class, these are of class 1");
/// ```
pub fn ranks(guarantee: Guarantee, rows: &[usize]) -> Result<Vec<usize>, ThresholdError> {
    if let Some((class, &fewest)) = rows.iter().enumerate().min_by_key(|(_, rows)| **rows)
        && let Err(ThresholdError::TooFew { rows, needed, .. }) = rank(guarantee, fewest)
    {
        return Err(ThresholdError::TooFew {
            rows,
            needed,
            of: format!(" of every class, these are of class {class}"),
        });
    }
    rows.iter().map(|&rows| rank(guarantee, rows)).collect()
}
