#![doc = include_str!("cadref.md")]

use ndarray::Array2;

use super::caref::{means_of_predicted, ratio};
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::rows::{ArrayKind, Head, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "cadref",
    title: "CADRef",
    aliases: &["class_aware_decoupled_relative_feature"],
    reference: "Ling et al., CADRef: Robust Out-of-Distribution Detection via Class-Aware Decoupled Relative Feature Leveraging, CVPR 2025, arXiv:2503.00325",
    page: include_str!("cadref.md"),
    parameters: &[Parameter {
        name: "logits",
        default: "energy",
        help: "the score of the logits: energy, msp or max_logit",
        grid: &["energy", "msp", "max_logit"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The score of the logits.
#[derive(Clone, Copy)]
enum OfLogits {
    Energy,
    Msp,
    MaxLogit,
}

impl OfLogits {
    fn of(self, block: &RowBlock<'_>) -> Recycled<f64> {
        let softmax = block.softmax().iter();
        match self {
            Self::Energy => softmax.map(|row| row.log_sum_exp()).collect(),
            Self::Msp => softmax.map(|row| row.max_probability()).collect(),
            Self::MaxLogit => softmax.map(|row| row.top.value).collect(),
        }
    }
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let choices = [("energy", OfLogits::Energy), ("msp", OfLogits::Msp), ("max_logit", OfLogits::MaxLogit)];
    settings.choice("logits", &choices).map(|of_logits| Box::new(CadRef { of_logits }) as Box<dyn Score>)
}

struct CadRef {
    of_logits: OfLogits,
}

impl Score for CadRef {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead, Need::TrainLogits, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, _) = training.features()?;
        let means = means_of_predicted(ENTRY.id, training)?;
        let values =
            training.map_blocks(split, &[ArrayKind::Logits], |_, block| self.of_logits.of(block).to_vec()).concat();
        let typical = values.iter().sum::<f64>() / values.len() as f64;
        let note = || {
            format!(
                "the mean score of the logits is {typical}, not above 0: errors raise the score; set cadref.logits=msp"
            )
        };
        let notes = if typical > 0.0 { Vec::new() } else { vec![note()] };
        Ok(Fit::noted(FittedCadRef { of_logits: self.of_logits, means, typical }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (means, typical) = (state.matrix("means")?, state.number("typical")?);
        Ok(Box::new(FittedCadRef { of_logits: self.of_logits, means, typical }))
    }
}

struct FittedCadRef {
    of_logits: OfLogits,
    means: Array2<f64>,
    /// The mean score of the training logits.
    typical: f64,
}

impl Fitted for FittedCadRef {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let Head::Linear { weight, .. } = block.head() else { return out.fill(f64::NAN) };
        let of_logits = self.of_logits.of(block);
        let rows = block.features().rows().into_iter().zip(block.tops()).zip(of_logits.iter());
        for (out, ((row, top), of_logits)) in out.iter_mut().zip(rows) {
            let (mut agreeing, mut opposed, mut length) = (0.0, 0.0, 0.0);
            for ((f, mean), weight) in row.iter().zip(self.means.row(top.index)).zip(weight.row(top.index)) {
                let apart = f - mean;
                length += f.abs();
                if apart * weight > 0.0 {
                    agreeing += apart.abs();
                } else if apart * weight < 0.0 {
                    opposed += apart.abs();
                }
            }
            let error = ratio(ratio(agreeing, length), *of_logits) + ratio(ratio(opposed, length), self.typical);
            *out = (0.0 - error).clamp(-f64::MAX, f64::MAX);
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("means", &self.means).with_number("typical", self.typical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let run = HandDump::new(
            &array![[1.0, -1.0], [0.0, 1.0]],
            &array![0.0, 0.0],
            &array![[4.0, 0.0], [2.0, 0.0], [0.0, 4.0]],
        );
        // Largest logits of the training rows: 4, 2 and 4.
        let scores = run.scores(&ENTRY, &[("logits", "max_logit")], array![[5.0, 1.0]]);
        assert!((scores[0] + (2.0 / 6.0 / 4.0 + 1.0 / 6.0 / (10.0 / 3.0))).abs() < 1e-15, "{scores:?}");
    }
}
