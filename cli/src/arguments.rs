//! What may be typed.

use clap::{Parser, Subcommand};

use crate::command::{
    apply, calibrate, compare, completions, convert, diff, explain, fit, import, inspect, latency, leaderboard, list,
    measure, monitor, plot, reliability, report, score, verify,
};
#[cfg(feature = "train")]
use crate::command::{data, demo, extract, train};
use crate::option::common::Common;

/// Scores, metrics, tables and plots for out-of-distribution detection, from dumps of logits and features.
#[derive(Parser)]
#[command(name = "oodbench", version)]
#[command(after_help = "Examples:
  oodbench score dumps/ --score mds            one score, every run in dumps/
  oodbench score dumps/ --score all --out out  all scores, per-sample scores and records as files
  oodbench measure id.npy svhn.npy             files of scores, no dump
  oodbench compare dumps/                      which scores are as good as the best one
  oodbench diff old.json new.json              what changed between two files of records
  oodbench verify records.json dumps/          somebody's values, recomputed
  oodbench convert records.json --to openood   records in another format; OpenOOD's leaderboard in and out
  oodbench import results/ --out dumps/their   scores that other tools keep, as a dump
  oodbench reliability dumps/run               ECE, Brier and NLL of the predictions; DS-F1; AUROC by class
  oodbench fit dumps/run --out run.fit         what scores learn, kept for `score --fit`
  oodbench calibrate dumps/run --score mds --false-alarms 5% --out my.detector
  oodbench apply my.detector new/              which new rows are out of distribution
  oodbench plot --fig1                         the paper's Fig. 1 from dumps/
  oodbench report dumps/ --out report          a page of HTML, LaTeX tables with what is not significantly worse in bold
  oodbench leaderboard records/*.csv           a static page that ranks the records of many
  oodbench latency                             what each score costs per sample
  oodbench inspect dumps/                      what is there, what is missing, what is suspicious
  oodbench explain layout                      how to lay out a dump

Exit codes: 0 done, 1 a condition such as that of `diff --fail-if` or `apply --fail-above` is met or a value of `verify` differs, 2 could not be done
(one line says why), 130 stopped by Ctrl-C.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
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
    Measure(measure::Command),
    Compare(compare::Command),
    Diff(diff::Command),
    Verify(verify::Command),
    Convert(convert::Command),
    Import(import::Command),
    Reliability(reliability::Command),
    Fit(fit::Command),
    Calibrate(calibrate::Command),
    Apply(apply::Command),
    Monitor(monitor::Command),
    Plot(plot::Command),
    Report(report::Command),
    Leaderboard(leaderboard::Command),
    Latency(latency::Command),
    Inspect(inspect::Command),
    List(list::Command),
    Explain(explain::Command),
    Completions(completions::Command),
}
