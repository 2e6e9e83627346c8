//! The scores of a run against its best one, OOD set by OOD set.

use rayon::prelude::*;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::score_rows;
use crate::metric::sample::finite;
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::FittedScore;
use crate::stats::best::{self, AgainstAll};
use crate::stats::delong::Components;
use crate::table::against_best::LEVEL;
use crate::table::{AgainstBest, Remark, Results, RunSummary, Verdict};

/// Compares the AUROC of every planned score with that of the best one on the same rows: DeLong's test of the pair, and whether the score may be one of
/// the best, [`crate::stats::best`].
///
/// Warnings, notes and what was left out go to `results`.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted, or its scores are not finite, and it was asked for by name.
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
        results.runs.push(RunSummary {
            info,
            accuracy: None,
            id_rows: test.rows,
            shifted: Vec::new(),
            skipped,
            arrays,
        });
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
            let mut ranked = Vec::with_capacity(scores.len());
            for (score, (id, ood)) in scores.into_iter().zip(id.into_iter().zip(&ood)) {
                if can_be_ranked(plan, test, score, id, results)? && can_be_ranked(plan, split, score, ood, results)? {
                    ranked.push(Ranked { score, id, ood });
                }
            }
            let components: Vec<Components> = ranked.par_iter().map(|one| Components::of(one.id, one.ood)).collect();
            let info = &plan.dump.info;
            let set = (group.as_deref(), name.as_str());
            lines.extend(compare(&components, |score| {
                AgainstBest::of(&info.name, info.in_distribution.as_deref(), set, ranked[score].score.entry.id)
            }));
            if let Some(few) = few_rows(test.rows, split.rows) {
                results.warnings.push(Remark::of_run(&info.name, format!("{}: {few}", split.role)));
            }
        }
    }
    Ok(lines)
}

/// A score with its values on both sides.
struct Ranked<'a> {
    score: &'a FittedScore,
    id: &'a [f64],
    ood: &'a [f64],
}

/// Whether the scores of a split are finite; if not, a note says so where not all scores are asked for by name.
///
/// # Errors
/// [`EvalError::Sample`] for a score that was asked for by name.
fn can_be_ranked(
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

/// One line per score, the first of equals being the best.
fn compare(components: &[Components], line: impl Fn(usize) -> AgainstBest) -> Vec<AgainstBest> {
    let better = |best: usize, i: usize| if components[i].auroc() > components[best].auroc() { i } else { best };
    let Some(best) = (0..components.len()).reduce(better) else { return Vec::new() };
    let tests = match components {
        [_] => Err("found 1 score, expected at least 2 to compare".to_owned()),
        _ => match components.iter().find_map(Components::too_few) {
            Some(why) => Err(format!("{why}: DeLong's variance is over rows")),
            None => best::aurocs(components).map_err(|error| error.to_string()),
        },
    };
    let id = |score: usize| line(score).score;
    let fill = |i: usize| {
        let own = &components[i];
        let variance = own.covariance(own);
        let line = AgainstBest {
            auroc: own.auroc(),
            standard_error: (!variance.is_nan()).then(|| variance.sqrt()),
            best: id(best),
            difference: (i != best).then(|| own.auroc() - components[best].auroc()),
            ..line(i)
        };
        let tests = match &tests {
            Err(why) => return AgainstBest { untested: Some(why.clone()), ..line },
            Ok(_) if i == best => return AgainstBest { verdict: Verdict::Best, ..line },
            Ok(tests) => tests,
        };
        let pair = own.difference(&components[best]);
        let (z, p) = if pair.z.is_finite() { (Some(pair.z), Some(pair.p)) } else { (None, None) };
        let line = AgainstBest { z, p, ..line };
        match tests[i] {
            Some(AgainstAll { other, t, p }) => AgainstBest {
                below: (t > 0.0).then(|| id(other)),
                p_adjusted: Some(p),
                verdict: if p < LEVEL { Verdict::Worse } else { Verdict::MayBeBest },
                ..line
            },
            // The order of the rows is the best one's.
            None if pair.difference == 0.0 => {
                AgainstBest { p_adjusted: Some(1.0), verdict: Verdict::MayBeBest, ..line }
            }
            None => AgainstBest { untested: Some(NO_VARIANCE.to_owned()), ..line },
        }
    };
    (0..components.len()).map(fill).collect()
}

/// Fewer rows than this make the normal approximation doubtful.
const FEW_ROWS: usize = 20;

fn few_rows(id: usize, ood: usize) -> Option<String> {
    (2..FEW_ROWS).contains(&id.min(ood)).then(|| {
        format!(
            "{id} ID and {ood} OOD rows: p-values are of a normal approximation, which needs some {FEW_ROWS} of each"
        )
    })
}

/// A score may differ from all others by the same amount on every row, such as one that is constant from one that is always right.
const NO_VARIANCE: &str =
    "its differences from the other scores are the same on all rows: nothing says how far they vary";

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(scores: &[(&[f64], &[f64])]) -> Vec<AgainstBest> {
        let components: Vec<Components> = scores.iter().map(|(id, ood)| Components::of(id, ood)).collect();
        compare(&components, |i| AgainstBest::of("run", None, (None, "ood"), ["a", "b", "c"][i]))
    }

    #[test]
    fn without_two_rows_on_either_side_there_is_no_test_and_no_mark() {
        for own in [(&[1.0][..], &[0.0, 2.0][..]), (&[1.0, 3.0], &[2.0]), (&[1.0], &[0.0])] {
            for line in lines(&[own, own]) {
                assert_eq!((line.p, line.p_adjusted, line.z, line.standard_error), (None, None, None, None));
                assert_eq!(line.verdict, Verdict::Untested);
                assert!(line.untested.unwrap().contains("found 1 "), "{own:?}");
            }
        }
    }

    #[test]
    fn a_difference_that_never_varies_is_not_tested() {
        let (apart, constant) = ((&[3.0, 4.0, 5.0][..], &[0.0, 1.0][..]), (&[1.0, 1.0, 1.0][..], &[1.0, 1.0][..]));
        let found = lines(&[apart, constant]);
        assert_eq!([found[0].verdict, found[1].verdict], [Verdict::Best, Verdict::Untested]);
        assert_eq!((found[1].difference, found[1].p, found[1].p_adjusted), (Some(-0.5), None, None));
    }

    #[test]
    fn equal_scores_may_both_be_best() {
        let own = (&[3.0, 1.0, 2.0][..], &[0.5, 1.5][..]);
        let found = lines(&[own, own]);
        assert_eq!([found[0].verdict, found[1].verdict], [Verdict::Best, Verdict::MayBeBest]);
        assert_eq!((found[1].difference, found[1].p_adjusted, found[1].below), (Some(0.0), Some(1.0), None));
    }
}
