#![doc = include_str!("grad_norm.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score};
use crate::numeric::top::Top;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "grad_norm",
    title: "GradNorm",
    aliases: &["gradnorm"],
    reference: "Huang et al., On the Importance of Gradients for Detecting Distributional Shifts in the Wild, NeurIPS 2021, arXiv:2110.00218",
    page: include_str!("grad_norm.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1",
        help: "temperature T of the softmax, a number above 0",
        grid: &[],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct GradientNorm {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(GradientNorm { temperature }))
}

impl GradientNorm {
    /// `Σ_c |p_c − 1/C|/T` of a row of logits, which is overwritten.
    fn distance_from_uniform(self, row: &mut [f64], top: &Top) -> f64 {
        row.iter_mut().for_each(|z| *z = ((*z - top.value) / self.temperature).exp());
        let (sum, uniform) = (row.iter().sum::<f64>(), 1.0 / row.len() as f64);
        row.iter().map(|weight| (weight / sum - uniform).abs()).sum::<f64>() / self.temperature
    }
}

impl RowScore for GradientNorm {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::Features, Need::LinearHead]
    }

    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let mut logits = block.logits().to_recycled();
        for (((out, mut row), top), feature) in
            out.iter_mut().zip(logits.rows_mut()).zip(block.tops()).zip(block.features().rows())
        {
            let norm: f64 = feature.iter().map(|f| f.abs()).sum();
            *out = norm * row.as_slice_mut().map_or(f64::NAN, |row| self.distance_from_uniform(row, top));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The examples of the page.
    #[test]
    fn examples_by_hand() {
        let score = |temperature, gap: f64| {
            let (logits, features) = (array![[gap, 0.0]], array![[1.0, -2.0]]);
            let own = |array| Some(Rows::F64(Cow2::Owned(array)));
            let mut out = [0.0];
            GradientNorm { temperature }.score_rows(&RowBlock::new(1, own(logits), own(features), None), &mut out);
            out[0]
        };
        assert!((score(1.0, 3.0_f64.ln()) - 1.5).abs() < 1e-15);
        assert!((score(2.0, 9.0_f64.ln()) - 0.75).abs() < 1e-15);
    }
}
