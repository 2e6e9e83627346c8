//! The scores of the calibration rows, and p-values of new scores among them.
//!
//! ```text
//! p(x) = (1 + #{c ≤ x}) / (n + 1)                              the smallest p is 1/(n + 1)
//! p(x, U) = (#{c < x} + (#{c = x} + 1)·U) / (n + 1)            uniform on (0, 1) for ID rows, with U drawn uniformly
//! ```
//!
//! A small p means: few ID rows score that low. Where thresholds are per class, so are the calibration rows.

use crate::numeric::sort::sort;

/// Calibration scores, sorted; of every predicted class apart, or all together.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    scores: Vec<f64>,
    /// Where the scores of each group end.
    ends: Vec<usize>,
}

impl Calibration {
    /// All rows together; the scores are finite.
    #[must_use]
    pub fn together(mut scores: Vec<f64>) -> Self {
        sort(&mut scores);
        let ends = vec![scores.len()];
        Self { scores, ends }
    }

    /// The rows of every predicted class apart.
    ///
    /// # Panics
    /// If there are not as many classes as scores, or one is not below `classes`.
    #[must_use]
    pub fn per_class(scores: &[f64], predicted: &[usize], classes: usize) -> Self {
        assert_eq!(scores.len(), predicted.len(), "a class per score");
        let mut groups = vec![Vec::new(); classes];
        scores.iter().zip(predicted).for_each(|(score, &class)| groups[class].push(*score));
        let mut all = Self { scores: Vec::with_capacity(scores.len()), ends: Vec::with_capacity(classes) };
        for mut group in groups {
            sort(&mut group);
            all.scores.extend(group);
            all.ends.push(all.scores.len());
        }
        all
    }

    /// Sorted scores of groups with these ends, as they come from a file; `None` if they are not that.
    #[must_use]
    pub fn restored(scores: Vec<f64>, ends: Vec<usize>) -> Option<Self> {
        let sound = ends.is_sorted() && ends.last() == Some(&scores.len()) && scores.iter().all(|c| c.is_finite());
        let calibration = Self { scores, ends };
        (sound && calibration.groups().all(<[f64]>::is_sorted)).then_some(calibration)
    }

    /// All scores, group by group.
    #[must_use]
    pub fn scores(&self) -> &Vec<f64> {
        &self.scores
    }

    /// Where the scores of each group end.
    #[must_use]
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.scores.len()
    }

    /// The scores of every group.
    pub fn groups(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.ends.len()).map(|group| self.group(group))
    }

    /// The scores of one group.
    ///
    /// # Panics
    /// If there is no such group.
    #[must_use]
    pub fn group(&self, group: usize) -> &[f64] {
        let start = if group == 0 { 0 } else { self.ends[group - 1] };
        &self.scores[start..self.ends[group]]
    }
}

/// The conformal p-value of a score among sorted calibration scores.
///
/// ```
/// use oodbench::detector::calibration::p_value;
/// let calibration = [1.0, 2.0, 2.0, 3.0];
/// assert_eq!([0.5, 2.0, 9.0].map(|x| p_value(&calibration, x)), [0.2, 0.8, 1.0]);
/// ```
#[must_use]
pub fn p_value(sorted: &[f64], score: f64) -> f64 {
    (1 + sorted.partition_point(|&c| c <= score)) as f64 / (sorted.len() + 1) as f64
}

/// The randomised p-value, `u` drawn uniformly between 0 and 1: exactly uniform for a row that is exchangeable with the calibration rows.
///
/// ```
/// use oodbench::detector::calibration::randomised_p_value;
/// // (1 + 3·0.5)/5: one score below 2, two equal to it.
/// assert_eq!(randomised_p_value(&[1.0, 2.0, 2.0, 3.0], 2.0, 0.5), 0.5);
/// ```
#[must_use]
pub fn randomised_p_value(sorted: &[f64], score: f64, u: f64) -> f64 {
    let below = sorted.partition_point(|&c| c < score);
    let equal = sorted.partition_point(|&c| c <= score) - below;
    (below as f64 + (equal + 1) as f64 * u) / (sorted.len() + 1) as f64
}
