//! The scores of a training over its seeds and the rows tested: errors of both, intervals, which scores may be the best.

use ndarray::Array2;
use rayon::prelude::*;

use super::error::EvalError;
use super::measured::{Found, Measured, measure};
use super::plan::Plan;
use crate::progress::Progress;
use crate::table::against_best::LEVEL;
use crate::table::by_seeds::{BySeeds, Levels, SeedValues, compare_at};
use crate::table::means::Seeds;
use crate::table::{Record, Remark, Results};

/// Compares the scores of every training on every OOD set, over its seeds and over the rows that all seeds were tested on. The covariance over rows is
/// DeLong's for the AUROC that counts ties half, and that of draws of rows for other metrics. Seeds with other numbers of rows or other labels of id/test were
/// tested on other rows: these count the seeds alone, with a warning.
///
/// Warnings, notes and what was left out go to `results`.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted, or its scores are not finite, and it was asked for by name.
///
/// # Panics
/// For a metric that [cannot be measured in draws](Measured::check).
pub fn by_seeds(
    plans: &[Plan<'_>],
    what: &Measured,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<BySeeds>, EvalError> {
    by_seeds_at(plans, what, Levels { test: LEVEL, interval: 1.0 - LEVEL }, results, progress)
}

/// The same as [`by_seeds`] at other levels.
///
/// # Errors
/// As [`by_seeds`].
///
/// # Panics
/// As [`by_seeds`].
pub fn by_seeds_at(
    plans: &[Plan<'_>],
    what: &Measured,
    levels: Levels,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<BySeeds>, EvalError> {
    let found = measure(plans, what, true, results, progress)?;
    let records: Vec<Record> = found.iter().map(|one| one.run.clone()).collect();
    let seeds = Seeds::of(&records);
    results.warnings.extend(seeds.remarks.iter().cloned().map(Remark::of_all));
    let mut sets: Vec<(String, Vec<&Found>)> = Vec::new();
    for one in &found {
        let runs = seeds.of_family(&one.run);
        if runs.is_some_and(|runs| !runs.contains(&one.run.run)) {
            continue;
        }
        let training = runs.and_then(|_| one.run.family()).unwrap_or_else(|| one.run.run.clone());
        let is_own = |(name, members): &(String, Vec<&Found>)| {
            let same = |first: &&Found| {
                (&first.run.in_distribution, &first.ood, &first.group)
                    == (&one.run.in_distribution, &one.ood, &one.group)
            };
            *name == training && members.first().is_some_and(same)
        };
        match sets.iter().position(is_own) {
            Some(place) => sets[place].1.push(one),
            None => sets.push((training, vec![one])),
        }
    }
    let mut lines = Vec::new();
    for (training, members) in sets {
        lines.extend(on_set(&training, &members, (what, levels), results));
    }
    Ok(lines)
}

/// The lines of a training on one set.
fn on_set(
    training: &str,
    members: &[&Found],
    (what, levels): (&Measured, Levels),
    results: &mut Results,
) -> Vec<BySeeds> {
    let Some(first) = members.first() else { return Vec::new() };
    let mut runs: Vec<&str> = Vec::new();
    let mut scores: Vec<&'static str> = Vec::new();
    for one in members {
        if !runs.contains(&one.run.run.as_str()) {
            runs.push(&one.run.run);
        }
        if !scores.contains(&one.score) {
            scores.push(one.score);
        }
    }
    let unlike = unlike(members, first);
    if let Some(unlike) = unlike {
        let text = format!(
            "{training}: its seeds have different {unlike} on {}, expected the same rows for all: the seeds alone are counted",
            first.ood
        );
        results.warnings.push(Remark::of_all(text));
    }
    let of_score = |score: &'static str| {
        let of_run = |run: &&str| members.iter().copied().find(|one| one.score == score && one.run.run == *run);
        runs.iter().map(of_run).collect::<Option<Vec<&Found>>>()
    };
    let mut complete: Vec<Vec<&Found>> = Vec::new();
    for score in scores {
        match of_score(score) {
            Some(own) if own.iter().all(|one| is_defined(one)) => complete.push(own),
            _ => results.notes.push(Remark::of_all(format!(
                "{training}: {score}: left out on {}, it has no value on some seed",
                first.ood
            ))),
        }
    }
    let all: Vec<&Found> = complete.iter().flatten().copied().collect();
    // Of each pair once.
    let from_diagonal = |i: usize| all[i..].iter().map(|other| all[i].spread.covariance(&other.spread)).collect();
    let rows: Vec<Vec<f64>> = (0..all.len()).into_par_iter().map(from_diagonal).collect();
    let covariance = Array2::from_shape_fn((all.len(), all.len()), |(i, j)| rows[i.min(j)][i.abs_diff(j)]);
    let values: Vec<SeedValues> = complete
        .iter()
        .map(|own| SeedValues { score: own[0].score.to_owned(), values: own.iter().map(|one| one.value).collect() })
        .collect();
    let set = (first.ood.as_str(), first.group.as_deref());
    let of = BySeeds::of(training, first.run.in_distribution.as_deref(), set, (what.procedure.id, what.metric.id));
    let covariance = (unlike.is_none() && covariance.iter().all(|value| value.is_finite())).then_some(&covariance);
    compare_at(&of, &values, covariance, what.metric.better, levels)
}

/// What tells that seeds were not tested on the same rows: how many there are, or the labels of the ID rows of those that have labels.
fn unlike(members: &[&Found], first: &Found) -> Option<&'static str> {
    let mut labels = members.iter().filter_map(|one| one.labels);
    let label = labels.next();
    match members.iter().all(|one| one.rows == first.rows) {
        false => Some("numbers of rows"),
        true => labels.any(|other| Some(other) != label).then_some("labels of id/test"),
    }
}

/// Whether a value is defined on the rows and in all draws of them.
fn is_defined(one: &Found) -> bool {
    one.value.is_finite() && one.spread.draws().iter().all(|draw| draw.is_finite())
}
