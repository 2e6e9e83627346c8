#![doc = include_str!("optfs.md")]

use ndarray::{Array1, Array2};

use super::entry::{ScoreEntry, no_caution};
use super::head_energy::head_energy;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::step::{Features, FittedStep, Step, StepEntry};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::percentile::feature_percentiles;
use crate::fit::{FitError, Training};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::vector::norm;
use crate::rows::{ArrayKind, Head, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "optfs",
    title: "Optimal feature shaping",
    aliases: &["optfsood", "feature_shaping"],
    reference: "Zhao et al., Towards Optimal Feature-Shaping Methods for Out-of-Distribution Detection, ICLR 2024, arXiv:2402.00865",
    page: include_str!("optfs.md"),
    parameters: &[
        BINS,
        Parameter {
            name: "form",
            default: "vanilla",
            help: "vanilla: the logit of the predicted class without its bias; energy: of all logits",
            grid: &["vanilla", "energy"],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

const BINS: Parameter = Parameter {
    name: "bins",
    default: "100",
    help: "intervals of equal width that values of features fall into, from 1",
    grid: &["20", "50", "100", "200"],
    counts: None,
};

/// The step that is OptFS with its energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "θ_b(f) · f, θ_b what training features of the same interval b contribute to the logit of the predicted class, 0 outside of all intervals",
    reference: ENTRY.reference,
    parameters: &[BINS],
    build: build_step,
};

/// What is read from the shaped features.
#[derive(Clone, Copy)]
enum Form {
    Vanilla,
    Energy,
}

#[derive(Clone, Copy)]
struct OptFs {
    bins: usize,
    form: Form,
}

fn bins(settings: &Settings) -> Result<usize, SettingError> {
    settings.number("bins", "a whole number from 1", |bins: &usize| *bins >= 1)
}

/// The step, of so many bins.
struct Shaping(usize);

fn build_step(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    Ok(Box::new(Shaping(bins(settings)?)))
}

impl Step for Shaping {
    fn needs(&self) -> &[Need] {
        &[Need::LinearHead, Need::TrainLogits, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, _: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        Ok(Box::new(Shape::fit(training, self.0)?))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Shape::restore(state)?))
    }
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let bins = bins(settings)?;
    let form = settings.choice("form", &[("vanilla", Form::Vanilla), ("energy", Form::Energy)])?;
    Ok(Box::new(OptFs { bins, form }))
}

impl Score for OptFs {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead, Need::TrainLogits, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        Ok(Fit::new(FittedOptFs { shape: Shape::fit(training, self.bins)?, form: self.form }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedOptFs { shape: Shape::restore(state)?, form: self.form }))
    }
}

/// The share of all training features below the range, and that above it.
const OUTSIDE: f64 = 1e-3;

/// The length of θ.
const LENGTH: f64 = 1000.0;

/// What a feature is multiplied by, by the interval it lies in.
struct Shape {
    low: f64,
    width: f64,
    /// `θ`, one factor per interval.
    factors: Array1<f64>,
}

impl Shape {
    fn fit(training: &Training<'_>, bins: usize) -> Result<Self, FitError> {
        let (split, _) = training.features()?;
        let (weight, _) = training.linear_head()?;
        let range = feature_percentiles(training, &[OUTSIDE, 1.0 - OUTSIDE])?;
        let width = (range[1] - range[0]) / bins as f64;
        let refuse = |reason: &str| Err(training.not_applicable(ENTRY.id, reason.to_owned()));
        if width <= 0.0 || !width.is_finite() {
            return refuse("all but 0.2 % of the training features are equal, so there is no range to divide");
        }
        let mut shape = Self { low: range[0], width, factors: Array1::zeros(bins) };
        for (_, block) in training.blocks(split, &[ArrayKind::Logits, ArrayKind::Features]) {
            for (row, top) in block.features().rows().into_iter().zip(block.tops()) {
                for (value, weight) in row.iter().zip(weight.row(top.index)) {
                    if let Some(bin) = shape.bin(*value) {
                        shape.factors[bin] += weight * value;
                    }
                }
            }
        }
        let length = norm(shape.factors.as_slice().unwrap_or_default());
        if length <= 0.0 || !length.is_finite() {
            return refuse("the training features contribute nothing to the logits of the classes predicted");
        }
        shape.factors.mapv_inplace(|factor| factor / length * LENGTH);
        Ok(shape)
    }

    /// The interval of a value; none outside the range.
    fn bin(&self, value: f64) -> Option<usize> {
        let place = (value - self.low) / self.width;
        // Compared before it is cut, which takes −½ for 0.
        (place >= 0.0 && place < self.factors.len() as f64).then_some(place as usize)
    }

    fn restore(state: &mut State<'_>) -> Result<Self, StateError> {
        Ok(Self { low: state.number("low")?, width: state.number("width")?, factors: state.vector("factors")? })
    }
}

impl FittedStep for Shape {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        let shaped = |value| self.bin(value).map_or(0.0, |bin| self.factors[bin] * value);
        Features::New(RecycledMatrix::mapped(features, shaped))
    }

    fn save(&self) -> State<'_> {
        State::new().with_number("low", self.low).with_number("width", self.width).with("factors", &self.factors)
    }
}

struct FittedOptFs {
    shape: Shape,
    form: Form,
}

impl Fitted for FittedOptFs {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let shaped = self.shape.features(block.features());
        match (self.form, block.head()) {
            (Form::Vanilla, Head::Linear { weight, .. }) => {
                for ((out, row), top) in out.iter_mut().zip(shaped.rows()).zip(block.tops()) {
                    *out = row.iter().zip(weight.row(top.index)).map(|(value, weight)| weight * value).sum();
                }
            }
            (_, head) => head_energy(head, &shaped, out),
        }
    }

    fn save(&self) -> State<'_> {
        self.shape.save()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    #[test]
    fn values_outside_the_range_become_zero() {
        let shape = Shape { low: 0.0, width: 0.5, factors: ndarray::array![2.0, 3.0] };
        let features = ndarray::array![[-0.1, 0.0, 0.25, 0.5, 0.75, 1.0]];
        assert_eq!(*shape.features(&features), ndarray::array![[0.0, 0.0, 0.5, 1.5, 2.25, 0.0]]);
    }

    #[test]
    fn goldens_of_both_forms() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[], &[1_994.917_4, -71.247_05, 0.0], 5e-7);
        run.gives(&ENTRY, &[("form", "energy")], &[1_995.017_4, 0.744_396_664, 1.101_942_847], 5e-7);
    }
}
