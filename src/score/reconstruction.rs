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

/// `‖x − μ − U Uᵀ(x − μ)‖₂`, U the leading directions (orthonormal columns), or with the others W, where all are known, `‖Wᵀ(x − μ)‖₂`, which is the same.
pub(super) struct Reconstruction {
    mean: Array1<f64>,
    axes: Axes,
}

/// What takes fewer multiplications: twice the leading directions, or once the others.
enum Axes {
    Leading(Array2<f64>),
    Others(Array2<f64>),
}

impl Reconstruction {
    /// The mean of the mapped training rows, and the first `count` of their principal directions.
    pub(super) fn new(mean: Array1<f64>, spectrum: &Spectrum, count: usize) -> Self {
        let (directions, all) = (&spectrum.directions, mean.len());
        let axes = if directions.ncols() == all && all - count < 2 * count {
            Axes::Others(directions.slice(s![.., count..]).to_owned())
        } else {
            Axes::Leading(directions.slice(s![.., ..count]).to_owned())
        };
        Self { mean, axes }
    }

    /// The error of every row (n, D).
    pub(super) fn errors<'a>(&'a self, rows: &Array2<f64>) -> impl Iterator<Item = f64> + use<'a> {
        let mut rest = RecycledMatrix::difference(rows, &self.mean);
        match &self.axes {
            Axes::Others(others) => rest = row_product(&rest.view(), &others.view(), Factor::Full, Threads::One),
            Axes::Leading(leading) => {
                let along = row_product(&rest.view(), &leading.view(), Factor::Full, Threads::One);
                *rest -= &*row_product(&along.view(), &leading.t(), Factor::Full, Threads::One);
            }
        }
        let count = rest.nrows();
        (0..count).map(move |row| norm(rest.row(row).to_slice().unwrap_or_default()))
    }

    pub(super) fn save(&self) -> State<'_> {
        let state = State::new().with("mean", &self.mean);
        match &self.axes {
            Axes::Leading(directions) => state.with("directions", directions),
            Axes::Others(directions) => state.with("others", directions),
        }
    }

    pub(super) fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        let mean = state.vector("mean")?;
        let axes = if state.has("others") {
            Axes::Others(state.matrix("others")?)
        } else {
            Axes::Leading(state.matrix("directions")?)
        };
        Ok(Self { mean, axes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::noise::Noise;
    use ndarray::array;

    /// Both ways give the same, and what comes from a file too.
    #[test]
    fn the_others_tell_what_the_leading_directions_leave_over() {
        let mut noise = Noise::new(5);
        let mut normal = |rows: usize| Array2::from_shape_simple_fn((rows, 5), || noise.normal());
        let (training, rows) = (normal(40), normal(7));
        let spectrum = crate::numeric::linalg::spectrum(&training.t().dot(&training).view()).unwrap();
        let mean = array![0.1, 0.2, 0.3, 0.4, 0.5];
        for count in 1..=5 {
            let found = Reconstruction::new(mean.clone(), &spectrum, count);
            assert_eq!(matches!(found.axes, Axes::Others(_)), count >= 2);
            let leading = Axes::Leading(spectrum.directions.slice(s![.., ..count]).to_owned());
            let plain = Reconstruction { mean: mean.clone(), axes: leading };
            let again = Reconstruction::restore(&mut found.save()).unwrap();
            for ((a, b), c) in found.errors(&rows).zip(plain.errors(&rows)).zip(again.errors(&rows)) {
                assert!((a - b).abs() < 1e-14 && a == c, "{count}: {a} {b} {c}");
            }
        }
    }
}
