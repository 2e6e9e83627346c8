//! How the scores of a run compare with its best one on an OOD set.

use serde::Serialize;

/// One score. These field names are an interface; what a comparison with oneself does not have is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AgainstBest {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set.
    pub ood: String,
    /// Its group, if it has one.
    pub group: Option<String>,
    /// The score's id.
    pub score: &'static str,
    /// Its AUROC, ties counting half, as a fraction.
    pub auroc: f64,
    /// DeLong's standard error of it.
    pub standard_error: f64,
    /// The best score of the run on this set.
    pub best: &'static str,
    /// This AUROC less the best one.
    pub difference: Option<f64>,
    /// The difference by its standard error.
    pub z: Option<f64>,
    /// Two-sided p-value of the difference.
    pub p: Option<f64>,
    /// The same by Holm over all scores compared with this best one.
    pub p_holm: Option<f64>,
}

/// p-values below this are said to be significant.
pub const LEVEL: f64 = 0.05;

impl AgainstBest {
    /// Whether it is the best, or nothing says that it is worse.
    #[must_use]
    pub fn may_be_best(&self) -> bool {
        self.p_holm.is_none_or(|p| p.is_nan() || p >= LEVEL)
    }
}
