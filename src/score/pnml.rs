#![doc = include_str!("pnml.md")]

use ndarray::{Array1, Array2};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::ranked::{RCOND, RankedFit, ranked, rcond};
use super::settings::{SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, NearestMean, Space, Training};
use crate::numeric::linalg::{Factor, Side, Threads};
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::softmax;
use crate::rows::{Head, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "pnml",
    title: "pNML",
    aliases: &["pnml_regret"],
    reference: "Bibas et al., Single Layer Predictive Normalized Maximum Likelihood for Out-of-Distribution Detection, NeurIPS 2021, arXiv:2110.09246",
    page: include_str!("pnml.md"),
    parameters: &[RCOND],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Pnml {
    rcond: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Pnml { rcond: rcond(settings)? }))
}

impl Score for Pnml {
    fn needs(&self) -> &'static [Need] {
        // A linear head gives the logits of its features, and with them this need is met.
        &[Need::Logits, Need::Features, Need::TrainFeatures]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        (run.classes == Some(1)).then(|| "one class leaves nothing to regret".to_owned())
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        ranked(|side| self.fit_at(training, side))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let head = if state.has("weight") { Some((state.matrix("weight")?, state.vector("bias")?)) } else { None };
        let lengths = state.part("lengths", NearestMean::restore)?;
        Ok(Box::new(FittedPnml { lengths, rows: state.number("rows")?, head }))
    }
}

impl Pnml {
    fn fit_at(&self, training: &Training<'_>, side: Side) -> Result<RankedFit, FitError> {
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let gaussian = training.gaussian(Space::Unit)?;
        let origin = Array1::zeros(gaussian.mean.len());
        let (lengths, rank) = NearestMean::single(training, &origin, &gaussian.about_origin(), self.rcond, side)?;
        let mut notes = Vec::new();
        let head = match &training.rows().head {
            Some(Head::Linear { weight, bias }) => Some((weight.clone(), bias.clone())),
            // The logits of this head are those of the normalised features.
            Some(Head::NormalisedPrototypes { .. }) => None,
            Some(Head::Prototypes { .. }) | None => {
                notes.push("no linear head: takes the softmax of the logits, not of normalised features".to_owned());
                None
            }
        };
        let scorer = FittedPnml { lengths, rows: gaussian.rows as f64, head };
        Ok(RankedFit::new(scorer, &[("second moment", rank)], gaussian.rows, notes))
    }
}

struct FittedPnml {
    /// Squared lengths `n·q` of features under the second moment of the training rows.
    lengths: NearestMean,
    rows: f64,
    /// Weight and bias of a linear head.
    head: Option<(Array2<f64>, Array1<f64>)>,
}

impl Fitted for FittedPnml {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let directions = block.unit_features();
        let logits = match &self.head {
            Some((weight, bias)) => {
                let mut logits = row_product(&directions.view(), &weight.t(), Factor::Full, Threads::One);
                *logits += bias;
                logits
            }
            None => block.logits().to_recycled(),
        };
        let lengths = self.lengths.squared_distances(directions);
        for ((out, logits), length) in out.iter_mut().zip(logits.rows()).zip(lengths.iter()) {
            *out = -regret(logits.to_slice().unwrap_or_default(), length / self.rows);
        }
    }

    fn save(&self) -> State<'_> {
        let state = State::new().with_part("lengths", self.lengths.save()).with_number("rows", self.rows);
        match &self.head {
            Some((weight, bias)) => state.with("weight", weight).with("bias", bias),
            None => state,
        }
    }
}

/// `log Σ_c p_c/(p_c + (1−p_c) p_c^κ) / log C` with κ = q/(1+q).
fn regret(logits: &[f64], q: f64) -> f64 {
    let softmax = softmax(logits);
    let log_denominator = softmax.rest.ln_1p();
    let mut sum = 0.0;
    for (class, logit) in logits.iter().enumerate() {
        let log_p = logit - softmax.top.value - log_denominator;
        // The genie's term is a/(a + 1−p) with a = p^(1−κ); that of the predicted class is 1 less what it misses, so that the 1 cancels exactly.
        let a = (log_p / (1.0 + q)).exp();
        if class == softmax.top.index {
            let miss = softmax.rest / (1.0 + softmax.rest);
            sum -= miss / (a + miss);
        } else {
            sum += a / (a + (1.0 - log_p.exp()));
        }
    }
    sum.ln_1p() / (logits.len() as f64).ln()
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
            train: array![[1.0, 0.0], [0.0, 2.0]],
            labels: vec![0, 1],
            features: array![[5.0, 0.0], [0.0, 0.0]],
            logits: Some(array![[0.0, 0.0], [3.0, -1.0]]),
        };
        example.gives(&ENTRY, &[], &[-0.2284, 0.0], 5e-5);
    }

    /// p = (1, e^−40): in `f64` 1 − p_max is zero, yet the regret, about √(e^−40) at q = 1, is there.
    #[test]
    fn confident_rows_keep_their_regret() {
        let expected = (-20.0_f64).exp() / 2.0_f64.ln();
        assert!((regret(&[40.0, 0.0], 1.0) / expected - 1.0).abs() < 1e-8);
    }
}
