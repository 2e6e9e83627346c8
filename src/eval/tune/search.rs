//! Trying the candidates of every score.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::candidates::{candidates, searched};
use super::error::TuneError;
use super::mixtures::Mixtures;
use crate::dump::layout::RunFiles;
use crate::dump::{ArrayKind, Dump, Role, Split};
use crate::eval::plan::Plan;
use crate::eval::progress::Progress;
use crate::eval::selection::{Chosen, Selection};
use crate::fit::Training;
use crate::metric::{PairCounts, Sample};
use crate::score::need::Rows;
use crate::score::{Fitted, Settings};
use crate::table::Skipped;

/// What was tried on a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    /// The run.
    pub run: String,
    /// Its validation rows, as many as mixtures.
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
    /// AUROC between validation rows and mixtures, as a fraction; none if the score was not to be had.
    pub auroc: Option<f64>,
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
    let mixtures = Mixtures::new(dump, split)?;
    let (training, mut checked) = (Training::new(dump), BTreeSet::new());
    let mut search = Search { run: dump.info.name.clone(), rows: split.rows, scores: Vec::new() };
    let (mut scores, mut skipped) = (Vec::new(), Vec::new());
    for chosen in &selection.scores {
        let planned = plan.scores.iter().any(|planned| planned.entry.id == chosen.entry.id);
        let arrays = read(chosen);
        let lacking = mixtures.lacking(dump, &arrays);
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
                split.check_finite(&unchecked)?;
                checked.extend(unchecked);
                let bench = Bench { dump, split, mixtures: &mixtures, arrays };
                let (best, tried) = bench.search(chosen, &training, progress);
                scores.push(best);
                search.scores.push(tried);
            }
        }
    }
    Ok((Selection { scores, fits: None, lenient: selection.lenient }, search, skipped))
}

/// The arrays that a score reads of the rows it scores.
fn read(chosen: &Chosen) -> BTreeSet<ArrayKind> {
    let reads = chosen.score.needs().iter().filter_map(|need| need.reads());
    reads.filter(|(rows, _)| *rows == Rows::Scored).map(|(_, kind)| kind).collect()
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
    mixtures: &'a Mixtures<'a>,
    arrays: BTreeSet<ArrayKind>,
}

impl Bench<'_> {
    fn search(&self, chosen: &Chosen, training: &Training<'_>, progress: &dyn Progress) -> (Chosen, Tried) {
        let candidates = candidates(chosen);
        progress.begin(&format!("searching {}", chosen.entry.id), candidates.len() * self.split.rows);
        let mut trials = Vec::with_capacity(candidates.len());
        let mut best: Option<(f64, usize, Chosen)> = None;
        for (number, settings) in candidates.into_iter().enumerate() {
            let parameters = text(chosen, &settings);
            let outcome = Chosen::new(chosen.entry, settings)
                .map_err(|error| error.to_string())
                .and_then(|candidate| Ok((self.auroc(&candidate, training)?, candidate)));
            progress.advance(self.split.rows);
            let (auroc, failure) = match outcome {
                Ok((auroc, candidate)) => {
                    if best.as_ref().is_none_or(|(highest, ..)| auroc > *highest) {
                        best = Some((auroc, number, candidate));
                    }
                    (Some(auroc), None)
                }
                Err(reason) => (None, Some(reason)),
            };
            trials.push(Trial { parameters, auroc, failure, chosen: false });
        }
        progress.end();
        let best = best.map_or_else(
            || chosen.again(),
            |(_, number, candidate)| {
                trials[number].chosen = true;
                candidate
            },
        );
        (best, Tried { score: chosen.entry.id, trials })
    }

    /// AUROC between validation rows and mixtures, or why there is none.
    fn auroc(&self, candidate: &Chosen, training: &Training<'_>) -> Result<f64, String> {
        let scorer = candidate.score.fit(training).map_err(|error| error.to_string())?.scorer;
        let id = self.scores(scorer.as_ref(), false)?;
        let mixed = self.scores(scorer.as_ref(), true)?;
        Ok(PairCounts::of(&id, &mixed).auroc())
    }

    fn scores(&self, scorer: &dyn Fitted, mixed: bool) -> Result<Sample, String> {
        let of = |range: std::ops::Range<usize>| {
            let mut out = vec![0.0; range.len()];
            let block = if mixed {
                self.mixtures.block(range, &self.arrays)
            } else {
                self.split.block(range, &self.arrays, self.dump.head.as_ref())
            };
            scorer.score_block(&block, &mut out);
            out
        };
        let blocks: Vec<Vec<f64>> = self.split.block_ranges().into_par_iter().map(of).collect();
        Sample::new(blocks.concat()).map_err(|error| error.to_string())
    }
}

/// The parameters that are searched, as they would be set.
fn text(chosen: &Chosen, settings: &Settings) -> String {
    let value = |name: &str| settings.all().find(|(own, _)| *own == name).map_or("", |(_, value)| value).to_owned();
    let all: Vec<String> = searched(chosen).map(|one| format!("{}={}", one.name, value(one.name))).collect();
    all.join(" ")
}
