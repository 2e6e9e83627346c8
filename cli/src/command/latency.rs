//! `oodbench latency`: what detection costs.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::option::common::Common;
use crate::screen::progress::Bars;
use crate::screen::terminal;
use oodbench::latency::markdown::{cells, markdown};
use oodbench::latency::plot::latency_plot;
use oodbench::latency::{Report, Request, measure};
use oodbench::output::write_atomically;
use oodbench::plot;
use oodbench::report::grid::{Grid, GridCell};
use oodbench::score::registry::entries;

/// Measure what each score costs per sample, against the classifier's own arg max
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench latency                                   every score, 10, 100 and 1000 classes; takes minutes
  oodbench latency --score mds,es,mps --classes 10
  oodbench latency --out reports/detection-cost      writes latency.{json,md,png,svg}

Rows are synthetic; scores are fitted once and run on one thread. \"alone\" is the cost from rows as they come from the dump, \"added\"
the cost of a score of logits where the predicted classes are known already. The names in json and csv are stable.")]
pub(crate) struct Command {
    /// Scores, comma-separated, or all; `oodbench list` shows them
    #[arg(long = "score", value_name = "SCORES", value_delimiter = ',', default_value = "all")]
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
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Folder for latency.json, latency.md and the plot latency.png, latency.svg
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For reading
    Table,
    /// Machine, conditions, measurements and what was not measured
    Json,
    /// The measurements as comma-separated values
    Csv,
    /// The report as GitHub-flavoured Markdown
    Markdown,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let counts = |values: &[NonZeroUsize]| values.iter().map(|value| value.get()).collect();
    let request = Request {
        scores: entries(&command.scores)?.0,
        classes: counts(&command.classes),
        batches: counts(&command.batch),
        features: command.features.get(),
        train_rows: command.train_rows.get(),
        rounds: command.rounds.get(),
    };
    let report = measure(&request, &Bars::of("steps", common.quiet))?;
    if let Some(out) = &command.out {
        write(out, &report).with_context(|| format!("{}: cannot be written", out.display()))?;
    }
    let text = match command.format {
        Format::Json => report.json()?,
        Format::Csv => String::from_utf8(report.csv()?)?,
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

fn write(out: &Path, report: &Report) -> anyhow::Result<()> {
    let drawn = latency_plot(report);
    // Everything is drawn before anything is written.
    let png = drawn.render(plot::Format::Png)?;
    let svg = drawn.render(plot::Format::Svg)?;
    fs::create_dir_all(out)?;
    write_atomically(&out.join("latency.json"), report.json()?.as_bytes())?;
    write_atomically(&out.join("latency.md"), markdown(report).as_bytes())?;
    write_atomically(&out.join("latency.png"), &png)?;
    write_atomically(&out.join("latency.svg"), &svg)?;
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
