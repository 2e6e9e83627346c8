//! `oodbench reliability`: how far predictions and scores can be relied on.

use clap::{Args, ValueEnum};

use crate::option::choice::{Parameters, name};
use crate::option::common::Common;
use crate::option::complete;
use crate::option::format::Printed;
use crate::option::intervals::Intervals;
use crate::option::runs::Runs;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::eval::reliability::{Calibrated, ClassAuroc, Joint, calibration, classes, joint};
use oodbench::metric::reliability::by_class::FEWEST;
use oodbench::report::grid::Grid;
use oodbench::table::Results;

/// Show how far predictions and scores can be relied on: calibration, both kinds of error together, AUROC by class
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench reliability dumps/run                                    ECE, Brier, NLL of the predictions on id/test, at T = 1 and at the T that is fitted
  oodbench reliability dumps/run --of joint --score mds,energy      DS-F1, DS-AURC: errors and OOD rows are both failures, two thresholds
  oodbench reliability dumps/run --of classes --score mds           AUROC of each ID class, and of each class of OOD sets with labels

`oodbench explain calibration`, `joint` and `by_class` give formulas and conventions.")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    /// What to show
    #[arg(long, value_enum, default_value_t = Of::Calibration)]
    of: Of,
    /// Scores of `joint` and `classes`, comma-separated; `oodbench list` shows them
    #[arg(long = "score", value_name = "SCORES", value_delimiter = ',', default_value = "mds", value_parser = name, add = complete::scores())]
    scores: Vec<String>,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    printed: Printed,
    #[command(flatten)]
    intervals: Intervals,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The probabilities of the predictions on ID rows with labels
    Calibration,
    /// Misclassified and OOD rows together, under two thresholds
    Joint,
    /// One AUROC per class
    Classes,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let runs = command.runs.find(common.quiet)?;
    let progress = Bars::new(common.quiet);
    let selection = || command.parameters.selection(&command.scores);
    let mut results = Results::default();
    let (mut calibrated, mut joints, mut by_class) = (Vec::new(), Vec::new(), Vec::new());
    for files in &runs {
        match command.of {
            Of::Calibration => {
                let bootstrap = command.intervals.bootstrap()?;
                calibrated.extend(calibration(files, bootstrap.as_ref(), &mut results, &progress)?);
            }
            Of::Joint => {
                command.intervals.are_none()?;
                joints.extend(joint(files, selection()?, &mut results, &progress)?);
            }
            Of::Classes => {
                let level = command.intervals.level_without_draws()?;
                by_class.extend(classes(files, &selection()?, level, &mut results, &progress)?);
            }
        }
    }
    remarks::unchanged()?;
    remarks::say(&results, common);
    match command.of {
        Of::Calibration => {
            let grid = calibration_grid(&calibrated);
            command.printed.print(&calibrated, &grid, |style| grid.render(style))
        }
        Of::Joint => {
            let grid = joint_grid(&joints);
            command.printed.print(&joints, &grid, |style| grid.render(style))
        }
        Of::Classes => {
            if by_class.iter().any(|class| class.rows < FEWEST) && !common.quiet {
                terminal::say(&format!("note: classes of fewer than {FEWEST} rows have no interval"));
            }
            let grid = class_grid(&by_class);
            command.printed.print(&by_class, &grid, |style| grid.render(style))
        }
    }
}

/// A line for each set and temperature, a column for each metric.
fn calibration_grid(rows: &[Calibrated]) -> Grid {
    let key = |row: &Calibrated| (row.run.clone(), row.set.clone(), row.fitted);
    let first = rows.first().map(key);
    let titles: Vec<&str> = rows.iter().take_while(|row| Some(key(row)) == first).map(|row| row.title).collect();
    let mut grid = Grid::of_numbers(&["run", "set", "T"], titles.iter().copied().chain(["rows"]));
    for set in rows.chunk_by(|a, b| key(a) == key(b)) {
        let one = &set[0];
        let temperature = if one.fitted { format!("{:.4} (fitted)", one.temperature) } else { "1".to_owned() };
        let values = set.iter().map(|row| {
            // Nats and squares are no shares.
            let shown = |value: f64| match row.metric {
                "nll" | "brier" => format!("{value:.4}"),
                _ => format!("{:.2} %", value * 100.0),
            };
            let value = shown(row.value);
            match row.low.zip(row.high) {
                Some((low, high)) => format!("{value} [{}, {}]", shown(low), shown(high)),
                None => value,
            }
        });
        let keys = [one.run.clone(), one.set.clone(), temperature];
        grid.row(keys.into_iter().chain(values).chain([one.rows.to_string()]));
    }
    grid
}

fn percent(value: f64) -> String {
    format!("{:.2}", value * 100.0)
}

/// In percent.
fn joint_grid(rows: &[Joint]) -> Grid {
    let headings = ["DS-F1 %", "DS-AURC %", "F1 %", "AURC %"];
    let mut grid = Grid::of_numbers(&["run", "OOD", "score", "variant"], headings);
    for row in rows {
        let keys = [row.run.clone(), row.ood.clone(), row.score.clone(), row.variant.to_owned()];
        grid.row(keys.into_iter().chain([row.ds_f1, row.ds_aurc, row.f1, row.aurc].map(percent)));
    }
    grid
}

/// In percent.
fn class_grid(rows: &[ClassAuroc]) -> Grid {
    let mut grid = Grid::of_numbers(&["run", "OOD", "score", "class of"], ["class", "rows", "AUROC %", "interval"]);
    for row in rows {
        let interval = row.low.zip(row.high);
        let interval =
            interval.map_or_else(|| "–".to_owned(), |(low, high)| format!("[{}, {}]", percent(low), percent(high)));
        let keys = [row.run.clone(), row.ood.clone(), row.score.clone(), row.side.to_owned()];
        let values = [row.class.to_string(), row.rows.to_string(), percent(row.auroc), interval];
        grid.row(keys.into_iter().chain(values));
    }
    grid
}
