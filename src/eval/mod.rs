//! From dumps to figures: which scores run, scoring block by block, metrics, warnings.

pub mod assignment;
pub mod error;
pub mod evaluate;
#[cfg(feature = "plot")]
pub mod figures;
pub mod fits;
pub mod in_memory;
pub mod memory;
pub mod one_run;
pub mod plan;
pub mod score_split;
pub mod selection;
pub mod significance;
pub mod tune;
mod undecided;

pub use assignment::{Assignment, AssignmentError};
pub use error::{EvalError, PlanError};
pub use evaluate::{Figures, evaluate};
#[cfg(feature = "plot")]
pub use figures::ScoredRun;
pub use fits::{FitsError, FitsFile};
pub use in_memory::{FittedInMemory, InMemoryError};
pub use one_run::{SplitScores, score_run};
pub use plan::Plan;
pub use score_split::Batch;
pub use selection::Selection;
pub use tune::{TuneError, tune};
