#![doc = include_str!("mps.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "mps",
    title: "Maximum probability",
    aliases: &["msp", "max_softmax", "baseline"],
    reference: "Hendrycks & Gimpel, A Baseline for Detecting Misclassified and OOD Examples, ICLR 2017, arXiv:1610.02136",
    page: include_str!("mps.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct MaximumProbability;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MaximumProbability))
}

impl RowScore for MaximumProbability {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        fill(out, block.softmax(), |row| row.max_probability());
    }
}
