//! One file per subcommand.

pub(crate) mod apply;
pub(crate) mod calibrate;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod convert;
#[cfg(feature = "train")]
pub(crate) mod data;
#[cfg(feature = "train")]
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod explain;
#[cfg(any(feature = "train", feature = "onnx"))]
pub(crate) mod extract;
pub(crate) mod fit;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod latency;
pub(crate) mod leaderboard;
pub(crate) mod list;
pub(crate) mod measure;
pub(crate) mod monitor;
pub(crate) mod plot;
pub(crate) mod reliability;
pub(crate) mod report;
pub(crate) mod score;
#[cfg(feature = "train")]
pub(crate) mod train;
pub(crate) mod verify;
