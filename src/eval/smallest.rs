//! The smallest difference from the best score that the rows of each set could show.

use super::error::EvalError;
use super::measured::{Found, Measured, measure};
use super::plan::Plan;
use crate::metric::Better;
use crate::progress::Progress;
use crate::stats::smallest_difference::{rows_needed, smallest};
use crate::table::Results;
use crate::table::against_best::LEVEL;
use crate::table::smallest::Smallest;

/// How probably a difference is to be found that is called the smallest.
pub const POWER: f64 = 0.8;

/// Of every score on every set the smallest difference from the best one that these rows could show; by DeLong's covariance for the AUROC that counts ties
/// half, by draws of rows for other metrics.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted, or its scores are not finite, and it was asked for by name.
///
/// # Panics
/// For a metric that [cannot be measured in draws](Measured::check).
pub fn smallest_differences(
    plans: &[Plan<'_>],
    what: &Measured,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<Smallest>, EvalError> {
    let found = measure(plans, what, true, results, progress)?;
    let same_set = |a: &Found, b: &Found| (&a.run.run, &a.ood, &a.group) == (&b.run.run, &b.ood, &b.group);
    let sets = found.chunk_by(same_set);
    Ok(sets.flat_map(|set| on_set(set, what)).collect())
}

fn on_set(set: &[Found], what: &Measured) -> Vec<Smallest> {
    let sign = if what.metric.better == Better::Higher { 1.0 } else { -1.0 };
    let better = |a: usize, b: usize| if sign * set[b].value > sign * set[a].value { b } else { a };
    let best = (0..set.len()).filter(|&i| set[i].value.is_finite()).reduce(better);
    let pairs = (set.len() * (set.len() - 1) / 2).max(1) as f64;
    let line = |(i, one): (usize, &Found)| {
        let other = best.filter(|&best| i != best && one.value.is_finite()).map(|best| &set[best]);
        let difference = other.map(|best| one.value - best.value);
        let error = other.map(|best| one.spread.error_of_difference(&best.spread));
        let error = error.filter(|error| error.is_finite() && *error > 0.0);
        let factor = |(difference, error): (f64, f64)| rows_needed(difference, error, LEVEL, POWER);
        Smallest {
            run: one.run.run.clone(),
            in_distribution: one.run.in_distribution.clone(),
            ood: one.ood.clone(),
            group: one.group.clone(),
            procedure: what.procedure.id,
            metric: what.metric.id,
            score: one.score,
            id_rows: one.rows.0,
            ood_rows: one.rows.1,
            value: one.value,
            best: best.map(|best| set[best].score),
            difference,
            standard_error: error,
            smallest: error.map(|error| smallest(error, LEVEL, POWER)),
            smallest_of_all_pairs: error.map(|error| smallest(error, LEVEL / pairs, POWER)),
            rows_needed: difference.zip(error).filter(|(difference, _)| *difference != 0.0).map(factor),
            alpha: LEVEL,
            power: POWER,
        }
    };
    set.iter().enumerate().map(line).collect()
}
