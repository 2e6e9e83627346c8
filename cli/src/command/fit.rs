//! `oodbench fit`: what scores learn from training rows, into a file.

use std::fs::create_dir_all;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use crate::option::choice::ScoreChoice;
use crate::option::common::Common;
use crate::option::input;
use crate::screen::{terminal, tuning};
use oodbench::dump::layout::discover;
use oodbench::eval::fits::describe;
use oodbench::eval::fits::description::Description;
use oodbench::eval::fits::{Fits, fit, write};
use oodbench::eval::{FitsError, Plan};
use oodbench::output::AtomicFile;
use oodbench::report::grid::Grid;

/// Fit scores on the training rows of a run and keep the fits in a file for `score --fit`
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench fit dumps/my-run --out my-run.fit
  oodbench fit dumps/my-run --score knn,mahalanobis --set knn.k=10 --out my-run.fit
  oodbench score dumps/my-run --fit my-run.fit

The file is a safetensors file: arrays named score/array, the parameters and checksums of what was read as metadata.")]
pub(crate) struct Command {
    /// A run
    dir: Option<PathBuf>,
    #[command(flatten)]
    choice: ScoreChoice,
    /// Search parameters on id/val first, without a look at any OOD row, and say what was tried
    #[arg(long)]
    tune: bool,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let folder = input::folder(command.dir.as_ref(), common.quiet)?;
    let selection = command.choice.selection()?;
    let runs = discover(&folder)?;
    let [files] = &runs[..] else {
        return Err(FitsError::SeveralRuns { folder, runs: runs.len() }.into());
    };
    let tuned = command.tune.then(|| tuning::search(&runs, &selection, common)).transpose()?;
    let selection = tuned.as_ref().and_then(|tuned| tuned.selections.first()).unwrap_or(&selection);
    let plan = Plan::of_fit(files, selection)?;
    let fits = fit(&plan)?;
    let description = describe(&plan, &fits);
    let rows = plan
        .dump
        .splits
        .iter()
        .filter(|split| description.read.iter().any(|read| read.split == split.role.to_string()));
    let rows: Vec<String> = rows.map(|split| format!("{} ({} rows)", split.role, split.rows)).collect();
    save(&command.out, &fits, description).with_context(|| format!("{}: cannot be written", command.out.display()))?;
    if !common.quiet {
        fits.warnings.iter().for_each(|warning| terminal::say(&format!("warning: {warning}")));
        for score in &fits.scores {
            score.notes.iter().for_each(|note| terminal::say(&format!("note: {}: {note}", score.entry.id)));
        }
        for skipped in &fits.skipped {
            terminal::say(&format!("note: {} left out: {}", skipped.score, skipped.why));
        }
        if let Some(tuned) = &tuned {
            terminal::print(&tuning::table(&tuned.searches))?;
        }
        terminal::print(&table(&fits))?;
        let learnt = if rows.is_empty() { "nothing had to be read".to_owned() } else { rows.join(", ") };
        terminal::print(&format!("{} fitted on {learnt}: {}\n", plan.dump.info.name, command.out.display()))?;
    }
    Ok(())
}

fn save(path: &Path, fits: &Fits, description: Description) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        create_dir_all(folder)?;
    }
    let mut file = AtomicFile::create(path)?;
    write(&mut file, fits, description)?;
    file.commit()?;
    Ok(())
}

/// A line per score: how long its fit took and how much of the file it takes.
fn table(fits: &Fits) -> String {
    let mut grid = Grid::of_numbers(&["score"], ["fit", "bytes"]);
    for score in &fits.scores {
        let bytes = score.scorer.save().bytes();
        let took = format!("{:.1} ms", score.took.as_secs_f64() * 1e3);
        grid.row([score.entry.id, &took, &bytes.to_string()]);
    }
    grid.render(terminal::style())
}
