#![doc = include_str!("prevalence.md")]
//!
//! ```
//! use oodbench::metric::{Ranking, Sample, prevalence};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6])?;
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3])?;
//! let ranking = Ranking::new(&id, &ood);
//! // Catching all OOD flags a quarter of ID. With one OOD row in 100 that is 0.01 of 0.01 + 0.99 / 4.
//! assert_eq!(prevalence::precision_at_tpr(&ranking, 0.01, 0.95), 0.01 / (0.01 + 0.99 * 0.25));
//! // Three quarters of the recall have precision 1, the last has that one.
//! let expected = 0.75 + 0.25 * 0.01 / (0.01 + 0.99 * 0.25);
//! assert_eq!(prevalence::average_precision_out(&ranking, 0.01), expected);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::flagged::Flagged;
use super::precision_recall::Positive;
use super::procedure::Measure;
use super::tie_groups::groups;
use super::{Metric, Procedure, Ranking};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "prevalence",
    title: "positive class OOD; precision as it would be where 1, 10 or 50 % of the rows are OOD, whatever the test sets hold",
    reference: "scikit-learn, precision_recall_curve and average_precision_score with sample_weight",
    page: include_str!("prevalence.md"),
    metrics: &[AP_1, AP_10, AP_50, AT_1, AT_10, AT_50],
    measure: Measure::Order(|ranking| {
        let [ap_1, ap_10, ap_50] = SHARES.map(|share| average_precision_out(ranking, share));
        let [at_1, at_10, at_50] = SHARES.map(|share| precision_at_tpr(ranking, share, 0.95));
        [(AP_1.id, ap_1), (AP_10.id, ap_10), (AP_50.id, ap_50), (AT_1.id, at_1), (AT_10.id, at_10), (AT_50.id, at_50)]
            .into()
    }),
};

const SHARES: [f64; 3] = [0.01, 0.1, 0.5];

const AP_1: Metric = Metric::higher("average_precision_out_prevalence1", "AP-OUT at 1% OOD").without_interval();
const AP_10: Metric = Metric::higher("average_precision_out_prevalence10", "AP-OUT at 10% OOD").without_interval();
const AP_50: Metric = Metric::higher("average_precision_out_prevalence50", "AP-OUT at 50% OOD");
const AT_1: Metric = Metric::higher("precision_at_tpr95_prevalence1", "precision@TPR95 at 1% OOD");
const AT_10: Metric = Metric::higher("precision_at_tpr95_prevalence10", "precision@TPR95 at 10% OOD");
const AT_50: Metric = Metric::higher("precision_at_tpr95_prevalence50", "precision@TPR95 at 50% OOD");

/// Share of OOD among flagged rows where these shares of OOD and ID are flagged, if OOD rows are `prevalence` of all.
fn precision(prevalence: f64, tpr: f64, fpr: f64) -> f64 {
    prevalence * tpr / (prevalence * tpr + (1.0 - prevalence) * fpr)
}

/// Average precision of OOD where OOD rows are this share of all, above 0 and at most 1.
#[must_use]
pub fn average_precision_out(ranking: &Ranking, prevalence: f64) -> f64 {
    let (id, ood) = (ranking.id() as f64, ranking.ood() as f64);
    let (mut tp, mut fp, mut sum) = (0, 0, 0.0);
    for group in groups(ranking, Positive::Out) {
        (tp, fp) = (tp + group.ood, fp + group.id);
        if group.ood > 0 {
            sum += group.ood as f64 / ood * precision(prevalence, tp as f64 / ood, fp as f64 / id);
        }
    }
    sum
}

/// Share of OOD among what is flagged at the lowest threshold that flags at least the share `level` of OOD, where OOD rows are `prevalence` of all.
#[must_use]
pub fn precision_at_tpr(ranking: &Ranking, prevalence: f64, level: f64) -> f64 {
    let Flagged { id, ood } = Flagged::at(ranking, level);
    precision(prevalence, ood as f64 / ranking.ood() as f64, id as f64 / ranking.id() as f64)
}
