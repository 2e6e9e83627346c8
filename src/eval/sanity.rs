//! The control that has to fail: ID test rows against held-out ID rows, which no score may tell apart.

use rayon::prelude::*;

use super::error::EvalError;
use super::evaluate::fit;
use super::plan::Plan;
use super::score_split::score_rows;
use super::scored_sets::can_be_ranked;
use crate::progress::Progress;
use crate::rows::Role;
use crate::score::FittedScore;
use crate::score::need::Splits;
use crate::stats::delong::Components;
use crate::stats::{holm, normal, rank_sum};
use crate::table::against_best::LEVEL;
use crate::table::sanity::Sanity;
use crate::table::{Remark, Results, RunSummary};

/// The AUROC of id/test against id/val of every planned score: 50 % within its interval if both hold rows of one kind. What is told apart is warned of in
/// words; so is a run without id/val. The p-value is that of [Wilcoxon's rank-sum test](rank_sum), which holds where the two do not overlap, the interval DeLong's.
///
/// A score that was fitted on id/val may prefer its rows and is marked; it raises no warning.
///
/// # Errors
/// [`EvalError`] if a score cannot be fitted, or its scores are not finite, and it was asked for by name.
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
        let lacking = |score: &FittedScore| {
            let chosen = plan.scores.iter().find(|chosen| chosen.entry.id == score.entry.id)?;
            plan.lacking_in(chosen, val)
        };
        let mut allowed: Vec<&FittedScore> = Vec::with_capacity(scores.len());
        for score in &scores {
            match lacking(score) {
                Some(file) => results.notes.push(Remark::of_score(
                    &info.name,
                    score.entry.id,
                    format!("left out on {}: it needs {file}", val.role),
                )),
                None => allowed.push(score),
            }
        }
        let (of_test, of_val) = (score_rows(plan, &allowed, test, progress), score_rows(plan, &allowed, val, progress));
        let mut pairs: Vec<(&FittedScore, &Vec<f64>, &Vec<f64>)> = Vec::with_capacity(allowed.len());
        for (score, (of_test, of_val)) in allowed.into_iter().zip(of_test.iter().zip(&of_val)) {
            if can_be_ranked(plan, test, score, of_test, results)? && can_be_ranked(plan, val, score, of_val, results)?
            {
                pairs.push((score, of_test, of_val));
            }
        }
        let own: Vec<Sanity> = pairs.par_iter().map(|(score, test, val)| line(plan, score, test, val)).collect();
        lines.extend(judged(own, results));
    }
    Ok(lines)
}

fn line(plan: &Plan<'_>, score: &FittedScore, test: &[f64], val: &[f64]) -> Sanity {
    let components = Components::of(test, val);
    // None where the two do not overlap: that says nothing of how far an AUROC of 0 or 1 would vary.
    let error = Some(components.covariance(&components).sqrt()).filter(|error| error.is_finite() && *error > 0.0);
    let reads_val =
        |need: &crate::score::Need| matches!(need.reads(&plan.dump), Some((Splits::Val | Splits::Calibration, _)));
    let half = error.map(|error| -normal::quantile(LEVEL / 2.0) * error);
    Sanity {
        run: plan.dump.info.name.clone(),
        in_distribution: plan.dump.info.in_distribution.clone(),
        score: score.entry.id,
        test_rows: test.len(),
        held_out_rows: val.len(),
        auroc: components.auroc(),
        standard_error: error,
        low: half.map(|half| (components.auroc() - half).max(0.0)),
        high: half.map(|half| (components.auroc() + half).min(1.0)),
        p: Some(rank_sum::p_value(components.auroc(), rank_sum::error_of_one_kind(test, val))),
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
