//! Watching trainings, extractions and scorings on standard error: a bar on a terminal, a line per epoch everywhere.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};
use oodbench::progress::Progress;
use oodbench_train::history::EpochRecord;
use oodbench_train::observer::{Event, Observer};

use super::progress::Bars;
use super::terminal;
use super::words::counted;

/// Progress of a job: the current training, and bars over rows.
pub(crate) struct Watch {
    quiet: bool,
    bars: Bars,
    training: Mutex<Option<TrainingBar>>,
}

impl Watch {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bars: Bars::new(quiet), training: Mutex::new(None) }
    }
}

impl Progress for Watch {
    fn begin(&self, what: &str, rows: usize) {
        self.bars.begin(what, rows);
    }

    fn advance(&self, rows: usize) {
        self.bars.advance(rows);
    }

    fn end(&self) {
        self.bars.end();
    }
}

impl Observer for Watch {
    fn grams(&self, bytes: u64) {
        if !self.quiet {
            terminal::say(&format!("Gram matrices of the dump: up to {} on disk", DecimalBytes(bytes)));
        }
    }

    fn training(&self, event: Event<'_>) {
        if self.quiet {
            return;
        }
        let Ok(mut training) = self.training.lock() else { return };
        match (event, training.as_mut()) {
            (Event::Begin { run, first_epoch, epochs, steps, parameters }, _) => {
                *training = Some(TrainingBar::begin(run, first_epoch, (epochs, steps), parameters));
            }
            (Event::Progress { epoch, step, loss, accuracy, images_per_second }, Some(bar)) => {
                bar.progress(epoch, step, loss, accuracy, images_per_second);
            }
            (Event::Epoch(record), Some(bar)) => bar.epoch(record),
            (_, None) => {}
        }
    }
}

/// A bar over all epochs of a run.
struct TrainingBar {
    bar: ProgressBar,
    epochs: usize,
    steps: usize,
    since: Instant,
    first_epoch: usize,
}

impl TrainingBar {
    fn begin(run: &str, first_epoch: usize, (epochs, steps): (usize, usize), parameters: usize) -> Self {
        let resumed = if first_epoch > 0 { format!(", from epoch {} on", first_epoch + 1) } else { String::new() };
        terminal::say(&format!(
            "{run}: {parameters} parameters, {} of {}{resumed}",
            counted(epochs, "epoch"),
            counted(steps, "step")
        ));
        let style = ProgressStyle::with_template("{prefix} [{bar:20}] {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new((epochs * steps) as u64).with_style(style);
        bar.set_position((first_epoch * steps) as u64);
        Self { bar, epochs, steps, since: Instant::now(), first_epoch }
    }

    fn progress(&self, epoch: usize, step: usize, loss: f64, accuracy: f64, images_per_second: f64) {
        let done = epoch * self.steps + step;
        let here = done - self.first_epoch * self.steps;
        let left = (self.epochs * self.steps - done) as f64 / here.max(1) as f64;
        let left = Duration::from_secs_f64(self.since.elapsed().as_secs_f64() * left);
        self.bar.set_prefix(format!("epoch {}/{}", epoch + 1, self.epochs));
        self.bar.set_message(format!(
            "loss {loss:.3}, accuracy {:.2} %, {images_per_second:.0} images/s, {} left",
            accuracy * 100.0,
            minutes(left)
        ));
        self.bar.set_position(done as u64);
    }

    fn epoch(&self, record: &EpochRecord) {
        let validation = record
            .validation_accuracy
            .map(|accuracy| format!(", validation accuracy {:.2} %", accuracy * 100.0))
            .unwrap_or_default();
        let line = format!(
            "  epoch {}/{}: loss {:.3}, accuracy {:.2} %{validation}, {:.0} images/s, {:.0} s",
            record.epoch,
            self.epochs,
            record.train_loss,
            record.train_accuracy * 100.0,
            record.images_per_second,
            record.seconds
        );
        self.bar.suspend(|| terminal::say(&line));
        if record.epoch == self.epochs {
            self.bar.finish_and_clear();
        }
    }
}

impl Drop for TrainingBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
