#![doc = include_str!("es.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "es",
    title: "Entropic score",
    aliases: &["entropy", "negative_entropy"],
    reference: "Macêdo et al., Entropic Out-of-Distribution Detection, IJCNN 2021, arXiv:1908.05569",
    page: include_str!("es.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct NegativeEntropy;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(NegativeEntropy))
}

impl RowScore for NegativeEntropy {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        fill(out, block.softmax(), |row| row.negative_entropy());
    }
}
