//! Ranks of values: 1 is the best, equal values share the mean of their ranks. NaN is told from every number and equal to itself.

/// The ranks of some values; the largest has rank 1.
///
/// ```
/// use oodbench::stats::ranks::ranks;
/// assert_eq!(ranks(&[0.9, 0.7, 0.8, 0.8]), [1.0, 4.0, 2.5, 2.5]);
/// assert_eq!(ranks(&[0.0, -0.0, f64::NAN, f64::NAN, 1.0])[..2], [4.5, 4.5]);
/// ```
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    // The total order ends for NaN, too; adding 0 makes −0 the 0 that it equals.
    let compared = |a: usize, b: usize| (values[b] + 0.0).total_cmp(&(values[a] + 0.0));
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| compared(a, b));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    while first < order.len() {
        let is_tied = |&place: &usize| compared(order[place], order[first]).is_eq();
        let behind = (first..order.len()).take_while(is_tied).count() + first;
        // Ranks count from 1.
        let shared = (first + 1 + behind) as f64 / 2.0;
        order[first..behind].iter().for_each(|&own| ranks[own] = shared);
        first = behind;
    }
    ranks
}
