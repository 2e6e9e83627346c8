//! Tidy records of figures, tables over runs and data sets, Parquet files.

pub mod against_best;
pub mod comparison;
pub mod frame;
pub mod record;
pub mod scores_file;

pub use against_best::{AgainstBest, Verdict};
pub use comparison::{Block, Cell, Comparison, Row};
pub use record::{PairFacts, Record, Results, RunSummary, Skipped};
