#![doc = include_str!("max_logit.md")]

use super::entry::{ScoreEntry, no_caution};
use super::settings::{SettingError, Settings};
use super::{RowScore, Score, fill};
use crate::rows::RowBlock;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "max_logit",
    title: "Maximum logit",
    aliases: &["maxlogit", "mls"],
    reference: "Hendrycks et al., Scaling Out-of-Distribution Detection for Real-World Settings, ICML 2022, arXiv:1911.11132",
    page: include_str!("max_logit.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct MaximumLogit;

fn build(_: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(MaximumLogit))
}

impl RowScore for MaximumLogit {
    fn score_rows(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        fill(out, block.tops(), |top| top.value);
    }
}
