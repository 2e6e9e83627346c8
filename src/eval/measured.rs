//! One metric of every score of every run and OOD set, with what tells how far it varies with the rows: DeLong's components or draws of rows that all
//! scores, seeds and sets have in common.

use rayon::prelude::*;

use super::error::EvalError;
use super::plan::Plan;
use super::run_record::of_run;
use super::scored_sets::{ScoredSet, each_set};
use crate::metric::row_ranking::RowRanking;
use crate::metric::{Metric, Procedure, openood};
use crate::numeric::checksum::{Checksum, Hasher};
use crate::progress::Progress;
use crate::rows::{ArrayKind, Role};
use crate::stats::delong::Components;
use crate::stats::row_draws::{self, RowDraws};
use crate::table::{Record, Remark, Results};

/// What is measured, and how its spread is found.
#[derive(Clone, Copy)]
pub struct Measured {
    /// The procedure.
    pub procedure: &'static Procedure,
    /// The metric of it.
    pub metric: &'static Metric,
    /// How rows are drawn.
    pub draws: RowDraws,
}

/// A metric that cannot be measured in draws.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasuredError {
    /// It reads scores as numbers.
    #[error(
        "found {0}, which reads scores as numbers and not by their order, expected another metric: its draws would say nothing of other rows"
    )]
    ReadsNumbers(String),
    /// Its draws do not cover.
    #[error(
        "found {0}, which hangs on a few extreme rows, expected another metric: intervals from draws do not cover for it"
    )]
    HasNoInterval(String),
}

impl Measured {
    /// Whether the metric can be measured in draws.
    ///
    /// # Errors
    /// [`MeasuredError`] for one that [reads numbers](Procedure::reads_numbers) or has no [interval](Metric::interval).
    pub fn check(&self) -> Result<(), MeasuredError> {
        let name = format!("{}.{}", self.procedure.id, self.metric.id);
        match (self.procedure.reads_numbers(), self.metric.interval) {
            (true, _) => Err(MeasuredError::ReadsNumbers(name)),
            (false, None) => Err(MeasuredError::HasNoInterval(name)),
            (false, Some(_)) => Ok(()),
        }
    }

    /// Whether DeLong's covariance is that of the metric: the AUROC that counts ties half.
    pub(super) fn is_delongs(&self) -> bool {
        (self.procedure.id, self.metric.id) == (openood::PROCEDURE.id, "auroc")
    }

    /// Whether rows are drawn, where `delong` says that DeLong's components are wanted if they apply.
    #[must_use]
    pub fn is_drawn(&self, delong: bool) -> bool {
        !(delong && self.is_delongs())
    }

    /// Bytes of what is kept of all planned scores on every OOD set until they are compared: a number for each draw, or a component for each row of both sides.
    #[must_use]
    pub fn bytes(&self, plans: &[Plan<'_>], delong: bool) -> usize {
        let of_set = |id: usize, ood: usize| if self.is_drawn(delong) { self.draws.draws } else { id + ood };
        let of_plan = |plan: &Plan<'_>| {
            let id = plan.dump.split(&Role::Test).map_or(0, |test| test.rows);
            plan.scores.len() * plan.dump.ood().map(|set| of_set(id, set.rows)).sum::<usize>()
        };
        plans.iter().map(of_plan).sum::<usize>() * size_of::<f64>()
    }
}

/// How a value varies with the rows.
#[derive(Clone, Debug)]
pub(super) enum Spread {
    /// An AUROC.
    DeLong(Components),
    /// The value in each draw.
    Draws(Vec<f64>),
}

impl Spread {
    /// The covariance with another value of the same rows.
    pub(super) fn covariance(&self, other: &Self) -> f64 {
        match (self, other) {
            (Self::DeLong(own), Self::DeLong(other)) => own.covariance(other),
            (Self::Draws(own), Self::Draws(other)) => row_draws::covariance(own, other),
            _ => f64::NAN,
        }
    }

    /// The standard error of the difference of the two.
    pub(super) fn error_of_difference(&self, other: &Self) -> f64 {
        match (self, other) {
            // From the differences of the components: variances and a covariance would cancel.
            (Self::DeLong(own), Self::DeLong(other)) => own.difference(other).standard_error,
            (Self::Draws(own), Self::Draws(other)) => row_draws::error_of_difference(own, other),
            _ => f64::NAN,
        }
    }

    /// The draws, if it has any.
    pub(super) fn draws(&self) -> &[f64] {
        match self {
            Self::DeLong(_) => &[],
            Self::Draws(draws) => draws,
        }
    }
}

/// The value of one score of one run on one set.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The run.
    pub(super) run: Record,
    /// The OOD set.
    pub(super) ood: String,
    /// Its group.
    pub(super) group: Option<String>,
    /// ID and OOD rows.
    pub(super) rows: (usize, usize),
    /// The checksum of the labels of the ID rows, if there are any: other labels are those of other rows.
    pub(super) labels: Option<Checksum>,
    /// The score's id.
    pub(super) score: &'static str,
    /// The value, as a fraction.
    pub(super) value: f64,
    /// How it varies.
    pub(super) spread: Spread,
}

/// Fewer rows than this on either side make draws of them too much alike.
const FEW_ROWS: usize = 50;

/// ID rows are drawn the same for every set.
const ID: u64 = 0;

/// The key of the rows of a set, the same in every run.
fn key(group: Option<&str>, name: &str) -> u64 {
    let mut hasher = Hasher::new();
    hasher.bytes(group.unwrap_or_default().as_bytes());
    hasher.bytes(b"/");
    hasher.bytes(name.as_bytes());
    hasher.finish().seed().max(ID + 1)
}

/// Measures every planned run; `delong` says whether DeLong's components are wanted where they apply.
///
/// # Errors
/// As [`each_set`].
pub(super) fn measure(
    plans: &[Plan<'_>],
    what: &Measured,
    delong: bool,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<Found>, EvalError> {
    let mut found = Vec::new();
    for plan in plans {
        let run = of_run(plan);
        let test = plan.dump.split(&Role::Test);
        let id_rows = test.map_or(0, |test| test.rows);
        let labels = test.and_then(|test| test.checksum(&ArrayKind::Labels));
        each_set(plan, what.procedure.needs_predictions(), results, progress, |set, results| {
            if what.procedure.needs_predictions() && set.right.is_none() {
                let text = format!(
                    "{}: left out, {} needs to know which rows are classified rightly",
                    set.split.role, what.procedure.id
                );
                results.warnings.push(Remark::of_run(&run.run, text));
                return;
            }
            let by_draws = what.is_drawn(delong);
            if by_draws && id_rows.min(set.split.rows) < FEW_ROWS {
                let text = format!(
                    "{}: {id_rows} ID and {} OOD rows: intervals and p-values from draws of so few rows are too sure; {FEW_ROWS} of each and more are needed",
                    set.split.role, set.split.rows
                );
                results.warnings.push(Remark::of_run(&run.run, text));
            }
            let values = match by_draws {
                false => of_components(set),
                true => of_draws(set, what, (id_rows, set.split.rows), progress),
            };
            found.extend(set.scores.iter().zip(values).map(|(ranked, (value, spread))| Found {
                run: run.clone(),
                ood: set.name.to_owned(),
                group: set.group.map(str::to_owned),
                rows: (id_rows, set.split.rows),
                labels,
                score: ranked.score,
                value,
                spread,
            }));
        })?;
    }
    Ok(found)
}

fn of_components(set: &ScoredSet<'_>) -> Vec<(f64, Spread)> {
    let components = |id: &[f64], ood: &[f64]| {
        let components = Components::of(id, ood);
        (components.auroc(), Spread::DeLong(components))
    };
    set.scores.par_iter().map(|one| components(one.id, one.ood)).collect()
}

/// Draws that are measured between two steps of the progress.
const DRAWS_PER_STEP: usize = 50;

fn of_draws(
    set: &ScoredSet<'_>,
    what: &Measured,
    (id_rows, ood_rows): (usize, usize),
    progress: &dyn Progress,
) -> Vec<(f64, Spread)> {
    // `each_set` hands on finite scores only.
    let rankings: Vec<RowRanking> =
        set.scores.par_iter().filter_map(|one| RowRanking::new(one.id, one.ood, set.right).ok()).collect();
    assert_eq!(rankings.len(), set.scores.len(), "finite scores");
    let Some(first) = rankings.first() else { return Vec::new() };
    let (Measured { procedure, metric, draws }, ood_key) = (*what, key(set.group, set.name));
    progress.begin(&format!("draws of {}", set.split.role), draws.draws);
    let mut all: Vec<Vec<f64>> = Vec::with_capacity(draws.draws);
    let memory = || (vec![0; id_rows + ood_rows], first.memory());
    for start in (0..draws.draws).step_by(DRAWS_PER_STEP) {
        let numbers = start..draws.draws.min(start + DRAWS_PER_STEP);
        let steps = numbers.len();
        let drawn = numbers.into_par_iter().map_init(memory, |(counts, memory), draw| {
            counts.fill(0);
            let (id, ood) = counts.split_at_mut(id_rows);
            draws.count(draw, ID, id);
            draws.count(draw, ood_key, ood);
            let value = |ranking: &RowRanking| match what.is_delongs() {
                true => ranking.auroc_drawn(counts),
                false => ranking.drawn(counts, procedure, metric, memory),
            };
            rankings.iter().map(value).collect::<Vec<f64>>()
        });
        all.par_extend(drawn);
        progress.advance(steps);
    }
    progress.end();
    let of_score = |score: usize| all.iter().map(|draw| draw[score]).collect();
    let value =
        |(score, ranking): (usize, &RowRanking)| (ranking.value(procedure, metric), Spread::Draws(of_score(score)));
    rankings.iter().enumerate().map(value).collect()
}
