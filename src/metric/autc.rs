#![doc = include_str!("autc.md")]
//!
//! ```
//! use oodbench::metric::{Sample, autc};
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6, 0.55])?;
//! let ood = Sample::new(vec![0.85, 0.65, 0.5, 0.3])?;
//! // From 0.3 to 0.9 as 0 to 1: the mean ID score is 0.41 / 0.6, the mean OOD score 0.275 / 0.6. ½ (0.19 + 0.275) / 0.6 = 0.3875.
//! assert!((autc::PROCEDURE.evaluate(&id, &ood)["autc"] - 0.3875).abs() < 1e-15);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use super::procedure::Measure;
use super::{Metric, Procedure, Sample};

/// The procedure.
pub const PROCEDURE: Procedure = Procedure {
    id: "autc",
    title: "mean of FPR and FNR over all thresholds of the scores scaled to 0 to 1; two extreme rows decide the scale, read the page first",
    reference: "Humblot-Renaux et al., Beyond AUROC & co. for evaluating out-of-distribution detection performance, CVPRW 2023, arXiv:2306.14658",
    page: include_str!("autc.md"),
    metrics: &[AUTC],
    measure: Measure::Numbers(|id, ood| [(AUTC.id, autc(id, ood).unwrap_or(f64::NAN))].into()),
};

const AUTC: Metric = Metric::lower("autc", "AUTC").without_interval();

/// `½ (mean_ID (M − s) + mean_OOD (s − m)) / (M − m)` with the least score m and the greatest M of both; none if all scores are equal.
#[must_use]
pub fn autc(id: &Sample, ood: &Sample) -> Option<f64> {
    let ends = |sample: &Sample| (sample.ascending()[0], sample.ascending()[sample.len() - 1]);
    let ((id_least, id_greatest), (ood_least, ood_greatest)) = (ends(id), ends(ood));
    let (least, greatest) = (id_least.min(ood_least), id_greatest.max(ood_greatest));
    // Halves, so that the difference of any two is finite.
    let width = greatest / 2.0 - least / 2.0;
    let mean = |sample: &Sample, scaled: &dyn Fn(f64) -> f64| {
        sample.ascending().iter().map(|&score| scaled(score)).sum::<f64>() / sample.len() as f64
    };
    (width > 0.0).then(|| {
        let id = mean(id, &|score| (greatest / 2.0 - score / 2.0) / width);
        let ood = mean(ood, &|score| (score / 2.0 - least / 2.0) / width);
        (id + ood) / 2.0
    })
}
