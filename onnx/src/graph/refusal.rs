//! Why a model is not run, as one line.

use std::path::Path;

use crate::error::OnnxError;

/// What was found, what was expected, what to do.
pub(super) struct Refusal {
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) remedy: &'static str,
}

impl Refusal {
    /// The error of this model.
    pub(super) fn error(self, path: &Path) -> OnnxError {
        OnnxError::file(path, self.found, self.expected, self.remedy)
    }
}
