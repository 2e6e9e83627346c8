//! Trying the candidates of every score.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::candidates::{candidates, searched};
use super::error::TuneError;
use super::outliers::{Outliers, StandIn};
use super::standard_error::standard_error;
use crate::dump::layout::RunFiles;
use crate::dump::{Dump, DumpError};
use crate::eval::plan::Plan;
use crate::eval::selection::Selection;
use crate::fit::Training;
use crate::metric::{PairCounts, Sample};
use crate::progress::Progress;
use crate::rows::{ArrayKind, Role, Split};
use crate::score::need::Splits;
use crate::score::{Chosen, Fitted, Settings};
use crate::table::Skipped;

/// What was tried on a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    /// The run.
    pub run: String,
    /// Its validation rows, as many as stand-ins of each kind.
    pub rows: usize,
    /// Every score with a parameter to search.
    pub scores: Vec<Tried>,
}

/// The trials of a score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// The score's id.
    pub score: &'static str,
    /// In the order they were made; the first has the parameters as they were.
    pub trials: Vec<Trial>,
}

/// One combination of parameters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trial {
    /// The parameters that were searched, e.g. `k=10`.
    pub parameters: String,
    /// AUROC between validation rows and mixtures, as a fraction; `None` if the score could not be computed.
    pub mixed: Option<f64>,
    /// AUROC between validation rows and shuffled ones; none if there are none for this score.
    pub shuffled: Option<f64>,
    /// The mean of those that are there, each counted as at least 1/2.
    pub criterion: Option<f64>,
    /// Why not.
    pub failure: Option<String>,
    /// Whether it was taken.
    pub chosen: bool,
}

/// The scores of a selection with the parameters that are best on the validation rows of a run, and what was tried.
///
/// Scores without a parameter to search are left as they are; where the selection is lenient, so are those that cannot be searched on this run.
///
/// # Errors
/// [`TuneError`].
pub fn tune(
    files: &RunFiles,
    selection: &Selection,
    progress: &dyn Progress,
) -> Result<(Selection, Search, Vec<Skipped>), TuneError> {
    let plan = Plan::of_fit(files, selection)?;
    let dump = &plan.dump;
    let split = dump.split(&Role::Val).ok_or_else(|| TuneError::NoValidation { place: dump.folder.join("id/val") })?;
    let outliers = Outliers::new(dump, split)?;
    let (training, mut checked) = (Training::new(dump), BTreeSet::new());
    let mut search = Search { run: dump.info.name.clone(), rows: split.rows, scores: Vec::new() };
    let (mut scores, mut skipped) = (Vec::new(), Vec::new());
    for chosen in &selection.scores {
        let planned = plan.scores.iter().any(|planned| planned.entry.id == chosen.entry.id);
        let arrays = read(chosen, dump);
        let lacking = outliers.lacking(StandIn::Mixed, &arrays);
        match lacking {
            _ if !planned || searched(chosen).next().is_none() => scores.push(chosen.again()),
            Some(reason) if selection.lenient => {
                skipped.push(Skipped { score: chosen.entry.id, why: reason });
                scores.push(chosen.again());
            }
            Some(reason) => {
                let place = split.place.clone();
                return Err(TuneError::NotSearched { place, score: chosen.entry.id, reason });
            }
            None => {
                let arrays = with_features(arrays, split);
                let unchecked: BTreeSet<ArrayKind> = arrays.difference(&checked).cloned().collect();
                split.check_finite(&unchecked, &|_| {}).map_err(DumpError::from)?;
                checked.extend(unchecked);
                let bench = Bench { dump, split, outliers: &outliers, arrays };
                let (best, tried) = bench.search(chosen, &training, progress);
                scores.push(best);
                search.scores.push(tried);
            }
        }
    }
    Ok((Selection { scores, fits: None, lenient: selection.lenient }, search, skipped))
}

/// The arrays that a score reads of the rows it scores.
fn read(chosen: &Chosen, dump: &Dump) -> BTreeSet<ArrayKind> {
    let reads = chosen.score.needs().iter().filter_map(|need| need.reads(dump));
    reads.filter(|(rows, _)| *rows == Splits::Scored).flat_map(|(_, arrays)| arrays).collect()
}

/// Features too where logits may have to be made from them.
fn with_features(mut arrays: BTreeSet<ArrayKind>, split: &Split) -> BTreeSet<ArrayKind> {
    if arrays.contains(&ArrayKind::Logits) && split.features.is_some() {
        arrays.insert(ArrayKind::Features);
    }
    arrays
}

/// What the candidates of a score are tried on.
struct Bench<'a> {
    dump: &'a Dump,
    split: &'a Split,
    outliers: &'a Outliers<'a>,
    arrays: BTreeSet<ArrayKind>,
}

impl Bench<'_> {
    fn search(&self, chosen: &Chosen, training: &Training<'_>, progress: &dyn Progress) -> (Chosen, Tried) {
        let candidates = candidates(chosen);
        progress.begin(&format!("searching {}", chosen.entry.id), candidates.len() * self.split.rows);
        let mut trials = Vec::with_capacity(candidates.len());
        for settings in &candidates {
            trials.push(self.trial(chosen, settings, training));
            progress.advance(self.split.rows);
        }
        progress.end();
        let taken = taken(&trials, self.split.rows);
        trials[taken].chosen = true;
        let best = Chosen::new(chosen.entry, candidates[taken].clone()).unwrap_or_else(|_| chosen.again());
        (best, Tried { score: chosen.entry.id, trials })
    }

    fn trial(&self, chosen: &Chosen, settings: &Settings, training: &Training<'_>) -> Trial {
        let parameters = text(chosen, settings);
        match self.aurocs(chosen, settings, training) {
            Ok((mixed, shuffled)) => {
                let mixed_counts = mixed.max(CHANCE);
                let criterion = Some(shuffled.map_or(mixed_counts, |other| (mixed_counts + other.max(CHANCE)) / 2.0));
                Trial { parameters, mixed: Some(mixed), shuffled, criterion, failure: None, chosen: false }
            }
            Err(reason) => {
                let failure = Some(reason);
                Trial { parameters, mixed: None, shuffled: None, criterion: None, failure, chosen: false }
            }
        }
    }

    /// AUROC of validation rows against mixtures and, where there are any, shuffled rows; or why there is none.
    fn aurocs(
        &self,
        chosen: &Chosen,
        settings: &Settings,
        training: &Training<'_>,
    ) -> Result<(f64, Option<f64>), String> {
        let score = (chosen.entry.build)(settings).map_err(|error| error.to_string())?;
        let scorer = score.fit(training).map_err(|error| error.to_string())?.scorer;
        let sample = |of: Option<StandIn>| self.sample(scorer.as_ref(), of);
        let id = sample(None)?;
        let auroc = |kind: StandIn| Ok::<f64, String>(PairCounts::of(&id, &sample(Some(kind))?).auroc());
        let shuffled = self.outliers.lacking(StandIn::Shuffled, &self.arrays).is_none();
        Ok((auroc(StandIn::Mixed)?, if shuffled { Some(auroc(StandIn::Shuffled)?) } else { None }))
    }

    /// The scores of validation rows, or of stand-ins of a kind.
    fn sample(&self, scorer: &dyn Fitted, of: Option<StandIn>) -> Result<Sample, String> {
        let scores = |range: std::ops::Range<usize>| {
            let mut out = vec![0.0; range.len()];
            let block = match of {
                Some(kind) => self.outliers.block(kind, range, &self.arrays),
                None => self.split.block(range, &self.arrays, self.dump.head.as_ref()),
            };
            scorer.score_block(&block, &mut out);
            out
        };
        let blocks: Vec<Vec<f64>> = self.split.block_ranges().into_par_iter().map(scores).collect();
        Sample::new(blocks.concat()).map_err(|error| error.to_string())
    }
}

/// The AUROC of a score that tells nothing. A score that takes stand-ins of a kind for more in-distribution than id/val has nothing to say of them,
/// and being less wrong there is no merit.
const CHANCE: f64 = 0.5;

/// Which trial is taken: the first, unless another is better than chance and better than it by more than a standard error.
fn taken(trials: &[Trial], rows: usize) -> usize {
    let criteria = trials.iter().enumerate().filter_map(|(number, trial)| Some((number, trial.criterion?)));
    // Of equal ones the first.
    let best = criteria.reduce(|best, other| if other.1 > best.1 { other } else { best });
    let enough = |criterion: f64| {
        let before = trials[0].criterion;
        criterion > CHANCE && before.is_none_or(|before| criterion - before > standard_error(before, rows, rows))
    };
    best.filter(|(_, criterion)| enough(*criterion)).map_or(0, |(number, _)| number)
}

/// The parameters that are searched, as they would be set.
fn text(chosen: &Chosen, settings: &Settings) -> String {
    let value = |name: &str| settings.all().find(|(own, _)| *own == name).map_or("", |(_, value)| value).to_owned();
    let all: Vec<String> = searched(chosen).map(|one| format!("{}={}", one.name, value(one.name))).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 100 rows 0.75 has a standard error of 0.0344.
    #[test]
    fn a_change_has_to_be_worth_it() {
        let of = |criteria: &[Option<f64>]| {
            let trial = |criterion: &Option<f64>| Trial {
                parameters: String::new(),
                mixed: *criterion,
                shuffled: None,
                criterion: *criterion,
                failure: None,
                chosen: false,
            };
            taken(&criteria.iter().map(trial).collect::<Vec<_>>(), 100)
        };
        assert_eq!(of(&[Some(0.75), Some(0.70), Some(0.784)]), 0);
        assert_eq!(of(&[Some(0.75), Some(0.786), Some(0.786)]), 1);
        assert_eq!(of(&[None, None, Some(0.6)]), 2);
        assert_eq!(of(&[Some(0.1), Some(0.49)]), 0);
        assert_eq!(of(&[None]), 0);
    }
}
