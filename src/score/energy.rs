#![doc = include_str!("energy.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{Parameter, SettingError, Settings};
use super::{RowScore, Score, fill, fill_logits};
use crate::numeric::softmax::log_sum_exp_at;
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "energy",
    title: "Energy",
    aliases: &["ebo"],
    reference: "Liu et al., Energy-based Out-of-distribution Detection, NeurIPS 2020, arXiv:2010.03759",
    page: include_str!("energy.md"),
    parameters: &[Parameter {
        name: "temperature",
        default: "1",
        help: "T, a number above 0",
        grid: &["0.5", "1", "2", "5", "10"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct NegativeEnergy {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("temperature", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(NegativeEnergy { temperature }))
}

impl RowScore for NegativeEnergy {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let t = self.temperature;
        if t == 1.0 {
            return fill(out, block.softmax(), |row| row.log_sum_exp());
        }
        fill_logits(out, block, |_, row| t * log_sum_exp_at(row, t));
    }
}
