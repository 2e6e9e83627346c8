//! Bootstrap intervals of metrics: ID and OOD rows drawn apart, as often as there are.

use super::{Procedure, Ranking};
use crate::stats::bootstrap::{Bootstrap, Draw, Interval, Method};

/// What to know of an interval, in a line: from `coverage_of_every_way` in `tests/core/coverage.rs`.
pub const CAUTION: &str = "Intervals: what other rows of the same sets would give. Those of 95 % covered 91 to 97 % in simulations of 200 + 200 rows and more, beyond the usual three procedures 88 to 95 %";

/// More rows than draws are made of: a draw names every row by a number of 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "found {rows} ID and OOD rows, expected at most {most} to draw from for intervals; leave the bootstrap out, or take fewer rows",
    most = u32::MAX
)]
pub struct TooManyRows {
    /// How many there are.
    pub rows: usize,
}

/// That intervals can be made of so many ID and OOD rows together.
///
/// ```
/// use oodbench::metric::confidence::check_rows;
/// assert!(check_rows(4_294_967_295).is_ok());
/// assert!(check_rows(4_294_967_296).unwrap_err().to_string().starts_with("found 4294967296 ID and OOD rows, expected at most 4294967295"));
/// ```
///
/// # Errors
/// [`TooManyRows`] otherwise.
pub fn check_rows(rows: usize) -> Result<(), TooManyRows> {
    if u32::try_from(rows).is_ok() { Ok(()) } else { Err(TooManyRows { rows }) }
}

/// What a thread keeps from draw to draw.
struct Memory {
    counts: Vec<u8>,
    drawn: Ranking,
}

/// Intervals by procedure and metric.
#[derive(Clone, Debug)]
pub struct Intervals(Vec<((&'static str, &'static str), Interval)>);

impl Intervals {
    /// The interval of a metric of a procedure, if it was asked for.
    #[must_use]
    pub fn of(&self, procedure: &str, metric: &str) -> Option<Interval> {
        self.0.iter().find(|(key, _)| *key == (procedure, metric)).map(|(_, interval)| *interval)
    }
}

/// The intervals of every metric of some procedures, all from the same draws.
///
/// A value of a draw is exactly the procedure's on the scores drawn, a row drawn twice being two rows of equal scores. Time is linear in scores per
/// draw. What varies is which rows were tested; that other training runs would give other scores is not in it.
///
/// ```
/// use oodbench::metric::{Ranking, Sample, confidence::intervals, openood};
/// use oodbench::stats::bootstrap::Bootstrap;
/// let ranking = Ranking::new(&Sample::new(vec![0.9, 0.8, 0.7, 0.6])?, &Sample::new(vec![0.5, 0.4, 0.3])?);
/// let found = intervals(&ranking, &[&openood::PROCEDURE], &Bootstrap { resamples: 100, level: 0.95, seed: 0 });
/// // Apart in every draw.
/// let auroc = found.of("openood", "auroc").unwrap();
/// assert_eq!((auroc.low, auroc.high), (1.0, 1.0));
/// # Ok::<(), oodbench::metric::SampleError>(())
/// ```
///
/// Procedures that [read numbers](Procedure::reads_numbers), and those that need predictions that the ranking does not know, have none. Neither has a
/// metric whose [interval](super::Metric::interval) covers in no way, or that is undefined on the scores or on those of any draw.
///
/// Beside the ranking it takes 4 bytes per score, and fewer than 3 more for every thread.
///
/// # Panics
/// Where [`check_rows`] refuses the scores.
#[must_use]
pub fn intervals(ranking: &Ranking, procedures: &[&'static Procedure], bootstrap: &Bootstrap) -> Intervals {
    let can_be_drawn = |procedure: &Procedure| {
        !procedure.reads_numbers() && (ranking.knows_errors() || !procedure.needs_predictions())
    };
    let procedures: Vec<_> = procedures.iter().copied().filter(|procedure| can_be_drawn(procedure)).collect();
    let draws = draws(ranking, &procedures, bootstrap);
    let values = procedures.iter().flat_map(|procedure| {
        let values = procedure.values(ranking);
        procedure.metrics.iter().map(move |metric| ((procedure.id, metric.id), metric.interval, values[metric.id]))
    });
    let values: Vec<_> = values.collect();
    assert_eq!(values.len(), draws.len(), "every metric has an interval");
    let interval = |((key, method, value), draws): ((_, Option<Method>, f64), Vec<f64>)| {
        let is_defined = value.is_finite() && draws.iter().all(|draw| draw.is_finite());
        Some((key, bootstrap.interval(method.filter(|_| is_defined)?, value, &draws)))
    };
    Intervals(values.into_iter().zip(draws).filter_map(interval).collect())
}

/// The draws that [`intervals`] are made of: per metric, in the order of the procedures, sorted upwards.
///
/// # Panics
/// Where [`check_rows`] refuses the scores.
#[must_use]
pub fn draws(ranking: &Ranking, procedures: &[&Procedure], bootstrap: &Bootstrap) -> Vec<Vec<f64>> {
    // Places would begin anew at 0.
    assert_eq!(check_rows(ranking.steps().len()), Ok(()), "too many rows");
    let places = |is_ood: usize| -> Vec<u32> {
        let steps = ranking.steps().iter().zip(0..);
        steps.filter(|(step, _)| step.ood() == is_ood).map(|(_, place)| place).collect()
    };
    let (id, ood) = (places(0), places(1));
    let memory = || Memory { counts: vec![0; ranking.steps().len()], drawn: ranking.clone() };
    bootstrap.draws(memory, |draw: &mut Draw, memory| {
        memory.counts.fill(0);
        draw.count(&id, &mut memory.counts);
        draw.count(&ood, &mut memory.counts);
        ranking.resample(&memory.counts, &mut memory.drawn);
        let values = procedures.iter().map(|procedure| procedure.values(&memory.drawn));
        values.flat_map(|values| values.iter().map(|(_, value)| value).collect::<Vec<_>>()).collect()
    })
}
