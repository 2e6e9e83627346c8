//! What a file of fits says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::fit::Fits;
use crate::dump::Dump;
use crate::eval::plan::Plan;
use crate::numeric::checksum::{Checksum, Hasher};
use crate::rows::{ArrayKind, Split};
use crate::table::ArrayRead;

/// Changes whenever a file of before could be misread.
pub const FORMAT: u32 = 1;

/// The name of the only entry of the metadata.
pub const ENTRY: &str = "oodbench";

/// What stands in the metadata.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// Of the description and all arrays.
    pub checksum: Checksum,
    /// The rest.
    pub fit: Description,
}

/// Where fits come from, and which they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The format of the file.
    pub format: u32,
    /// The version of the program that wrote it.
    pub version: String,
    /// The run's name.
    pub run: String,
    /// Number of classes, if the run told it.
    pub classes: Option<usize>,
    /// Columns of every array of features of the run, by its file's name without extension.
    pub features: BTreeMap<String, usize>,
    /// The checksum of the head, if the run had one.
    pub head: Option<Checksum>,
    /// The arrays that the fits read.
    pub read: Vec<ArrayRead>,
    /// The scores.
    pub scores: Vec<Score>,
}

/// One fitted score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Its id.
    pub id: String,
    /// All its parameters, those left at their defaults too.
    pub parameters: BTreeMap<String, String>,
    /// What its user should know about the fit.
    pub notes: Vec<String>,
}

impl Description {
    /// Of the fits of a run; reads every array that they read once more, for its checksum.
    #[must_use]
    pub fn new(plan: &Plan<'_>, fits: &Fits) -> Self {
        let dump = &plan.dump;
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: dump.info.name.clone(),
            classes: dump.classes,
            features: features(dump),
            head: dump.head.as_ref().map(|head| head.checksum()),
            read: plan.fitted_on().flat_map(|(split, arrays)| sources(split, arrays)).collect(),
            scores: fits.scores.iter().map(Score::new).collect(),
        }
    }

    /// Begins the checksum that seals it together with the arrays.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which it always can.
    pub(super) fn begin_seal(&self) -> Result<Hasher, serde_json::Error> {
        let mut seal = Hasher::new();
        seal.bytes(&serde_json::to_vec(self)?);
        Ok(seal)
    }
}

/// Takes the name and the shape of an array into a seal; its bytes follow.
pub(super) fn seal_array(seal: &mut Hasher, name: &str, shape: &[usize]) {
    seal.bytes(name.as_bytes());
    shape.iter().for_each(|axis| seal.number(*axis));
}

impl Score {
    fn new(score: &super::ScoreFit) -> Self {
        Self {
            id: score.entry.id.to_owned(),
            parameters: score.settings.all().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            notes: score.fit.notes.clone(),
        }
    }
}

/// Columns of every array of features of a run; a run has the same in all its splits.
pub(super) fn features(dump: &Dump) -> BTreeMap<String, usize> {
    let columns = |array: ArrayKind| {
        let matrix = dump.splits.iter().find_map(|split| split.matrix(&array))?;
        Some((array.file_stem(), matrix.columns()))
    };
    dump.feature_arrays().into_iter().filter_map(columns).collect()
}

/// The arrays of a split that are there, with their checksums.
fn sources(split: &Split, arrays: BTreeSet<ArrayKind>) -> impl Iterator<Item = ArrayRead> {
    arrays.into_iter().filter_map(|kind| {
        let checksum = split.checksum(&kind)?;
        Some(ArrayRead { split: split.role.to_string(), array: kind.file_stem(), rows: split.rows, checksum })
    })
}
