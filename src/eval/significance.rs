//! The scores of a run against its best one, OOD set by OOD set.

use rayon::prelude::*;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::score_rows;
use crate::progress::Progress;
use crate::rows::Role;
use crate::score::FittedScore;
use crate::stats::delong::Components;
use crate::stats::holm;
use crate::table::{AgainstBest, Remark, Results, RunSummary};

/// Compares the AUROC of every planned score with that of the best one on the same rows, by DeLong's test, p-values by Holm over the others.
///
/// Warnings, notes and what was left out go to `results`.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted.
pub fn against_best(
    plans: &[Plan<'_>],
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<AgainstBest>, EvalError> {
    let mut lines = Vec::new();
    for plan in plans {
        let (scores, skipped) = fit(plan, results)?;
        let Some(test) = plan.dump.split(&Role::Test) else { continue };
        let info = plan.dump.info.clone();
        let arrays = plan.arrays.clone();
        results.runs.push(RunSummary { info, accuracy: None, id_rows: test.rows, skipped, arrays });
        let all: Vec<&FittedScore> = scores.iter().collect();
        let id = score_rows(plan, &all, test, progress);
        for split in plan.dump.ood() {
            let Role::Ood { group, name } = &split.role else { continue };
            // A score that the set does not allow has no part in the comparison on it.
            let missing = |score: &str| plan.missing.iter().find(|one| one.score == score && one.role == split.role);
            for score in &all {
                results.notes.extend(missing(score.entry.id).map(|missing| {
                    let text = format!("left out on {}: {}", split.role, missing.why);
                    Remark::of_score(&plan.dump.info.name, score.entry.id, text)
                }));
            }
            let (scores, id): (Vec<&FittedScore>, Vec<&Vec<f64>>) =
                all.iter().copied().zip(&id).filter(|(score, _)| missing(score.entry.id).is_none()).unzip();
            let ood = score_rows(plan, &scores, split, progress);
            assert_eq!(id.len(), ood.len(), "the same scores of both sets");
            let components: Vec<Components> =
                id.par_iter().zip(&ood).map(|(id, ood)| Components::of(id, ood)).collect();
            let found = compare(&components, |score| AgainstBest {
                run: plan.dump.info.name.clone(),
                in_distribution: plan.dump.info.in_distribution.clone(),
                ood: name.clone(),
                group: group.clone(),
                score: scores[score].entry.id,
                ..AgainstBest::default()
            });
            lines.extend(found);
        }
    }
    Ok(lines)
}

/// One line per score, the best first among equals.
fn compare(components: &[Components], line: impl Fn(usize) -> AgainstBest) -> Vec<AgainstBest> {
    let better = |best: usize, i: usize| if components[i].auroc() > components[best].auroc() { i } else { best };
    let Some(best) = (0..components.len()).reduce(better) else { return Vec::new() };
    let tests: Vec<_> = components.iter().map(|own| own.difference(&components[best])).collect();
    let others: Vec<f64> = (0..tests.len()).filter(|&i| i != best).map(|i| tests[i].p).collect();
    let mut adjusted = holm::adjust(&others).into_iter();
    let fill = |(i, test): (usize, &crate::stats::delong::Difference)| {
        let own = &components[i];
        let line = AgainstBest {
            auroc: own.auroc(),
            standard_error: own.covariance(own).sqrt(),
            best: line(best).score,
            ..line(i)
        };
        if i == best {
            return line;
        }
        AgainstBest {
            difference: Some(test.difference),
            z: Some(test.z),
            p: Some(test.p),
            p_holm: adjusted.next(),
            ..line
        }
    };
    tests.iter().enumerate().map(fill).collect()
}
