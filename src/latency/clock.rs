//! Durations of a few nanoseconds, from a clock that takes hundreds of them to read.
//!
//! The clock counts what the thread runs, not what it waits for a core while others run: on an idle machine the two are the same, on a busy one
//! only the first is the cost of the work. Windows counts too coarsely for that; there it is the time that passes.

use std::hint::black_box;

#[cfg(unix)]
use cpu_time::ThreadTime as Reading;
#[cfg(not(unix))]
use std::time::Instant as Reading;

/// Readings whose median is the cost of one.
const READINGS: usize = 10_001;

/// The clock and what reading it costs.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Nanoseconds between two readings with nothing between them: the median of many.
    pub overhead: f64,
}

impl Clock {
    /// Measures the clock.
    #[must_use]
    pub fn calibrated() -> Self {
        let mut readings: Vec<u128> = (0..READINGS).map(|_| black_box(Reading::now()).elapsed().as_nanos()).collect();
        readings.sort_unstable();
        Self { overhead: readings[READINGS / 2] as f64 }
    }

    /// Nanoseconds that something takes, without the reading of the clock; at least 0.
    pub fn time(&self, work: impl FnOnce()) -> f64 {
        let start = Reading::now();
        work();
        (start.elapsed().as_nanos() as f64 - self.overhead).max(0.0)
    }
}
