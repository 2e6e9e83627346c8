//! Progress bars on standard error, for work of more than a second.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use oodbench::printable::line;
use oodbench::progress::Progress;

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar per piece of work; nothing at all if quiet or not on a terminal.
pub(crate) struct Bars {
    /// What the steps are.
    unit: &'static str,
    quiet: bool,
    current: Mutex<Option<(ProgressBar, Instant)>>,
}

impl Bars {
    /// For work on rows.
    pub(crate) fn new(quiet: bool) -> Self {
        Self::of("rows", quiet)
    }

    /// For work in steps of a kind.
    pub(crate) fn of(unit: &'static str, quiet: bool) -> Self {
        Self { unit, quiet, current: Mutex::new(None) }
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, steps: usize) {
        if self.quiet {
            return;
        }
        let unit = self.unit;
        let template =
            format!("{{prefix}} [{{bar:30}}] {{human_pos}}/{{human_len}} {unit}, {{rate}} {unit}/s, {{eta}} left");
        let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
        // Whole rows: the library's own rate has four decimals.
        let style = style.with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
            let _ = write!(text, "{}", HumanCount(state.per_sec() as u64));
        });
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden()).with_style(style);
        bar.set_prefix(line(what).into_owned());
        if let Ok(mut current) = self.current.lock() {
            *current = Some((bar, Instant::now()));
        }
    }

    fn advance(&self, steps: usize) {
        let Ok(mut current) = self.current.lock() else { return };
        let Some((bar, since)) = current.as_mut() else { return };
        if bar.is_hidden() && since.elapsed() > PATIENCE {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.inc(steps as u64);
    }

    fn end(&self) {
        if let Ok(mut current) = self.current.lock()
            && let Some((bar, _)) = current.take()
        {
            bar.finish_and_clear();
        }
    }
}
