//! The density of the values of one row, and how far it is from that of the training rows.

use ndarray::{Array1, Array2};

use crate::numeric::recycled::Recycled;
use crate::state::{State, StateError};

/// Smallest and largest of no values.
pub(super) const NO_RANGE: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

/// Beyond the largest value, so that it lies inside; the authors'.
const BEYOND: f64 = 1e-8;

/// A range that holds these values, too.
pub(super) fn widen(range: (f64, f64), values: &Array2<f64>) -> (f64, f64) {
    values.iter().fold(range, |(low, high), value| (low.min(*value), high.max(*value)))
}

/// A range that holds both.
pub(super) fn join(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The mean density of the training rows over equal bins of their range.
pub(super) struct Density {
    low: f64,
    width: f64,
    /// Shares of the bins; what lies outside of all is left over.
    shares: Array1<f64>,
    /// What is added to every bin, of either density, before both are made to sum to one.
    least: f64,
}

impl Density {
    /// Over a range, of nothing yet.
    pub(super) fn new((low, high): (f64, f64), bins: usize, least: f64) -> Self {
        Self { low, width: (high + BEYOND - low) / bins as f64, shares: Array1::zeros(bins), least }
    }

    fn bin(&self, value: f64) -> Option<usize> {
        let place = (value - self.low) / self.width;
        (place >= 0.0 && place < self.shares.len() as f64).then_some(place as usize)
    }

    /// The shares of the values of one row that lie in each bin.
    fn shares_of(&self, values: &[f64]) -> Recycled<f64> {
        let mut counts = Recycled::filled(0_u32, self.shares.len());
        values.iter().filter_map(|value| self.bin(*value)).for_each(|bin| counts[bin] += 1);
        counts.iter().map(|count| f64::from(*count) / values.len() as f64).collect()
    }

    /// Adds the shares of every row to sums.
    pub(super) fn add(&self, rows: &Array2<f64>, sums: &mut [f64]) {
        for row in rows.rows() {
            let shares = self.shares_of(row.to_slice().unwrap_or_default());
            sums.iter_mut().zip(shares.iter()).for_each(|(sum, share)| *sum += share);
        }
    }

    /// Takes sums of shares of training rows in.
    pub(super) fn learn(&mut self, sums: &[f64]) {
        self.shares.iter_mut().zip(sums).for_each(|(share, sum)| *share += sum);
    }

    /// Makes the sums of so many rows their mean.
    pub(super) fn finish(&mut self, rows: usize) {
        self.shares /= rows as f64;
    }

    /// `KL(p‖q) + KL(q‖p)` of the training density p and the smoothed density q of one row, both raised by the least share.
    pub(super) fn divergence(&self, values: &[f64], smoothing: usize) -> f64 {
        let p = raised(self.shares.iter().copied().collect(), self.least);
        let q = raised(smoothed(&self.shares_of(values), smoothing), self.least);
        p.iter().zip(q.iter()).map(|(p, q)| (q - p) * (q.ln() - p.ln())).sum()
    }

    pub(super) fn save(&self) -> State<'_> {
        State::new().with_number("low", self.low).with_number("width", self.width).with("shares", &self.shares)
    }

    pub(super) fn restore(state: &mut State<'_>, least: f64) -> Result<Self, StateError> {
        Ok(Self { low: state.number("low")?, width: state.number("width")?, shares: state.vector("shares")?, least })
    }
}

/// Every share the mean of `size` around it; the first and the last are repeated beyond the ends. Of an even number one more is taken behind than before.
fn smoothed(shares: &[f64], size: usize) -> Recycled<f64> {
    let (before, last) = ((size - 1) / 2, shares.len() - 1);
    let at = |place: usize| shares[place.saturating_sub(before).min(last)];
    (0..shares.len()).map(|bin| (bin..bin + size).map(at).sum::<f64>() / size as f64).collect()
}

/// Shares with the least added, which sum to one again.
fn raised(mut shares: Recycled<f64>, least: f64) -> Recycled<f64> {
    shares.iter_mut().for_each(|share| *share += least);
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn ends_are_repeated_and_even_windows_lean_behind() {
        assert_eq!(**smoothed(&[4.0, 0.0, 0.0, 8.0], 2), [2.0, 0.0, 4.0, 8.0]);
        assert_eq!(**smoothed(&[3.0, 0.0, 0.0, 6.0], 3), [2.0, 1.0, 2.0, 4.0]);
        assert_eq!(**smoothed(&[1.0, 2.0], 1), [1.0, 2.0]);
    }

    /// The example of the page.
    #[test]
    fn divergence_by_hand() {
        let mut density = Density::new((0.0, 2.0 - BEYOND), 2, 0.5);
        let mut sums = [0.0; 2];
        density.add(&array![[0.0, 0.5], [0.2, 1.5]], &mut sums);
        density.learn(&sums);
        density.finish(2);
        // p = (3/4 + 1/2, 1/4 + 1/2)/2; q = (0 + 1/2, 1/2 + 1/2)/1.5 of one value in the second bin and one outside.
        let (p, q) = ([0.625, 0.375], [1.0 / 3.0, 2.0 / 3.0]);
        let expected: f64 = p.iter().zip(q).map(|(p, q): (&f64, f64)| (q - p) * (q / p).ln()).sum();
        assert!((density.divergence(&[1.7, -3.0], 1) - expected).abs() < 1e-15);
    }
}
