//! `oodbench diff`: what changed between two files of records.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueHint};

use crate::option::format::Printed;
use crate::screen::failed::Failed;
use oodbench::report::difference::grid;
use oodbench::table::difference::{Condition, Difference, differences};
use oodbench::table::read::read;

/// Compare two files of records; with --fail-if the exit code is 1 where a condition is met, for CI
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench diff old/records.json new/records.json
  oodbench diff old.csv new.csv --fail-if 'auroc<-0.5pp'     exit code 1 if any AUROC fell by more than half a point
  oodbench diff old.csv new.csv --fail-if 'lee.tnr_at_tpr95<-1pp' --significant    only where bootstrap intervals are apart

Files are those of `score --out`, or what `score --format json` or csv printed. A value that is gone meets every condition on its metric.")]
pub(crate) struct Command {
    /// Records of before
    #[arg(value_name = "OLD", value_hint = ValueHint::FilePath)]
    old: PathBuf,
    /// Records of now
    #[arg(value_name = "NEW", value_hint = ValueHint::FilePath)]
    new: PathBuf,
    /// Fail if a metric changed by less or more than this, e.g. auroc<-0.5pp; may be repeated
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Condition>,
    /// Only differences whose bootstrap intervals are apart, which is stricter than a test of the difference
    #[arg(long)]
    significant: bool,
    #[command(flatten)]
    printed: Printed,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let (old, new) = (read(&[&command.old])?, read(&[&command.new])?);
    let mut found = differences(&old, &new);
    if command.significant {
        let has_none = |found: &&Difference| found.apart.is_none() && found.difference.is_some();
        // Means have no intervals, whichever way they were made.
        let of_single = |found: &&Difference| found.mean_over.is_none();
        if let Some(found) = found.iter().filter(has_none).find(of_single) {
            bail!(
                "{}: found {} of {} on {} without an interval, expected one in both files; score both with --bootstrap 1000",
                command.new.display(),
                found.metric,
                found.score,
                found.ood
            );
        }
        found.retain(|found| found.apart == Some(true) || found.difference.is_none());
    }
    let grid = grid(&found, ["old", "new"], 3);
    let none = || format!("no differences in {} values\n", old.len());
    command.printed.print(&found, &grid, |style| if found.is_empty() { none() } else { grid.render(style) })?;
    let met = found.iter().filter(|found| command.fail_if.iter().any(|condition| condition.meets(found))).count();
    if met == 0 {
        return Ok(());
    }
    let conditions: Vec<String> = command.fail_if.iter().map(ToString::to_string).collect();
    Err(Failed(format!("{}, {met} of {} differences", conditions.join(" or "), found.len())).into())
}
