#![doc = include_str!("operating_points.md")]
//!
//! ```
//! use oodbench::metric::{Ranking, Sample, operating_points};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6])?;
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3])?;
//! let ranking = Ranking::new(&id, &ood);
//! // Half of the ID scores are at least 0.8, where no OOD score is; all are at least 0.6, as one OOD score is.
//! assert_eq!([0.5, 0.9].map(|level| operating_points::fpr_id_positive(&ranking, level)), [0.0, 0.25]);
//! // Half of the OOD scores are at most 0.4, all at most 0.65, as one ID score is.
//! assert_eq!([0.5, 0.9].map(|level| operating_points::fpr_ood_positive(&ranking, level)), [0.0, 0.25]);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::flagged::{Flagged, fewest};
use super::procedure::Measure;
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "operating_points",
    title: "FPR where the TPR first reaches 90, 95 and 99 %, either class positive; all scores of a value pass together; TNR = 1 − FPR",
    reference: "scikit-learn, roc_curve(drop_intermediate=False)",
    page: include_str!("operating_points.md"),
    metrics: &[ID_90, ID_95, ID_99, OOD_90, OOD_95, OOD_99],
    measure: Measure::Order(|ranking| {
        let [id_90, id_95, id_99] = LEVELS.map(|level| fpr_id_positive(ranking, level));
        let [ood_90, ood_95, ood_99] = LEVELS.map(|level| fpr_ood_positive(ranking, level));
        [
            (ID_90.id, id_90),
            (ID_95.id, id_95),
            (ID_99.id, id_99),
            (OOD_90.id, ood_90),
            (OOD_95.id, ood_95),
            (OOD_99.id, ood_99),
        ]
        .into()
    }),
};

const LEVELS: [f64; 3] = [0.9, 0.95, 0.99];

const ID_90: Metric = Metric::lower("fpr_at_tpr90_id_positive", "FPR@TPR90 (ID pos.)");
const ID_95: Metric = Metric::lower("fpr_at_tpr95_id_positive", "FPR@TPR95 (ID pos.)");
const ID_99: Metric = Metric::lower("fpr_at_tpr99_id_positive", "FPR@TPR99 (ID pos.)").without_interval();
const OOD_90: Metric = Metric::lower("fpr_at_tpr90_ood_positive", "FPR@TPR90 (OOD pos.)");
const OOD_95: Metric = Metric::lower("fpr_at_tpr95_ood_positive", "FPR@TPR95 (OOD pos.)");
const OOD_99: Metric = Metric::lower("fpr_at_tpr99_ood_positive", "FPR@TPR99 (OOD pos.)").without_interval();

/// Share of OOD accepted at the highest threshold that accepts at least this share of ID.
#[must_use]
pub fn fpr_id_positive(ranking: &Ranking, level: f64) -> f64 {
    let accepted = fewest(ranking.id(), level);
    let threshold = ranking.group(ranking.position(false, ranking.id() - accepted));
    ranking.ood_in(threshold.start..ranking.steps().len()) as f64 / ranking.ood() as f64
}

/// Share of ID flagged at the lowest threshold that flags at least this share of OOD.
#[must_use]
pub fn fpr_ood_positive(ranking: &Ranking, level: f64) -> f64 {
    Flagged::at(ranking, level).id as f64 / ranking.id() as f64
}
