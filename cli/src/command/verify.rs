//! `oodbench verify`: somebody's values, recomputed from the dumps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::runs::Runs;
use crate::option::sources::records_of;
use crate::screen::failed::Failed;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::dump::layout::RunFiles;
use oodbench::eval::{Measures, Plan, PlanError, Selection, evaluate};
use oodbench::metric::PROCEDURES;
use oodbench::report::difference::grid;
use oodbench::table::Record;
use oodbench::table::difference::{Difference, differences};

/// Recompute the values of a file of records from dumps and name each that differs; exit code 1 if any does
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench verify records.json dumps/
  oodbench verify records.csv dumps/ --tolerance 0.005    published to two decimals

Scores are fitted and measured as the records say: same scores, parameters and procedures. Means and intervals are left out.")]
pub(crate) struct Command {
    /// The records: the folder of `score --out` or a file in it, or what `score --format json` or csv printed
    #[arg(value_name = "RECORDS", value_hint = ValueHint::AnyPath)]
    records: PathBuf,
    #[command(flatten)]
    runs: Runs,
    /// Percentage points that a value may differ by
    #[arg(long, value_name = "POINTS", default_value_t = 1e-7, value_parser = points)]
    tolerance: f64,
    #[command(flatten)]
    printed: Printed,
}

/// A number of points, 0 or more.
fn points(text: &str) -> Result<f64, &'static str> {
    let is_valid = |points: &f64| points.is_finite() && *points >= 0.0;
    text.parse().ok().filter(is_valid).ok_or("expected a number of percentage points from 0, e.g. 0.005")
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let mut old = records_of(&command.records)?;
    old.retain(|record| record.mean_over.is_none() && record.value.is_some());
    if old.is_empty() {
        bail!(
            "{}: found no value of a single run and OOD set, expected some; name another file",
            command.records.display()
        );
    }
    let runs = command.runs.find(common.quiet)?;
    let selected = select(&command.records, &old, &runs)?;
    let progress = Bars::new(common.quiet);
    let mut plans = Plan::each(selected.iter().map(|(files, selection)| (*files, selection)), &progress)?;
    let ids: BTreeSet<&str> = old.iter().map(|record| record.procedure.as_str()).collect();
    let procedures: Vec<_> = PROCEDURES.iter().filter(|procedure| ids.contains(procedure.id)).collect();
    if procedures.iter().any(|procedure| procedure.needs_predictions()) {
        plans.iter_mut().try_for_each(|plan| plan.with_predictions(&progress))?;
    }
    let results = evaluate(&plans, &[], None, &Measures { procedures, bootstrap: None }, &progress)?;
    remarks::unchanged()?;
    let differs = |found: &Difference| {
        found.old.is_some() && found.difference.is_none_or(|difference| difference.abs() * 100.0 > command.tolerance)
    };
    let mut found = differences(&old, &results.records);
    found.retain(differs);
    let grid = grid(&found, ["recorded", "recomputed"], 6);
    if found.is_empty() {
        let same = format!("{} values recomputed, all the same\n", old.len());
        return command.printed.print(&found, &grid, |_| same);
    }
    let printed = command.printed.print(&found, &grid, |style| grid.render(style));
    if !common.quiet {
        of_other_data(&old, &results.records);
    }
    Failed::behind(printed, Some(format!("{} of {} values differ", found.len(), old.len())))
}

/// The runs of the records with their scores, parameters as recorded.
fn select<'r>(path: &Path, old: &[Record], runs: &'r [RunFiles]) -> anyhow::Result<Vec<(&'r RunFiles, Selection)>> {
    let mut named: BTreeMap<String, &RunFiles> = BTreeMap::new();
    for files in runs {
        let name = files.info()?.name;
        if named.insert(name.clone(), files).is_some() {
            return Err(PlanError::DuplicateRun { name, path: files.folder.clone() }.into());
        }
    }
    let mut of_runs: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for record in old {
        let parameters = record.parameters.as_deref().unwrap_or_default();
        of_runs.entry(&record.run).or_default().insert(&record.score, parameters);
    }
    let select = |(run, scores): (&str, BTreeMap<&str, &str>)| {
        let files = *named.get(run).with_context(|| {
            let known: Vec<&str> = named.keys().map(String::as_str).collect();
            format!(
                "{}: found run {run:?}, expected one of {}; name the folder of its dump",
                path.display(),
                known.join(", ")
            )
        })?;
        let names: Vec<String> = scores.keys().map(|&score| score.to_owned()).collect();
        let settings = scores.iter().flat_map(|(score, parameters)| {
            parameters.split_whitespace().map(move |parameter| format!("{score}.{parameter}"))
        });
        let selection = Selection::parse(&names, &settings.collect::<Vec<_>>());
        let selection = selection.with_context(|| path.display().to_string())?;
        // What a set does not allow has no value in the records either.
        anyhow::Ok((files, selection.lenient()))
    };
    of_runs.into_iter().map(select).collect()
}

/// Says of which runs id/test holds other values than it did for the records: the network is another one, or its rows are.
fn of_other_data(old: &[Record], new: &[Record]) {
    let data = |records: &[Record]| -> BTreeMap<String, Option<String>> {
        records.iter().map(|record| (record.run.clone(), record.data.clone())).collect()
    };
    let now = data(new);
    for (run, data) in data(old) {
        if data.is_some() && now.get(&run).is_some_and(|now| *now != data) {
            terminal::say(&format!(
                "note: {run}: id/test of the dump differs from that of the records (XXH3 of its logits or, without them, features)"
            ));
        }
    }
}
