//! Why there is no search.

use std::path::PathBuf;

use crate::dump::DumpError;
use crate::eval::error::PlanError;

/// A search that cannot be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum TuneError {
    /// The scores cannot be fitted.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// There are no validation rows.
    #[error(
        "{}: missing, expected by --tune, which searches on validation rows alone; dump rows there that the network was not trained on",
        place.display()
    )]
    NoValidation { place: PathBuf },
    /// A score asked for by name cannot be searched.
    #[error("{}: no search for score {score}: {reason}; set its parameters, or ask for --score all, which leaves them as they are", place.display())]
    NotSearched { place: PathBuf, score: &'static str, reason: String },
    /// Classes cannot be told.
    #[error("{}: found neither labels nor logits, expected either, to mix rows of different classes; dump labels.npy", place.display())]
    NoClasses { place: PathBuf },
    /// All rows are of one class.
    #[error("{}: found rows of one class, expected several, to mix rows of different ones; dump a validation set of all classes", place.display())]
    OneClass { place: PathBuf },
}

impl From<DumpError> for TuneError {
    fn from(error: DumpError) -> Self {
        Self::Plan(error.into())
    }
}
