//! A seeded choice of rows: which of a split are held back for the calibration.

use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;

/// Of every row whether it is chosen: `m` of `n`, every choice of as many equally likely.
///
/// ```
/// use oodbench::detector::subset::chosen;
/// let rows = chosen(3, 10, 0);
/// assert_eq!(rows.iter().filter(|chosen| **chosen).count(), 3);
/// assert_eq!(rows, chosen(3, 10, 0));
/// ```
///
/// # Panics
/// If `m` is more than `n`.
#[must_use]
pub fn chosen(m: usize, n: usize, seed: u64) -> Vec<bool> {
    assert!(m <= n, "{m} of {n} rows");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows: Vec<usize> = (0..n).collect();
    let mut chosen = vec![false; n];
    // The first m steps of Fisher and Yates.
    for step in 0..m {
        if let Ok(others) = Uniform::new(step, n) {
            rows.swap(step, others.sample(&mut rng));
        }
        chosen[rows[step]] = true;
    }
    chosen
}
