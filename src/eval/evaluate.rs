//! Scores, then every procedure, run by run and OOD set by OOD set.

use rayon::prelude::*;

use super::cautions;
use super::error::EvalError;
use super::fits::{self, Fits};
use super::plan::Plan;
use super::score_split::Scoring;
use super::sink::{ScoreSink, ScoredRows, SinkError};
use super::undecided;
use crate::metric::{PROCEDURES, PairCounts, Procedure, Ranking, Sample, confidence};
use crate::numeric::checksum::Hasher;
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::stats::bootstrap::Bootstrap;
use crate::table::means::{Seeds, missing_sets};
use crate::table::{ArrayRead, Record, Remark, Results, RunSummary, Skipped};

/// What is computed from scores.
#[derive(Clone)]
pub struct Measures {
    /// The procedures.
    pub procedures: Vec<&'static Procedure>,
    /// How every value gets an interval, if it gets one.
    pub bootstrap: Option<Bootstrap>,
}

impl Default for Measures {
    /// Every procedure, no intervals.
    fn default() -> Self {
        Self { procedures: PROCEDURES.iter().collect(), bootstrap: None }
    }
}

/// Evaluates every planned run. The scores of every row go to `sink` as they come, one column per id in `columns`, those of id/val where
/// [`Plan::with_val`] was asked for.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate(
    plans: &[Plan<'_>],
    columns: &[&'static str],
    mut sink: Option<&mut dyn ScoreSink>,
    measures: &Measures,
    progress: &dyn Progress,
) -> Result<Results, EvalError> {
    let mut results = Results::default();
    for plan in plans {
        let (scores, skipped) = fit(plan, &mut results)?;
        let run = Run { plan, scores, skipped, columns, measures };
        run.evaluate(&mut sink, progress, &mut results)?;
        results.warnings.extend(undecided::warnings(plan, run.scores, progress));
    }
    let missing = missing_sets(&results.records);
    results.records.extend(missing);
    let remarks = Seeds::of(&results.records).remarks;
    results.warnings.extend(remarks.into_iter().map(Remark::of_all));
    Ok(results)
}

/// The fitted scores of a run; what they have to say goes to the results.
pub(super) fn fit(plan: &Plan<'_>, results: &mut Results) -> Result<(Vec<FittedScore>, Vec<Skipped>), EvalError> {
    let name = &plan.dump.info.name;
    results.warnings.extend(plan.dump.warnings.iter().cloned().map(Remark::of_all));
    for chosen in &plan.scores {
        let caution = (chosen.entry.caution)(&plan.dump);
        results.warnings.extend(caution.map(|caution| Remark::of_run(name, caution)));
    }
    results.notes.extend(plan.notes.iter().map(|note| Remark::of_run(name, note.clone())));
    let Fits { scores, skipped, warnings } = fits::fit(plan)?;
    results.warnings.extend(warnings.into_iter().map(|warning| Remark::of_run(name, warning)));
    for score in &scores {
        results.notes.extend(score.notes.iter().map(|note| Remark::of_score(name, score.entry.id, note.clone())));
    }
    Ok((scores, skipped))
}

/// One run being evaluated.
struct Run<'a> {
    plan: &'a Plan<'a>,
    scores: Vec<FittedScore>,
    skipped: Vec<Skipped>,
    columns: &'a [&'static str],
    measures: &'a Measures,
}

/// Scores of the rows of a split, each under its own id.
struct Scored<'a, T>(Vec<(&'a FittedScore, T)>);

impl<T> Scored<'_, T> {
    fn of(&self, id: &str) -> Option<&T> {
        self.0.iter().find(|(score, _)| score.entry.id == id).map(|(_, found)| found)
    }
}

impl Run<'_> {
    fn evaluate(
        &self,
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
        results: &mut Results,
    ) -> Result<(), EvalError> {
        let dump = &self.plan.dump;
        let Some(test) = dump.split(&Role::Test) else { return Ok(()) };
        if let (Some(val), true) = (dump.split(&Role::Val), self.plan.scores_val) {
            self.pass(val, sink, progress, |_| ())?;
        }
        let (id, accuracy) = self.values(test, sink, progress)?;
        results.runs.push(RunSummary {
            info: dump.info.clone(),
            accuracy,
            id_rows: test.rows,
            skipped: self.skipped.clone(),
            arrays: self.plan.arrays.clone(),
        });
        let mut unsorted = Some(id);
        let mut id = Scored(Vec::new());
        let common = self.common();
        for split in dump.ood() {
            let (ood, _) = self.values(split, sink, progress)?;
            let ood = match unsorted.take() {
                None => self.samples(split, ood)?,
                // Together with the first OOD set: two threads sort the two samples of a single score.
                Some(values) => {
                    let (sorted, ood) = rayon::join(|| self.samples(test, values), || self.samples(split, ood));
                    id = sorted?;
                    self.warn_of_id(test, &id, results);
                    for score in self.scores.iter().filter(|score| id.of(score.entry.id).is_none()) {
                        let text = "left out: a score of id/test is NaN or infinite, the numbers are too large for it";
                        results.warnings.push(Remark::of_score(&dump.info.name, score.entry.id, text.to_owned()));
                    }
                    ood?
                }
            };
            let measure = |score: &FittedScore| match (id.of(score.entry.id), ood.of(score.entry.id)) {
                (Some(id), Some(ood)) => self.measure(split, score.entry.id, &common, &Ranking::new(id, ood)),
                _ => self.missing(split, score.entry.id, &common),
            };
            let measured: Vec<Measured> = self.scores.par_iter().map(measure).collect();
            for found in measured {
                results.records.extend(found.records);
                results.warnings.extend(found.warnings);
            }
        }
        Ok(())
    }

    /// The scores that a split allows; all that are fitted for id/test.
    fn allowed(&self, split: &Split) -> Vec<&FittedScore> {
        let lacks = |score: &&FittedScore| {
            let chosen = self.plan.scores.iter().find(|chosen| chosen.entry.id == score.entry.id);
            chosen.is_some_and(|chosen| self.plan.lacking_in(chosen, split).is_some())
        };
        self.scores.iter().filter(|score| !lacks(score)).collect()
    }

    /// The values of every score that the split allows, and the accuracy where labels allow it.
    fn values(
        &self,
        split: &Split,
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
    ) -> Result<(Scored<'_, Vec<f64>>, Option<f64>), EvalError> {
        let scores = self.allowed(split);
        let mut all: Vec<Vec<f64>> = vec![Vec::with_capacity(split.rows); scores.len()];
        let keep = |values: Vec<Vec<f64>>| all.iter_mut().zip(values).for_each(|(all, more)| all.extend(more));
        let accuracy = self.pass(split, sink, progress, keep)?;
        Ok((Scored(scores.into_iter().zip(all).collect()), accuracy))
    }

    /// Scores a split batch by batch: each goes to the sink, then what it holds of every allowed score to `keep`. Tells the accuracy where labels allow it.
    fn pass(
        &self,
        split: &Split,
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
        mut keep: impl FnMut(Vec<Vec<f64>>),
    ) -> Result<Option<f64>, EvalError> {
        let dump = &self.plan.dump;
        let arrays = self.plan.arrays(&Splits::Scored);
        let scores = self.allowed(split);
        let scoring = Scoring {
            arrays: &arrays,
            head: dump.head.as_ref(),
            scores: &scores,
            predictions: self.plan.has_logits(split) && (sink.is_some() || split.labels.is_some()),
        };
        let mut right = None;
        scoring.run(split, progress, |batch| -> Result<(), SinkError> {
            assert_eq!(batch.scores.len(), scores.len(), "as many results as scores");
            let labels = split.labels.as_ref().map(|labels| labels.block(batch.rows.clone()));
            if let (Some(labels), Some(predicted)) = (&labels, &batch.predicted) {
                assert_eq!(labels.len(), predicted.len(), "as many predictions as labels");
                let hits = predicted.iter().zip(labels).filter(|(p, l)| **p as i64 == **l).count();
                *right.get_or_insert(0) += hits;
            }
            if let Some(sink) = sink {
                let of_column =
                    |id: &&str| scores.iter().position(|score| score.entry.id == *id).map(|i| &batch.scores[i][..]);
                sink.write(&ScoredRows {
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
            keep(batch.scores);
            Ok(())
        })?;
        Ok(right.map(|right: usize| right as f64 / split.rows as f64))
    }

    /// The samples of the scores; those that are not finite are errors, or missing where not all scores are asked for by name.
    fn samples<'s>(
        &self,
        split: &Split,
        Scored(values): Scored<'s, Vec<f64>>,
    ) -> Result<Scored<'s, Sample>, EvalError> {
        let sample = |(score, values): (&'s FittedScore, Vec<f64>)| match Sample::new(values) {
            Ok(sample) => Ok(Some((score, sample))),
            Err(_) if self.plan.lenient => Ok(None),
            Err(error) => {
                Err(EvalError::Sample { place: split.place.display().to_string(), score: score.entry.id, error })
            }
        };
        let samples = values.into_par_iter().map(sample).collect::<Result<Vec<_>, EvalError>>()?;
        Ok(Scored(samples.into_iter().flatten().collect()))
    }

    fn warn_of_id(&self, test: &Split, Scored(id): &Scored<'_, Sample>, results: &mut Results) {
        let name = &self.plan.dump.info.name;
        results.warnings.extend(cautions::of_rows(name, test.rows));
        results.warnings.extend(id.iter().filter_map(|(score, id)| cautions::of_id(name, score.entry.id, id)));
    }

    /// What all records of the run have in common.
    fn common(&self) -> Record {
        let info = &self.plan.dump.info;
        let mut data = Hasher::new();
        let test: Vec<&ArrayRead> =
            self.plan.arrays.iter().filter(|array| array.split == Role::Test.to_string()).collect();
        for array in &test {
            data.bytes(array.array.as_bytes());
            data.checksum(array.checksum);
        }
        Record {
            run: info.name.clone(),
            in_distribution: info.in_distribution.clone(),
            model: info.model.clone(),
            loss: info.loss.as_ref().map(ToString::to_string),
            seed: info.seed,
            data: (!test.is_empty()).then(|| data.finish().to_string()),
            ..Record::default()
        }
    }

    /// The record of a score on an OOD set, without metric and value.
    fn of_pair(&self, split: &Split, score: &'static str, common: &Record) -> Record {
        let (group, ood) = match &split.role {
            Role::Ood { group, name } => (group.clone(), name.clone()),
            role => (None, role.to_string()),
        };
        let chosen = self.plan.scores.iter().find(|chosen| chosen.entry.id == score);
        let parameters = chosen.map(|chosen| {
            let all = chosen.settings.all().map(|(name, value)| format!("{name}={value}"));
            all.collect::<Vec<_>>().join(" ")
        });
        Record {
            ood,
            group,
            score: score.to_owned(),
            parameters: parameters.filter(|parameters| !parameters.is_empty()),
            ..common.clone()
        }
    }

    /// The records of a score that the set does not allow.
    fn missing(&self, split: &Split, score: &'static str, common: &Record) -> Measured {
        let missing = self.plan.missing.iter().find(|missing| missing.score == score && missing.role == split.role);
        let why = missing.map_or_else(
            || "found a NaN or infinite score: the numbers are too large for this score".to_owned(),
            |missing| missing.why.clone(),
        );
        let pair = self.of_pair(split, score, common);
        let metrics = self.measures.procedures.iter().flat_map(|procedure| {
            procedure.metrics.iter().map(|metric| Record {
                procedure: procedure.id.to_owned(),
                metric: metric.id.to_owned(),
                missing: Some(why.clone()),
                ..pair.clone()
            })
        });
        Measured { records: metrics.collect(), warnings: Vec::new() }
    }

    fn measure(&self, split: &Split, score: &'static str, common: &Record, ranking: &Ranking) -> Measured {
        let dump = &self.plan.dump;
        let counts = PairCounts::in_ranking(ranking);
        let pair = Record { tied_share: Some(counts.tied_share()), ..self.of_pair(split, score, common) };
        let Measures { procedures, bootstrap } = self.measures;
        let intervals = bootstrap.as_ref().map(|bootstrap| confidence::intervals(ranking, procedures, bootstrap));
        let mut records = Vec::new();
        let measure = |procedure: &&'static Procedure| (*procedure, procedure.values(ranking));
        let found: Vec<_> = procedures.par_iter().map(measure).collect();
        for (procedure, values) in found {
            for (metric, value) in values.iter() {
                let interval = intervals.as_ref().and_then(|intervals| intervals.of(procedure.id, metric));
                records.push(Record {
                    procedure: procedure.id.to_owned(),
                    metric: metric.to_owned(),
                    // Lee's AUROC of constant scores is −0.0.
                    value: Some(value + 0.0),
                    low: interval.map(|interval| interval.low),
                    high: interval.map(|interval| interval.high),
                    level: interval.and(bootstrap.as_ref()).map(|bootstrap| bootstrap.level),
                    ..pair.clone()
                });
            }
        }
        let warnings = cautions::of_pair(dump, score, &pair.ood, &counts);
        Measured { records, warnings }
    }
}

/// What was found of one score on one OOD set.
struct Measured {
    records: Vec<Record>,
    warnings: Vec<Remark>,
}
