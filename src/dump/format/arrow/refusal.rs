//! What is wrong with a file, and what to do about it.

use std::path::Path;

use crate::dump::error::DumpError;

/// What was found.
pub(super) type Defect = String;

/// One line for a file that is not read.
pub(super) fn refusal(path: &Path, found: &str) -> DumpError {
    let remedy = "write the file with pyarrow.feather.write_feather(table, file) of pyarrow 1.0 or later, columns of numbers or of lists of one length";
    DumpError::malformed(path, crate::printable::line(found).into_owned(), "columns of numbers", remedy)
}
