//! The smallest difference from the best score that the rows of a set could show.

use serde::Serialize;

/// One score. These field names are an interface; what a score does not have is null. Values are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Smallest {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set.
    pub ood: String,
    /// Its group, if it has one.
    pub group: Option<String>,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// The score's id.
    pub score: &'static str,
    /// Rows of id/test.
    pub id_rows: usize,
    /// Rows of the OOD set.
    pub ood_rows: usize,
    /// The value.
    pub value: f64,
    /// The best score on the set; null where none is defined.
    pub best: Option<&'static str>,
    /// The value less that of the best one.
    pub difference: Option<f64>,
    /// The standard error of the difference.
    pub standard_error: Option<f64>,
    /// The smallest difference that a test of this pair alone finds with the power at the level: [`crate::stats::smallest_difference`].
    pub smallest: Option<f64>,
    /// The same where all pairs of the scores are tested.
    pub smallest_of_all_pairs: Option<f64>,
    /// How many times the rows it would take to find the difference that was found here, this pair alone; null where it is 0.
    pub rows_needed: Option<f64>,
    /// The level of the tests.
    pub alpha: f64,
    /// How probably a difference of that size is found.
    pub power: f64,
}
