//! Scores, then every procedure, run by run and OOD set by OOD set.

use std::collections::BTreeSet;
use std::iter;

use rayon::prelude::*;

use super::cautions;
use super::error::EvalError;
use super::fits::{self, Fits};
use super::measures::Measures;
use super::pair::{self, Measured, Pair, missing, of_id_alone};
use super::plan::Plan;
use super::run_record;
use super::score_split::Scoring;
use super::sink::{ScoreSink, ScoredRows, SinkError};
use super::undecided;
use crate::metric::{Procedure, Ranking, Sample};
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::score::registry::cautions;
use crate::table::means::{Seeds, missing_sets};
use crate::table::record::FULL_SPECTRUM;
use crate::table::{Record, Remark, Results, RunSummary, Shifted, Skipped};

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
    let cautions = cautions(plan.scores.iter().map(|chosen| chosen.entry), &plan.dump);
    results.warnings.extend(cautions.into_iter().map(|caution| Remark::of_run(name, caution)));
    results.warnings.extend(cautions::of_same_rows(name, &plan.arrays));
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

/// In-distribution rows that OOD sets are compared with.
struct Spectrum<'a> {
    /// What all records have in common.
    common: Record,
    id: Scored<'a, Sample>,
    /// Scores whose values of these rows alone are known.
    of_id: BTreeSet<&'static str>,
    /// Why it is not known which of these rows are classified rightly, where it is not.
    unknown: String,
}

/// What all records of the full spectrum have in common: its rows are another in-distribution set.
fn full_spectrum_of(common: &Record) -> Record {
    let own = common.in_distribution.as_deref().unwrap_or("in-distribution");
    Record { in_distribution: Some(format!("{own}, {FULL_SPECTRUM}")), ..common.clone() }
}

fn share(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len() as f64
}

/// Scores of the rows of a split, each under its own id.
struct Scored<'a, T>(Vec<(&'a FittedScore, T)>);

/// The scores of rows, and of each row whether it is classified rightly, where that is known.
type Valued<'a> = (Scored<'a, Vec<f64>>, Option<Vec<bool>>);

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
        let (id, right) = self.values(test, sink, progress)?;
        let mut shifted = Vec::new();
        let full = self.full_spectrum((&id, right.as_deref()), sink, progress, &mut shifted)?;
        results.runs.push(RunSummary {
            info: dump.info.clone(),
            accuracy: right.as_deref().map(share),
            id_rows: test.rows,
            shifted,
            skipped: self.skipped.clone(),
            arrays: self.plan.arrays.clone(),
        });
        let mut unsorted = Some((id, full));
        let mut spectra: Vec<Spectrum> = Vec::new();
        for split in dump.ood() {
            let (ood, _) = self.values(split, sink, progress)?;
            let ood = match unsorted.take() {
                None => self.samples(split, ood, None)?,
                // Together with the first OOD set: two threads sort the two samples of a single score.
                Some((id, full)) => {
                    let known =
                        |right: Option<&'_ [bool]>| right.filter(|_| self.needs_predictions()).map(<[bool]>::to_vec);
                    let of_test = known(right.as_deref());
                    let (sorted, ood) =
                        rayon::join(|| self.samples(test, id, of_test.as_deref()), || self.samples(split, ood, None));
                    let id = sorted?;
                    self.warn_of_id(test, &id, results);
                    for score in self.scores.iter().filter(|score| id.of(score.entry.id).is_none()) {
                        let text = "left out: a score of id/test is NaN or infinite, the numbers are too large for it";
                        results.warnings.push(Remark::of_score(&dump.info.name, score.entry.id, text.to_owned()));
                    }
                    let (common, of_id) = (self.common(), BTreeSet::new());
                    spectra.push(Spectrum { common, id, of_id, unknown: self.why_no_predictions([test]) });
                    if let Some((values, right)) = full {
                        let right = known(right.as_deref());
                        let place = dump.csid().next().unwrap_or(test);
                        let id = self.samples(place, values, right.as_deref())?;
                        let (common, of_id) = (full_spectrum_of(&spectra[0].common), BTreeSet::new());
                        let unknown = self.why_no_predictions(iter::once(test).chain(dump.csid()));
                        spectra.push(Spectrum { common, id, of_id, unknown });
                    }
                    ood?
                }
            };
            for (number, spectrum) in spectra.iter_mut().enumerate() {
                let found = self.against(spectrum, split, &ood);
                for Measured { records, warnings } in found {
                    results.records.extend(records);
                    // What is to be said of id/test is said once.
                    results.warnings.extend(warnings.into_iter().filter(|_| number == 0));
                }
            }
        }
        for spectrum in &spectra {
            for score in self.scores.iter().filter(|score| !spectrum.of_id.contains(score.entry.id)) {
                let pair = of_id_alone(&self.of_pair(test, score.entry.id, &spectrum.common));
                let why = "the score has values on no OOD set";
                results.records.extend(missing(&pair, self.procedures(Procedure::is_of_id), why));
            }
        }
        Ok(())
    }

    /// Every score of in-distribution rows and one OOD set.
    fn against<'s>(&'s self, spectrum: &mut Spectrum<'s>, split: &Split, ood: &Scored<'_, Sample>) -> Vec<Measured> {
        let Spectrum { common, id, of_id, unknown } = spectrum;
        let measure = |score: &FittedScore| {
            let pair = self.of_pair(split, score.entry.id, common);
            match (id.of(score.entry.id), ood.of(score.entry.id)) {
                (Some(id), Some(ood)) => {
                    let is_new = !of_id.contains(score.entry.id);
                    let procedures: Vec<_> = self.procedures(|one| is_new || !one.is_of_id()).collect();
                    let samples = (id, ood);
                    let ranking = Ranking::new(id, ood);
                    let pair = Pair { record: &pair, ranking: &ranking, samples: Some(samples), unknown };
                    pair.measure(self.measures, &procedures, self.plan.dump.is_half_precision())
                }
                (own, _) => {
                    let shifted = || self.plan.dump.csid().find_map(|csid| self.why_lacking(csid, score.entry.id));
                    let why = own.is_none().then(shifted).flatten();
                    let why = why.unwrap_or_else(|| self.why_missing(split, score.entry.id));
                    let procedures = self.procedures(|one| !one.is_of_id());
                    Measured { records: missing(&pair, procedures, &why), warnings: Vec::new() }
                }
            }
        };
        let measured: Vec<Measured> = self.scores.par_iter().map(measure).collect();
        let both = |score: &&FittedScore| id.of(score.entry.id).is_some() && ood.of(score.entry.id).is_some();
        of_id.extend(self.scores.iter().filter(both).map(|score| score.entry.id));
        measured
    }

    /// The rows of id/test and of all sets in csid together, under the scores that all of these allow; none without such sets. What is known of the
    /// sets goes to `shifted`.
    fn full_spectrum<'s>(
        &'s self,
        (id, right): (&Scored<'s, Vec<f64>>, Option<&[bool]>),
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
        shifted: &mut Vec<Shifted>,
    ) -> Result<Option<Valued<'s>>, EvalError> {
        let dump = &self.plan.dump;
        if dump.csid().next().is_none() {
            return Ok(None);
        }
        let copy = |score: &'s FittedScore| Some((score, id.of(score.entry.id)?.clone()));
        let mut all = Scored(self.scores.iter().filter_map(copy).collect());
        let mut all_right = right.map(<[bool]>::to_vec);
        for split in dump.csid() {
            let (values, right) = self.values(split, sink, progress)?;
            all.0.retain(|(score, _)| values.of(score.entry.id).is_some());
            for (score, all) in &mut all.0 {
                all.extend(values.of(score.entry.id).into_iter().flatten());
            }
            let name = if let Role::Csid { name } = &split.role { name.clone() } else { split.role.to_string() };
            shifted.push(Shifted { name, rows: split.rows, accuracy: right.as_deref().map(share) });
            all_right = all_right.zip(right).map(|(mut all, right)| {
                all.extend(right);
                all
            });
        }
        Ok(Some((all, all_right)))
    }

    /// The procedures to measure by, of some kind.
    fn procedures(&self, is_wanted: impl Fn(&Procedure) -> bool) -> impl Iterator<Item = &'static Procedure> {
        self.measures.procedures.iter().copied().filter(move |procedure| is_wanted(procedure))
    }

    fn needs_predictions(&self) -> bool {
        self.procedures(Procedure::needs_predictions).next().is_some()
    }

    /// The scores that a split allows; all that are fitted for id/test.
    fn allowed(&self, split: &Split) -> Vec<&FittedScore> {
        let lacks = |score: &&FittedScore| {
            let chosen = self.plan.scores.iter().find(|chosen| chosen.entry.id == score.entry.id);
            chosen.is_some_and(|chosen| self.plan.lacking_in(chosen, split).is_some())
        };
        self.scores.iter().filter(|score| !lacks(score)).collect()
    }

    /// The values of every score that the split allows, and of each row whether it is classified rightly where labels allow to tell.
    fn values(
        &self,
        split: &Split,
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
    ) -> Result<Valued<'_>, EvalError> {
        let scores = self.allowed(split);
        let mut all: Vec<Vec<f64>> = vec![Vec::with_capacity(split.rows); scores.len()];
        let keep = |values: Vec<Vec<f64>>| all.iter_mut().zip(values).for_each(|(all, more)| all.extend(more));
        let right = self.pass(split, sink, progress, keep)?;
        Ok((Scored(scores.into_iter().zip(all).collect()), right))
    }

    /// Scores a split batch by batch: each goes to the sink, then what it holds of every allowed score to `keep`. Tells of each row
    /// whether it is classified rightly where labels allow it.
    fn pass(
        &self,
        split: &Split,
        sink: &mut Option<&mut dyn ScoreSink>,
        progress: &dyn Progress,
        mut keep: impl FnMut(Vec<Vec<f64>>),
    ) -> Result<Option<Vec<bool>>, EvalError> {
        let dump = &self.plan.dump;
        let arrays = self.plan.arrays_of(split);
        let scores = self.allowed(split);
        let scoring = Scoring {
            arrays: &arrays,
            head: dump.head.as_ref(),
            scores: &scores,
            predictions: self.plan.has_logits(split) && (sink.is_some() || split.labels.is_some()),
        };
        let mut right: Option<Vec<bool>> = None;
        scoring.run(split, progress, |batch| -> Result<(), SinkError> {
            assert_eq!(batch.scores.len(), scores.len(), "as many results as scores");
            let labels = split.labels.as_ref().map(|labels| labels.block(batch.rows.clone()));
            if let (Some(labels), Some(predicted)) = (&labels, &batch.predicted) {
                assert_eq!(labels.len(), predicted.len(), "as many predictions as labels");
                let hits = predicted.iter().zip(labels).map(|(p, l)| *p as i64 == *l);
                right.get_or_insert_with(|| Vec::with_capacity(split.rows)).extend(hits);
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
        Ok(right)
    }

    /// The samples of the scores, with what is known of their rows; those that are not finite are errors, or missing where not all scores are asked for by name.
    fn samples<'s>(
        &self,
        split: &Split,
        Scored(values): Scored<'s, Vec<f64>>,
        right: Option<&[bool]>,
    ) -> Result<Scored<'s, Sample>, EvalError> {
        let new = |values: Vec<f64>| match right {
            Some(right) => Sample::with_predictions(values, right),
            None => Sample::new(values),
        };
        let sample = |(score, values): (&'s FittedScore, Vec<f64>)| match new(values) {
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
        run_record::of_run(self.plan)
    }

    /// What a split lacks of what a score reads.
    fn why_lacking(&self, split: &Split, score: &str) -> Option<String> {
        let chosen = self.plan.scores.iter().find(|chosen| chosen.entry.id == score)?;
        self.plan.lacking_in(chosen, split).map(|file| format!("it needs {file}"))
    }

    /// The record of a score on an OOD set, without metric and value.
    fn of_pair(&self, split: &Split, score: &'static str, common: &Record) -> Record {
        let chosen = self.plan.scores.iter().find(|chosen| chosen.entry.id == score);
        pair::record(common, &split.role, score, chosen.map(|chosen| &chosen.settings))
    }

    /// Why a score has no values on a set.
    fn why_missing(&self, split: &Split, score: &str) -> String {
        let missing = self.plan.missing.iter().find(|missing| missing.score == score && missing.role == split.role);
        missing.map_or_else(
            || "found a NaN or infinite score: the numbers are too large for this score".to_owned(),
            |missing| missing.why.clone(),
        )
    }

    /// Why it is not known which rows of some splits are classified rightly, if it is not: the first thing that one of them lacks.
    fn why_no_predictions<'a>(&self, splits: impl IntoIterator<Item = &'a Split>) -> String {
        let lacking = splits.into_iter().find_map(|split| self.plan.lacking_of_predictions(split));
        lacking.map_or_else(|| "it needs the predictions of id/test".to_owned(), |file| format!("it needs {file}"))
    }
}
