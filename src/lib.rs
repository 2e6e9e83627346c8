//! Scores, metrics, tables and plots for out-of-distribution (OOD) detection, from dumps of logits and features.
//!
//! The layout is the pipeline: bytes on disk become a **dump**, a **score** turns rows into numbers, a **metric** turns two samples of numbers into one
//! value, **table**, **report** and **plot** show it. Imports point down only (a test reads every path):
//!
//! ```text
//! detector         thresholds with guarantees, decisions, alarms
//!   eval  latency  plans, scores and measures runs; what a score costs per sample
//!   report       terminal text, Markdown, CSV, JSON, Parquet, HTML
//!   table  plot  tidy records, comparisons (the only door to polars); plots (the only door to plotters)
//!   score        one file per score, one registry
//!   fit  metric  state learnt from training rows; one file per procedure
//!   dump         runs on disk: layouts, file formats, validation
//!   rows  stats  matrices, labels, heads and blocks of rows, in memory or mapped; spreads
//!   numeric  output  printable   kernels (the only door to faer); files and folders written whole or not at all; names made harmless
//!   error  state  progress  suggestion  caught   files that fail; what a fit keeps, as named arrays; who watches long work; the name that was meant; panics on what a file holds
//! ```
//!
//! Every score is **higher = more in-distribution**. [`Dump::open`](dump::Dump::open) and [`Split::check_finite`](rows::Split::check_finite) are the
//! only gate: what stands behind them does not fail on values. Library code never prints, exits or panics on input.
//!
//! ```
//! use oodbench::metric::{Sample, lee};
//!
//! let id = Sample::new(vec![0.9, 0.8, 0.7, 0.6])?;
//! let ood = Sample::new(vec![0.65, 0.5, 0.4, 0.3])?;
//! assert_eq!(lee::evaluate(&id, &ood).auroc, 0.9375);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod caught;
pub mod detector;
pub mod dump;
pub mod error;
pub mod eval;
pub mod fit;
pub mod latency;
pub mod metric;
pub mod numeric;
pub mod output;
#[cfg(feature = "plot")]
pub mod plot;
pub mod printable;
pub mod progress;
pub mod report;
pub mod rows;
pub mod score;
pub mod state;
pub mod stats;
pub mod suggestion;
pub mod table;
