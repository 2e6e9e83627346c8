//! The Weibull distribution of the largest distances of a class, as OpenMax fits it.

use super::root::increasing_root;

/// The distance that is added to the smallest one before fitting, libmr's constant.
pub const TRANSLATION: f64 = 10_000.0;

/// A Weibull distribution of `d − low + 10000`, for distances `d` whose smallest was `low`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weibull {
    /// All fitted distances were equal: everything beyond is certain.
    Step {
        /// The distance they had.
        low: f64,
    },
    /// The general case.
    Smooth {
        /// The smallest fitted distance.
        low: f64,
        /// The shape κ.
        shape: f64,
        /// `τ = log(scale / 10000)`.
        log_scale: f64,
    },
}

impl Weibull {
    /// Fits a non-empty tail by maximum likelihood.
    ///
    /// ```text
    /// t_i = log1p((d_i − low)/10000),    1/κ = Σ t e^{κt} / Σ e^{κt} − mean t,    τ = (1/κ) log mean e^{κt}
    /// ```
    #[must_use]
    pub fn fit(tail: &[f64]) -> Self {
        let low = tail.iter().copied().fold(f64::INFINITY, f64::min);
        let moved: Vec<f64> = tail.iter().map(|distance| moved(*distance, low)).collect();
        let largest = moved.iter().copied().fold(0.0, f64::max);
        let n = moved.len() as f64;
        let mean = moved.iter().sum::<f64>() / n;
        if largest <= 0.0 {
            return Self::Step { low };
        }
        // Weights relative to the largest one, so that nothing overflows.
        let likelihood = |shape: f64| {
            let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
            for &t in &moved {
                let weight = (shape * (t - largest)).exp();
                sum += weight;
                first += weight * t;
                second += weight * t * t;
            }
            let weighted_mean = first / sum;
            let variance = second / sum - weighted_mean * weighted_mean;
            (weighted_mean - mean - 1.0 / shape, variance.max(0.0) + 1.0 / (shape * shape))
        };
        match increasing_root(1.0 / largest, likelihood) {
            Some(shape) => {
                let sum: f64 = moved.iter().map(|t| (shape * (t - largest)).exp()).sum();
                Self::Smooth { low, shape, log_scale: largest + (sum / n).ln() / shape }
            }
            // Differences so small that their shape is beyond `f64` are none.
            None => Self::Step { low },
        }
    }

    /// Three numbers that tell it: `low`, κ and τ. A step is a shape beyond all others, κ = ∞.
    #[must_use]
    pub fn numbers(&self) -> [f64; 3] {
        match *self {
            Self::Step { low } => [low, f64::INFINITY, 0.0],
            Self::Smooth { low, shape, log_scale } => [low, shape, log_scale],
        }
    }

    /// The distribution of these numbers.
    #[must_use]
    pub fn from_numbers([low, shape, log_scale]: [f64; 3]) -> Self {
        if shape == f64::INFINITY { Self::Step { low } } else { Self::Smooth { low, shape, log_scale } }
    }

    /// `F(d) = 1 − exp(−exp(κ (t(d) − τ)))`, and 0 where `d ≤ low − 10000`.
    #[must_use]
    pub fn cumulative(&self, distance: f64) -> f64 {
        match *self {
            Self::Step { low } => f64::from(u8::from(distance > low)),
            Self::Smooth { low, .. } if distance <= low - TRANSLATION => 0.0,
            Self::Smooth { low, shape, log_scale } => -(-(shape * (moved(distance, low) - log_scale)).exp()).exp_m1(),
        }
    }
}

fn moved(distance: f64, low: f64) -> f64 {
    ((distance - low) / TRANSLATION).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1: `weibull_min.fit(d - d.min() + 10000, floc=0, optimizer=...)` by `fmin` with `xtol=ftol=1e-14`,
    /// for d = (1, 2, 4, 8, 16); F at 10 by `weibull_min.cdf`.
    #[test]
    fn equals_scipys_fit() {
        let weibull = Weibull::fit(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        let Weibull::Smooth { shape, log_scale, .. } = weibull else { panic!("distances differ") };
        assert!((shape / 1_699.402_561_548_281 - 1.0).abs() < 1e-6, "{shape}");
        assert!((log_scale.exp() * TRANSLATION / 10_008.133_017_710_126 - 1.0).abs() < 1e-9);
        assert!((weibull.cumulative(10.0) - 0.686_073_433_045_111_9).abs() < 1e-6);
    }

    #[test]
    fn equal_distances_make_a_step() {
        let weibull = Weibull::fit(&[2.0; 3]);
        assert_eq!([1.0, 2.0, 2.5].map(|d| weibull.cumulative(d)), [0.0, 0.0, 1.0]);
        assert_eq!(Weibull::fit(&[0.0, 1e-320]).cumulative(1.0), 1.0);
    }

    #[test]
    fn far_distances_stay_finite() {
        let weibull = Weibull::fit(&[1e30, 2e30, 3.5e30]);
        for distance in [0.0, 1e30, 3e30, 1e38] {
            assert!((0.0..=1.0).contains(&weibull.cumulative(distance)));
        }
        assert_eq!(weibull.cumulative(0.0), 0.0);
    }
}
