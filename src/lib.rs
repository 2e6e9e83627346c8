//! Scores, metrics, tables and figures for out-of-distribution detection, from dumps of logits and features.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod dump;
pub mod eval;
pub mod fit;
pub mod metric;
pub mod numeric;
pub mod output;
pub mod plot;
pub mod report;
pub mod score;
pub mod stats;
pub mod table;
