//! `--tune`: the search for parameters, and what it tried as a table.

use crate::option::common::Common;
use crate::screen::progress::Bars;
use crate::screen::terminal;
use oodbench::dump::layout::RunFiles;
use oodbench::eval::tune::Search;
use oodbench::eval::{Selection, TuneError, tune};
use oodbench::report::grid::{Grid, GridCell, Style};

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
                terminal::say(&format!("note: {}: {} not searched: {}", search.run, skipped.score, skipped.why));
            }
            for tried in search.scores.iter().filter(|_| common.verbose) {
                let failures =
                    tried.trials.iter().filter_map(|trial| Some((&trial.parameters, trial.failure.as_ref()?)));
                failures.for_each(|(parameters, why)| {
                    terminal::say(&format!("note: {}: {} {parameters}: {why}", search.run, tried.score))
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
    let percent = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| format!("{:.2}", value * 100.0));
    let mut grid = Grid::of_numbers(&["score", "tried"], ["mixed", "shuffled", "mean"]);
    for tried in &search.scores {
        for (number, trial) in tried.trials.iter().enumerate() {
            let before = if number == 0 { " (as it was)" } else { "" };
            grid.row([
                GridCell::from(if number == 0 { tried.score } else { "" }),
                GridCell::from(format!("{}{before}", trial.parameters)),
                GridCell::from(percent(trial.mixed)),
                GridCell::from(percent(trial.shuffled)),
                GridCell::marked(percent(trial.criterion), trial.chosen),
            ]);
        }
    }
    format!(
        "{}: parameters searched on {} rows of id/val; no OOD row was read\nAUROC (percent) against stand-ins made of these rows: mixtures of two classes, features shuffled; below 50 counts as 50; * taken\n{}\n",
        search.run,
        search.rows,
        grid.render(Style { bold: false, ..terminal::style() })
    )
}
