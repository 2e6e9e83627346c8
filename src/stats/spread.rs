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
/// OpenOOD divides by n instead, see [`Ddof`].
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

/// What the square of a standard deviation divides the sum of squares by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ddof {
    /// The number of values n: NumPy's default, and what OpenOOD prints.
    Zero,
    /// n − 1: the sample standard deviation of [`mean_and_std`].
    #[default]
    One,
}

impl Ddof {
    /// The number that it is called by.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
        }
    }

    /// The standard deviation of n values whose sample standard deviation is known.
    ///
    /// ```
    /// use oodbench::stats::spread::Ddof;
    /// // 0, 1, 2, 3: the squares of the differences to 1.5 add up to 5.
    /// assert!((Ddof::Zero.of_sample((5.0_f64 / 3.0).sqrt(), 4) - (5.0_f64 / 4.0).sqrt()).abs() < 1e-15);
    /// ```
    #[must_use]
    pub fn of_sample(self, std: f64, n: u64) -> f64 {
        match self {
            Self::Zero => std * (n.saturating_sub(1) as f64 / n as f64).sqrt(),
            Self::One => std,
        }
    }
}
