//! What is said of a run or a model.

use oodbench::rows::{Head, Texts};
use serde::Serialize;

/// Something a dump or a model has, lacks, or should not have.
#[derive(Clone, Serialize)]
pub(super) struct Fact {
    pub(super) run: String,
    /// What it is about: the run, a split, the scores, or what looks wrong.
    pub(super) part: String,
    pub(super) name: String,
    pub(super) found: String,
}

pub(super) const OF_RUN: &str = "run";
pub(super) const OF_GUESS: &str = "taken for";
pub(super) const OF_SCORES: &str = "scores";
pub(super) const SUSPICIOUS: &str = "to look at";

/// A last layer in words.
pub(super) fn head_text(head: &Head) -> String {
    let (classes, features) = head.shape();
    match head {
        Head::Linear { .. } => format!("linear ({classes}, {features})"),
        Head::Prototypes { .. } => format!("prototypes ({classes}, {features})"),
        Head::NormalisedPrototypes { distance_scale, .. } => {
            format!("prototypes ({classes}, {features}), |d_s| = {distance_scale}")
        }
    }
}

/// Embeddings of texts in words.
pub(super) fn texts_text(texts: &Texts) -> String {
    let (classes, features) = texts.classes.dim();
    let negatives =
        texts.negatives.as_ref().map(|negatives| format!(", negatives ({}, {features})", negatives.nrows()));
    format!("class names ({classes}, {features}){}", negatives.unwrap_or_default())
}
