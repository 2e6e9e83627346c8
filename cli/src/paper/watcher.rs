//! Who is told how far a demo is.

use oodbench::progress::Progress;
use oodbench_train::observer::Observer;

/// Someone who watches a demo.
pub(crate) trait Watcher {
    /// Someone to watch the training of one run.
    fn training(&self, run: &str) -> Box<dyn Observer>;

    /// Who watches images being extracted and rows being scored.
    fn rows(&self) -> &dyn Progress;
}
