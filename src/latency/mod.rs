//! What detection costs: nanoseconds per sample of every score, against the classifier's own arg max.
//!
//! Each score is fitted once on [`synthetic`] rows and then timed through the path of `oodbench score`: a
//! [`RowBlock`](crate::rows::RowBlock) of the dump, what the score shares with others of it, the score itself. Two costs are told:
//!
//! ```text
//! alone   rows as they come from the dump → scores
//! added   rows whose predicted classes are known → scores, the cost of detection where classification is done anyway
//! ```
//!
//! A score that reads no logits has nothing in common with the classification: it adds all that it costs.
//!
//! Processor time of one thread ([`clock`]), without the allocation of the results; rows and state are in the cache, as rows are that a network has
//! just written. Everything is timed in turn ([`round_robin`]), so that a machine that becomes slower meanwhile does so for all alike.

pub mod clock;
pub mod data;
pub mod machine;
pub mod markdown;
pub mod percentile;
#[cfg(feature = "plot")]
pub mod plot;
pub mod report;
pub mod round_robin;
pub mod subject;
pub mod synthetic;

use crate::progress::Progress;
use crate::score::ScoreEntry;

use clock::Clock;
use data::Data;
use machine::Machine;
use round_robin::RoundRobin;
use synthetic::{Shape, SyntheticError};

pub use report::{Measurement, Report, Unmeasured};

/// Rows of id/test, or one batch if that is more: few enough to stay in the second-level cache for most C.
const TEST_ROWS: usize = 512;

/// What is to be measured.
#[derive(Clone)]
pub struct Request {
    /// The scores, with their default parameters.
    pub scores: Vec<&'static ScoreEntry>,
    /// Numbers of classes C.
    pub classes: Vec<usize>,
    /// Rows in a batch.
    pub batches: Vec<usize>,
    /// Features D.
    pub features: usize,
    /// Training rows that scores are fitted on.
    pub train_rows: usize,
    /// Rounds in which everything is timed in turn.
    pub rounds: usize,
}

/// A measurement that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LatencyError {
    /// There is no data to measure on.
    #[error(transparent)]
    Data(#[from] SyntheticError),
    /// A batch without rows.
    #[error("found a batch of 0 rows, expected at least 1")]
    EmptyBatch,
    /// No pool of one thread.
    #[error("one thread could not be started ({0})")]
    Thread(#[from] rayon::ThreadPoolBuildError),
}

/// Measures. `progress` hears of scores being fitted and of rounds being timed.
///
/// # Errors
/// [`LatencyError`]. A score that does not fit the data is no error but named in the report.
pub fn measure(request: &Request, progress: &dyn Progress) -> Result<Report, LatencyError> {
    if request.batches.contains(&0) {
        return Err(LatencyError::EmptyBatch);
    }
    // Products that would use all threads use this one.
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let clock = Clock::calibrated();
    let mut report = Report {
        machine: Machine::here(),
        features: request.features,
        train_rows: request.train_rows,
        rounds: request.rounds,
        clock_overhead_ns: clock.overhead,
        measurements: Vec::new(),
        unmeasured: Vec::new(),
    };
    for &classes in &request.classes {
        let batch = request.batches.iter().copied().max().unwrap_or(1);
        let shape = Shape {
            classes,
            features: request.features,
            train_rows: request.train_rows,
            test_rows: TEST_ROWS.max(batch),
        };
        let data = Data::new(shape, &request.scores)?;
        progress.begin(&format!("{classes} classes: fitting"), request.scores.len());
        let (fitted, unmeasured) = data.fit(progress);
        progress.end();
        report.add_unmeasured(classes, unmeasured);
        let subjects = data.subjects(&fitted);
        for &batch in &request.batches {
            let timing = RoundRobin { batch, rounds: request.rounds, clock };
            progress.begin(&format!("{classes} classes, batch {batch}"), request.rounds);
            let costs = one_thread.install(|| timing.measure(&subjects, progress));
            progress.end();
            report.add(classes, batch, &subjects, &costs);
        }
    }
    Ok(report)
}
