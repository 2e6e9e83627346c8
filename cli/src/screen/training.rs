//! Watching a training on standard error: a bar on a terminal, a line per epoch everywhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use oodbench_train::history::EpochRecord;
use oodbench_train::observer::{Event, Observer};

use super::terminal;

/// A bar over all epochs of a run.
pub(crate) struct TrainingBar {
    name: String,
    quiet: bool,
    bar: ProgressBar,
    epochs: usize,
    steps: usize,
    since: Instant,
    first_epoch: usize,
}

impl TrainingBar {
    pub(crate) fn new(name: &str, quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        Self { name: name.to_owned(), quiet, bar, epochs: 0, steps: 0, since: Instant::now(), first_epoch: 0 }
    }

    fn begin(&mut self, first_epoch: usize, epochs: usize, steps: usize, parameters: usize) {
        (self.epochs, self.steps, self.first_epoch, self.since) = (epochs, steps, first_epoch, Instant::now());
        if self.quiet {
            return;
        }
        let resumed = if first_epoch > 0 { format!(", from epoch {} on", first_epoch + 1) } else { String::new() };
        terminal::say(&format!(
            "{}: {parameters} parameters, {} of {}{resumed}",
            self.name,
            counted(epochs, "epoch"),
            counted(steps, "step")
        ));
        let style = ProgressStyle::with_template("{prefix} [{bar:20}] {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        self.bar = ProgressBar::new((epochs * steps) as u64).with_style(style);
        self.bar.set_position((first_epoch * steps) as u64);
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
        if self.quiet {
            return;
        }
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

impl Observer for TrainingBar {
    fn notice(&mut self, event: Event<'_>) {
        match event {
            Event::Begin { first_epoch, epochs, steps, parameters } => {
                self.begin(first_epoch, epochs, steps, parameters);
            }
            Event::Progress { epoch, step, loss, accuracy, images_per_second } => {
                self.progress(epoch, step, loss, accuracy, images_per_second);
            }
            Event::Epoch(record) => self.epoch(record),
        }
    }
}

impl Drop for TrainingBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A number of things: 1 epoch, 2 epochs.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}
