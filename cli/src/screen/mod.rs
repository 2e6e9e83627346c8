//! What the terminal shows, and Ctrl-C.

pub(crate) mod failed;
pub(crate) mod help;
pub(crate) mod interrupt;
pub(crate) mod lost_file;
pub(crate) mod progress;
pub(crate) mod remarks;
pub(crate) mod terminal;
#[cfg(feature = "train")]
pub(crate) mod training;
pub(crate) mod tuning;
pub(crate) mod values;
pub(crate) mod words;
