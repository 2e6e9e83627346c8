#![doc = include_str!("id_positive.md")]
//!
//! ```
//! use oodbench::metric::{Sample, id_positive};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6]).unwrap();
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3]).unwrap();
//! // Accepting all ID (95 % of 4 needs 4) accepts the OOD sample at 0.65.
//! assert_eq!(id_positive::PROCEDURE.evaluate(&id, &ood)["fpr_at_tpr95_id_positive"], 0.25);
//! ```

use super::operating_points::fpr_id_positive;
use super::precision_recall::{average_precision, both};
use super::procedure::Measure;
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "id_positive",
    title: "positive class ID in FPR@TPR95; first threshold with TPR ≥ 95 %; average precision over distinct thresholds",
    reference: "scikit-learn, roc_curve(drop_intermediate=False) and average_precision_score",
    page: include_str!("id_positive.md"),
    metrics: &[FPR_AT_TPR95, AP_IN, AP_OUT],
    measure: Measure::Order(|ranking| {
        let (inside, outside) = both(ranking, average_precision);
        [(FPR_AT_TPR95.id, fpr_at_tpr95_id_positive(ranking)), (AP_IN.id, inside), (AP_OUT.id, outside)].into()
    }),
};

const FPR_AT_TPR95: Metric = Metric::lower("fpr_at_tpr95_id_positive", "FPR@TPR95 (ID pos.)");
const AP_IN: Metric = Metric::higher("average_precision_in", "AP-IN");
const AP_OUT: Metric = Metric::higher("average_precision_out", "AP-OUT");

/// Share of OOD accepted at the highest threshold that accepts at least 95 % of ID.
#[must_use]
pub fn fpr_at_tpr95_id_positive(ranking: &Ranking) -> f64 {
    fpr_id_positive(ranking, 0.95)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::{assert_close, toys};

    /// Golden vectors by scikit-learn: 1 − TNR, AP of ID, AP of OOD.
    #[test]
    fn toy_vectors() {
        let expected = [[0.25, 0.95, 0.95], [1.0, 0.644444, 0.569444], [1.0, 0.5, 0.5], [0.9, 0.606663, 0.606663]];
        for ((id, ood), expected) in toys().iter().zip(expected) {
            assert_close(&PROCEDURE.evaluate(id, ood), &expected, 5e-7);
        }
    }
}
