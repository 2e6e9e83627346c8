#![doc = include_str!("doctor.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score, fill, fill_logits};
use crate::numeric::softmax::softmax_at;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "doctor",
    title: "Doctor",
    aliases: &["d_alpha", "gini"],
    reference: "Granese et al., DOCTOR: A Simple Method for Detecting Misclassification Errors, NeurIPS 2021, arXiv:2106.02395",
    page: include_str!("doctor.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1",
        help: "T, a number above 0",
        grid: &["1", "2", "5", "10"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct Doctor {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(Doctor { temperature }))
}

impl RowScore for Doctor {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        if self.temperature == 1.0 {
            fill(out, block.softmax(), |row| 0.0 - row.gini_impurity());
        } else {
            fill_logits(out, block, |_, row| 0.0 - softmax_at(row, self.temperature).gini_impurity());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        let gap = 3.0_f64.ln();
        assert_near(of_logits(&Doctor { temperature: 1.0 }, &[[0.0, -gap]])[0], -0.375, 1e-15);
        assert_near(of_logits(&Doctor { temperature: 2.0 }, &[[0.0, -2.0 * gap]])[0], -0.375, 1e-15);
    }
}
