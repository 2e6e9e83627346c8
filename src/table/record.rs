//! What an evaluation found, one figure per record.

use serde::Serialize;

use crate::dump::RunInfo;

/// One figure. These field names and the ids in them are an interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The run.
    pub run: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set.
    pub ood: String,
    /// Its group (`near`, `far`, ...), if it has one.
    pub group: Option<String>,
    /// The score's id.
    pub score: &'static str,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// The figure as a fraction, never rounded.
    pub value: f64,
    /// The lower end of its bootstrap interval, if one was asked for; the field is left out if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// Facts about one pair of samples that no procedure reports and every reader needs.
#[derive(Clone, Debug, PartialEq)]
pub struct PairFacts {
    /// The run.
    pub run: String,
    /// The OOD set.
    pub ood: String,
    /// The score's id.
    pub score: &'static str,
    /// Share of (ID, OOD) pairs with equal scores.
    pub tied_share: f64,
}

/// A score that a run does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The score's id.
    pub score: &'static str,
    /// Why: what it needs and the run lacks, or why it is not applicable.
    pub why: String,
}

/// What is known of a run beside its figures.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Its description.
    pub info: RunInfo,
    /// Share of ID test rows classified rightly, where logits and labels are there.
    pub accuracy: Option<f64>,
    /// ID test rows.
    pub id_rows: usize,
    /// Scores left out.
    pub skipped: Vec<Skipped>,
}

/// Everything an evaluation found.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// Every figure of every procedure.
    pub records: Vec<Record>,
    /// Facts per pair of samples.
    pub pairs: Vec<PairFacts>,
    /// What to be careful about, one line each.
    pub warnings: Vec<String>,
    /// What was noticed while fitting, one line each.
    pub notes: Vec<String>,
}
