//! What scores show once they are there, whether a table or a plot is made of them: nothing told apart, the wrong way round, ties.

use std::collections::{BTreeMap, BTreeSet};

use crate::metric::{PairCounts, Sample};
use crate::numeric::checksum::Checksum;
use crate::rows::ArrayKind;
use crate::table::{ArrayRead, Remark};

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

/// Sets whose rows are the same, by the checksums of what was read of them: they are one set, and count as two.
pub(super) fn of_same_rows(run: &str, read: &[ArrayRead]) -> Vec<Remark> {
    let mut by_contents: BTreeMap<(&str, Checksum), Vec<&str>> = BTreeMap::new();
    for one in read.iter().filter(|one| one.array != ArrayKind::Labels.file_stem()) {
        by_contents.entry((&one.array, one.checksum)).or_default().push(&one.split);
    }
    let same: BTreeSet<Vec<&str>> = by_contents.into_values().filter(|splits| splits.len() > 1).collect();
    let text = |splits: Vec<&str>| {
        let why = if splits.iter().all(|split| split.starts_with("ood/")) {
            "they count as several sets in means and tests; keep one of them"
        } else {
            "what is fitted or chosen on rows is not measured by them; dump others for one of the two"
        };
        format!("{} hold the same rows: {why}", splits.join(" and "))
    };
    same.into_iter().map(|splits| Remark::of_run(run, text(splits))).collect()
}

/// A score that is the same on all rows of id/test.
pub(super) fn of_id(run: &str, score: &str, id: &Sample) -> Option<Remark> {
    of_ends(run, score, (id.ascending()[0], id.ascending()[id.len() - 1]), id.len())
}

/// The same by its least and its greatest value on so many rows.
pub(super) fn of_ends(run: &str, score: &str, (value, greatest): (f64, f64), rows: usize) -> Option<Remark> {
    let text = || format!("{score} is {value} on every row of id/test: it tells nothing apart");
    (value == greatest && rows > 1).then(|| Remark::of_run(run, text()))
}

/// A score on id/test and one OOD set, of a run that may be dumped in half precision.
pub(super) fn of_pair(run: &str, half_precision: bool, score: &str, ood: &str, counts: &PairCounts) -> Vec<Remark> {
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
            if half_precision { "; the dump is 16-bit, dump f32" } else { "" }
        ));
    }
    cautions.into_iter().map(|text| Remark::of_run(run, text)).collect()
}
