//! From calibration scores to a threshold: what each kind promises, and how many rows it takes.
//!
//! `c_(1) ≤ … ≤ c_(n)` are the scores of ID rows that the score was not fitted on, higher = more in-distribution. A threshold is a rank `k`: a new row
//! is flagged if its score is below `c_(k)`, so that equal scores are kept and ties can only make false alarms fewer.
//!
//! | file | promises |
//! |---|---|
//! | [`empirical`] | nothing about new rows |
//! | [`tpr`] | nothing about new rows; "at 95 % TPR", in the words of papers |
//! | [`marginal`] | P(a new ID row is flagged) ≤ α, over calibration rows and the new row together |
//! | [`training_conditional`] | with probability 1 − δ over the calibration rows, the false alarm rate of this threshold is ≤ α |
//! | [`per_class`] | either of the two within every predicted class |
//! | [`selective`] | with probability 1 − δ, at most a share α of the accepted ID rows is classified wrongly |

pub mod empirical;
pub mod guarantee;
pub mod marginal;
pub mod per_class;
pub mod selective;
pub mod tpr;
pub mod training_conditional;

pub use guarantee::{Asked, Guarantee};

/// Calibration rows that are too few for what a threshold is to promise.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ThresholdError {
    /// Too few rows for any threshold.
    #[error("n too small: {rows} rows, {needed} needed{of}")]
    TooFew {
        /// How many there are.
        rows: usize,
        /// How many it takes.
        needed: usize,
        /// Of which class, if each needs its own: ` of class 3`; or that it takes more where answers are wrong.
        of: String,
    },
    /// No threshold keeps the share of wrong answers low.
    #[error(
        "no threshold has at most {risk} % wrong answers with the confidence asked for: {best} on {rows} rows, and it takes {needed} accepted even if none of \
         them is wrong"
    )]
    NoThreshold {
        /// Percent that are allowed.
        risk: f64,
        /// The candidate that came nearest.
        best: String,
        /// Calibration rows.
        rows: usize,
        /// How many have to be accepted where none is wrong.
        needed: usize,
    },
}

/// The rank of the threshold among `n` calibration rows.
///
/// # Errors
/// [`ThresholdError::TooFew`], with the number of rows that it takes.
///
/// ```
/// use oodbench::detector::threshold::{Guarantee, rank};
/// let five_percent = Guarantee::TrainingConditional { alpha: 0.05, delta: 0.05 };
/// assert_eq!(rank(five_percent, 59), Ok(1));
/// assert_eq!(rank(five_percent, 58).unwrap_err().to_string(), "n too small: 58 rows, 59 needed");
/// ```
pub fn rank(guarantee: Guarantee, n: usize) -> Result<usize, ThresholdError> {
    let of = |n: usize| match guarantee {
        Guarantee::Empirical { alpha } => empirical::rank(alpha, n),
        Guarantee::Tpr { tpr } => tpr::rank(tpr, n),
        Guarantee::Marginal { alpha } => marginal::rank(alpha, n),
        Guarantee::TrainingConditional { alpha, delta } => training_conditional::rank(alpha, delta, n),
        // Needs labels, see there.
        Guarantee::SelectiveRisk { .. } => None,
    };
    of(n).ok_or_else(|| ThresholdError::TooFew { rows: n, needed: least(|n| of(n).is_some()), of: String::new() })
}

/// The fewest rows of which something holds that holds of more rows too; as many as can be counted if it holds of none.
fn least(holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0_usize, 1_usize);
    while !holds(high) {
        if high > 1 << 50 {
            return usize::MAX;
        }
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}
