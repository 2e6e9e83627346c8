#![doc = include_str!("calibration.md")]
//!
//! ```
//! use oodbench::metric::reliability::calibration::{Binning, Norm, Prediction, ece};
//! let rows = [(0.9, true), (0.9, true), (0.6, true), (0.6, false)];
//! let rows = rows.map(|(confidence, is_right)| Prediction { confidence, is_right, log_likelihood: 0.0, squared_error: 0.0 });
//! assert!((ece(&rows, Binning::Width(15), Norm::Absolute) - 0.1).abs() < 1e-15);
//! ```

use crate::metric::Better;
use crate::numeric::softmax::softmax_at;
use crate::numeric::sort::sort;
use crate::stats::bootstrap::{Bootstrap, Interval, Method};

/// The page that `oodbench explain calibration` shows.
pub const PAGE: &str = include_str!("calibration.md");

/// What the probabilities of a row say of its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// The largest probability.
    pub confidence: f64,
    /// Whether it is that of the label.
    pub is_right: bool,
    /// `ln p_y`, at most 0.
    pub log_likelihood: f64,
    /// `Σ_k (p_k − [k = y])²`.
    pub squared_error: f64,
}

impl Prediction {
    /// That of a row of logits at a temperature; none if the label names no class of the row.
    ///
    /// ```
    /// use oodbench::metric::reliability::calibration::Prediction;
    /// let row = Prediction::of(&[0.0, 3.0_f64.ln()], 0, 1.0).unwrap();
    /// // Probabilities ¼ and ¾.
    /// assert!(!row.is_right && (row.confidence - 0.75).abs() < 1e-15);
    /// assert!((row.log_likelihood - 0.25_f64.ln()).abs() < 1e-15 && (row.squared_error - 2.0 * 0.5625).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn of(logits: &[f64], label: i64, temperature: f64) -> Option<Self> {
        let label = usize::try_from(label).ok().filter(|label| *label < logits.len())?;
        let all = softmax_at(logits, temperature);
        let below = logits[label] / temperature - all.top.value;
        // With s = Σ e_k and q = Σ e_k² over the other classes, e_k = p_k / p_max, and e that of the label, over the square of 1 + s.
        let (s, q) = (all.rest, all.squared_rest);
        let is_right = label == all.top.index;
        let squares =
            if is_right { s * s + q } else { 1.0 + q - 2.0 * below.exp() * (1.0 + s) + (1.0 + s) * (1.0 + s) };
        Some(Self {
            confidence: all.max_probability(),
            is_right,
            log_likelihood: below - s.ln_1p(),
            squared_error: squares / ((1.0 + s) * (1.0 + s)),
        })
    }
}

/// How rows are put into bins by confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binning {
    /// So many of equal width between 0 and 1, each without its lower end.
    Width(usize),
    /// So many of as many rows; rows of one confidence are in one of them.
    Mass(usize),
}

/// How the gaps of bins are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Their mean over rows.
    Absolute,
    /// The root of the mean of their squares.
    Squared,
}

/// The rows of a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many there are.
    pub rows: f64,
    /// How many of them are classified rightly.
    pub right: f64,
    /// The sum of their confidences.
    pub confidence: f64,
}

impl Bin {
    /// How far confidence and accuracy are apart on average.
    #[must_use]
    pub fn gap(&self) -> f64 {
        (self.right - self.confidence).abs() / self.rows
    }
}

/// The bins that have rows, from the lowest confidence on; rows are confidences, and whether they are right. No bins are one bin.
#[must_use]
pub fn bins(rows: &[(f64, bool)], binning: Binning) -> Vec<Bin> {
    let mut ascending: Vec<f64> = rows.iter().map(|(confidence, _)| *confidence).collect();
    sort(&mut ascending);
    let count = match binning {
        Binning::Width(count) | Binning::Mass(count) => count.max(1),
    };
    let mut all = vec![Bin::default(); count];
    for (confidence, is_right) in rows {
        let place = match binning {
            Binning::Width(_) => of_width(*confidence, count),
            Binning::Mass(_) => ascending.partition_point(|other| other < confidence) * count / rows.len(),
        };
        let bin = &mut all[place];
        bin.rows += 1.0;
        bin.right += f64::from(u8::from(*is_right));
        bin.confidence += confidence;
    }
    all.retain(|bin| bin.rows > 0.0);
    all
}

/// The expected calibration error of at least one row. No bins are one bin.
#[must_use]
pub fn ece(rows: &[Prediction], binning: Binning, norm: Norm) -> f64 {
    let pairs: Vec<(f64, bool)> = rows.iter().map(|row| (row.confidence, row.is_right)).collect();
    of_bins(&bins(&pairs, binning), norm)
}

/// The same of bins.
#[must_use]
pub fn of_bins(bins: &[Bin], norm: Norm) -> f64 {
    let n: f64 = bins.iter().map(|bin| bin.rows).sum();
    let gaps = bins.iter().map(|bin| {
        let gap = bin.gap();
        bin.rows / n * if norm == Norm::Squared { gap * gap } else { gap }
    });
    let sum: f64 = gaps.sum();
    if norm == Norm::Squared { sum.sqrt() } else { sum }
}

/// The bin `(k/bins, (k + 1)/bins]` of a confidence.
fn of_width(confidence: f64, bins: usize) -> usize {
    let upper = |bin: usize| (bin + 1) as f64 / bins as f64;
    let guess = ((confidence * bins as f64) as usize).min(bins - 1);
    // The product is rounded: the bin may be the one before or behind.
    let first = guess.saturating_sub(1);
    (first..bins).find(|bin| confidence <= upper(*bin)).unwrap_or(bins - 1)
}

/// One value of the probabilities of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationValue {
    /// The id of the metric.
    pub metric: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Which way is better; none where neither is.
    pub better: Option<Better>,
    /// The value; ECE, gap and accuracy as fractions.
    pub value: f64,
    /// The lower end of its bootstrap interval, if one was asked for and holds.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// All values of at least one row; means over rows with intervals, if draws are asked for.
#[must_use]
pub fn values(rows: &[Prediction], bootstrap: Option<&Bootstrap>) -> Vec<CalibrationValue> {
    let of = |value: fn(&Prediction) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
    let is_right = |row: &Prediction| f64::from(u8::from(row.is_right));
    let means = [
        ("accuracy", "accuracy", Some(Better::Higher), of(is_right)),
        ("confidence_gap", "gap", None, of(|row| row.confidence - f64::from(u8::from(row.is_right)))),
        ("brier", "Brier", Some(Better::Lower), of(|row| row.squared_error)),
        ("nll", "NLL", Some(Better::Lower), of(|row| -row.log_likelihood)),
    ];
    let means = means.into_iter().map(|(metric, title, better, values)| {
        let (value, interval) = mean(&values, bootstrap);
        let (low, high) = (interval.map(|interval| interval.low), interval.map(|interval| interval.high));
        CalibrationValue { metric, title, better, value, low, high }
    });
    let binned = [
        ("ece_width15_l1", "ECE (15 equal widths)", Binning::Width(15), Norm::Absolute),
        ("ece_mass15_l1", "ECE (15 equal masses)", Binning::Mass(15), Norm::Absolute),
        ("ece_mass15_l2", "root-mean-square CE (15 equal masses)", Binning::Mass(15), Norm::Squared),
    ];
    let binned = binned.into_iter().map(|(metric, title, binning, norm)| {
        let value = ece(rows, binning, norm);
        CalibrationValue { metric, title, better: Some(Better::Lower), value, low: None, high: None }
    });
    means.chain(binned).collect()
}

/// A mean over rows, and its percentile interval.
fn mean(values: &[f64], bootstrap: Option<&Bootstrap>) -> (f64, Option<Interval>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let interval = bootstrap.map(|bootstrap| {
        let places: Vec<u32> = (0..).take(values.len()).collect();
        let draws = bootstrap.draws(
            || vec![0_u8; values.len()],
            |draw, counts| {
                counts.fill(0);
                draw.count(&places, counts);
                vec![values.iter().zip(counts.iter()).map(|(value, count)| value * f64::from(*count)).sum::<f64>() / n]
            },
        );
        bootstrap.interval(Method::Percentile, mean, &draws[0])
    });
    (mean, interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(confidence: f64, is_right: bool) -> Prediction {
        Prediction { confidence, is_right, log_likelihood: 0.0, squared_error: 0.0 }
    }

    #[test]
    fn edges_belong_to_the_bin_below() {
        for bins in [1, 7, 10, 15, 20] {
            for edge in 1..=bins {
                let at = edge as f64 / bins as f64;
                assert_eq!(of_width(at, bins), edge - 1, "{edge} of {bins}");
                assert_eq!(of_width(at.next_up(), bins), edge.min(bins - 1), "{edge} of {bins}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            rows in prop::collection::vec((0_u8..=20, any::<bool>()), 1..60),
            bins in 1_usize..20,
        ) {
            let rows: Vec<Prediction> = rows.into_iter().map(|(twentieth, is_right)| row(f64::from(twentieth) / 20.0, is_right)).collect();
            let mut turned = rows.clone();
            turned.reverse();
            for binning in [Binning::Width(bins), Binning::Mass(bins)] {
                let absolute = ece(&rows, binning, Norm::Absolute);
                prop_assert!((absolute - ece(&turned, binning, Norm::Absolute)).abs() < 1e-12);
                // Means of squares are at least squares of means; the gap of all rows is at most the mean of the gaps.
                prop_assert!(absolute <= ece(&rows, binning, Norm::Squared) + 1e-12);
                prop_assert!(ece(&rows, Binning::Mass(1), Norm::Absolute) <= absolute + 1e-12);
            }
        }

        #[test]
        fn a_prediction_is_its_probabilities(
            logits in prop::collection::vec(-40.0_f64..40.0, 1..12),
            label in 0_usize..12,
            temperature in 0.05_f64..20.0,
        ) {
            let found = Prediction::of(&logits, label as i64, temperature);
            prop_assert_eq!(found.is_some(), label < logits.len());
            if let Some(found) = found {
                let largest = logits.iter().copied().fold(f64::MIN, f64::max);
                let all: Vec<f64> = logits.iter().map(|z| ((z - largest) / temperature).exp()).collect();
                let sum: f64 = all.iter().sum();
                let p: Vec<f64> = all.iter().map(|e| e / sum).collect();
                let squares: f64 = p.iter().enumerate().map(|(k, p)| (p - f64::from(u8::from(k == label))).powi(2)).sum();
                prop_assert!((found.confidence - 1.0 / sum).abs() < 1e-12);
                prop_assert!((found.squared_error - squares).abs() < 1e-12);
                let likelihood = (logits[label] - largest) / temperature - sum.ln();
                prop_assert!((found.log_likelihood - likelihood).abs() < 1e-9 * likelihood.abs().max(1.0));
            }
        }
    }
}
