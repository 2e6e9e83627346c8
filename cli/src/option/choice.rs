//! Which scores a command runs, with which parameters, fitted on what.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::complete;

use oodbench::eval::{Assignment, FitsFile, PlanError, Selection};

/// The scores of a command that runs any.
#[derive(Args)]
pub(crate) struct ScoreNames {
    /// Scores, comma-separated, or all; `oodbench list` shows them
    #[arg(long = "score", value_name = "SCORES", value_delimiter = ',', default_value = "all", value_parser = name, add = complete::scores())]
    pub(crate) scores: Vec<String>,
}

/// Parameters of scores.
#[derive(Args)]
pub(crate) struct Parameters {
    /// A parameter of a score, e.g. energy.temperature=2; may be repeated
    #[arg(long, value_name = "SCORE.NAME=VALUE", add = complete::parameters())]
    set: Vec<String>,
    /// A TOML file with a table of parameters per score; --set overrules it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

/// Parameters of scores that are fitted now, or a file of scores fitted before.
#[derive(Args)]
pub(crate) struct FitOrParameters {
    #[command(flatten)]
    parameters: Parameters,
    /// A file written by `oodbench fit`: its scores, parameters and fits, no training rows needed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["set", "config"])]
    pub(crate) fit: Option<PathBuf>,
}

impl Parameters {
    /// Scores of these parameters.
    pub(crate) fn selection(&self, scores: &[String]) -> Result<Selection, PlanError> {
        Selection::new(scores, &Assignment::all(self.config.as_deref(), &self.set)?)
    }
}

impl FitOrParameters {
    /// Scores of these parameters, or as they were fitted.
    pub(crate) fn selection(&self, scores: &[String]) -> Result<Selection, PlanError> {
        match &self.fit {
            Some(file) => Selection::fitted(scores, FitsFile::open(file)?),
            None => self.parameters.selection(scores),
        }
    }
}

/// One name of a list, as in `--score "energy, mps"`.
pub(crate) fn name(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("expected a name between the commas"),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_around_a_name_are_none_of_it() {
        assert_eq!(name(" mps\t"), Ok("mps".to_owned()));
        assert!(name(" ").is_err());
    }
}
