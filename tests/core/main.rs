//! The library as its users meet it: goldens, laws, files. One program, so that everything is linked once.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod best;
#[path = "../common/mod.rs"]
mod common;
mod compositions;
mod coverage;
mod coverage_of_comparisons;
mod coverage_of_verdicts;
mod dependent_features;
mod detector_files;
mod detector_goldens;
mod detector_promises;
mod foreign_files;
mod formats;
mod goldens;
mod imports;
mod in_memory;
mod layers;
mod left_out;
mod lists;
mod merging;
mod npy_files;
mod over_sets_goldens;
mod procedures;
mod procedures_of_errors;
mod published_goldens;
mod rank_goldens;
mod records;
mod reliability;
mod reports;
mod score_goldens;
mod score_laws;
mod stats_goldens;
mod strays;
mod synthetic;
mod together;
