//! The scores of a run against its best one, OOD set by OOD set.

use rayon::prelude::*;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::score_rows;
use crate::progress::Progress;
use crate::rows::Role;
use crate::stats::delong::Components;
use crate::stats::holm;
use crate::table::{AgainstBest, Results, RunSummary};

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
        results.runs.push(RunSummary { info, accuracy: None, id_rows: test.rows, skipped });
        let id = score_rows(plan, &scores, test, progress);
        for split in plan.dump.ood() {
            let Role::Ood { group, name } = &split.role else { continue };
            let ood = score_rows(plan, &scores, split, progress);
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
