//! How far an AUROC may be off by chance.

/// The standard error of an AUROC `A` of `n` ID and `m` OOD rows, by Hanley & McNeil (Radiology 143, 1982):
///
/// ```text
/// SE² = (A (1 − A) + (n − 1)(Q₁ − A²) + (m − 1)(Q₂ − A²)) / (n m),    Q₁ = A/(2 − A),    Q₂ = 2 A²/(1 + A)
/// ```
///
/// At A = ½ it is the exact one of scores that tell nothing apart, `SE² = (n + m + 1)/(12 n m)`:
///
/// ```
/// use oodbench::eval::tune::standard_error::standard_error;
/// assert!((standard_error(0.5, 10, 20) - (31.0_f64 / 2400.0).sqrt()).abs() < 1e-15);
/// assert!((standard_error(0.75, 100, 100) - 0.034_432).abs() < 5e-7);
/// assert_eq!(standard_error(1.0, 10, 10), 0.0);
/// ```
#[must_use]
pub fn standard_error(auroc: f64, n: usize, m: usize) -> f64 {
    let (n, m, square) = (n as f64, m as f64, auroc * auroc);
    let (first, second) = (auroc / (2.0 - auroc), 2.0 * square / (1.0 + auroc));
    let variance = (auroc * (1.0 - auroc) + (n - 1.0) * (first - square) + (m - 1.0) * (second - square)) / (n * m);
    variance.max(0.0).sqrt()
}
