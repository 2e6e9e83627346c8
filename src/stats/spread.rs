//! Mean and standard deviation over a few runs.

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// `sqrt(Σ (x − mean)² / (n − 1))`: one degree of freedom less (ddof = 1), as the paper's authors report; 0 for a single value.
    pub std: f64,
}

/// Mean and sample standard deviation of at least one value.
///
/// OpenOOD divides by n instead (ddof = 0), which for three seeds gives 0.82 of this.
///
/// ```
/// let spread = oodbench::stats::spread::mean_and_std(&[1.0, 2.0, 3.0]);
/// assert_eq!((spread.mean, spread.std), (2.0, 1.0));
/// ```
#[must_use]
pub fn mean_and_std(values: &[f64]) -> Spread {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let std = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
    Spread { mean, std }
}
