//! From dumps to values: which scores run, scoring block by block, metrics, warnings.

pub mod assignment;
pub mod by_rows;
pub mod by_seeds;
mod cautions;
pub mod error;
pub mod evaluate;
pub mod fits;
#[cfg(feature = "plot")]
pub mod full_report;
pub mod identity;
pub mod in_memory;
pub mod kept;
pub mod measured;
pub mod measures;
pub mod memory;
pub mod model;
pub mod one_run;
mod pair;
pub mod plan;
#[cfg(feature = "plot")]
pub mod plots;
pub mod ranked;
pub mod reliability;
#[cfg(feature = "plot")]
pub mod report_plots;
mod run_record;
pub mod sanity;
pub mod score_split;
mod scored_sets;
#[cfg(feature = "parquet")]
pub mod scores_file;
pub mod selection;
pub mod significance;
pub mod sink;
pub mod smallest;
pub mod tune;
mod undecided;

pub use assignment::{Assignment, AssignmentError};
pub use error::{EvalError, PlanError};
pub use evaluate::evaluate;
pub use fits::{FitsError, FitsFile};
pub use in_memory::{FittedInMemory, InMemoryError};
pub use kept::KeptScores;
pub use measures::Measures;
pub use model::Model;
pub use one_run::{SplitScores, score_run};
pub use plan::Plan;
#[cfg(feature = "plot")]
pub use plots::ScoredRun;
pub use ranked::{RankedError, RankedRun};
pub use score_split::Batch;
#[cfg(feature = "parquet")]
pub use scores_file::ScoresFile;
pub use selection::Selection;
pub use sink::{ScoreSink, ScoredRows, SinkError};
pub use tune::{TuneError, tune};
