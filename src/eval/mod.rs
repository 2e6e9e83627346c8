//! From dumps to figures: which scores run, scoring block by block, metrics, warnings.

pub mod assignment;
pub mod evaluate;
pub mod figures;
pub mod fits;
pub mod one_run;
pub mod plan;
pub mod progress;
pub mod score_split;

pub use assignment::{Assignment, AssignmentError};
pub use evaluate::{EvalError, evaluate};
pub use figures::ScoredRun;
pub use fits::{FitsError, FitsFile};
pub use one_run::{SplitScores, score_run};
pub use plan::{Chosen, Plan, PlanError, Selection};
pub use progress::{Progress, Silent};
pub use score_split::{Batch, FittedScore};
