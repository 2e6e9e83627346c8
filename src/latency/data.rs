//! The rows of one number of classes, the scores fitted on them, and everything that is timed on them.

use super::subject::{Reference, Subject, Work};
use super::synthetic::{self, Shape, SyntheticError};
use crate::dump::Dump;
use crate::fit::{FitError, Training};
use crate::progress::Progress;
use crate::rows::{Head, HeadKind, Role, RunRows};
use crate::score::need::Splits;
use crate::score::{Chosen, FittedScore, Need, ScoreEntry};

/// Dumps and the scores that are to be fitted on them.
pub struct Data {
    /// The dump with a linear head first; one with prototypes where a score needs them.
    dumps: Vec<Dump>,
    /// An IsoMax+ head of the same shape as the linear one, to compare with.
    prototype_head: Head,
    scores: Vec<Chosen>,
}

/// A fitted score and the rows it is timed on.
pub type FittedOn<'d> = (FittedScore, &'d RunRows);

/// A score that could not be fitted, and why.
pub type Unfitted = (&'static str, String);

impl Data {
    /// Makes the rows that the scores need.
    ///
    /// # Errors
    /// [`SyntheticError`].
    pub fn new(shape: Shape, entries: &[&'static ScoreEntry]) -> Result<Self, SyntheticError> {
        let scores: Vec<Chosen> = entries.iter().map(|entry| Chosen::with_defaults(entry)).collect();
        let needs = |is_it: &dyn Fn(&Need) -> bool| scores.iter().flat_map(|chosen| chosen.score.needs()).any(is_it);
        // More numbers than the features are.
        let has_grams = needs(&|need| matches!(need, Need::Gram(_) | Need::Grams));
        let mut dumps = vec![synthetic::dump(shape, HeadKind::Linear, has_grams)?];
        if needs(&|need| *need == Need::Prototypes) {
            dumps.push(synthetic::dump(shape, HeadKind::Prototypes, false)?);
        }
        let prototype_head = synthetic::head(&synthetic::means(shape), HeadKind::Prototypes);
        Ok(Self { dumps, prototype_head, scores })
    }

    /// Fits every score on the first dump that has what it needs; `progress` hears of each.
    pub fn fit(&self, progress: &dyn Progress) -> (Vec<FittedOn<'_>>, Vec<Unfitted>) {
        let trainings: Vec<Training> = self.dumps.iter().map(|dump| Training::new(dump)).collect();
        let (mut fitted, mut unfitted) = (Vec::new(), Vec::new());
        for chosen in &self.scores {
            let Chosen { entry, score, .. } = chosen;
            let needs = score.needs();
            let lacking = |dump: &RunRows| needs.iter().find_map(|need| need.lacking(dump));
            let Some(training) = trainings.iter().find(|training| lacking(training.rows()).is_none()) else {
                let file = lacking(&self.dumps[0]).unwrap_or_default();
                unfitted.push((entry.id, format!("the synthetic dump has no {file}")));
                progress.advance(1);
                continue;
            };
            let dump = training.rows();
            match chosen.fit(training) {
                Ok(score) => fitted.push((score, dump)),
                Err(error) => unfitted.push((entry.id, reason(&error, dump))),
            }
            progress.advance(1);
        }
        (fitted, unfitted)
    }

    /// The parts of the classifier, then the scores.
    #[must_use]
    pub fn subjects<'a>(&'a self, fitted: &'a [FittedOn<'a>]) -> Vec<Subject<'a>> {
        let mut subjects = Vec::new();
        let linear = &self.dumps[0];
        if let (Some(test), Some(head)) = (linear.split(&Role::Test), &linear.head) {
            for reference in [Reference::ReadBlock, Reference::ArgMax, Reference::LinearHead] {
                subjects.push(Subject::reference(reference, test, head));
            }
            subjects.push(Subject::reference(Reference::PrototypeHead, test, &self.prototype_head));
        }
        subjects.extend(fitted.iter().filter_map(|(score, dump)| {
            Some(Subject {
                id: score.entry.id,
                title: score.entry.title,
                split: dump.split(&Role::Test)?,
                arrays: Splits::Scored.arrays(&score.needs, dump),
                head: dump.head.as_ref(),
                work: Work::Score(score.scorer.as_ref()),
            })
        }));
        subjects
    }
}

/// Why a score could not be fitted, without the temporary folder that tells nobody anything.
fn reason(error: &FitError, dump: &RunRows) -> String {
    match error {
        FitError::NotApplicable { reason, .. } => reason.clone(),
        error => error.to_string().replace(&format!("{}/", dump.place.display()), ""),
    }
}
