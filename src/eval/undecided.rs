//! How much figures depend on what the training rows leave open.

use std::time::Duration;

use super::plan::Plan;
use super::score_split::score_rows;
use crate::metric::{PairCounts, Sample};
use crate::progress::Progress;
use crate::rows::Role;
use crate::score::{Fit, FittedScore};
use crate::table::{Record, Remark};

/// A difference of AUROC from which on it is told; less is not seen in a table of two decimals.
const SEEN: f64 = 5e-5;

/// One warning for every score whose AUROC would be another with a fit that could be meant with the same right, on the OOD set where it differs most.
pub(super) fn warnings(
    plan: &Plan<'_>,
    scores: Vec<FittedScore>,
    records: &[Record],
    progress: &dyn Progress,
) -> Vec<Remark> {
    let open = scores.into_iter().filter(|score| !score.alternatives.is_empty());
    open.filter_map(|score| warning(plan, score, records, progress)).collect()
}

fn warning(plan: &Plan<'_>, score: FittedScore, records: &[Record], progress: &dyn Progress) -> Option<Remark> {
    let run = &plan.dump.info.name;
    let id = score.entry.id;
    let chosen = plan.scores.iter().find(|chosen| chosen.entry.id == id)?;
    let fitted = |scorer| chosen.fitted(Fit { scorer, notes: Vec::new() }, Duration::ZERO);
    let (what, others): (Vec<String>, Vec<FittedScore>) =
        score.alternatives.into_iter().map(|other| (other.what, fitted(other.scorer))).unzip();
    let others: Vec<&FittedScore> = others.iter().collect();
    let test = score_rows(plan, &others, plan.dump.split(&Role::Test)?, progress);
    let mut worst: Option<(f64, String)> = None;
    for split in plan.dump.ood() {
        let Role::Ood { name, .. } = &split.role else { continue };
        let own = |record: &&Record| &record.run == run && record.score == id && &record.ood == name;
        let Some(found) =
            records.iter().filter(own).find(|record| record.metric == "auroc").and_then(|record| record.value)
        else {
            continue;
        };
        let novel = score_rows(plan, &others, split, progress);
        for ((known, ood), other) in test.iter().zip(novel).zip(&what) {
            let (Ok(known), Ok(ood)) = (Sample::new(known.clone()), Sample::new(ood)) else { continue };
            let auroc = PairCounts::of(&known, &ood).auroc();
            let difference = (auroc - found).abs();
            if difference >= SEEN && worst.as_ref().is_none_or(|(worst, _)| difference > *worst) {
                let text = format!(
                    "{id} depends on which directions count as without variance: AUROC on {name} is {:.2} %, with {} it is {:.2} %",
                    found * 100.0,
                    other,
                    auroc * 100.0
                );
                worst = Some((difference, text));
            }
        }
    }
    worst.map(|(_, text)| Remark::of_run(run, text))
}
