#![doc = include_str!("dml.md")]

use super::cosine::LargestCosine;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::vector::{norm, unit_rows};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "dml",
    title: "Decoupled MaxLogit",
    aliases: &["decoupled_max_logit"],
    reference: "Zhang & Xiang, Decoupling MaxLogit for Out-of-Distribution Detection, CVPR 2023",
    page: include_str!("dml.md"),
    parameters: &[
        Parameter {
            name: "lambda",
            default: "1",
            help: "λ, how much the norm counts; a number from 0",
            grid: &["0", "0.001", "0.01", "0.1", "1", "10"],
            counts: None,
        },
        Parameter {
            name: "form",
            default: "cosine",
            help: "cosine, or simplified: the largest logit in place of the largest cosine",
            grid: &["cosine", "simplified"],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

/// What the norm is added to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Cosine,
    Simplified,
}

#[derive(Clone, Copy)]
struct Dml {
    lambda: f64,
    form: Form,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let lambda = settings.number("lambda", "a finite number from 0", |l: &f64| *l >= 0.0 && l.is_finite())?;
    let form = settings.choice("form", &[("cosine", Form::Cosine), ("simplified", Form::Simplified)])?;
    Ok(Box::new(Dml { lambda, form }))
}

impl Score for Dml {
    fn needs(&self) -> &'static [Need] {
        match self.form {
            Form::Cosine => &[Need::Features, Need::LinearHead],
            Form::Simplified => &[Need::Logits, Need::Features],
        }
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let cosine = match self.form {
            Form::Cosine => Some(LargestCosine { directions: unit_rows(training.linear_head()?.0).into_array() }),
            Form::Simplified => None,
        };
        Ok(Fit::new(FittedDml { lambda: self.lambda, cosine }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let cosine = match self.form {
            Form::Cosine => Some(LargestCosine { directions: state.matrix("directions")? }),
            Form::Simplified => None,
        };
        Ok(Box::new(FittedDml { lambda: self.lambda, cosine }))
    }
}

struct FittedDml {
    lambda: f64,
    /// Of the head's weights; none where the largest logit counts.
    cosine: Option<LargestCosine>,
}

impl Fitted for FittedDml {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        match &self.cosine {
            Some(cosine) => cosine.score_block(block, out),
            None => out.iter_mut().zip(block.tops()).for_each(|(out, top)| *out = top.value),
        }
        for (out, row) in out.iter_mut().zip(block.features().rows()) {
            *out += self.lambda * norm(row.to_slice().unwrap_or_default());
        }
    }

    fn save(&self) -> State<'_> {
        self.cosine.as_ref().map_or_else(State::new, Fitted::save)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    #[test]
    fn goldens_of_both_forms() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[], &[2.794_895_66, 2.408_248_29, 0.814_605_89], 5e-9);
        run.gives(&ENTRY, &[("form", "simplified")], &[3.971_320_34, 2.9, 0.558_257_57], 5e-9);
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let run = HandDump::new(
            &ndarray::array![[2.0, 0.0], [0.0, 1.0]],
            &ndarray::array![0.0, 0.5],
            &ndarray::array![[1.0, 1.0]],
        );
        let score = |set: &[(&str, &str)]| run.scores(&ENTRY, set, ndarray::array![[3.0, 4.0]])[0];
        assert!((score(&[("lambda", "0.1")]) - 1.3).abs() < 1e-15);
        assert!((score(&[("lambda", "0.1"), ("form", "simplified")]) - 6.5).abs() < 1e-15);
    }
}
