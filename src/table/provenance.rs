//! Where records come from: what was run, on which arrays.

use serde::{Deserialize, Serialize};

use super::record::{ArrayRead, Results, SCHEMA};

/// What stands in `provenance.json` beside records; these field names are an interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The version of the fields of the records.
    pub schema: u64,
    /// The version of oodbench.
    pub version: String,
    /// The command line, if there was one.
    pub command: Option<Vec<String>>,
    /// The runs.
    pub runs: Vec<RunProvenance>,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunProvenance {
    /// Its name.
    pub run: String,
    /// The network, if `run.toml` names it.
    pub model: Option<String>,
    /// The training loss, if `run.toml` names it.
    pub loss: Option<String>,
    /// The training seed, if `run.toml` names it.
    pub seed: Option<u64>,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// Share of ID test rows classified rightly, where logits and labels are there.
    pub accuracy: Option<f64>,
    /// ID test rows.
    pub id_rows: usize,
    /// Every array whose values were read, with its XXH3 (128 bits).
    pub arrays: Vec<ArrayRead>,
    /// Scores left out, and why.
    pub left_out: Vec<(String, String)>,
}

impl Provenance {
    /// Of what an evaluation found.
    #[must_use]
    pub fn new(results: &Results, command: Option<Vec<String>>) -> Self {
        let run = |run: &super::RunSummary| RunProvenance {
            run: run.info.name.clone(),
            model: run.info.model.clone(),
            loss: run.info.loss.as_ref().map(ToString::to_string),
            seed: run.info.seed,
            in_distribution: run.info.in_distribution.clone(),
            accuracy: run.accuracy,
            id_rows: run.id_rows,
            arrays: run.arrays.clone(),
            left_out: run.skipped.iter().map(|skipped| (skipped.score.to_owned(), skipped.why.clone())).collect(),
        };
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command,
            runs: results.runs.iter().map(run).collect(),
        }
    }
}
