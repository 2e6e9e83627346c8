//! The control that has to fail: ID test rows against held-out ID rows, which no score may tell apart.

use rayon::prelude::*;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::score_rows;
use crate::metric::sample::finite;
use crate::progress::Progress;
use crate::rows::Role;
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::stats::delong::Components;
use crate::stats::{holm, normal};
use crate::table::against_best::LEVEL;
use crate::table::sanity::Sanity;
use crate::table::{Remark, Results, RunSummary};

/// The AUROC of id/test against id/val of every planned score: 50 % within its interval if both hold rows of one kind. What is told apart is warned of in
/// words; so is a run without id/val.
///
/// A score that was fitted on id/val may prefer its rows and is marked; it raises no warning.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted.
pub fn sanity(plans: &[Plan<'_>], results: &mut Results, progress: &dyn Progress) -> Result<Vec<Sanity>, EvalError> {
    let mut lines = Vec::new();
    for plan in plans {
        let info = &plan.dump.info;
        let (Some(test), Some(val)) = (plan.dump.split(&Role::Test), plan.dump.split(&Role::Val)) else {
            let text = "has no id/val: the control needs ID rows that are in neither id/train nor id/test".to_owned();
            results.warnings.push(Remark::of_run(&info.name, text));
            continue;
        };
        let (scores, skipped) = fit(plan, results)?;
        results.runs.push(RunSummary {
            info: info.clone(),
            accuracy: None,
            id_rows: test.rows,
            shifted: Vec::new(),
            skipped,
            arrays: plan.arrays.clone(),
        });
        let lacks = |score: &&FittedScore| {
            let chosen = plan.scores.iter().find(|chosen| chosen.entry.id == score.entry.id);
            chosen.is_some_and(|chosen| plan.lacking_in(chosen, val).is_some())
        };
        let scores: Vec<&FittedScore> = scores.iter().filter(|score| !lacks(score)).collect();
        let (of_test, of_val) = (score_rows(plan, &scores, test, progress), score_rows(plan, &scores, val, progress));
        let pairs: Vec<(&FittedScore, &Vec<f64>, &Vec<f64>)> = scores
            .iter()
            .zip(of_test.iter().zip(&of_val))
            .filter(|(_, (test, val))| finite(test).is_ok() && finite(val).is_ok())
            .map(|(score, (test, val))| (*score, test, val))
            .collect();
        let own: Vec<Sanity> = pairs.par_iter().map(|(score, test, val)| line(plan, score, test, val)).collect();
        lines.extend(judged(own, results));
    }
    Ok(lines)
}

fn line(plan: &Plan<'_>, score: &FittedScore, test: &[f64], val: &[f64]) -> Sanity {
    let components = Components::of(test, val);
    let error = components.covariance(&components).sqrt();
    let reads_val =
        |need: &crate::score::Need| matches!(need.reads(&plan.dump), Some((Splits::Val | Splits::Calibration, _)));
    let z = (components.auroc() - 0.5) / error;
    let half = -normal::quantile(LEVEL / 2.0) * error;
    Sanity {
        run: plan.dump.info.name.clone(),
        in_distribution: plan.dump.info.in_distribution.clone(),
        score: score.entry.id,
        test_rows: test.len(),
        held_out_rows: val.len(),
        auroc: components.auroc(),
        standard_error: error.is_finite().then_some(error),
        low: error.is_finite().then_some((components.auroc() - half).max(0.0)),
        high: error.is_finite().then_some((components.auroc() + half).min(1.0)),
        p: if components.auroc() == 0.5 {
            Some(1.0)
        } else {
            z.is_finite().then(|| 2.0 * normal::share_below(-z.abs()))
        },
        p_adjusted: None,
        fitted_on_held_out: score.needs.iter().any(reads_val),
        told_apart: false,
    }
}

/// The lines of a run with what follows from all of them, and the warning.
fn judged(mut own: Vec<Sanity>, results: &mut Results) -> Vec<Sanity> {
    let counted: Vec<usize> = (0..own.len()).filter(|&i| own[i].p.is_some() && !own[i].fitted_on_held_out).collect();
    let adjusted = holm::adjusted(&counted.iter().filter_map(|&i| own[i].p).collect::<Vec<_>>());
    for (&i, p) in counted.iter().zip(adjusted) {
        own[i].p_adjusted = Some(p);
        own[i].told_apart = p < LEVEL;
    }
    let apart: Vec<String> = own
        .iter()
        .filter(|line| line.told_apart)
        .map(|line| format!("{} ({:.1} %)", line.score, line.auroc * 100.0))
        .collect();
    if let (false, Some(first)) = (apart.is_empty(), own.first()) {
        results.warnings.push(Remark::of_run(
            &first.run,
            format!(
                "id/test and id/val are told apart by {}, expected AUROC 50 %: they hold rows of different kinds (another source, another preparation, rows of \
                 id/train), and values against OOD sets measure that, too",
                apart.join(", ")
            ),
        ));
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sanity(score: &'static str, p: f64, fitted: bool) -> Sanity {
        Sanity {
            run: "run".to_owned(),
            in_distribution: None,
            score,
            test_rows: 10,
            held_out_rows: 10,
            auroc: 0.6,
            standard_error: Some(0.01),
            low: None,
            high: None,
            p: Some(p),
            p_adjusted: None,
            fitted_on_held_out: fitted,
            told_apart: false,
        }
    }

    #[test]
    fn what_is_told_apart_is_warned_of_unless_it_was_fitted_on_the_held_out_rows() {
        let mut results = Results::default();
        let found =
            judged(vec![sanity("a", 0.03, false), sanity("b", 0.001, true), sanity("c", 0.5, false)], &mut results);
        // Two are tested: 2·0.03.
        assert_eq!((found[0].p_adjusted, found[1].p_adjusted, found[0].told_apart), (Some(0.06), None, false));
        assert!(results.warnings.is_empty());
        let found = judged(vec![sanity("a", 0.001, false), sanity("c", 0.5, false)], &mut results);
        assert!(found[0].told_apart && !found[1].told_apart);
        assert!(results.warnings[0].text.contains("told apart by a (60.0 %), expected AUROC 50 %"));
    }
}
