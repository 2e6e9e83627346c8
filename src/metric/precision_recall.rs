//! Areas under the precision-recall curve over distinct thresholds, either class positive.

use super::ranking::Ranking;

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
pub fn trapezoidal_area(ranking: &Ranking, positive: Positive) -> f64 {
    let mut last = (0.0, 1.0);
    let mut sum = 0.0;
    curve(ranking, positive, |recall, precision| {
        sum += (recall - last.0) * (precision + last.1) / 2.0;
        last = (recall, precision);
    });
    sum
}

/// Average precision `Σ_i (R_i − R_{i−1}) P_i`: the step-wise area.
#[must_use]
pub fn average_precision(ranking: &Ranking, positive: Positive) -> f64 {
    let mut last = 0.0;
    let mut sum = 0.0;
    curve(ranking, positive, |recall, precision| {
        sum += (recall - last) * precision;
        last = recall;
    });
    sum
}

/// Both areas of one kind, one per class, on two threads if there are that many.
#[must_use]
pub fn both(ranking: &Ranking, area: fn(&Ranking, Positive) -> f64) -> (f64, f64) {
    rayon::join(|| area(ranking, Positive::In), || area(ranking, Positive::Out))
}

/// Shows (recall, precision) at every distinct threshold, recall rising.
fn curve(ranking: &Ranking, positive: Positive, mut point: impl FnMut(f64, f64)) {
    let steps = ranking.steps();
    let (mut tp, mut seen) = (0, 0);
    match positive {
        Positive::In => {
            for step in steps.iter().rev() {
                tp += 1 - step.ood();
                seen += 1;
                if step.is_first() {
                    point(tp as f64 / ranking.id() as f64, tp as f64 / seen as f64);
                }
            }
        }
        Positive::Out => {
            for (step, is_last) in steps.iter().zip(steps[1..].iter().map(|next| next.is_first()).chain([true])) {
                tp += step.ood();
                seen += 1;
                if is_last {
                    point(tp as f64 / ranking.ood() as f64, tp as f64 / seen as f64);
                }
            }
        }
    }
}
