//! How the scores of a run compare by any metric, were other rows drawn.

use serde::Serialize;

use super::against_best::Verdict;

/// One score. These field names are an interface; what a comparison does not have is null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ByRows {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set, or `mean of 3`.
    pub ood: String,
    /// Its group, if it has one.
    pub group: Option<String>,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// The score's id.
    pub score: &'static str,
    /// The value as a fraction.
    pub value: f64,
    /// Its standard error over draws of rows; null where the value is not defined.
    pub standard_error: f64,
    /// Its place among the scores of the run on the set, 1 being the best; equal values share the mean of their places.
    pub rank: f64,
    /// The best place it could have: [`crate::stats::rank_interval`].
    pub rank_low: usize,
    /// The worst place.
    pub rank_high: usize,
    /// The best score on the set; null where none is defined.
    pub best: Option<&'static str>,
    /// The value less that of the best one.
    pub difference: Option<f64>,
    /// The lower end of the interval of the difference.
    pub difference_low: Option<f64>,
    /// The upper end.
    pub difference_high: Option<f64>,
    /// How often intervals are to hold what they are of.
    pub level: f64,
    /// Draws of rows.
    pub draws: usize,
    /// Two-sided p-value of the difference, of this pair alone, from the draws.
    pub p: Option<f64>,
    /// The score that this one lies most clearly below.
    pub below: Option<&'static str>,
    /// p-value of being one of the best, all scores and the choice of the best accounted for: [`crate::stats::best`].
    pub p_adjusted: Option<f64>,
    /// What follows at the level of the test.
    pub verdict: Verdict,
    /// Why the score was not tested, where it was not.
    pub untested: Option<String>,
}
