#![doc = include_str!("detector.md")]
//!
//! # In a service
//!
//! ```no_run
//! use oodbench::detector::{Detector, Row};
//!
//! let detector = Detector::load("my.detector")?; // once; shared by all threads
//! let logits = [1.2_f32, -0.3, 4.1];
//! let decision = detector.decide(&Row::new().with_logits(&logits[..]))?;
//! if decision.flagged {
//!     // Not like the rows of the calibration: do not trust decision.predicted.
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod apply;
mod arrays;
pub mod batch;
pub mod calibrate;
pub mod calibration;
pub mod cost;
pub mod decide;
pub mod decisions;
pub mod description;
pub mod error;
mod head;
pub mod input;
mod made_of;
pub mod martingale;
pub mod monitor;
pub mod rate;
mod read;
pub mod row;
mod scored;
pub mod source;
pub mod subset;
pub mod threshold;
mod write;

pub use apply::{Applied, Decided, DecisionSink, OnNan, apply};
pub use calibrate::{Calibrated, Request, calibrate, calibrate_rows};
pub use decide::{Decision, Detector};
pub use error::{DetectorError, RowError};
pub use monitor::{Monitor, Watch};
pub use rate::Rate;
pub use row::{Row, Values};
pub use source::NewRows;
pub use threshold::{Asked, Guarantee, ThresholdError};

/// The page that `oodbench explain detector` prints.
pub const PAGE: &str = include_str!("detector.md");
