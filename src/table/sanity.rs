//! Whether ID test rows are like held-out ID rows.

use serde::Serialize;

/// One score. These field names are an interface; what is not known is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sanity {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The score's id.
    pub score: &'static str,
    /// Rows of id/test.
    pub test_rows: usize,
    /// Rows of id/val.
    pub held_out_rows: usize,
    /// AUROC of id/test against id/val, ties counting half, as a fraction: 0.5 if the score does not tell them apart.
    pub auroc: f64,
    /// DeLong's standard error of it; null where the two do not overlap or nothing varies.
    pub standard_error: Option<f64>,
    /// The lower end of its 95 % interval.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// Two-sided p-value that rows of one kind give it, of this score alone: [`crate::stats::rank_sum`].
    pub p: Option<f64>,
    /// The same with Holm's correction over the scores of the run.
    pub p_adjusted: Option<f64>,
    /// Whether the score was fitted on id/val and may prefer its rows: it is not counted.
    pub fitted_on_held_out: bool,
    /// Whether it tells the two apart.
    pub told_apart: bool,
}
