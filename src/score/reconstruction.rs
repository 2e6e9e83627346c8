//! What the leading principal directions of mapped features leave over.

use ndarray::{Array1, Array2, s};

use super::settings::{Parameter, SettingError, Settings};
use super::{State, StateError};
use crate::numeric::linalg::{Factor, Spectrum, Threads};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::vector::norm;

/// The share of variance that the leading directions explain.
pub(super) const fn share(default: &'static str) -> Parameter {
    Parameter {
        name: "share",
        default,
        help: "share r of the variance that the leading directions have at least; above 0, at most 1",
        grid: &["0.5", "0.7", "0.8", "0.85", "0.9", "0.95", "0.99"],
        counts: None,
    }
}

/// Its value.
pub(super) fn share_of(settings: &Settings) -> Result<f64, SettingError> {
    settings.number("share", "a number above 0, at most 1", |share: &f64| *share > 0.0 && *share <= 1.0)
}

/// The fewest leading directions with so large a share of the variance, of those above so small a share of the largest.
pub(super) fn leading(variances: &[f64], varying: usize, share: f64) -> usize {
    let total: f64 = variances.iter().sum();
    let shares = variances.iter().scan(0.0, |sum, variance| {
        *sum += variance;
        Some(*sum / total)
    });
    varying.min(1 + shares.take_while(|reached| *reached < share).count())
}

/// `‖x − μ − U Uᵀ(x − μ)‖₂`.
pub(super) struct Reconstruction {
    mean: Array1<f64>,
    /// `U`, orthonormal columns.
    directions: Array2<f64>,
}

impl Reconstruction {
    /// The mean of the mapped training rows, and the first `count` of their principal directions.
    pub(super) fn new(mean: Array1<f64>, spectrum: &Spectrum, count: usize) -> Self {
        Self { mean, directions: spectrum.directions.slice(s![.., ..count]).to_owned() }
    }

    /// The error of every row (n, D).
    pub(super) fn errors<'a>(&'a self, rows: &Array2<f64>) -> impl Iterator<Item = f64> + use<'a> {
        let mut rest = RecycledMatrix::difference(rows, &self.mean);
        let along = row_product(&rest.view(), &self.directions.view(), Factor::Full, Threads::One);
        *rest -= &*row_product(&along.view(), &self.directions.t(), Factor::Full, Threads::One);
        let count = rest.nrows();
        (0..count).map(move |row| norm(rest.row(row).to_slice().unwrap_or_default()))
    }

    pub(super) fn save(&self) -> State<'_> {
        State::new().with("mean", &self.mean).with("directions", &self.directions)
    }

    pub(super) fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self { mean: state.vector("mean")?, directions: state.matrix("directions")? })
    }
}
