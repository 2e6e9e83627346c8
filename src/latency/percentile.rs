//! Percentiles of durations.

/// The `share`-quantile of at least one value by nearest rank: the smallest value that at least this share of all is not above.
///
/// A value that was measured, not one between two that were.
///
/// ```
/// use oodbench::latency::percentile::nearest_rank;
/// let durations = [30.0, 10.0, 40.0, 20.0];
/// assert_eq!(nearest_rank(&durations, 0.5), 20.0);
/// assert_eq!(nearest_rank(&durations, 0.95), 40.0);
/// ```
#[must_use]
pub fn nearest_rank(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.quantile(values, share, method="inverted_cdf")`, NumPy 2.4.6.
    #[test]
    fn ranks_are_those_of_the_inverted_cdf() {
        let values: Vec<f64> = (0..20).map(|i| f64::from((i * 7 + 3) % 20 + 1)).collect();
        assert_eq!(nearest_rank(&values, 0.5), 10.0);
        assert_eq!(nearest_rank(&values, 0.95), 19.0);
        assert_eq!(nearest_rank(&values, 0.951), 20.0);
        assert_eq!(nearest_rank(&values, 1.0), 20.0);
        assert_eq!(nearest_rank(&values, 0.0), 1.0);
        assert_eq!(nearest_rank(&values[..1], 0.95), 4.0);
    }

    #[test]
    fn one_outlier_in_twenty_moves_neither() {
        let mut values = vec![5.0; 20];
        values[13] = 1e9;
        assert_eq!((nearest_rank(&values, 0.5), nearest_rank(&values, 0.95)), (5.0, 5.0));
    }
}
