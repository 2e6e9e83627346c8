//! `--tune`: the search for parameters, and what it tried as a table.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::option::common::Common;
use crate::screen::progress::Bars;
use oodbench::dump::layout::RunFiles;
use oodbench::eval::tune::Search;
use oodbench::eval::{Selection, TuneError, tune};

/// The searches of some runs.
pub(crate) struct Tuned {
    /// Per run its scores with the parameters taken.
    pub(crate) selections: Vec<Selection>,
    /// What was tried.
    pub(crate) searches: Vec<Search>,
}

/// Searches run by run; says which scores cannot be searched.
pub(crate) fn search(runs: &[RunFiles], selection: &Selection, common: &Common) -> Result<Tuned, TuneError> {
    let progress = Bars::new(common.quiet);
    let mut tuned = Tuned { selections: Vec::with_capacity(runs.len()), searches: Vec::with_capacity(runs.len()) };
    for files in runs {
        let (selection, search, skipped) = tune(files, selection, &progress)?;
        if !common.quiet {
            for skipped in skipped {
                eprintln!("note: {}: {} not searched: {}", search.run, skipped.score, skipped.why);
            }
            for tried in search.scores.iter().filter(|_| common.verbose) {
                let failures =
                    tried.trials.iter().filter_map(|trial| Some((&trial.parameters, trial.failure.as_ref()?)));
                failures.for_each(|(parameters, why)| {
                    eprintln!("note: {}: {} {parameters}: {why}", search.run, tried.score)
                });
            }
        }
        tuned.selections.push(selection);
        tuned.searches.push(search);
    }
    Ok(tuned)
}

/// What was tried, a line each, what was taken marked.
pub(crate) fn table(searches: &[Search]) -> String {
    searches.iter().map(of_run).collect::<Vec<_>>().join("\n") + "\n"
}

fn of_run(search: &Search) -> String {
    if search.scores.is_empty() {
        return format!("{}: none of the scores has a parameter to search\n", search.run);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    let percent = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| format!("{:.2}", value * 100.0));
    let headings = ["mixed", "shuffled", "mean"].map(|heading| right(heading.to_owned()));
    table.set_header([Cell::new("score"), Cell::new("tried")].into_iter().chain(headings));
    for tried in &search.scores {
        for (number, trial) in tried.trials.iter().enumerate() {
            let mark = if trial.chosen { "*" } else { "" };
            let before = if number == 0 { " (as it was)" } else { "" };
            table.add_row([
                Cell::new(if number == 0 { tried.score } else { "" }),
                Cell::new(format!("{}{before}", trial.parameters)),
                right(percent(trial.mixed)),
                right(percent(trial.shuffled)),
                right(format!("{mark}{}", percent(trial.criterion))),
            ]);
        }
    }
    let lines: Vec<String> = table.to_string().lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "{}: parameters searched on {} rows of id/val; no OOD row was read\nAUROC (percent) against stand-ins made of these rows: mixtures of two classes, features shuffled; below 50 counts as 50; * taken\n{}\n",
        search.run,
        search.rows,
        lines.join("\n")
    )
}
