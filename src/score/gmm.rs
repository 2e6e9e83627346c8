#![doc = include_str!("gmm.md")]

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{ClassMeans, FitError, Training};
use crate::numeric::linalg::{Threads, Whitening, add_gram, gram_rounding, whitening};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::softmax;
use crate::numeric::vector::dot;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "gmm",
    title: "GMM",
    aliases: &["ddu"],
    reference: "Mukhoti et al., Deep Deterministic Uncertainty: A New Simple Baseline, CVPR 2023, arXiv:2102.11582",
    page: include_str!("gmm.md"),
    parameters: &[Parameter {
        name: "ridge",
        default: "1e-6",
        help: "added to every variance of every class, a finite number from 0",
        grid: &["1e-6", "1e-4", "1e-2"],
        counts: Some(Count::RidgeOfClass),
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Gmm {
    ridge: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let ridge = settings.number("ridge", "a finite number from 0", |r: &f64| *r >= 0.0 && r.is_finite())?;
    Ok(Box::new(Gmm { ridge }))
}

/// Rows of each class that are multiplied at once, were they evenly mixed.
const ROWS_PER_CLASS: usize = 32;

impl Score for Gmm {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let classes = ClassMeans::fit(training)?;
        let covariances = self.covariances(training, &classes)?;
        let (split, _) = training.features()?;
        if !covariances.iter().flatten().all(|value| value.is_finite()) {
            return Err(FitError::TooLarge { place: split.place.clone() });
        }
        let components = covariances.into_par_iter().enumerate().map(|(class, covariance)| {
            let whitening = whitening(&covariance.view(), gram_rounding(classes.counts[class], covariance.nrows()))
                .map_err(|error| FitError::Linalg { place: split.place.clone(), error })?;
            let columns = covariance.nrows();
            if whitening.rank < columns {
                let reason = format!(
                    "the covariance of class {} ({} rows) has rank {} of {columns}; set gmm.ridge higher",
                    classes.labels[class], classes.counts[class], whitening.rank
                );
                return Err(FitError::NotApplicable { place: split.place.clone(), score: ENTRY.id, reason });
            }
            let share = classes.counts[class] as f64 / split.rows as f64;
            let normalisation = whitening.log_det + columns as f64 * std::f64::consts::TAU.ln();
            Ok(Component {
                mean: classes.means.row(class).to_owned(),
                constant: share.ln() - normalisation / 2.0,
                whitening,
            })
        });
        let components = components.collect::<Result<Vec<_>, _>>()?;
        Ok(Fit::new(FittedGmm { components }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let count = state.count("components")?;
        let component = |number: usize| state.part(&number.to_string(), Component::restore);
        Ok(Box::new(FittedGmm { components: (0..count).map(component).collect::<Result<_, _>>()? }))
    }
}

impl Gmm {
    /// `Σ_c + ridge·I` (D, D) of every class.
    fn covariances(&self, training: &Training<'_>, classes: &ClassMeans) -> Result<Vec<Array2<f64>>, FitError> {
        let (split, features) = training.features()?;
        let labels = training.labels()?;
        let (count, columns) = classes.means.dim();
        let what = format!("one covariance per class, {count} of {columns} × {columns},");
        training.within_memory(ENTRY.id, &what, [count, columns, columns])?;
        let mut covariances = vec![Array2::<f64>::zeros((columns, columns)); count];
        let step = ROWS_PER_CLASS * count;
        for start in (0..split.rows).step_by(step) {
            let range = start..split.rows.min(start + step);
            let rows = features.block(range.clone()).to_f64();
            let labels = labels.block(range);
            covariances.par_iter_mut().enumerate().for_each(|(class, covariance)| {
                let own: Vec<usize> = (0..labels.len()).filter(|&row| labels[row] == classes.labels[class]).collect();
                let residuals = rows.select(Axis(0), &own) - classes.means.row(class);
                add_gram(&mut covariance.view_mut(), &residuals.view());
            });
        }
        for (covariance, &rows) in covariances.iter_mut().zip(&classes.counts) {
            *covariance = Array2::from_shape_fn((columns, columns), |(i, j)| {
                let ridge = if i == j { self.ridge } else { 0.0 };
                covariance[[i.max(j), i.min(j)]] / rows as f64 + ridge
            });
        }
        Ok(covariances)
    }
}

/// One class.
struct Component {
    mean: Array1<f64>,
    whitening: Whitening,
    /// `log π_c − ½ (log det Σ_c + D log 2π)`.
    constant: f64,
}

impl Component {
    fn save(&self) -> State<'_> {
        State::new()
            .with("mean", &self.mean)
            .with_part("whitening", self.whitening.save())
            .with_number("constant", self.constant)
    }

    fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self {
            mean: state.vector("mean")?,
            whitening: state.part("whitening", Whitening::restore)?,
            constant: state.number("constant")?,
        })
    }
}

struct FittedGmm {
    components: Vec<Component>,
}

impl Fitted for FittedGmm {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut logs = RecycledMatrix::<f64>::zeros((block.rows(), self.components.len()));
        for (component, mut logs) in self.components.iter().zip(logs.columns_mut()) {
            let centred = RecycledMatrix::difference(block.features(), &component.mean);
            let Whitening { matrix, factor, .. } = &component.whitening;
            let white = row_product(&centred.view(), &matrix.view(), *factor, Threads::One);
            for (log, row) in logs.iter_mut().zip(white.rows()) {
                let row = row.to_slice().unwrap_or_default();
                *log = component.constant - dot(row, row).min(f64::MAX) / 2.0;
            }
        }
        for (out, logs) in out.iter_mut().zip(logs.rows()) {
            *out = softmax(logs.to_slice().unwrap_or_default()).log_sum_exp();
        }
    }

    fn save(&self) -> State<'_> {
        let components = self.components.iter().enumerate();
        let state = State::new().with_number("components", self.components.len() as f64);
        components.fold(state, |state, (number, component)| state.with_part(&number.to_string(), component.save()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::Example;
    use ndarray::array;

    fn example() -> Example {
        Example {
            train: array![[-1.0], [1.0], [8.0], [12.0], [9.0], [11.0]],
            labels: vec![0, 0, 1, 1, 1, 1],
            features: array![[0.0], [10.0]],
            logits: None,
        }
    }

    /// The example of the page; at 10 the other class adds e^−50 only.
    #[test]
    fn example_by_hand() {
        example().gives(&ENTRY, &[("ridge", "0")], &[-2.01755, -1.78255], 5e-6);
    }

    #[test]
    fn a_class_of_one_row_needs_a_ridge() {
        let example = Example { labels: vec![0, 0, 1, 1, 1, 2], ..example() };
        assert!(matches!(example.scores(&ENTRY, &[("ridge", "0")]), Err(FitError::NotApplicable { .. })));
        assert!(example.scores(&ENTRY, &[]).is_ok());
    }
}
