//! What is computed from scores: which procedures, with intervals or without.

use crate::metric::Procedure;
use crate::metric::registry::usual;
use crate::stats::bootstrap::Bootstrap;

/// What is computed from scores.
#[derive(Clone)]
pub struct Measures {
    /// The procedures.
    pub procedures: Vec<&'static Procedure>,
    /// How every value gets an interval, if it gets one.
    pub bootstrap: Option<Bootstrap>,
}

impl Default for Measures {
    /// The [usual] procedures, no intervals.
    fn default() -> Self {
        Self { procedures: usual().iter().collect(), bootstrap: None }
    }
}
