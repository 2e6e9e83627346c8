//! The scores of a run against its best one, OOD set by OOD set.

use rayon::prelude::*;

use super::error::EvalError;
use super::plan::Plan;
use super::scored_sets::each_set;
use crate::progress::Progress;
use crate::rows::Role;
use crate::stats::best::{self, AgainstAll};
use crate::stats::delong::Components;
use crate::table::against_best::LEVEL;
use crate::table::{AgainstBest, Remark, Results, Verdict};

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
        let info = &plan.dump.info;
        each_set(plan, false, results, progress, |set, results| {
            let scores = &set.scores;
            let components: Vec<Components> = scores.par_iter().map(|one| Components::of(one.id, one.ood)).collect();
            lines.extend(compare(&components, |score| {
                let of_set = (set.group, set.name);
                AgainstBest::of(&info.name, info.in_distribution.as_deref(), of_set, scores[score].score)
            }));
            let id_rows = plan.dump.split(&Role::Test).map_or(0, |test| test.rows);
            if let Some(few) = few_rows(id_rows, set.split.rows) {
                results.warnings.push(Remark::of_run(&info.name, format!("{}: {few}", set.split.role)));
            }
        })?;
    }
    Ok(lines)
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
