//! The scores of every row of a run, OOD set by OOD set, for tests on the same rows.

use std::convert::Infallible;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::{Scoring, score_rows};
use crate::metric::sample::finite;
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::table::{Remark, Results, RunSummary};

/// A score with its values on both sides.
pub(super) struct Ranked<'a> {
    pub(super) score: &'static str,
    pub(super) id: &'a [f64],
    pub(super) ood: &'a [f64],
}

/// One OOD set with the scores that it allows.
pub(super) struct ScoredSet<'a> {
    /// The split.
    pub(super) split: &'a Split,
    /// Its group.
    pub(super) group: Option<&'a str>,
    /// Its name.
    pub(super) name: &'a str,
    /// Of each ID row whether it is classified rightly, where that was asked for and is known.
    pub(super) right: Option<&'a [bool]>,
    /// The scores; those that are not finite are left out with a note, or an error where they were asked for by name.
    pub(super) scores: Vec<Ranked<'a>>,
}

/// Scores id/test and every OOD set and hands the sets on. What was noticed goes to `results`.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted, or its values are not finite, and it was asked for by name.
pub(super) fn each_set(
    plan: &Plan<'_>,
    predictions: bool,
    results: &mut Results,
    progress: &dyn Progress,
    mut take: impl FnMut(&ScoredSet<'_>, &mut Results),
) -> Result<(), EvalError> {
    let (scores, skipped) = fit(plan, results)?;
    let Some(test) = plan.dump.split(&Role::Test) else { return Ok(()) };
    let info = plan.dump.info.clone();
    let arrays = plan.arrays.clone();
    results.runs.push(RunSummary { info, accuracy: None, id_rows: test.rows, shifted: Vec::new(), skipped, arrays });
    let all: Vec<&FittedScore> = scores.iter().collect();
    let id = score_rows(plan, &all, test, progress);
    let right = predictions.then(|| classified_rightly(plan, test, progress)).flatten();
    for split in plan.dump.ood() {
        let Role::Ood { group, name } = &split.role else { continue };
        // A score that the set does not allow has no part in the comparison on it.
        let (scores, id): (Vec<&FittedScore>, Vec<&Vec<f64>>) =
            all.iter().copied().zip(&id).filter(|(score, _)| allowed(plan, score, split, results)).unzip();
        let ood = score_rows(plan, &scores, split, progress);
        assert_eq!(id.len(), ood.len(), "the same scores of both sets");
        let mut ranked = Vec::with_capacity(scores.len());
        for (score, (id, ood)) in scores.into_iter().zip(id.into_iter().zip(&ood)) {
            if can_be_ranked(plan, test, score, id, results)? && can_be_ranked(plan, split, score, ood, results)? {
                ranked.push(Ranked { score: score.entry.id, id, ood });
            }
        }
        let set = ScoredSet { split, group: group.as_deref(), name, right: right.as_deref(), scores: ranked };
        take(&set, results);
    }
    Ok(())
}

/// Whether a split allows a score; a note says so where it does not.
pub(super) fn allowed(plan: &Plan<'_>, score: &FittedScore, split: &Split, results: &mut Results) -> bool {
    let id = score.entry.id;
    let Some(missing) = plan.missing.iter().find(|one| one.score == id && one.role == split.role) else { return true };
    let text = format!("left out on {}: {}", split.role, missing.why);
    results.notes.push(Remark::of_score(&plan.dump.info.name, id, text));
    false
}

/// Of each row of id/test whether it is classified rightly, where labels and logits allow to tell.
pub(super) fn classified_rightly(plan: &Plan<'_>, test: &Split, progress: &dyn Progress) -> Option<Vec<bool>> {
    if plan.lacking_of_predictions(test).is_some() {
        return None;
    }
    let labels = test.labels.as_ref()?;
    let arrays = plan.arrays_of(test);
    let scoring = Scoring { arrays: &arrays, head: plan.dump.head.as_ref(), scores: &[], predictions: true };
    let mut right = Vec::with_capacity(test.rows);
    let Ok(()) = scoring.run(test, progress, |batch| {
        let labels = labels.block(batch.rows.clone());
        let predicted = batch.predicted.into_iter().flatten();
        right.extend(predicted.zip(labels.iter()).map(|(predicted, label)| predicted as i64 == *label));
        Ok::<(), Infallible>(())
    });
    Some(right)
}

/// Whether the scores of a split are finite; if not, a note says so where not all scores are asked for by name.
///
/// # Errors
/// [`EvalError::Sample`] for a score that was asked for by name.
pub(super) fn can_be_ranked(
    plan: &Plan<'_>,
    split: &Split,
    score: &FittedScore,
    values: &[f64],
    results: &mut Results,
) -> Result<bool, EvalError> {
    let Err(error) = finite(values) else { return Ok(true) };
    let (place, id) = (split.place.display().to_string(), score.entry.id);
    if !plan.lenient {
        return Err(EvalError::Sample { place, score: id, error });
    }
    let text = format!("left out on {}: {error}", split.role);
    results.notes.push(Remark::of_score(&plan.dump.info.name, id, text));
    Ok(false)
}
