//! Ranks with intervals: between which places a score may stand, as far as its values over seeds tell.
//!
//! # Formula
//!
//! K entries, each with values over its own seeds. All pairs are tested, those of one training by Student's paired test, others by Welch's; Holm's p at
//! level α over all pairs. Then
//!
//! ```text
//! rank i         = 1 + how many have a better mean
//! interval of i  = [1 + how many are significantly better,  K − how many are significantly worse]
//! Welch:  t = (m_i − m_j)/√(v_i + v_j),  v = s²/n,  df = (v_i + v_j)²/(v_i²/(n_i − 1) + v_j²/(n_j − 1)), or min(n_i, n_j) − 1 where n_i ≠ n_j
//! ```
//!
//! # What it controls
//!
//! All intervals together hold the ranks of the true means in a share 1 − α of samples at least, since they are wrong only if a pair is called different the
//! wrong way round or while it is equal. What varies is the training; the rows tested are not drawn again. An entry with one seed cannot be tested: its
//! interval is all places. Beside different numbers of seeds Welch's degrees of freedom are too many where entries of few seeds vary most, the more so the more
//! entries there are; the lesser number of seeds decides there, which is cautious. `all_intervals_hold_the_true_ranks` and
//! `a_large_table_of_mixed_seeds_holds_its_ranks` below simulate it.
//!
//! # Source
//!
//! D. Al Mohamad, J. Goeman, E. van Zwet, Simultaneous Confidence Intervals for Ranks, arXiv:1812.05507; B. Welch, Biometrika 34 (1947).
//!
//! # Example
//!
//! ```
//! use oodbench::stats::places::{Entry, places};
//! let entry = |training, values: &[f64]| Entry { training, values: values.to_vec() };
//! let found = places(&[entry(0, &[0.9, 0.901, 0.899]), entry(1, &[0.5, 0.502, 0.498]), entry(2, &[0.8])], 0.05);
//! assert_eq!(found.iter().map(|one| (one.rank, one.low, one.high)).collect::<Vec<_>>(), [(1, 1, 2), (3, 2, 3), (2, 1, 3)]);
//! ```

use super::holm;
use super::spread::mean_and_std;
use super::student::two_sided;

/// What is ranked, higher values being better.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Entries of one training have their values on the same seeds, in the same order.
    pub training: usize,
    /// The value of each seed, at least one.
    pub values: Vec<f64>,
}

/// A place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// 1 is the best; equal means share the better place.
    pub rank: usize,
    /// The best place that it may have.
    pub low: usize,
    /// The worst.
    pub high: usize,
    /// Whether any test says something of it.
    pub is_tested: bool,
}

/// The rank of every entry.
#[must_use]
pub fn places(entries: &[Entry], level: f64) -> Vec<Place> {
    let means: Vec<f64> = entries.iter().map(|entry| mean_and_std(&entry.values).mean).collect();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for i in 0..entries.len() {
        pairs.extend((i + 1..entries.len()).filter_map(|j| Some((p_of(&entries[i], &entries[j])?, i, j))));
    }
    let count = entries.len();
    let better = |i: usize| means.iter().filter(|mean| **mean > means[i]).count();
    let blank = |i| Place { rank: 1 + better(i), low: 1, high: count, is_tested: false };
    let mut found: Vec<Place> = (0..count).map(blank).collect();
    for &(_, i, j) in &pairs {
        (found[i].is_tested, found[j].is_tested) = (true, true);
    }
    let adjusted = holm::adjusted(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    for (&(_, i, j), _) in pairs.iter().zip(adjusted).filter(|(_, p)| *p < level) {
        let (ahead, behind) = if means[i] > means[j] { (i, j) } else { (j, i) };
        found[ahead].high -= 1;
        found[behind].low += 1;
    }
    found
}

/// p of the two-sided test of a pair; none where nothing says how far it varies.
fn p_of(a: &Entry, b: &Entry) -> Option<f64> {
    if a.values.len() < 2 || b.values.len() < 2 {
        return None;
    }
    if a.training == b.training && a.values.len() == b.values.len() {
        let differences: Vec<f64> = a.values.iter().zip(&b.values).map(|(a, b)| a - b).collect();
        let n = differences.len() as f64;
        let spread = mean_and_std(&differences);
        return by_error(spread.mean, spread.std / n.sqrt(), n - 1.0);
    }
    let part = |values: &[f64]| {
        let n = values.len() as f64;
        let spread = mean_and_std(values);
        (spread.mean, spread.std * spread.std / n, n - 1.0)
    };
    let ((mean_a, a, df_a), (mean_b, b, df_b)) = (part(&a.values), part(&b.values));
    let degrees = if df_a == df_b { (a + b) * (a + b) / (a * a / df_a + b * b / df_b) } else { f64::min(df_a, df_b) };
    by_error(mean_a - mean_b, (a + b).sqrt(), degrees)
}

fn by_error(difference: f64, error: f64, degrees: f64) -> Option<f64> {
    if difference == 0.0 {
        return Some(1.0);
    }
    (error > 0.0).then(|| two_sided(difference / error, degrees))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution as _, StandardNormal};

    use super::*;

    #[test]
    fn welch_is_scipys() {
        // scipy.stats.ttest_ind([1, 2, 4], [2, 5, 9], equal_var=False)
        let entry = |training, values: &[f64]| Entry { training, values: values.to_vec() };
        let found = p_of(&entry(0, &[1.0, 2.0, 4.0]), &entry(1, &[2.0, 5.0, 9.0])).unwrap();
        assert!((found - 0.276_105_097_229_477).abs() < 1e-12, "{found}");
        // 2*scipy.stats.t.sf(1.872125628512157, 2), the statistic of [1, 2, 4] and [2, 5, 9, 6]
        let found = p_of(&entry(0, &[1.0, 2.0, 4.0]), &entry(1, &[2.0, 5.0, 9.0, 6.0])).unwrap();
        assert!((found - 0.202_075_001_424_964_76).abs() < 1e-12, "{found}");
        // scipy.stats.ttest_rel([1, 2, 4], [2, 5, 9])
        let found = p_of(&entry(0, &[1.0, 2.0, 4.0]), &entry(0, &[2.0, 5.0, 9.0])).unwrap();
        assert!((found - 0.121_689_934_346_320_14).abs() < 1e-12, "{found}");
    }

    #[test]
    fn one_is_first_and_none_is_nothing() {
        let one = Entry { training: 0, values: vec![0.5, 0.6] };
        assert_eq!(places(&[one], 0.05), [Place { rank: 1, low: 1, high: 1, is_tested: false }]);
        assert!(places(&[], 0.05).is_empty());
    }

    /// In how many of so many samples an interval does not hold a true rank: entries with these means, standard deviations and numbers of seeds, two of each
    /// training.
    fn missed(truth: &[f64], spreads: &[f64], seeds: &[usize], samples: usize) -> usize {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut missed = 0;
        for _ in 0..samples {
            let entry = |i: usize| {
                let mut draw = || -> f64 {
                    let z: f64 = StandardNormal.sample(&mut rng);
                    truth[i] + spreads[i] * z
                };
                Entry { training: i / 2, values: (0..seeds[i]).map(|_| draw()).collect() }
            };
            let entries: Vec<Entry> = (0..truth.len()).map(entry).collect();
            let held = places(&entries, 0.05).iter().zip(truth).all(|(found, mean)| {
                // Equal true means share all of their places.
                let best = 1 + truth.iter().filter(|other| *other > mean).count();
                let worst = truth.iter().filter(|other| *other >= mean).count();
                found.low <= best && worst <= found.high
            });
            missed += usize::from(!held);
        }
        missed
    }

    /// Six entries whose true means are known: all intervals hold the true ranks in 95 % of samples at least, with the two or three seeds that most trainings
    /// have, too, and where spreads and numbers of seeds differ.
    #[test]
    fn all_intervals_hold_the_true_ranks() {
        let truth = [0.0, 0.0, 0.5, 3.0, 3.0, 6.0];
        for seeds in [[2; 6], [3; 6], [5; 6], [2, 2, 5, 5, 3, 3]] {
            for spreads in [[1.0; 6], [0.2, 0.2, 1.0, 1.0, 3.0, 3.0], [1.0, 0.1, 1.0, 0.1, 1.0, 0.1]] {
                for truth in [truth, [0.0; 6]] {
                    let missed = missed(&truth, &spreads, &seeds, 500);
                    // 25 are allowed on average; 38 is two and a half standard deviations of such a count more.
                    assert!(missed <= 38, "{seeds:?} {spreads:?} {truth:?}: {missed} of 500");
                }
            }
        }
    }

    /// A large table that mixes 2 and 5 seeds and tenfold spreads, each entry of a training of its own.
    #[test]
    fn a_large_table_of_mixed_seeds_holds_its_ranks() {
        let (truth, mut rng, samples) = ([0.0; 20], ChaCha8Rng::seed_from_u64(4), 300);
        let mut missed = 0;
        for _ in 0..samples {
            let mut draw = |i: usize| {
                let z: f64 = StandardNormal.sample(&mut rng);
                z * [1.0, 0.1][i % 2]
            };
            let entry = |i: usize| Entry { training: i, values: (0..[2, 5][i % 2]).map(|_| draw(i)).collect() };
            let entries: Vec<Entry> = (0..truth.len()).map(entry).collect();
            missed += usize::from(places(&entries, 0.05).iter().any(|found| found.low > 1 || found.high < truth.len()));
        }
        // 15 are allowed; 24 is two and a half standard deviations more.
        assert!(missed <= 24, "{missed} of {samples}");
    }
}
