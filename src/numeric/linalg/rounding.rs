//! What rounding of the values makes of a direction without variance.

use ndarray::Array1;

/// How far stored values are from those that were meant.
///
/// A column that is a combination of others leaves a direction without variance, were it not for rounding. Measured in the deviations of rounding, the
/// variance of such a direction is at most `(1 + √(D/n))²` times its share in the mean: the largest singular value of a random matrix (Marchenko and
/// Pastur 1967).
#[derive(Clone, Debug, PartialEq)]
pub struct Rounding {
    /// Standard deviation of the rounding error of every column (D).
    pub deviations: Array1<f64>,
    /// Mean square of every column (D) as it was summed up, which the rounding of a Gram matrix is relative to; 0 for a column that never changes.
    pub scales: Array1<f64>,
    /// Rows n.
    pub rows: usize,
}

/// A pivot ratio below which a Cholesky factor is not trusted and singular values decide about the rank.
pub(super) const TRUSTED_PIVOT_RATIO: f64 = 1e-10;

/// The allowance for a maximum over the directions of one data set.
const ALLOWANCE: f64 = 2.0;

/// A ratio of neighbouring variances from which on the cut between them is clear.
const CLEAR: f64 = 1e3;

impl Rounding {
    fn columns(&self) -> usize {
        self.deviations.len()
    }

    /// The largest variance, in units of the rounding's, of a direction without any where every value was rounded once.
    #[must_use]
    pub fn once(&self) -> f64 {
        ALLOWANCE * (1.0 + (self.columns() as f64 / self.rows.max(1) as f64).sqrt()).powi(2)
    }

    /// The same where a column was summed up from all others in the precision of the file, and rounded at every addition.
    #[must_use]
    pub fn at_every_addition(&self) -> f64 {
        self.once() * self.columns().max(2) as f64
    }

    /// Whether every direction is beyond doubt more than rounding, given the sum over directions of unit variance of what rounding adds to each.
    pub(super) fn is_small(&self, sum: f64) -> bool {
        sum * self.at_every_addition() < 1.0
    }

    /// Where variances in these units, descending, end to be more than rounding.
    #[must_use]
    pub fn cut(&self, variances: &[f64]) -> RankCut {
        let above = |bound: f64| variances.iter().take_while(|variance| **variance > bound).count();
        let (fewer, more) = (above(self.at_every_addition()), above(self.once()));
        // No direction at all is as clear as the bound that the largest variance stays below, and no clearer.
        let upper = |rank: usize| if rank == 0 { self.at_every_addition() } else { variances[rank - 1] };
        let lower = |rank: usize| if rank == more { self.once() } else { variances[rank] };
        let gap = |rank: usize| upper(rank) / lower(rank);
        // Of equal gaps the one of fewer directions: what is left out cannot blow up a distance.
        let rank = (fewer..=more).fold(fewer, |best, rank| if gap(rank) > gap(best) { rank } else { best });
        let kept = upper(rank) / variances.get(rank).copied().unwrap_or(0.0).max(1.0);
        if gap(rank) >= CLEAR {
            RankCut { rank, fewer: rank, more: rank, gap: kept }
        } else {
            RankCut { rank, fewer, more, gap: kept }
        }
    }
}

/// The share of the largest variance that rounding of double precision can have made of none in a Gram matrix of n rows of D columns, divided by n: errors of
/// the sums grow with √n, those of the factorisation with D, with eight times as much as allowance.
#[must_use]
pub fn gram_rounding(rows: usize, columns: usize) -> f64 {
    8.0 * f64::EPSILON / 2.0 * ((rows as f64).sqrt() + columns as f64)
}

/// How many directions vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankCut {
    /// Directions kept.
    pub rank: usize,
    /// Directions that are surely more than rounding.
    pub fewer: usize,
    /// Directions that may be more than rounding.
    pub more: usize,
    /// How many times the smallest variance kept is above the largest left out, which counts as at least what rounding makes of none.
    pub gap: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounding() -> Rounding {
        Rounding { deviations: Array1::ones(4), scales: Array1::ones(4), rows: 400 }
    }

    /// (1 + √(4/400))² = 1.21, doubled; four additions.
    #[test]
    fn bounds_by_hand() {
        assert!((rounding().once() - 2.42).abs() < 1e-12);
        assert!((rounding().at_every_addition() - 9.68).abs() < 1e-12);
    }

    #[test]
    fn a_clear_gap_decides() {
        for (variances, rank) in [
            ([1e14, 1e13, 1e12, 1e12], 4),
            ([1e14, 1e13, 1e12, 0.3], 3),
            // Rounded several times, still far below the others.
            ([1e14, 1e13, 1e12, 6.0], 3),
            ([1e14, 1.0, 0.5, 0.0], 1),
        ] {
            let cut = rounding().cut(&variances);
            assert_eq!((cut.rank, cut.fewer, cut.more), (rank, rank, rank), "{variances:?}");
        }
    }

    #[test]
    fn without_a_gap_both_sides_are_told() {
        let cut = rounding().cut(&[1e14, 30.0, 6.0, 1.0]);
        assert_eq!((cut.fewer, cut.more), (2, 3));
        // 30 is 5 times 6, and 6 is 2.48 times the bound of 2.42.
        assert_eq!(cut.rank, 2);
    }

    /// A single direction of 9, less than the bound of 9.68, more than that of 2.42: by 3.7 times, against 1.1 for none.
    #[test]
    fn no_direction_is_no_clear_cut() {
        let cut = rounding().cut(&[9.0, 0.5, 0.0, 0.0]);
        assert_eq!((cut.rank, cut.fewer, cut.more), (1, 0, 1));
    }
}
