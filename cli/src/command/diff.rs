//! `oodbench diff`: what changed between two files of records.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::sources::records_of;
use crate::screen::failed::Failed;
use crate::screen::terminal;
use oodbench::report::difference::grid;
use oodbench::table::Record;
use oodbench::table::difference::{Condition, Difference, differences};

/// Compare records of two files or folders; with --fail-if the exit code is 1 where a condition is met, for CI
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench diff old/ new/                                     folders of `score --out`, or files of records
  oodbench diff old.csv new.csv --fail-if 'auroc<-0.5pp'     exit code 1 if any AUROC fell by more than half a point
  oodbench diff old.csv new.csv --fail-if 'lee.tnr_at_tpr95<-1pp' --significant    only where bootstrap intervals are apart

Files are those of `score --out`, what `score --format json` or csv printed, or tables of OpenOOD's leaderboard. A value that is gone meets every condition on its metric.")]
pub(crate) struct Command {
    /// Records of before
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    old: PathBuf,
    /// Records of now
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    new: PathBuf,
    /// Fail if a metric changed by less or more than this, e.g. auroc<-0.5pp; may be repeated
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Condition>,
    /// Only differences that are more than chance: of means over the same seeds by a paired t-test (p < 0.05), of others where bootstrap intervals are apart, which is
    /// stricter than a test
    #[arg(long)]
    significant: bool,
    #[command(flatten)]
    printed: Printed,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let (old, new) = (records_of(&command.old)?, records_of(&command.new)?);
    let mut found = differences(&old, &new);
    if command.significant {
        // Seeds need no intervals, and where nothing differs there is nothing to tell from chance.
        if !found.is_empty() && found.iter().all(|found| found.p.is_none()) {
            has_intervals(&command.old, &old)?;
            has_intervals(&command.new, &new)?;
        }
        if !common.quiet {
            without_intervals(&found);
        }
        found.retain(|found| found.apart == Some(true) || found.difference.is_none());
    }
    let grid = grid(&found, ["old", "new"], 3);
    let none = || format!("no differences in {} values\n", old.len());
    let printed =
        command.printed.print(&found, &grid, |style| if found.is_empty() { none() } else { grid.render(style) });
    let met = found.iter().filter(|found| command.fail_if.iter().any(|condition| condition.meets(found))).count();
    let conditions: Vec<String> = command.fail_if.iter().map(ToString::to_string).collect();
    let why = || format!("{}, {met} of {} differences", conditions.join(" or "), found.len());
    Failed::behind(printed, (met > 0).then(why))
}

/// Refuses records of which none has an interval, and no seeds are paired: nothing tells what is chance.
fn has_intervals(path: &Path, records: &[Record]) -> anyhow::Result<()> {
    let has_value = |record: &Record| record.value.is_some();
    if records.iter().any(has_value) && records.iter().all(|record| record.low.is_none()) {
        bail!("{}: found no value with an interval, expected some; score both with --bootstrap 1000", path.display());
    }
    Ok(())
}

/// Says which differences are not looked at: some metrics have no intervals, and means only a test where both are over the same seeds.
fn without_intervals(found: &[Difference]) {
    let left_out = || found.iter().filter(|found| found.apart.is_none() && found.difference.is_some());
    let single = left_out().filter(|found| found.mean_over.is_none());
    let mut names: BTreeSet<String> = single.map(|found| format!("{}.{}", found.procedure, found.metric)).collect();
    if left_out().any(|found| found.mean_over.is_some()) {
        names.insert("means".to_owned());
    }
    if !names.is_empty() {
        let names: Vec<String> = names.into_iter().collect();
        terminal::say(&format!(
            "note: left out, without intervals or the same seeds in both files: {}",
            names.join(", ")
        ));
    }
}
