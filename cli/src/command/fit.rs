//! `oodbench fit`: what scores learn from training rows, into a file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueHint};
use serde::Serialize;

use crate::option::choice::{Parameters, ScoreNames};
use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::runs::Runs;
use crate::screen::{remarks, terminal, tuning};
use oodbench::eval::fits::describe;
use oodbench::eval::fits::{Fits, fit, write};
use oodbench::eval::{FitsError, Plan};
use oodbench::output::{AtomicFile, make_folder};
use oodbench::report::grid::Grid;
use oodbench::score::FittedScore;

/// Fit scores on the training rows of a run and keep the fits in a file for `score --fit`
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench fit dumps/my-run --out my-run.fit
  oodbench fit dumps/my-run --score knn,mahalanobis --set knn.k=10 --out my-run.fit
  oodbench score dumps/my-run --fit my-run.fit

The file is a safetensors file: arrays named score/array, the parameters and checksums of what was read as metadata.")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    names: ScoreNames,
    #[command(flatten)]
    parameters: Parameters,
    /// Search parameters on id/val first, without a look at any OOD row, and say what was tried
    #[arg(long)]
    tune: bool,
    /// The file to write
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
    #[command(flatten)]
    printed: Printed,
}

/// A fit in the file.
#[derive(Serialize)]
struct Fitted {
    score: &'static str,
    fit_ms: f64,
    bytes: usize,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let selection = command.parameters.selection(&command.names.scores)?;
    let runs = command.runs.find(common.quiet)?;
    let [files] = &runs[..] else {
        return Err(FitsError::SeveralRuns { folder: command.runs.shown().into(), runs: runs.len() }.into());
    };
    let tuned = command.tune.then(|| tuning::search(&runs, &selection, common)).transpose()?;
    let selection = tuned.as_ref().and_then(|tuned| tuned.selections.first()).unwrap_or(&selection);
    let plan = Plan::of_fit(files, selection)?;
    let writing = || format!("{}: cannot be written", command.out.display());
    // Before the work: what cannot be written has to be known now.
    let mut file = create(&command.out).with_context(writing)?;
    let to_stream = file.is_stream();
    let fits = fit(&plan)?;
    let description = describe(&plan, &fits);
    let rows = plan
        .dump
        .splits
        .iter()
        .filter(|split| description.read.iter().any(|read| read.split == split.role.to_string()));
    let rows: Vec<String> = rows.map(|split| format!("{} ({} rows)", split.role, split.rows)).collect();
    remarks::unchanged()?;
    write(&mut file, &fits, description).with_context(writing)?;
    file.commit().with_context(writing)?;
    if !common.quiet {
        // The stream may be standard output: a table behind the file would spoil it.
        let say = |text: &str| if to_stream { io::stderr().write_all(text.as_bytes()) } else { terminal::print(text) };
        fits.warnings.iter().for_each(|warning| terminal::say(&format!("warning: {warning}")));
        for score in &fits.scores {
            score.notes.iter().for_each(|note| terminal::say(&format!("note: {}: {note}", score.entry.id)));
        }
        for skipped in &fits.skipped {
            terminal::say(&format!("note: {} left out: {}", skipped.score, skipped.why));
        }
        let for_readers = !command.printed.format.is_data();
        if let Some(tuned) = tuned.as_ref().filter(|_| for_readers) {
            say(&tuning::table(&tuned.searches))?;
        }
        let learnt = if rows.is_empty() { "nothing had to be read".to_owned() } else { rows.join(", ") };
        let done = format!("{} fitted on {learnt}: {}\n", plan.dump.info.name, command.out.display());
        if to_stream {
            say(&command.printed.text(&fitted(&fits), &table(&fits), |style| table(&fits).render(style))?)?;
        } else {
            command.printed.print(&fitted(&fits), &table(&fits), |style| table(&fits).render(style))?;
        }
        if for_readers { say(&done)? } else { terminal::say(done.trim_end()) }
    }
    Ok(())
}

fn create(path: &Path) -> io::Result<AtomicFile> {
    path.parent().map_or(Ok(()), make_folder)?;
    AtomicFile::create(path)
}

fn fitted(fits: &Fits) -> Vec<Fitted> {
    let of = |score: &FittedScore| Fitted {
        score: score.entry.id,
        fit_ms: score.took.as_secs_f64() * 1e3,
        bytes: score.scorer.save().bytes(),
    };
    fits.scores.iter().map(of).collect()
}

/// A line per score: how long its fit took and how much of the file it takes.
fn table(fits: &Fits) -> Grid {
    let mut grid = Grid::of_numbers(&["score"], ["fit", "bytes"]);
    for Fitted { score, fit_ms, bytes } in fitted(fits) {
        grid.row([score, &format!("{fit_ms:.1} ms"), &bytes.to_string()]);
    }
    grid
}
