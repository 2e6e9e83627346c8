//! Bins that the ID and the OOD sample of a panel share.
//!
//! ```text
//! width = 2 (Q₃ − Q₁) / n^(1/3)                      of both samples together (Freedman and Diaconis, 1981)
//! bins  = (high − low) / width                       rounded up, 20 to 100
//! low   = max(least score, a − (b − a) / 2)          a, b: quantiles 0.005 and 0.995, the outermost of both samples
//! high  = min(greatest score, b + (b − a) / 2)
//! ```
//!
//! A few far outliers thus leave the axis as it is; how many scores lie beyond its ends is counted, and the plot says so. In samples of 20 or
//! more at least one score at each end may be such an outlier.

use std::ops::Range;

use super::axis::drawable_range;

const FEWEST: usize = 20;
const MOST: usize = 100;
/// Share of a sample, at each end, that need not be on the axis.
const TAIL: f64 = 0.005;
/// From this size on a sample has outliers at all.
const TRIMMED_FROM: usize = 20;

/// Equal bins over a range. Each holds its lower edge, the last also its upper one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bins {
    pub(super) range: Range<f64>,
    pub(super) count: usize,
}

/// How many scores of a sample are in each bin, and how many in none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) within: Vec<usize>,
    pub(super) below: usize,
    pub(super) above: usize,
}

impl Bins {
    /// The bins of two samples in ascending order, neither empty.
    pub(super) fn shared(id: &[f64], ood: &[f64]) -> Self {
        let least = id[0].min(ood[0]);
        let greatest = id[id.len() - 1].max(ood[ood.len() - 1]);
        let (a, b) = (body(id).start.min(body(ood).start), body(id).end.max(body(ood).end));
        // Halves first: the difference of two huge scores overflows.
        let margin = b / 2.0 - a / 2.0;
        let (low, high) = if a < b { (least.max(a - margin), greatest.min(b + margin)) } else { (least, greatest) };
        let range = drawable_range(low, high);
        let constant = least == greatest;
        let count = if constant { FEWEST } else { freedman_diaconis(id, ood, range.end - range.start) };
        Self { range, count }
    }

    /// Lower edge of bin `index`, or the upper edge of the last.
    pub(super) fn edge(&self, index: usize) -> f64 {
        if index == self.count {
            return self.range.end;
        }
        self.range.start + (self.range.end - self.range.start) * (index as f64 / self.count as f64)
    }

    /// Counts a sample in ascending order.
    pub(super) fn count(&self, scores: &[f64]) -> Counts {
        let below = |edge: f64| scores.partition_point(|&score| score < edge);
        let mut starts: Vec<usize> = (0..self.count).map(|index| below(self.edge(index))).collect();
        starts.push(scores.partition_point(|&score| score <= self.range.end));
        Counts {
            within: starts.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            below: starts[0],
            above: scores.len() - starts[self.count],
        }
    }
}

/// The part of a sample that is sure to be on the axis.
fn body(scores: &[f64]) -> Range<f64> {
    let trimmed = if scores.len() < TRIMMED_FROM { 0 } else { (TAIL * scores.len() as f64).ceil() as usize };
    scores[trimmed]..scores[scores.len() - 1 - trimmed]
}

fn freedman_diaconis(id: &[f64], ood: &[f64], length: f64) -> usize {
    let mut both = [id, ood].concat();
    both.sort_by(f64::total_cmp);
    let quartile = |share: f64| both[(share * (both.len() - 1) as f64).round() as usize];
    let width = 2.0 * (quartile(0.75) - quartile(0.25)) / (both.len() as f64).cbrt();
    // A width of zero asks for infinitely many; a cast from infinity saturates.
    ((length / width).ceil() as usize).clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(mut scores: Vec<f64>) -> Vec<f64> {
        scores.sort_by(f64::total_cmp);
        scores
    }

    /// A reproducible sample that is dense near zero: (i² mod 997) / 997.
    fn sample(n: u32) -> Vec<f64> {
        ascending((1..=n).map(|i| f64::from(i * i % 997) / 997.0).collect())
    }

    #[test]
    fn edges_belong_to_the_upper_bin_and_the_last_to_the_last() {
        // numpy 2.4.6: np.histogram([-1, 0, 0.25, 0.25, 0.3, 0.5, 0.75, 1, 2], bins=4, range=(0, 1)) gives 1, 3, 1, 2.
        let bins = Bins { range: 0.0..1.0, count: 4 };
        let counts = bins.count(&[-1.0, 0.0, 0.25, 0.25, 0.3, 0.5, 0.75, 1.0, 2.0]);
        assert_eq!(counts, Counts { within: vec![1, 3, 1, 2], below: 1, above: 1 });
    }

    #[test]
    fn every_score_is_counted_once() {
        for scores in [
            sample(1),
            sample(19),
            sample(500),
            vec![7.0; 30],
            vec![-1e308, 0.0, 1e308],
            ascending([sample(400), vec![1e9, -1e9]].concat()),
        ] {
            let other = sample(50);
            let bins = Bins::shared(&scores, &other);
            let counts = bins.count(&scores);
            assert_eq!(counts.within.len(), bins.count);
            assert_eq!(counts.within.iter().sum::<usize>() + counts.below + counts.above, scores.len());
        }
    }

    #[test]
    fn the_number_of_bins_is_that_of_freedman_and_diaconis() {
        // Pooled 0, 1, ..., 999: quartiles 250 and 749, width 2 · 499 / 10 = 99.8, so 11 bins, raised to 20.
        let (even, odd): (Vec<f64>, Vec<f64>) = (0..1000).map(f64::from).partition(|v| v % 2.0 == 0.0);
        assert_eq!(Bins::shared(&even, &odd), Bins { range: 0.0..999.0, count: 20 });
        // A body of 8 and a tail up to 80: quartiles 2 and 6 of 1001 scores, width 8 / 10.003, 80 / 0.7997 = 100.04, held at 100.
        let body: Vec<f64> = (0..1001).map(|i| f64::from(i) / 125.0).collect();
        assert_eq!(freedman_diaconis(&body[..500], &body[500..], 80.0), 100);
        assert_eq!(freedman_diaconis(&body[..500], &body[500..], 40.0), 51);
    }

    #[test]
    fn a_constant_sample_is_in_the_middle() {
        let bins = Bins::shared(&[3.0; 5], &[3.0]);
        assert_eq!(bins, Bins { range: 2.5..3.5, count: 20 });
        assert_eq!(bins.count(&[3.0; 5]).within[10], 5);
    }

    #[test]
    fn few_outliers_do_not_widen_the_axis() {
        let calm = Bins::shared(&sample(1000), &sample(700));
        let wild = ascending([sample(998), vec![-1e6, 1e12]].concat());
        let bins = Bins::shared(&wild, &sample(700));
        assert!(bins.range.end - bins.range.start < 2.1 * (calm.range.end - calm.range.start), "{bins:?}");
        let counts = bins.count(&wild);
        assert_eq!((counts.below, counts.above), (1, 1));
    }

    #[test]
    fn a_second_mode_is_no_outlier() {
        let far: Vec<f64> = sample(40).iter().map(|v| v + 100.0).collect();
        let bins = Bins::shared(&sample(5000), &far);
        assert_eq!(bins.range, sample(5000)[0]..far[39]);
    }
}
