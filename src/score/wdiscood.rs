#![doc = include_str!("wdiscood.md")]

use ndarray::{Array1, Array2, Axis, s};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RankedFit, ranked};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::nearest_mean::RCOND;
use crate::fit::obstacle::single_rows;
use crate::fit::{FitError, Space, Training};
use crate::numeric::linalg::{Factor, Side, Threads, Whitening, complement, gram_rounding, spectrum};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::vector::{norm, squared_distance};
use crate::rows::{RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "wdiscood",
    title: "WDiscOOD",
    aliases: &["whitened_discriminants"],
    reference: "Chen et al., WDiscOOD: Out-of-Distribution Detection via Whitened Linear Discriminant Analysis, ICCV 2023, arXiv:2303.07543",
    page: include_str!("wdiscood.md"),
    parameters: &[
        Parameter {
            name: "dim",
            default: "",
            help: "discriminants, from 1; empty: all that tell class means apart",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "rho",
            default: "5",
            help: "ρ, how much the distance beside the discriminants counts; a number from 0",
            grid: &["0", "0.5", "1", "2", "5", "10"],
            counts: None,
        },
        Parameter {
            name: "normalised",
            default: "false",
            help: "true: on features divided by their norms, as the authors do for transformers",
            grid: &["false", "true"],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct WDiscOod {
    dim: Option<usize>,
    rho: f64,
    space: Space,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(WDiscOod {
        dim: settings.optional("dim", "a whole number from 1, or nothing", |dim: &usize| *dim >= 1)?,
        rho: settings.number("rho", "a finite number from 0", |rho: &f64| *rho >= 0.0 && rho.is_finite())?,
        space: if settings.flag("normalised")? { Space::Unit } else { Space::Raw },
    }))
}

impl WDiscOod {
    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        let gaussian = training.gaussian(self.space)?;
        let (whitening, rank) = gaussian.within_classes(training)?.whitening(training, RCOND, side)?;
        let classes = gaussian.classes(training)?;
        let centred = row_product(
            &(&classes.means - &gaussian.mean).view(),
            &whitening.matrix.view(),
            whitening.factor,
            Threads::All,
        );
        // The directions of the class means about the mean of all rows; each class counts alike.
        let between = centred.t().dot(&*centred) / classes.means.nrows() as f64;
        let spectrum = spectrum(&between.view()).map_err(|error| training.failed(error))?;
        let span = spectrum.above(gram_rounding(classes.means.nrows(), whitening.rank)).min(classes.means.nrows());
        let refuse = |reason| Err(training.not_applicable(ENTRY.id, reason));
        if span == 0 {
            return refuse("the class means are one point, so nothing tells classes apart".to_owned());
        }
        let dim = self.dim.unwrap_or(span);
        if dim > span {
            return refuse(format!("the class means span {span} directions; set wdiscood.dim to at most {span}"));
        }
        let discriminants = spectrum.directions.slice(s![.., ..dim]).to_owned();
        let scorer = Discriminants {
            settings: *self,
            mean: gaussian.mean.clone(),
            means: row_product(&centred.view(), &discriminants.view(), Factor::Full, Threads::All).into_array(),
            beside: complement(&discriminants.view()),
            discriminants,
            whitening,
        };
        let note = vec![format!("{dim} discriminants of {} whitened directions", scorer.whitening.rank)];
        Ok(RankedFit::new(scorer, &[("covariance", rank)], gaussian.rows, note))
    }
}

impl Score for WDiscOod {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        single_rows(run)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Discriminants {
            settings: *self,
            mean: state.vector("mean")?,
            whitening: state.part("whitening", Whitening::restore)?,
            discriminants: state.matrix("discriminants")?,
            beside: state.matrix("beside")?,
            means: state.matrix("means")?,
        }))
    }
}

struct Discriminants {
    settings: WDiscOod,
    /// Of all training rows (D).
    mean: Array1<f64>,
    whitening: Whitening,
    /// Orthonormal columns (rank, dim).
    discriminants: Array2<f64>,
    /// All that is orthogonal to them (rank, rank − dim).
    beside: Array2<f64>,
    /// The class means less the mean, along the discriminants (C, dim).
    means: Array2<f64>,
}

impl Fitted for Discriminants {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let centred = RecycledMatrix::difference(self.settings.space.of(block), &self.mean);
        let white = row_product(&centred.view(), &self.whitening.matrix.view(), self.whitening.factor, Threads::One);
        let along = row_product(&white.view(), &self.discriminants.view(), Factor::Full, Threads::One);
        let beside = row_product(&white.view(), &self.beside.view(), Factor::Full, Threads::One);
        for ((out, along), beside) in out.iter_mut().zip(along.rows()).zip(beside.axis_iter(Axis(0))) {
            let along = along.to_slice().unwrap_or_default();
            let squares =
                self.means.rows().into_iter().map(|mean| squared_distance(along, mean.to_slice().unwrap_or_default()));
            let nearest = squares.fold(f64::MAX, f64::min).sqrt();
            *out = -nearest - self.settings.rho * norm(beside.to_slice().unwrap_or_default());
        }
    }

    fn save(&self) -> State<'_> {
        State::new()
            .with("mean", &self.mean)
            .with_part("whitening", self.whitening.save())
            .with("discriminants", &self.discriminants)
            .with("beside", &self.beside)
            .with("means", &self.means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![
                [4.0, 1.0],
                [2.0, -1.0],
                [4.0, -1.0],
                [2.0, 1.0],
                [-4.0, 1.0],
                [-2.0, -1.0],
                [-4.0, -1.0],
                [-2.0, 1.0]
            ],
            labels: vec![0, 0, 0, 0, 1, 1, 1, 1],
            features: array![[5.0, 0.5], [-3.0, 0.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[], &[-4.5, 0.0], 1e-14);
        example.gives(&ENTRY, &[("rho", "1")], &[-2.5, 0.0], 1e-14);
        assert!(matches!(example.scores(&ENTRY, &[("dim", "2")]), Err(FitError::NotApplicable { .. })));
    }
}
