//! `oodbench calibrate`: from a run to a detector.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueHint};

use crate::option::choice::{self, Parameters};
use crate::option::common::Common;
use crate::option::complete;
use crate::option::percent::percent;
use crate::option::runs::Runs;
use crate::screen::progress::Bars;
use crate::screen::{remarks, terminal};
use oodbench::detector::cost::DecisionCost;
use oodbench::detector::{Asked, Calibrated, Detector, DetectorError, Guarantee, Rate, Request, calibrate};
use oodbench::eval::{FitsError, Plan};
use oodbench::output::{AtomicFile, make_folder};
use oodbench::report::grid::Grid;

/// Fit a score, choose its threshold on rows that the fit did not see, and write a detector for `apply` and `monitor`
#[derive(Args)]
#[command(group = clap::ArgGroup::new("promise").required(true).args(["false_alarms", "tpr", "wrong_answers"]))]
#[command(after_help = "Examples:
  oodbench calibrate dumps/my-run --score knn --false-alarms 5% --confidence 90% --out my.detector
  oodbench calibrate dumps/my-run --score mds --false-alarms 5% --per-class --out my.detector
  oodbench calibrate dumps/my-run --score mds --tpr 95 --out my.detector
  oodbench calibrate dumps/my-run --score mds --wrong-answers 5% --out my.detector

`oodbench explain detector` says what each promises, and what it does not.")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    /// The score; `oodbench list` shows them
    #[arg(long, value_name = "SCORE", value_parser = choice::name, add = complete::score())]
    score: String,
    #[command(flatten)]
    parameters: Parameters,
    /// Percent of ID rows that may be flagged: by this very threshold with --confidence, on average over calibrations without
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    false_alarms: Option<f64>,
    /// Percent of the calibration rows that are kept, as in papers; promises nothing of new rows
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    tpr: Option<f64>,
    /// Percent of the rows kept that may be classified wrongly (selective risk); needs labels
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    wrong_answers: Option<f64>,
    /// Percent of calibrations in which the threshold keeps its promise [default: 90% with --wrong-answers]
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with_all = ["tpr", "empirical"])]
    confidence: Option<f64>,
    /// The plain quantile of the calibration rows; promises nothing of new rows
    #[arg(long, requires = "false_alarms")]
    empirical: bool,
    /// A threshold for every predicted class, each of which keeps the promise
    #[arg(long, conflicts_with_all = ["tpr", "wrong_answers"])]
    per_class: bool,
    /// Percent of id/test that is held back for the threshold where there is no id/val, or the fit reads it; else of no effect
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "50%")]
    hold_back: f64,
    /// Seed that chooses the rows held back
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// The file to write
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: PathBuf,
}

/// Rounds of 64 decisions that are timed.
const ROUNDS: usize = 200;

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    anyhow::ensure!(
        !command.score.eq_ignore_ascii_case("all"),
        "--score: found {}, expected one score; a detector has one, `oodbench compare` says which are good",
        command.score
    );
    let selection = command.parameters.selection(std::slice::from_ref(&command.score))?;
    let runs = command.runs.find(common.quiet)?;
    let [files] = &runs[..] else {
        return Err(FitsError::SeveralRuns { folder: command.runs.shown().into(), runs: runs.len() }.into());
    };
    let progress = Bars::new(common.quiet);
    let plan = Plan::of_detector(files, &selection, &progress)?;
    let writing = || format!("{}: cannot be written", command.out.display());
    command.out.parent().map_or(Ok(()), make_folder).with_context(writing)?;
    // Before the work: what cannot be written has to be known now.
    let mut file = AtomicFile::create(&command.out).with_context(writing)?;
    let request = Request {
        guarantee: command.guarantee()?,
        per_class: command.per_class,
        held_back: command.hold_back,
        seed: command.seed,
    };
    let made = calibrate(&plan, &request, &progress)?;
    remarks::unchanged()?;
    made.detector.write(&mut file).with_context(writing)?;
    file.commit().with_context(writing)?;
    if !common.quiet {
        let warnings = plan.dump.warnings.iter().chain(&made.warnings);
        warnings.for_each(|warning| terminal::say(&format!("warning: {warning}")));
        made.notes.iter().for_each(|note| terminal::say(&format!("note: {note}")));
    }
    terminal::print(&summary(&made.detector))?;
    terminal::print(&rates(&made))?;
    if common.quiet {
        return Ok(());
    }
    // The detector stands; that made-up rows have no finite score is no failure.
    if let Ok(own) = made.detector.cost(ROUNDS) {
        terminal::print(&cost(&own))?;
    }
    terminal::print(&format!("wrote {}\n", command.out.display()))?;
    Ok(())
}

impl Command {
    /// What the options ask for; those that do not go together are refused before.
    fn guarantee(&self) -> Result<Guarantee, DetectorError> {
        let asked = Asked {
            false_alarms: self.false_alarms,
            tpr: self.tpr,
            wrong_answers: self.wrong_answers,
            confidence: self.confidence,
            empirical: self.empirical,
        };
        Guarantee::of(asked).ok_or(DetectorError::Guarantee)
    }
}

/// What was made.
fn summary(detector: &Detector) -> String {
    let said = &detector.description;
    let rows = &said.calibration;
    let thresholds = detector.thresholds();
    let threshold = match thresholds {
        [one] if *one == f64::NEG_INFINITY => "flags nothing: all rows may pass".to_owned(),
        [one] => format!("flags scores below {one:.6}"),
        all => {
            let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), t| (l.min(*t), h.max(*t)));
            format!("flags scores below a threshold for each of {} predicted classes, {low:.6} to {high:.6}", all.len())
        }
    };
    let of = if rows.rows == rows.of { String::new() } else { format!(" of {}", rows.of) };
    format!(
        "{} of {}: {threshold}\nchosen on {}{of} rows of {}\npromise: {}\n\n",
        said.score.id,
        said.run,
        rows.rows,
        rows.split,
        said.promise()
    )
}

/// Level of intervals.
const LEVEL: f64 = 0.95;

/// What is flagged, set by set.
fn rates(made: &Calibrated) -> String {
    let answers = made.rates.iter().any(|rate| rate.answers > 0)
        && matches!(made.detector.description.guarantee, Guarantee::SelectiveRisk { .. });
    let mut headings = vec!["rows", "flagged %", "95 % interval"];
    headings.extend(answers.then_some("wrong of kept %"));
    let mut grid = Grid::of_numbers(&["set"], headings);
    for rate in &made.rates {
        let mut cells = vec![rate.set.clone(), rate.rows.to_string()];
        cells.extend(share(rate));
        if answers {
            let wrong = rate.wrong as f64 / rate.answers as f64 * 100.0;
            cells.push(if rate.answers > 0 { format!("{wrong:.2}") } else { "–".to_owned() });
        }
        grid.row(cells);
    }
    grid.render(terminal::style())
}

fn share(rate: &Rate) -> [String; 2] {
    if rate.rows == 0 {
        return ["–".to_owned(), "–".to_owned()];
    }
    let interval = rate.interval(LEVEL);
    [format!("{:.2}", rate.share() * 100.0), format!("[{:.2}, {:.2}]", interval.low * 100.0, interval.high * 100.0)]
}

/// What a decision costs.
pub(crate) fn cost(cost: &DecisionCost) -> String {
    format!(
        "a decision takes {:.0} ns (95 % of them at most {:.0}), the score alone {:.0} ns; one row at a time, one thread\n",
        cost.decide_p50, cost.decide_p95, cost.score_p50
    )
}
