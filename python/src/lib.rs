//! The extension module `oodbench._oodbench`: arrays in, arrays out; all that is computed is the library's.
//!
//! One file per thing that Python sees: `array` and `rows` take arrays where they lie, `detector` and `score` score them, `metrics` measures, `run` is a
//! dump in memory or on disk, of the `batches` that were added, `evaluate` and `records` make and hand on records, `fits` are several scores
//! at once, `parts` and `shards` are for rows that lie on many machines, `pages` is what `help` shows.

mod array;
mod batches;
mod detector;
mod error;
mod evaluate;
mod fits;
mod head;
mod metrics;
mod pages;
mod parts;
mod pool;
mod records;
mod role;
mod rows;
mod run;
mod score;
mod shards;

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command line with these arguments, the program's name first; gives its exit code. To be called once in a process.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| oodbench_cli::main(arguments))
}

/// The version of the library.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pymodule]
mod _oodbench {
    #[pymodule_export]
    use super::detector::Detector;
    #[pymodule_export]
    use super::error::{
        ArrayError, FitError, MissingInputError, NotFittedError, OodbenchError, ParameterError, TooFewRowsError,
        UnknownScoreError,
    };
    #[pymodule_export]
    use super::evaluate::{compare, evaluate, report};
    #[pymodule_export]
    use super::fits::{Fits, fit, fits_of_file};
    #[pymodule_export]
    use super::metrics::{Metrics, metrics};
    #[pymodule_export]
    use super::pages::{procedures, scores};
    #[pymodule_export]
    use super::parts::{Cuts, KeyCounts, Ranking};
    #[pymodule_export]
    use super::pool::{after_fork, get_num_threads, set_num_threads};
    #[pymodule_export]
    use super::records::{Records, read_records};
    #[pymodule_export]
    use super::run::{Run, read_dump};
    #[pymodule_export]
    use super::score::score;
    #[pymodule_export]
    use super::shards::{RankedRun, block_checksums, files_of_run, identity, rows_per_block, rows_per_checksum};
    #[pymodule_export]
    use super::{main, version};
}
