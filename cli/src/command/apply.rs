//! `oodbench apply`: a detector decides new rows.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::percent::percent;
use crate::option::rows::DetectorAndRows;
use crate::screen::failed::Failed;
use crate::screen::progress::Bars;
use crate::screen::words::counted;
use crate::screen::{remarks, terminal};
use oodbench::detector::batch::{Procedure, spool::Spool};
use oodbench::detector::decisions::{csv::CsvDecisions, jsonl::JsonlDecisions, parquet::ParquetDecisions};
use oodbench::detector::threshold::guarantee::percent as percent_of;
use oodbench::detector::{Applied, Decided, DecisionSink, Detector, DetectorError, apply};
use oodbench::eval::SinkError;
use oodbench::numeric::share::share_of;
use oodbench::output::{AtomicFile, make_folder};
use oodbench::stats::binomial::clopper_pearson;

/// Decide new rows with a detector: which of them are not like the rows it was calibrated on
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench apply my.detector new/logits.npy --out decisions.parquet
  oodbench apply my.detector new/ --out decisions.csv     a folder with logits.npy and features.npy
  producer | oodbench apply my.detector - --out decisions.jsonl
  oodbench apply my.detector new.f32 --dtype float32 --shape N,10      elements alone: numpy.memmap, ndarray.tofile
  oodbench apply my.detector new/ --fdr 10%               of the rows flagged a tenth is expected to be ID
  oodbench apply my.detector new/ --fail-above 10%        exit code 1 if more than a tenth is flagged

.npy files and pipes of any length are read in bounded memory. Columns: row, predicted, score, p_value, decision (flag or keep).")]
pub(crate) struct Command {
    #[command(flatten)]
    what: DetectorAndRows,
    /// A file of decisions, by its ending .csv, .jsonl or .parquet
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Decide all rows together, so that of those flagged this percentage is expected to be ID; the threshold is not used
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fdr: Option<f64>,
    /// How rows are decided together
    #[arg(long, value_name = "PROCEDURE", value_parser = procedure(), default_value = Procedure::ALL[0].id(), requires = "fdr")]
    by: Procedure,
    /// Exit with 1 if more than this percentage is flagged
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_above: Option<f64>,
}

fn procedure() -> impl TypedValueParser<Value = Procedure> {
    let find = |name: String| Procedure::ALL.into_iter().find(|procedure| procedure.id() == name);
    PossibleValuesParser::new(Procedure::ALL.map(Procedure::id))
        .try_map(move |name| find(name).ok_or("no such procedure"))
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let detector = Detector::load(&command.what.detector)?;
    let mut rows = command.what.open(&detector)?;
    let writing = |out: &Path| format!("{}: cannot be written", out.display());
    let mut sink = command
        .out
        .as_ref()
        .map(|out| {
            let ending = Ending::of(out)?;
            out.parent().map_or(Ok(()), make_folder).with_context(|| writing(out))?;
            Sink::create(ending, out).with_context(|| writing(out))
        })
        .transpose()?;
    let progress = Bars::new(common.quiet);
    let on_nan = command.what.on_nan();
    let of_file = |error: DetectorError| match (error, &command.out) {
        (DetectorError::Sink(SinkError(reason)), Some(out)) => anyhow::Error::from_boxed(reason).context(writing(out)),
        (error, _) => error.into(),
    };
    let mut write = |decided: &Decided| -> Result<(), DetectorError> {
        sink.as_mut().map_or(Ok(()), |sink| sink.write(decided).map_err(DetectorError::from))
    };
    let mut applied = Applied::default();
    match command.fdr {
        None => {
            let decided = apply(&detector, &mut rows, on_nan, &progress, |decided| {
                write(decided)?;
                Ok(ControlFlow::Continue(()))
            });
            applied = decided.map_err(of_file)?;
        }
        Some(q) => {
            let mut spool = Spool::new().map_err(DetectorError::Spool)?;
            apply(&detector, &mut rows, on_nan, &progress, |decided| {
                spool.push(decided).map_err(DetectorError::Spool)?;
                Ok(ControlFlow::Continue(()))
            })?;
            let cutoff = command.by.cutoff(spool.tally(), q);
            spool.decide(cutoff, |decided| -> anyhow::Result<()> {
                applied.add(decided);
                write(decided).map_err(of_file)
            })?;
        }
    }
    remarks::unchanged()?;
    if let (Some(sink), Some(out)) = (sink, &command.out) {
        sink.commit().with_context(|| writing(out))?;
    }
    let mut text = summary(command, &detector, &applied);
    if let Some(out) = command.out.as_ref().filter(|_| !common.quiet) {
        text += &format!("wrote {}\n", out.display());
    }
    let Applied { rows, flagged, .. } = applied;
    let limit = command.fail_above.filter(|&limit| flagged as f64 > share_of(limit, rows));
    let why = |limit| format!("{flagged} of {} are flagged, more than {} %", counted(rows, "row"), percent_of(limit));
    Failed::behind(terminal::print(&text).map_err(Into::into), limit.map(why))
}

/// What was flagged, and what that means.
fn summary(command: &Command, detector: &Detector, applied: &Applied) -> String {
    let Applied { rows, flagged, without_score } = *applied;
    let mut text = format!("{flagged} of {} flagged", counted(rows, "row"));
    if rows > 0 {
        let interval = clopper_pearson(flagged, rows, 0.95);
        let percent = flagged as f64 / rows as f64 * 100.0;
        text += &format!(": {percent:.2} %, 95 % interval [{:.2}, {:.2}]", interval.low * 100.0, interval.high * 100.0);
    }
    text.push('\n');
    if without_score > 0 {
        text += &format!("{} without a finite score among them\n", counted(without_score, "row"));
    }
    match command.fdr {
        Some(q) => {
            text += &format!(
                "promise: of the rows flagged {} % are ID at most, on average ({})\n",
                percent_of(q),
                command.by.id()
            );
            if flagged == 0 {
                text += &none_flagged(command.by, detector, rows, q);
            }
        }
        None => text += &format!("promise: {}\n", detector.description.promise()),
    }
    text
}

/// Why a procedure that decides rows together may have flagged none: p-values cannot be lower than the calibration rows allow.
fn none_flagged(procedure: Procedure, detector: &Detector, rows: usize, q: f64) -> String {
    let calibration = detector.calibration().groups().map(<[f64]>::len).max().unwrap_or(0);
    let lowest = format!("with {} no p-value is below 1/{}", counted(calibration, "calibration row"), calibration + 1);
    match procedure.fewest(rows, calibration, q) {
        None => format!("note: nothing could be flagged: {lowest}; calibrate on more rows\n"),
        Some(1) => String::new(),
        Some(fewest) => {
            let by = procedure.id();
            format!(
                "note: {lowest}, and {by} flags any only if at least {fewest} of {rows} are that low; calibrate on more rows\n"
            )
        }
    }
}

/// What a file of decisions is written as.
#[derive(Clone, Copy)]
enum Ending {
    Csv,
    Jsonl,
    Parquet,
}

impl Ending {
    fn of(path: &Path) -> anyhow::Result<Self> {
        match path.extension().and_then(OsStr::to_str) {
            Some("csv") => Ok(Self::Csv),
            Some("jsonl") => Ok(Self::Jsonl),
            Some("parquet") => Ok(Self::Parquet),
            _ => anyhow::bail!(
                "{}: found another ending, expected .csv, .jsonl or .parquet; name the file of decisions by its format",
                path.display()
            ),
        }
    }
}

/// The file of decisions.
enum Sink {
    Csv(CsvDecisions<AtomicFile>),
    Jsonl(JsonlDecisions<AtomicFile>),
    Parquet(Box<ParquetDecisions<AtomicFile>>),
}

impl Sink {
    fn create(ending: Ending, out: &Path) -> anyhow::Result<Self> {
        let file = AtomicFile::create(out)?;
        Ok(match ending {
            Ending::Csv => Self::Csv(CsvDecisions::new(file)?),
            Ending::Jsonl => Self::Jsonl(JsonlDecisions::new(file)),
            Ending::Parquet => Self::Parquet(Box::new(ParquetDecisions::new(file)?)),
        })
    }

    fn write(&mut self, decided: &Decided) -> Result<(), SinkError> {
        match self {
            Self::Csv(own) => own.write(decided),
            Self::Jsonl(own) => own.write(decided),
            Self::Parquet(own) => own.write(decided),
        }
    }

    fn commit(self) -> anyhow::Result<()> {
        let file = match self {
            Self::Csv(own) => own.finish(),
            Self::Jsonl(own) => own.finish(),
            Self::Parquet(own) => own.finish()?,
        };
        Ok(file.commit()?)
    }
}
