#![doc = include_str!("corp.md")]

use ndarray::{Array1, Array2, ArrayBase, Data, Ix2, s};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::reconstruction::{Reconstruction, leading, share, share_of};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, LinalgError, Spectrum, Threads, add_gram, gram_rounding, spectrum};
use crate::numeric::noise::Noise;
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "corp",
    title: "CoRP",
    aliases: &["kernel_pca_gaussian"],
    reference: "Fang et al., Kernel PCA for Out-of-Distribution Detection, NeurIPS 2024, arXiv:2402.02949",
    page: include_str!("corp.md"),
    parameters: &[
        share("0.8"),
        Parameter {
            name: "gamma",
            default: "2",
            help: "γ of the Gaussian kernel exp(−γ‖a − b‖²), a number above 0",
            grid: &["0.5", "1", "2", "3", "5"],
            counts: None,
        },
        Parameter {
            name: "m",
            default: "2048",
            help: "M, random Fourier features, a whole number above 0",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "seed",
            default: "0",
            help: "of the random directions, a whole number",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct Corp {
    share: f64,
    gamma: f64,
    size: usize,
    seed: u64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Corp {
        share: share_of(settings)?,
        gamma: settings.number("gamma", "a finite number above 0", |g: &f64| *g > 0.0 && g.is_finite())?,
        size: settings.number("m", "a whole number above 0", |m: &usize| *m > 0)?,
        seed: settings.number("seed", "a whole number from 0", |_: &u64| true)?,
    }))
}

/// `√(2/M) cos(Ω f̂ + u)`.
struct FourierFeatures {
    /// `Ω` (M, D).
    directions: Array2<f64>,
    /// `u` (M).
    phases: Array1<f64>,
}

impl FourierFeatures {
    /// Drawn from the seed: all of Ω row by row, then all of u.
    fn draw(settings: &Corp, columns: usize) -> Self {
        let mut noise = Noise::new(settings.seed);
        let spread = (2.0 * settings.gamma).sqrt();
        let directions = Array2::from_shape_simple_fn((settings.size, columns), || spread * noise.normal());
        let phases = Array1::from_shape_simple_fn(settings.size, || std::f64::consts::TAU * noise.uniform());
        Self { directions, phases }
    }

    /// Of normalised features (n, D).
    fn of(&self, features: &Array2<f64>, threads: Threads) -> RecycledMatrix {
        let scale = (2.0 / self.phases.len() as f64).sqrt();
        let mut mapped = row_product(&features.view(), &self.directions.t(), Factor::Full, threads);
        *mapped += &self.phases;
        mapped.mapv_inplace(|angle| scale * angle.cos());
        mapped
    }
}

/// The principal directions of mapped rows (n, M) about their mean, and how many of them vary: by the matrix of M × M or that of n × n, whichever is smaller.
fn principal(
    rows: usize,
    mean: &Array1<f64>,
    mapped: impl Iterator<Item = Array2<f64>>,
) -> Result<(Spectrum, usize), LinalgError> {
    let centred = mapped.map(|part| part - mean);
    if rows > mean.len() {
        let of_features = spectrum(&scatter(mean.len(), centred, rows).view())?;
        let varying = of_features.above(gram_rounding(rows, mean.len()));
        return Ok((of_features, varying));
    }
    let mut all = Array2::zeros((mean.len(), rows));
    let mut first = 0;
    for part in centred {
        all.slice_mut(s![.., first..first + part.nrows()]).assign(&part.t());
        first += part.nrows();
    }
    let of_rows = spectrum(&scatter(rows, std::iter::once(all.view()), rows).view())?;
    let varying = of_rows.above(gram_rounding(mean.len(), rows));
    let mut directions = row_product(&all.view(), &of_rows.directions.view(), Factor::Full, Threads::All).into_array();
    for (mut column, variance) in directions.columns_mut().into_iter().zip(&of_rows.variances) {
        column /= (rows as f64 * variance).sqrt();
    }
    Ok((Spectrum { variances: of_rows.variances, directions }, varying))
}

/// `1/n Σ a aᵀ` of the rows a of all parts.
fn scatter<S: Data<Elem = f64>>(
    size: usize,
    parts: impl Iterator<Item = ArrayBase<S, Ix2>>,
    rows: usize,
) -> Array2<f64> {
    let mut sum = Array2::zeros((size, size));
    parts.for_each(|part| add_gram(&mut sum.view_mut(), &part.view()));
    Array2::from_shape_fn((size, size), |(i, j)| sum[[i.max(j), i.min(j)]] / rows as f64)
}

impl Score for Corp {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let columns = features.columns();
        training.within_memory(ENTRY.id, "the random directions", [self.size, columns, 1])?;
        training.within_memory(ENTRY.id, "the covariance of the random features", [self.size, self.size, 1])?;
        let map = FourierFeatures::draw(self, columns);
        let mapped = || {
            let blocks = training.blocks(split, &[ArrayKind::Features]);
            blocks.map(|(_, block)| map.of(block.unit_features(), Threads::All).into_array())
        };
        let mut mean = Array1::<f64>::zeros(self.size);
        mapped().for_each(|rows| rows.rows().into_iter().for_each(|row| mean += &row));
        mean /= split.rows as f64;
        let (spectrum, varying) = principal(split.rows, &mean, mapped()).map_err(|error| training.failed(error))?;
        if varying == 0 {
            return Err(FitError::NoVariance { place: split.place.clone() });
        }
        let count = leading(&spectrum.variances, varying, self.share);
        let notes = vec![format!("{count} principal axes of {} random features", self.size)];
        Ok(Fit::noted(FittedCorp { map, reconstruction: Reconstruction::new(mean, &spectrum, count) }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let map = FourierFeatures { directions: state.matrix("map")?, phases: state.vector("phases")? };
        Ok(Box::new(FittedCorp { map, reconstruction: Reconstruction::restore(state)? }))
    }
}

struct FittedCorp {
    map: FourierFeatures,
    reconstruction: Reconstruction,
}

impl Fitted for FittedCorp {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let errors = self.reconstruction.errors(&self.map.of(block.unit_features(), Threads::One));
        out.iter_mut().zip(errors).for_each(|(out, error)| *out = 0.0 - error);
    }

    fn save(&self) -> State<'_> {
        self.reconstruction.save().with("map", &self.map.directions).with("phases", &self.map.phases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::vector::unit_rows;
    use ndarray::Axis;

    /// The products of the random features are near the Gaussian kernel of which they are an approximation: E = exp(−γ‖a − b‖²).
    #[test]
    fn random_features_have_the_kernels_products() {
        let settings = Corp { share: 0.8, gamma: 2.0, size: 20_000, seed: 3 };
        let rows = unit_rows(&ndarray::array![[1.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-1.0, 1.0, 2.0]]);
        let mapped = FourierFeatures::draw(&settings, 3).of(&rows, Threads::One);
        for (a, b) in [(0, 0), (0, 1), (0, 2), (1, 2)] {
            let difference = &rows.row(a) - &rows.row(b);
            let kernel = (-2.0 * difference.dot(&difference)).exp();
            let found = mapped.row(a).dot(&mapped.row(b));
            // The variance of a term is at most 2: five standard errors.
            assert!((found - kernel).abs() < 5.0 * (2.0_f64 / 20_000.0).sqrt(), "{a} {b}: {found}, {kernel}");
        }
    }

    /// Six rows of six features: the matrix of the rows and that of the features have the same variances and lead to the same directions.
    #[test]
    fn both_ways_to_the_directions_agree() {
        let settings = Corp { share: 0.8, gamma: 2.0, size: 6, seed: 3 };
        let features = Array2::from_shape_fn((6, 4), |(i, j)| ((i * 5 + j * 3) % 7) as f64);
        let mapped = FourierFeatures::draw(&settings, 4).of(&unit_rows(&features), Threads::One);
        let mean = mapped.mean_axis(Axis(0)).unwrap();
        let (of_rows, _) = principal(6, &mean, std::iter::once(mapped.clone().into_array())).unwrap();
        let of_features = spectrum(&scatter(6, std::iter::once(&*mapped - &mean), 6).view()).unwrap();
        for axis in 0..4 {
            assert!((of_rows.variances[axis] - of_features.variances[axis]).abs() < 1e-14);
            let cosine = of_rows.directions.column(axis).dot(&of_features.directions.column(axis));
            assert!((cosine.abs() - 1.0).abs() < 1e-11, "axis {axis}: {cosine}");
        }
    }
}
