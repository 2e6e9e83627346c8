//! `oodbench latency`: what detection costs.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueHint};

use super::calibrate;
use crate::option::choice;
use crate::option::common::Common;
use crate::option::complete;
use crate::option::format::Printed;
use crate::screen::progress::Bars;
use crate::screen::terminal;
use oodbench::detector::Detector;
use oodbench::latency::markdown::{cells, markdown};
use oodbench::latency::plot::latency_plot;
use oodbench::latency::{Report, Request, measure};
use oodbench::output::OutputSet;
use oodbench::plot;
use oodbench::report::grid::{Grid, GridCell};
use oodbench::report::{Format, csv};
use oodbench::score::registry::entries;

/// Measure what each score costs per sample, against the classifier's own arg max
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench latency                                   every score, 10, 100 and 1000 classes; takes minutes
  oodbench latency --score mds,es,mps --classes 10
  oodbench latency --detector my.detector            one decision of `oodbench calibrate`'s file
  oodbench latency --out reports/detection-cost      writes latency.{json,md,png,svg}

Rows are synthetic; scores are fitted once and run on one thread. \"alone\" is the cost from rows as they come from the dump, \"added\"
the cost of a score of logits where the predicted classes are known already. The names in json and csv are stable.")]
pub(crate) struct Command {
    /// Scores, comma-separated, or all; `oodbench list` shows them
    #[arg(long = "score", value_name = "SCORES", value_delimiter = ',', default_value = "all", value_parser = choice::name, add = complete::scores())]
    scores: Vec<String>,
    /// Numbers of classes
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "10,100,1000")]
    classes: Vec<NonZeroUsize>,
    /// Samples scored together
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,256")]
    batch: Vec<NonZeroUsize>,
    /// Length of the feature vectors
    #[arg(long, value_name = "N", default_value = "512")]
    features: NonZeroUsize,
    /// Training rows that scores are fitted on; at least one per class
    #[arg(long, value_name = "N", default_value = "20000")]
    train_rows: NonZeroUsize,
    /// Rounds in which all are timed in turn; scores that take long are in fewer of them
    #[arg(long, value_name = "N", default_value = "2000")]
    rounds: NonZeroUsize,
    #[command(flatten)]
    printed: Printed,
    /// A file written by `oodbench calibrate`: what one of its decisions costs beside the score alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["scores", "classes", "batch", "features", "train_rows", "out"])]
    detector: Option<PathBuf>,
    /// Folder for latency.json, latency.md and the plot latency.png, latency.svg
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    if let Some(file) = &command.detector {
        return detector(file, command);
    }
    let counts = |values: &[NonZeroUsize]| values.iter().map(|value| value.get()).collect();
    let request = Request {
        scores: entries(&command.scores)?.0,
        classes: counts(&command.classes),
        batches: counts(&command.batch),
        features: command.features.get(),
        train_rows: command.train_rows.get(),
        rounds: command.rounds.get(),
    };
    let writing = |out: &PathBuf| format!("{}: cannot be written", out.display());
    // Before the minutes that it takes: what cannot be written has to be known now.
    let set =
        command.out.as_ref().map(|out| OutputSet::begin(out, &FILES).with_context(|| writing(out))).transpose()?;
    let report = measure(&request, &Bars::of("steps", common.quiet))?;
    if let (Some(set), Some(out)) = (set, &command.out) {
        write(set, &report).with_context(|| writing(out))?;
    }
    let text = match command.printed.format {
        Format::Json => report.json()?,
        Format::Csv => String::from_utf8(csv::rows(&report.measurements)?)?,
        Format::Markdown => markdown(&report),
        Format::Table => table(&report),
    };
    if !common.quiet {
        for unmeasured in &report.unmeasured {
            terminal::say(&format!(
                "note: {} not measured with {} classes: {}",
                unmeasured.score, unmeasured.classes, unmeasured.reason
            ));
        }
    }
    terminal::print(&text)?;
    Ok(())
}

/// What one decision of a detector costs.
fn detector(file: &Path, command: &Command) -> anyhow::Result<()> {
    let detector = Detector::load(file)?;
    let cost = detector.cost(command.rounds.get())?;
    let said = &detector.description;
    let text = match command.printed.format {
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&cost)?),
        Format::Csv => String::from_utf8(csv::rows(&[cost])?)?,
        Format::Markdown | Format::Table => {
            format!("{} of {}, rounds of 64 made-up rows\n{}", said.score.id, said.run, calibrate::cost(&cost))
        }
    };
    terminal::print(&text)?;
    Ok(())
}

/// What `--out` writes.
const FILES: [&str; 4] = ["latency.json", "latency.md", "latency.png", "latency.svg"];

fn write(set: OutputSet, report: &Report) -> anyhow::Result<()> {
    let drawn = latency_plot(report);
    // Everything is drawn before anything is written.
    let png = drawn.render(plot::Format::Png)?;
    let svg = drawn.render(plot::Format::Svg)?;
    let (json, markdown) = (report.json()?, markdown(report));
    for (name, bytes) in FILES.into_iter().zip([json.as_bytes(), markdown.as_bytes(), &png, &svg]) {
        set.write(name, bytes)?;
    }
    set.commit()?;
    Ok(())
}

/// One table per number of classes.
fn table(report: &Report) -> String {
    let mut out = format!("{}\n", report.conditions().join("\n"));
    for classes in report.classes() {
        let first = format!("{classes} classes");
        let of_batch = |batch| [format!("batch {batch}: alone"), "× arg max".to_owned(), "added".to_owned()];
        let mut grid = Grid::of_numbers(&[&first], report.batches().into_iter().flat_map(of_batch));
        for row in report.rows(classes) {
            let name = row.first().map_or("", |first| first.title);
            let values = row.iter().flat_map(|measurement| cells(measurement)).map(GridCell::from);
            grid.row([GridCell::from(name)].into_iter().chain(values));
        }
        out.push_str(&format!("\n{}", grid.render(terminal::style())));
    }
    out
}
