//! What may be typed.

use std::num::NonZeroUsize;

use clap::{Args, Parser, Subcommand};

use super::{compare, completions, explain, fit, inspect, latency, list, plot, score};
#[cfg(feature = "train")]
use super::{data, demo, extract, train};

/// Scores, metrics, tables and figures for out-of-distribution detection, from dumps of logits and features.
#[derive(Parser)]
#[command(name = "oodbench", version, max_term_width = 100)]
#[command(after_help = "Examples:
  oodbench score dumps/ --score mds            one score, every run in dumps/
  oodbench score dumps/ --score all --out out  all scores, per-sample scores and records as files
  oodbench compare dumps/                      which scores are as good as the best one
  oodbench fit dumps/run --out run.fit         what scores learn, kept for `score --fit`
  oodbench plot --fig1                         the paper's Fig. 1 from dumps/
  oodbench latency                             what each score costs per sample
  oodbench inspect dumps/                      what is there, what is missing, what is suspicious
  oodbench explain layout                      how to lay out a dump

Exit codes: 0 done, 2 could not be done (one line says why), 130 stopped by Ctrl-C.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Options of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more, such as which scores were left out and why
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Threads to use [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", global = true)]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    #[cfg(feature = "train")]
    Demo(demo::Command),
    #[cfg(feature = "train")]
    Train(train::Command),
    #[cfg(feature = "train")]
    Extract(extract::Command),
    #[cfg(feature = "train")]
    Data(data::Command),
    Score(score::Command),
    Compare(compare::Command),
    Fit(fit::Command),
    Plot(plot::Command),
    Latency(latency::Command),
    Inspect(inspect::Command),
    List(list::Command),
    Explain(explain::Command),
    Completions(completions::Command),
}
