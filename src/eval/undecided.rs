//! How much values depend on what the training rows leave open.

use std::mem;
use std::time::Duration;

use super::plan::Plan;
use super::score_split::score_rows;
use crate::metric::{PairCounts, Sample};
use crate::progress::Progress;
use crate::rows::{Role, Split};
use crate::score::{Alternative, Fit, FittedScore};
use crate::table::Remark;

/// A difference of AUROC from which on it is told; less is not seen in a table of two decimals.
const SEEN: f64 = 5e-5;

/// One warning for every score whose AUROC would be another with a fit that could be meant with the same right, on the OOD set where it differs most.
pub(super) fn warnings(plan: &Plan<'_>, scores: Vec<FittedScore>, progress: &dyn Progress) -> Vec<Remark> {
    let open = scores.into_iter().filter(|score| !score.alternatives.is_empty());
    open.filter_map(|score| warning(plan, score, progress)).collect()
}

fn warning(plan: &Plan<'_>, mut score: FittedScore, progress: &dyn Progress) -> Option<Remark> {
    let id = score.entry.id;
    let chosen = plan.scores.iter().find(|chosen| chosen.entry.id == id)?;
    let other = |Alternative { what, scorer }| {
        let fit = Fit { scorer, notes: Vec::new(), alternatives: Vec::new() };
        (what, chosen.fitted(fit, Duration::ZERO))
    };
    let (what, others): (Vec<String>, Vec<FittedScore>) =
        mem::take(&mut score.alternatives).into_iter().map(other).unzip();
    // All fits go the same way to their AUROC, whatever procedures were asked for: a difference is one of the fits.
    let fits: Vec<&FittedScore> = std::iter::once(&score).chain(&others).collect();
    let samples = |split: &Split| -> Vec<Option<Sample>> {
        score_rows(plan, &fits, split, progress).into_iter().map(|values| Sample::new(values).ok()).collect()
    };
    let known = samples(plan.dump.split(&Role::Test)?);
    let mut worst: Option<(f64, String)> = None;
    for split in plan.dump.ood().filter(|split| plan.lacking_in(chosen, split).is_none()) {
        let novel = samples(split);
        let auroc = |fit: usize| Some(PairCounts::of(known[fit].as_ref()?, novel[fit].as_ref()?).auroc());
        let Some(found) = auroc(0) else { continue };
        for (number, other) in what.iter().enumerate() {
            let Some(auroc) = auroc(number + 1) else { continue };
            let difference = (auroc - found).abs();
            if difference >= SEEN && worst.as_ref().is_none_or(|(worst, _)| difference > *worst) {
                let text = format!(
                    "{id} depends on which directions count as without variance: AUROC on {} is {:.2} %, with {other} it is {:.2} %",
                    split.role.to_string().trim_start_matches("ood/"),
                    found * 100.0,
                    auroc * 100.0
                );
                worst = Some((difference, text));
            }
        }
    }
    worst.map(|(_, text)| Remark::of_run(&plan.dump.info.name, text))
}
