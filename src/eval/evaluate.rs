//! Scores, then every procedure, run by run and OOD set by OOD set.

use std::io::Write;

use rayon::prelude::*;

use super::error::EvalError;
use super::fits::{self, Fits};
use super::plan::Plan;
use super::score_split::Scoring;
use super::undecided;
use crate::dump::Dump;
use crate::metric::{PROCEDURES, PairCounts, Procedure, Ranking, Sample, confidence};
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::stats::bootstrap::Bootstrap;
use crate::table::frame::FrameError;
use crate::table::scores_file::{ScoredRows, ScoresFile};
use crate::table::{PairFacts, Record, Results, RunSummary, Skipped};

/// What is computed from scores.
#[derive(Clone)]
pub struct Figures {
    /// The procedures.
    pub procedures: Vec<&'static Procedure>,
    /// How every figure gets an interval, if it gets one.
    pub bootstrap: Option<Bootstrap>,
}

impl Default for Figures {
    /// Every procedure, no intervals.
    fn default() -> Self {
        Self { procedures: PROCEDURES.iter().collect(), bootstrap: None }
    }
}

/// Fewer ID rows than this make TNR@TPR95 meaningless.
const FEW_ROWS: usize = 20;

/// Share of tied pairs from which on the tie rule of a procedure visibly decides its figures.
const MANY_TIES: f64 = 0.01;

/// Evaluates every planned run. Per-sample scores go to `file` as they come, one column per id in `columns`.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate<W: Write>(
    plans: &[Plan<'_>],
    columns: &[&'static str],
    mut file: Option<&mut ScoresFile<W>>,
    figures: &Figures,
    progress: &dyn Progress,
) -> Result<Results, EvalError> {
    let mut results = Results::default();
    for plan in plans {
        let (scores, skipped) = fit(plan, &mut results)?;
        let run = Run { plan, scores, skipped, columns, figures };
        run.evaluate(&mut file, progress, &mut results)?;
        let open = undecided::warnings(plan, run.scores, &results.records, progress);
        results.warnings.extend(open);
    }
    Ok(results)
}

/// The fitted scores of a run; what they have to say goes to the results.
pub(super) fn fit(plan: &Plan<'_>, results: &mut Results) -> Result<(Vec<FittedScore>, Vec<Skipped>), EvalError> {
    let name = &plan.dump.info.name;
    results.warnings.extend(plan.dump.warnings.iter().cloned());
    for chosen in &plan.scores {
        results.warnings.extend((chosen.entry.caution)(&plan.dump).map(|caution| format!("{name}: {caution}")));
    }
    results.notes.extend(plan.notes.iter().map(|note| format!("{name}: {note}")));
    let Fits { scores, skipped, warnings } = fits::fit(plan)?;
    results.warnings.extend(warnings.into_iter().map(|warning| format!("{name}: {warning}")));
    for score in &scores {
        results.notes.extend(score.notes.iter().map(|note| format!("{name}: {}: {note}", score.entry.id)));
    }
    Ok((scores, skipped))
}

/// One run being evaluated.
struct Run<'a> {
    plan: &'a Plan<'a>,
    scores: Vec<FittedScore>,
    skipped: Vec<Skipped>,
    columns: &'a [&'static str],
    figures: &'a Figures,
}

impl Run<'_> {
    fn evaluate<W: Write>(
        &self,
        file: &mut Option<&mut ScoresFile<W>>,
        progress: &dyn Progress,
        results: &mut Results,
    ) -> Result<(), EvalError> {
        let dump = &self.plan.dump;
        let Some(test) = dump.split(&Role::Test) else { return Ok(()) };
        let (id, accuracy) = self.values(test, file, progress)?;
        results.runs.push(RunSummary {
            info: dump.info.clone(),
            accuracy,
            id_rows: test.rows,
            skipped: self.skipped.clone(),
        });
        let mut unsorted = Some(id);
        let mut id = Vec::new();
        for split in dump.ood() {
            let (ood, _) = self.values(split, file, progress)?;
            let ood = match unsorted.take() {
                None => self.samples(split, ood)?,
                // Together with the first OOD set: two threads sort the two samples of a single score.
                Some(values) => {
                    let (sorted, ood) = rayon::join(|| self.samples(test, values), || self.samples(split, ood));
                    id = sorted?;
                    self.warn_of_id(test, &id, results);
                    ood?
                }
            };
            let pairs = self.scores.par_iter().zip(id.par_iter().zip(&ood));
            let measured: Vec<Measured> =
                pairs.map(|(score, (id, ood))| self.measure(split, score.entry.id, &Ranking::new(id, ood))).collect();
            for found in measured {
                results.records.extend(found.records);
                results.pairs.push(found.pair);
                results.warnings.extend(found.warnings);
            }
        }
        Ok(())
    }

    /// The values of every score, and the accuracy where labels allow it.
    fn values<W: Write>(
        &self,
        split: &Split,
        file: &mut Option<&mut ScoresFile<W>>,
        progress: &dyn Progress,
    ) -> Result<(Vec<Vec<f64>>, Option<f64>), EvalError> {
        let dump = &self.plan.dump;
        let arrays = self.plan.arrays(&Splits::Scored);
        let scoring = Scoring {
            arrays: &arrays,
            head: dump.head.as_ref(),
            scores: &self.scores,
            predictions: self.plan.has_logits() && (file.is_some() || split.labels.is_some()),
        };
        let mut all: Vec<Vec<f64>> = vec![Vec::with_capacity(split.rows); self.scores.len()];
        let mut right = None;
        scoring.run(split, progress, |batch| -> Result<(), FrameError> {
            let labels = split.labels.as_ref().map(|labels| labels.block(batch.rows.clone()));
            if let (Some(labels), Some(predicted)) = (&labels, &batch.predicted) {
                let hits = predicted.iter().zip(labels).filter(|(p, l)| **p as i64 == **l).count();
                *right.get_or_insert(0) += hits;
            }
            if let Some(file) = file {
                let of_column = |id: &&str| {
                    self.scores.iter().position(|score| score.entry.id == *id).map(|i| &batch.scores[i][..])
                };
                file.write(&ScoredRows {
                    run: &dump.info.name,
                    in_distribution: dump.info.in_distribution.as_deref(),
                    role: &split.role,
                    first_row: batch.rows.start,
                    rows: batch.rows.len(),
                    labels: labels.as_deref(),
                    predicted: batch.predicted.as_deref(),
                    scores: &self.columns.iter().map(of_column).collect::<Vec<_>>(),
                })?;
            }
            all.iter_mut().zip(batch.scores).for_each(|(all, scores)| all.extend(scores));
            Ok(())
        })?;
        Ok((all, right.map(|right: usize| right as f64 / split.rows as f64)))
    }

    fn samples(&self, split: &Split, values: Vec<Vec<f64>>) -> Result<Vec<Sample>, EvalError> {
        let sample = |(values, score): (Vec<f64>, &FittedScore)| {
            Sample::new(values).map_err(|error| EvalError::Sample {
                place: split.place.display().to_string(),
                score: score.entry.id,
                error,
            })
        };
        values.into_par_iter().zip(&self.scores).map(sample).collect()
    }

    fn warn_of_id(&self, test: &Split, id: &[Sample], results: &mut Results) {
        let name = &self.plan.dump.info.name;
        if test.rows < FEW_ROWS {
            results.warnings.push(format!(
                "{name}: id/test has {} rows: TNR@TPR95 needs at least {FEW_ROWS} to mean 95 % (it is 0 by construction below 10)",
                test.rows
            ));
        }
        for (score, sample) in self.scores.iter().zip(id).filter(|(_, sample)| sample.is_constant() && sample.len() > 1)
        {
            let value = sample.ascending()[0];
            results
                .warnings
                .push(format!("{name}: {} is {value} on every row of id/test: it tells nothing apart", score.entry.id));
        }
    }

    fn measure(&self, split: &Split, score: &'static str, ranking: &Ranking) -> Measured {
        let dump = &self.plan.dump;
        let run = &dump.info.name;
        let (group, name) = match &split.role {
            Role::Ood { group, name } => (group.clone(), name.clone()),
            role => (None, role.to_string()),
        };
        let Figures { procedures, bootstrap } = self.figures;
        let intervals = bootstrap.as_ref().map(|bootstrap| confidence::intervals(ranking, procedures, bootstrap));
        let mut intervals = intervals.into_iter().flatten();
        let mut records = Vec::new();
        let found: Vec<Vec<f64>> = procedures.par_iter().map(|procedure| (procedure.figures)(ranking)).collect();
        for (procedure, values) in procedures.iter().zip(found) {
            for (metric, value) in procedure.metrics.iter().zip(values) {
                let interval = intervals.next();
                records.push(Record {
                    run: run.clone(),
                    in_distribution: dump.info.in_distribution.clone(),
                    ood: name.clone(),
                    group: group.clone(),
                    score,
                    procedure: procedure.id,
                    metric: metric.id,
                    // Lee's AUROC of constant scores is −0.0.
                    value: value + 0.0,
                    low: interval.map(|interval| interval.low),
                    high: interval.map(|interval| interval.high),
                });
            }
        }
        let mut warnings = Vec::new();
        let counts = PairCounts::in_ranking(ranking);
        if counts.auroc() < 0.5 {
            warnings.push(format!(
                "{run}: {score} on {name}: AUROC {:.2} % is below 50 %: either the score fails here or its orientation is inverted \
                 (higher must mean in-distribution)",
                counts.auroc() * 100.0
            ));
        }
        if counts.tied_share() > MANY_TIES {
            warnings.push(format!(
                "{run}: {score} on {name}: {:.1} % of the pairs are tied, so the tie rule decides{}",
                counts.tied_share() * 100.0,
                if half_precision(dump) { "; the dump is 16-bit, dump f32" } else { "" }
            ));
        }
        let pair = PairFacts { run: run.clone(), ood: name, score, tied_share: counts.tied_share() };
        Measured { records, pair, warnings }
    }
}

/// What was found of one score on one OOD set.
struct Measured {
    records: Vec<Record>,
    pair: PairFacts,
    warnings: Vec<String>,
}

fn half_precision(dump: &Dump) -> bool {
    dump.splits.iter().filter_map(|split| split.logits.as_ref()).any(|logits| logits.is_half_precision())
}
