//! Which scores a command runs, with which parameters.

use std::path::PathBuf;

use clap::Args;

use oodbench::eval::{Assignment, PlanError, Selection};

/// Options of every command that runs scores of a dump.
#[derive(Args)]
pub(crate) struct ScoreChoice {
    /// Scores, comma-separated, or all; `oodbench list` shows them
    #[arg(long = "score", value_name = "SCORES", value_delimiter = ',', default_value = "all")]
    pub(crate) scores: Vec<String>,
    /// A parameter of a score, e.g. energy.temperature=2; may be repeated
    #[arg(long, value_name = "SCORE.NAME=VALUE")]
    set: Vec<String>,
    /// A TOML file with a table of parameters per score; --set overrules it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ScoreChoice {
    /// The scores with their parameters.
    pub(crate) fn selection(&self) -> Result<Selection, PlanError> {
        Selection::new(&self.scores, &Assignment::all(self.config.as_deref(), &self.set)?)
    }
}
