//! What scores show once they are there, whether a table or a plot is made of them: nothing told apart, the wrong way round, ties.

use crate::dump::Dump;
use crate::metric::{PairCounts, Sample};
use crate::table::Remark;

/// Fewer ID rows than this make TNR@TPR95 meaningless.
const FEW_ROWS: usize = 20;

/// Share of tied pairs from which on the tie rule of a procedure visibly decides its values.
const MANY_TIES: f64 = 0.01;

/// Too few rows of id/test.
pub(super) fn of_rows(run: &str, rows: usize) -> Option<Remark> {
    (rows < FEW_ROWS).then(|| {
        let text = format!(
            "id/test has {rows} rows: TNR@TPR95 needs at least {FEW_ROWS} to mean 95 % (it is 0 by construction below 10)"
        );
        Remark::of_run(run, text)
    })
}

/// A score that is the same on all rows of id/test.
pub(super) fn of_id(run: &str, score: &str, id: &Sample) -> Option<Remark> {
    let value = id.ascending()[0];
    let constant = id.is_constant() && id.len() > 1;
    let text = || format!("{score} is {value} on every row of id/test: it tells nothing apart");
    constant.then(|| Remark::of_run(run, text()))
}

/// A score on id/test and one OOD set.
pub(super) fn of_pair(dump: &Dump, score: &str, ood: &str, counts: &PairCounts) -> Vec<Remark> {
    let run = &dump.info.name;
    let mut cautions = Vec::new();
    if counts.auroc() < 0.5 {
        cautions.push(format!(
            "{score} on {ood}: AUROC {:.2} % is below 50 %: either the score fails here or its orientation is inverted \
             (higher must mean in-distribution)",
            counts.auroc() * 100.0
        ));
    }
    if counts.tied_share() > MANY_TIES {
        cautions.push(format!(
            "{score} on {ood}: {:.1} % of the pairs are tied, so the tie rule decides{}",
            counts.tied_share() * 100.0,
            if half_precision(dump) { "; the dump is 16-bit, dump f32" } else { "" }
        ));
    }
    cautions.into_iter().map(|text| Remark::of_run(run, text)).collect()
}

fn half_precision(dump: &Dump) -> bool {
    dump.splits.iter().filter_map(|split| split.logits.as_ref()).any(|logits| logits.is_half_precision())
}
