#![doc = include_str!("mcm.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::r_cosine::LargestShare;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mcm",
    title: "MCM",
    aliases: &["maximum_concept_matching"],
    reference: "Ming et al., Delving into Out-of-Distribution Detection with Vision-Language Representations, NeurIPS 2022, arXiv:2211.13445",
    page: include_str!("mcm.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1",
        help: "temperature τ of the softmax over cosines, a number above 0; 0.01 where others multiply cosines by 100",
        grid: &["0.01", "0.1", "1", "10"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Mcm {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(Mcm { temperature }))
}

impl Score for Mcm {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::ClassTexts]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        Ok(Fit::new(LargestShare::new(training.class_texts()?, self.temperature)))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(LargestShare::restore(state, self.temperature)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Texts;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The example of the page; a row of zeros is as near to one class as to another.
    #[test]
    fn example_by_hand() {
        let texts = Texts { classes: array![[5.0, 0.0], [0.0, 0.5]], negatives: None };
        let run = HandDump::labelled(&array![[1.0, 0.0], [0.0, 1.0]], &[0, 1]).with_texts(texts);
        let near = |settings: &[(&str, &str)], expected: [f64; 2]| {
            let found = run.scores(&ENTRY, settings, array![[3.0, 4.0], [0.0, 0.0]]);
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-14), "{found:?}");
        };
        near(&[], [1.0 / (1.0 + (-0.2_f64).exp()), 0.5]);
        near(&[("t", "0.1")], [1.0 / (1.0 + (-2.0_f64).exp()), 0.5]);
    }

    #[test]
    fn golden() {
        HandDump::of_three_classes().gives(&ENTRY, &[], &[0.511_968_16, 0.380_826_79, 0.459_222_95], 5e-9);
    }
}
