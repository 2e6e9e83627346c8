//! Rank intervals: which places a score could have, were other rows drawn.
//!
//! # Formula
//!
//! K values a, their draws a*(b) from the [same rows](super::row_draws), `s_ij` the standard deviation of a*_i − a*_j.
//!
//! ```text
//! c_i    = 1 − α quantile over b of max over j of |(a*_j − a*_i) − (a_j − a_i)| / s_ij
//! lowest  rank of i = 1 + number of j with (a_j − a_i)/s_ij > c_i
//! highest rank of i = K − number of j with (a_i − a_j)/s_ij > c_i
//! ```
//!
//! # What it controls
//!
//! For each score by itself its true rank is in the interval in 1 − α of samples, also where scores are equally good or nearly so. The quantiles of the
//! ranks that a score has in the draws do not do that: in simulations (`coverage_of_ranks_at_length` in `tests/core/coverage_of_comparisons.rs`) they held
//! the true ranks of a score in 18 to 21 % of samples where ten scores are equally good, and in 92 to 100 % where six come in clusters; the rule above did in 94 to 97 %
//! and in 98 to 100 %.
//!
//! # Source
//!
//! M. Mogstad, J. Romano, A. Shaikh, D. Wilhelm, Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic Achievement across
//! Countries, Review of Economic Studies 91 (2024); marginal intervals.
//!
//! # Example
//!
//! ```
//! use oodbench::stats::rank_interval::{RankInterval, intervals};
//! // The first two exchange their places in some draws, the third is far below.
//! let draws = [vec![0.90, 0.92, 0.91, 0.93], vec![0.91, 0.90, 0.93, 0.92], vec![0.20, 0.21, 0.19, 0.20]];
//! let found = intervals(&[0.915, 0.914, 0.2], &[&draws[0], &draws[1], &draws[2]], 0.95);
//! assert_eq!(found, [RankInterval { low: 1, high: 2 }, RankInterval { low: 1, high: 2 }, RankInterval { low: 3, high: 3 }]);
//! ```

use super::row_draws::error_of_difference;

/// The places a score could have; 1 is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RankInterval {
    /// The best of them.
    pub low: usize,
    /// The worst of them.
    pub high: usize,
}

/// The rank interval of each value, the largest being the best, from the draws of each. A pair that never varies in the draws is told apart by its values.
///
/// # Panics
/// If there are not as many draws of every value, and at least one.
#[must_use]
pub fn intervals(values: &[f64], draws: &[&[f64]], level: f64) -> Vec<RankInterval> {
    let count = draws.first().map_or(0, |draws| draws.len());
    assert!(
        values.len() == draws.len() && draws.iter().all(|own| own.len() == count && count > 0),
        "draws of all values"
    );
    let of = |i: usize| {
        let others: Vec<(usize, f64)> =
            (0..values.len()).filter(|&j| j != i).map(|j| (j, error_of_difference(draws[j], draws[i]))).collect();
        let mut largest: Vec<f64> = (0..count)
            .map(|b| {
                let away = others
                    .iter()
                    .filter(|(_, error)| *error > 0.0)
                    .map(|&(j, error)| ((draws[j][b] - draws[i][b]) - (values[j] - values[i])).abs() / error);
                away.fold(0.0, f64::max)
            })
            .collect();
        largest.sort_unstable_by(f64::total_cmp);
        let critical = largest[((level * count as f64).ceil() as usize).clamp(1, count) - 1];
        // Far enough apart; without any variance every difference is.
        let beyond = |difference: f64, error: f64| difference > critical * error;
        let above = others.iter().filter(|&&(j, error)| beyond(values[j] - values[i], error)).count();
        let below = others.iter().filter(|&&(j, error)| beyond(values[i] - values[j], error)).count();
        RankInterval { low: 1 + above, high: values.len() - below }
    };
    (0..values.len()).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_varies_is_told_apart_by_its_values() {
        let draws = [vec![0.9; 10], vec![0.8; 10], vec![0.8; 10]];
        let views: Vec<&[f64]> = draws.iter().map(Vec::as_slice).collect();
        let found = intervals(&[0.9, 0.8, 0.8], &views, 0.95);
        assert_eq!(found[0], RankInterval { low: 1, high: 1 });
        assert_eq!(found[1..], [RankInterval { low: 2, high: 3 }; 2]);
    }
}
