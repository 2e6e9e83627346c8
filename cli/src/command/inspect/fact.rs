//! What is said of a run, a model or a file.

use crate::screen::words::counted;
use oodbench::dump::diagnose::{ArrayFacts, ValueFacts};
use oodbench::rows::array::shape_text;
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

/// An array in words.
pub(super) fn array_text(array: &ArrayFacts) -> String {
    let mut text = format!("{:<16}{}", shape_text(&array.shape), array.dtype);
    if array.shards > 1 {
        text.push_str(&format!(", {} shards", array.shards));
    }
    if let Some(distinct) = array.distinct_labels {
        text.push_str(&format!(", {distinct} distinct"));
    }
    text
}

/// What looks wrong with the values of an array.
pub(super) fn suspicious(values: &ValueFacts) -> impl Iterator<Item = String> {
    let bad = values.bad.first.map(|first| {
        format!(
            "{} with NaN or infinite values, the first is row {first}: no score will read this",
            counted(values.bad.count, "row")
        )
    });
    let half = values
        .half_precision
        .then(|| "16-bit floats: rounding ties scores and costs AUROC and AUIN; dump f32".to_owned());
    let repeated = (values.repeated_rows > 0).then(|| {
        format!("rows that repeat an earlier one: {}; samples twice, or precision lost", values.repeated_rows)
    });
    let constant = (values.constant_columns > 0)
        .then(|| format!("columns that never change: {}; covariances are singular", values.constant_columns));
    [bad, half, repeated, constant].into_iter().flatten()
}
