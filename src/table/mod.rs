//! Tidy records of values, means and tables over runs and data sets, Parquet files.

pub mod against_best;
pub mod bayes;
pub mod board;
pub mod by_rows;
pub mod by_seeds;
pub mod comparison;
pub mod csv;
pub mod difference;
pub mod field;
pub mod files;
pub mod frame;
pub mod means;
pub mod numbers;
pub mod openood_csv;
pub mod overview;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod provenance;
pub mod ranks;
pub mod read;
pub mod record;
pub mod remark;
pub mod results_csv;
pub mod sanity;
pub mod smallest;
mod trainings;

pub use against_best::{AgainstBest, Verdict};
pub use board::Board;
pub use comparison::{Block, Cell, Comparison, Row};
pub use means::with_means;
pub use overview::Overview;
pub use record::{ArrayRead, MeanOver, Record, Results, RunSummary, Shifted, Skipped};
pub use remark::Remark;
