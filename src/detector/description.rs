//! What a detector's file says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::threshold::Guarantee;
use crate::eval::fits::description::KeptScore;
use crate::numeric::checksum::Checksum;
use crate::rows::HeadKind;
use crate::table::ArrayRead;

/// Changes whenever a file of before could be misread.
pub const FORMAT: u32 = 1;

/// How a row is decided, in words for whoever reads the file without this program.
pub const DIRECTION: &str = "higher = more in-distribution; a row is flagged if its score is below the threshold";

/// Where a detector comes from and what it promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The format of the file.
    pub format: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// The run it was calibrated on.
    pub run: String,
    /// The score with its parameters.
    pub score: KeptScore,
    /// [`DIRECTION`].
    pub direction: String,
    /// What the threshold promises.
    pub guarantee: Guarantee,
    /// Whether there is a threshold per predicted class.
    pub per_class: bool,
    /// The calibration rows.
    pub calibration: CalibrationRows,
    /// The arrays of new rows by their file's names without extension.
    pub inputs: BTreeMap<String, KeptInput>,
    /// Number of classes, if the run told it.
    pub classes: Option<usize>,
    /// Whether logits are made from features and head.
    pub makes_logits: bool,
    /// The head, if it is part of the file.
    pub head: Option<KeptHead>,
    /// The arrays that fit and calibration read, with their checksums.
    pub read: Vec<ArrayRead>,
}

impl Description {
    /// What the threshold promises, and of which rows.
    #[must_use]
    pub fn promise(&self) -> String {
        format!("{}{}", self.guarantee, if self.per_class { ", within every predicted class" } else { "" })
    }
}

/// Which rows a threshold was chosen on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationRows {
    /// Their split.
    pub split: String,
    /// How many.
    pub rows: usize,
    /// Of how many.
    pub of: usize,
    /// The seed that chose them, if not all were taken.
    pub seed: Option<u64>,
}

/// An array of new rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptInput {
    /// Its columns.
    pub columns: usize,
    /// Members of an ensemble among them, side by side; not written where there is no such axis.
    #[serde(default = "no_axis", skip_serializing_if = "is_no_axis")]
    pub members: usize,
    /// The element type of the calibration rows.
    pub dtype: String,
    /// The largest relative error of rounding to it.
    pub roundoff: f64,
    /// Whether nothing can be decided without it.
    pub required: bool,
}

/// A head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHead {
    /// Its kind.
    pub kind: HeadKind,
    /// Its checksum.
    pub checksum: Checksum,
}

fn no_axis() -> usize {
    1
}

fn is_no_axis(members: &usize) -> bool {
    *members == no_axis()
}
