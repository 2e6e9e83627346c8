#![doc = include_str!("partial_auroc.md")]
//!
//! ```
//! use oodbench::metric::{Ranking, Sample, partial_auroc};
//! use oodbench::metric::precision_recall::Positive;
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6])?;
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3])?;
//! // Three of four ID scores are above all OOD scores: 0.75 of the strip up to FPR 0.1. McClish: ½ (1 + (0.075 − 0.005) / (0.1 − 0.005)).
//! let found = partial_auroc::partial_auroc(&Ranking::new(&id, &ood), Positive::In, 0.1);
//! assert!((found - 0.5 * (1.0 + 0.07 / 0.095)).abs() < 1e-15);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::precision_recall::Positive;
use super::procedure::Measure;
use super::tie_groups::groups;
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "partial_auroc",
    title: "area under the ROC curve up to FPR 5 and 10 %, either class positive, scaled by McClish: 50 % is chance; ties count half",
    reference: "McClish, Analyzing a Portion of the ROC Curve, Medical Decision Making 9(3), 1989",
    page: include_str!("partial_auroc.md"),
    metrics: &[ID_5, ID_10, OOD_5, OOD_10],
    measure: Measure::Order(|ranking| {
        let area = |positive, most| partial_auroc(ranking, positive, most);
        [
            (ID_5.id, area(Positive::In, 0.05)),
            (ID_10.id, area(Positive::In, 0.1)),
            (OOD_5.id, area(Positive::Out, 0.05)),
            (OOD_10.id, area(Positive::Out, 0.1)),
        ]
        .into()
    }),
};

const ID_5: Metric = Metric::higher("pauroc_fpr5_id_positive", "pAUROC FPR≤5% (ID pos.)").without_interval();
const ID_10: Metric = Metric::higher("pauroc_fpr10_id_positive", "pAUROC FPR≤10% (ID pos.)");
const OOD_5: Metric = Metric::higher("pauroc_fpr5_ood_positive", "pAUROC FPR≤5% (OOD pos.)").without_interval();
const OOD_10: Metric = Metric::higher("pauroc_fpr10_ood_positive", "pAUROC FPR≤10% (OOD pos.)");

/// The area under the ROC curve where the false-positive rate is at most `most` (above 0, at most 1), straight between vertices, scaled to ½ for chance
/// and 1 for perfect scores.
#[must_use]
pub fn partial_auroc(ranking: &Ranking, positive: Positive, most: f64) -> f64 {
    let (positives, negatives) = match positive {
        Positive::In => (ranking.id() as f64, ranking.ood() as f64),
        Positive::Out => (ranking.ood() as f64, ranking.id() as f64),
    };
    let (mut tp, mut fp, mut area) = (0, 0, 0.0);
    for group in groups(ranking, positive) {
        let (more_tp, more_fp) = match positive {
            Positive::In => (group.id, group.ood),
            Positive::Out => (group.ood, group.id),
        };
        let from = (fp as f64 / negatives, tp as f64 / positives);
        (tp, fp) = (tp + more_tp, fp + more_fp);
        let to = (fp as f64 / negatives, tp as f64 / positives);
        if to.0 >= most {
            // `from` is left of `most`, so the two differ.
            let height = from.1 + (to.1 - from.1) * (most - from.0) / (to.0 - from.0);
            area += (most - from.0) * (from.1 + height) / 2.0;
            break;
        }
        area += (to.0 - from.0) * (from.1 + to.1) / 2.0;
    }
    let chance = most * most / 2.0;
    0.5 * (1.0 + (area - chance) / (most - chance))
}
