#![doc = include_str!("neco.md")]

use ndarray::{Array1, Array2, s};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Space, Training};
use crate::numeric::linalg::{Factor, Spectrum, Threads, gram_rounding, spectrum};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::vector::norm;
use crate::rows::{Head, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "neco",
    title: "NECO",
    aliases: &[],
    reference: "Ben Ammar et al., NECO: NEural Collapse Based Out-of-distribution Detection, ICLR 2024, arXiv:2310.06823",
    page: include_str!("neco.md"),
    parameters: &[
        Parameter {
            name: "variance",
            default: "0.9",
            help: "share of the variance kept, above 0, at most 1",
            grid: &["0.5", "0.7", "0.9", "0.95", "0.99"],
            counts: None,
        },
        Parameter {
            name: "max_logit",
            default: "true",
            help: "whether the share of the norm is multiplied by the largest logit",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Neco {
    variance: f64,
    max_logit: bool,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Neco {
        variance: settings.number("variance", "a number above 0, at most 1", |v: &f64| *v > 0.0 && *v <= 1.0)?,
        max_logit: settings.flag("max_logit")?,
    }))
}

impl Score for Neco {
    fn needs(&self) -> &'static [Need] {
        if self.max_logit {
            &[Need::Features, Need::Logits, Need::TrainFeatures]
        } else {
            &[Need::Features, Need::TrainFeatures]
        }
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let gaussian = training.gaussian(Space::Raw)?;
        let deviation = gaussian.covariance.diag().mapv(|variance| if variance > 0.0 { variance.sqrt() } else { 1.0 });
        let correlation = Array2::from_shape_fn(gaussian.covariance.dim(), |(i, j)| {
            gaussian.covariance[[i, j]] / (deviation[i] * deviation[j])
        });
        let spectrum = spectrum(&correlation.view()).map_err(|error| training.failed(error))?;
        let varying = spectrum.above(gram_rounding(gaussian.rows, deviation.len()));
        let Spectrum { variances, directions } = spectrum;
        let total: f64 = variances.iter().sum();
        let shares = variances.iter().scan(0.0, |sum, variance| {
            *sum += variance;
            Some(*sum / total)
        });
        let axes = varying.min(1 + shares.take_while(|share| *share < self.variance).count());
        let mut notes = vec![format!("{axes} of {} principal axes", deviation.len())];
        if self.max_logit
            && matches!(training.rows().head, Some(Head::Prototypes { .. } | Head::NormalisedPrototypes { .. }))
        {
            notes.push(
                "the logits are negative distances, and a share of a negative number is the higher the smaller it is: set neco.max_logit=false"
                    .to_owned(),
            );
        }
        let principal = directions.slice(s![.., ..axes]).to_owned();
        let scorer = FittedNeco { mean: gaussian.mean.clone(), deviation, principal, max_logit: self.max_logit };
        Ok(Fit::noted(scorer, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedNeco {
            mean: state.vector("mean")?,
            deviation: state.vector("deviation")?,
            principal: state.matrix("principal")?,
            max_logit: self.max_logit,
        }))
    }
}

struct FittedNeco {
    mean: Array1<f64>,
    deviation: Array1<f64>,
    /// The first axes (D, d) of the standardised features.
    principal: Array2<f64>,
    max_logit: bool,
}

impl Fitted for FittedNeco {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut standardised = RecycledMatrix::difference(block.features(), &self.mean);
        *standardised /= &self.deviation;
        let along = row_product(&standardised.view(), &self.principal.view(), Factor::Full, Threads::One);
        for ((out, whole), along) in out.iter_mut().zip(standardised.rows()).zip(along.rows()) {
            let whole = norm(whole.to_slice().unwrap_or_default());
            *out = if whole > 0.0 { norm(along.to_slice().unwrap_or_default()) / whole } else { 0.0 };
        }
        if self.max_logit {
            out.iter_mut().zip(block.tops()).for_each(|(out, top)| *out *= top.value);
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("mean", &self.mean).with("deviation", &self.deviation).with("principal", &self.principal)
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
            train: array![[-1.0, -10.0, 7.0], [-1.0, 0.0, 7.0], [1.0, 0.0, 7.0], [1.0, 10.0, 7.0]],
            labels: vec![0; 4],
            features: array![[1.0, 0.0, 7.0], [0.0, 0.0, 7.0]],
            logits: Some(array![[5.0, 2.0], [5.0, 2.0]]),
        };
        example.gives(&ENTRY, &[("variance", "0.85")], &[5.0 * 0.5_f64.sqrt(), 0.0], 1e-13);
        example.gives(&ENTRY, &[("variance", "0.85"), ("max_logit", "false")], &[0.5_f64.sqrt(), 0.0], 1e-14);
        example.gives(&ENTRY, &[("variance", "0.9")], &[5.0, 0.0], 1e-13);
    }

    /// Ten times 0.1 has a mean that is not 0.1 in `f64`; the feature is constant all the same, and keeps σ = 1.
    #[test]
    fn a_constant_feature_is_not_scaled_by_rounding() {
        let example = Example {
            train: Array2::from_shape_fn((10, 2), |(i, j)| if j == 0 { i as f64 % 2.0 * 2.0 - 1.0 } else { 0.1 }),
            labels: vec![0; 10],
            features: array![[1.0, 0.6]],
            logits: None,
        };
        example.gives(&ENTRY, &[("max_logit", "false")], &[0.8_f64.sqrt()], 1e-14);
    }
}
