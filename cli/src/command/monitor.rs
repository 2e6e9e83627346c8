//! `oodbench monitor`: a drift alarm on a stream of rows.

use std::fs;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::percent::percent;
use crate::option::rows::DetectorAndRows;
use crate::screen::failed::Failed;
use crate::screen::progress::Bars;
use crate::screen::words::counted;
use crate::screen::{remarks, terminal};
use oodbench::detector::martingale::Martingale;
use oodbench::detector::threshold::guarantee::percent as percent_of;
use oodbench::detector::{Detector, Monitor, Watch, apply};
use oodbench::output::write_atomically;

/// Watch a stream of rows for drift, with an alarm that may be looked at any time
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench monitor my.detector log/                          all rows of a folder
  oodbench monitor my.detector log/ --state my.monitor       and next time the rows that came since
  producer | oodbench monitor my.detector - --alarm 0.1%

Rows of a pipe are looked at as they come; the alarm is printed at the row where it rises, and with --fail-on-alarm the command ends there.

The alarm rises once the bet against \"rows are like the calibration rows\" has multiplied 1/α times. On such rows that ever
happens with probability α at most. `oodbench explain detector` says more.")]
pub(crate) struct Command {
    #[command(flatten)]
    what: DetectorAndRows,
    /// How to bet: on low scores (mixture, power), or on changes of either kind (jumper) [default: mixture]
    #[arg(long, value_name = "MARTINGALE", value_parser = Martingale::NAMES)]
    by: Option<String>,
    /// Probability of a false alarm, α [default: 1%]
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    alarm: Option<f64>,
    /// A file that keeps the bet between two looks at a log that grows; of a file or a folder only the rows that came since are looked at, of a pipe all
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    state: Option<PathBuf>,
    /// Exit with 1 if the alarm has risen
    #[arg(long)]
    fail_on_alarm: bool,
}

/// α unless asked for.
const ALARM: f64 = 0.01;

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let detector = Detector::load(&command.what.detector)?;
    let mut watch = command.watch(&detector)?;
    let mut rows = command.what.open(&detector)?;
    let seen = watch.monitor.rows;
    // The last row seen before is looked at once more: it tells a log that has grown from another one.
    let mut before = None;
    if seen > 0 && !command.what.is_stdin() {
        rows.go_on_after(seen as usize)?;
        before = Some(watch.monitor.last);
    }
    let mut is_other = false;
    let mut told = None;
    apply(&detector, &mut rows, command.what.on_nan(), &Bars::new(common.quiet), |decided| {
        for score in &decided.scores {
            match before.take() {
                Some(last) => is_other = last.map(f64::to_bits) != score.is_finite().then(|| score.to_bits()),
                None => drop(watch.next(*score)),
            }
        }
        // A pipe may never end.
        if let Some(text) = alarm(&watch.monitor).filter(|_| command.what.is_stdin() && told.is_none()) {
            told = Some(terminal::print(&text));
            if command.fail_on_alarm {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    ensure!(
        !is_other,
        "{}: found another score in row {}, expected that of the row seen before; name the log that was watched before, or another --state",
        command.what.rows.display(),
        seen - 1
    );
    remarks::unchanged()?;
    let monitor = &watch.monitor;
    if let Some(file) = &command.state {
        let writing = || format!("{}: cannot be written", file.display());
        write_atomically(file, &serde_json::to_vec_pretty(monitor)?).with_context(writing)?;
    }
    let mut text = summary(monitor, seen);
    if told.is_none() {
        text += &alarm(monitor).unwrap_or_else(|| no_alarm(monitor));
    }
    let why = monitor.alarm.filter(|_| command.fail_on_alarm).map(|row| format!("the alarm rose at row {row}"));
    let printed = told.unwrap_or(Ok(())).and_then(|()| terminal::print(&text));
    Failed::behind(printed.map_err(Into::into), why)
}

impl Command {
    /// The bet at its beginning, or where it was left.
    fn watch(&self, detector: &Detector) -> anyhow::Result<Watch> {
        if let Some(file) = &self.state
            && let Some(text) = read(file)?
        {
            return self.resume(detector, file, &text);
        }
        let name = self.by.as_deref().unwrap_or(Martingale::NAMES[0]);
        let martingale = Martingale::named(name).context("a martingale of the list")?;
        Ok(Watch::begin(detector.calibration(), martingale, self.alarm.unwrap_or(ALARM)))
    }

    fn resume(&self, detector: &Detector, file: &Path, text: &str) -> anyhow::Result<Watch> {
        let refused = |found: String, expected: &str| {
            anyhow::anyhow!("{}: found {found}, expected {expected}; name another file to begin anew", file.display())
        };
        let monitor: Monitor = serde_json::from_str(text)
            .map_err(|error| refused(format!("something else ({error})"), "what `oodbench monitor --state` wrote"))?;
        if let Some(by) = self.by.as_deref().filter(|by| *by != monitor.martingale.name()) {
            return Err(refused(format!("a bet by {}", monitor.martingale.name()), by));
        }
        if let Some(alarm) = self.alarm.filter(|alarm| *alarm != monitor.alpha) {
            return Err(refused(
                format!("an alarm at {} %", percent_of(monitor.alpha)),
                &format!("{} %", percent_of(alarm)),
            ));
        }
        Watch::resume(detector.calibration(), monitor)
            .ok_or_else(|| refused("the bet of another detector".to_owned(), &self.what.detector.display().to_string()))
    }
}

/// Most bytes of a state: a counter per calibration row, and a martingale.
const MOST: u64 = 1 << 28;

fn read(file: &Path) -> anyhow::Result<Option<String>> {
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("{}: cannot be read ({error})", file.display()),
        Ok(facts) => ensure!(
            facts.is_file() && facts.len() <= MOST,
            "{}: found no file that `oodbench monitor --state` wrote, expected one or none; name another",
            file.display()
        ),
    }
    fs::read_to_string(file).map(Some).with_context(|| format!("{}: cannot be read", file.display()))
}

fn summary(monitor: &Monitor, seen: u64) -> String {
    let power = |log: f64| if log < 0.0 && log.exp() < 0.01 { "0.00".to_owned() } else { number(log) };
    let new = if seen > 0 { format!(", {} of them new", monitor.rows - seen) } else { String::new() };
    let mut text = format!(
        "{} rows{new}: the bet stands at {} times its stake, {} at its highest\n",
        monitor.rows,
        power(monitor.martingale.log()),
        power(monitor.highest)
    );
    if monitor.without_score > 0 {
        text += &format!("{} without a finite score were left out\n", counted(monitor.without_score as usize, "row"));
    }
    text
}

/// That the alarm has risen.
fn alarm(monitor: &Monitor) -> Option<String> {
    let row = monitor.alarm?;
    let limit = 1.0 / monitor.alpha;
    Some(format!("ALARM at row {row}: {limit:.0} times were reached; rows are not like the calibration rows\n"))
}

/// What it would take.
fn no_alarm(monitor: &Monitor) -> String {
    format!(
        "no alarm: that would take {:.0} times, which ID rows ever reach with {} % probability at most\n",
        1.0 / monitor.alpha,
        percent_of(monitor.alpha)
    )
}

/// A number given by its logarithm, which may be too large for `f64`.
fn number(log: f64) -> String {
    if log < 13.0 { format!("{:.2}", log.exp()) } else { format!("10^{:.1}", log / std::f64::consts::LN_10) }
}
