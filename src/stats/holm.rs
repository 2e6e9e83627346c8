//! p-values of several tests, so that one false alarm among all of them is as rare as in a single one.

/// Holm's step-down p-values: of m, sorted upwards, the i-th becomes `max_{j ≤ i} min(1, (m − j + 1)·p_j)`. In the order given.
///
/// Source: S. Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 6 (1979).
///
/// ```
/// // 3·0.01, 2·0.04, and 0.05 made no smaller than the one before.
/// assert_eq!(oodbench::stats::holm::adjust(&[0.05, 0.01, 0.04]), [0.08, 0.03, 0.08]);
/// ```
#[must_use]
pub fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        let own = ((p.len() - rank) as f64 * p[i]).min(1.0);
        largest = if own > largest { own } else { largest };
        adjusted[i] = largest;
    }
    adjusted
}
