//! Areas under the precision-recall curve over distinct thresholds, either class positive.

use super::sample::Sample;
use super::tie_groups::{Group, ascending, descending};

/// Which class is positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positive {
    /// In-distribution; thresholds fall from the highest score.
    In,
    /// Out-of-distribution; thresholds rise from the lowest score.
    Out,
}

/// Trapezoidal area, from (recall 0, precision 1): scikit-learn's `auc(recall, precision)`. Optimistic under ties.
#[must_use]
pub fn trapezoidal_area(id: &Sample, ood: &Sample, positive: Positive) -> f64 {
    let mut last = (0.0, 1.0);
    curve(id, ood, positive)
        .map(|point| {
            let area = (point.0 - last.0) * (point.1 + last.1) / 2.0;
            last = point;
            area
        })
        .sum()
}

/// Average precision `Σ_i (R_i − R_{i−1}) P_i`: the step-wise area.
#[must_use]
pub fn average_precision(id: &Sample, ood: &Sample, positive: Positive) -> f64 {
    let mut last = 0.0;
    curve(id, ood, positive)
        .map(|(recall, precision)| {
            let area = (recall - last) * precision;
            last = recall;
            area
        })
        .sum()
}

/// (recall, precision) at every distinct threshold, recall rising.
fn curve<'a>(id: &'a Sample, ood: &'a Sample, positive: Positive) -> Box<dyn Iterator<Item = (f64, f64)> + 'a> {
    let points = |positives: usize, of: fn(Group) -> (usize, usize)| {
        let (mut tp, mut fp) = (0, 0);
        move |group: Group| {
            let (right, wrong) = of(group);
            tp += right;
            fp += wrong;
            (tp as f64 / positives as f64, tp as f64 / (tp + fp) as f64)
        }
    };
    let (id_scores, ood_scores) = (id.ascending(), ood.ascending());
    match positive {
        Positive::In => Box::new(descending(id_scores, ood_scores).map(points(id.len(), |g| (g.id, g.ood)))),
        Positive::Out => Box::new(ascending(id_scores, ood_scores).map(points(ood.len(), |g| (g.ood, g.id)))),
    }
}
