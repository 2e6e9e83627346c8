//! What a file of fits says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sealed::Describes;
use crate::dump::Dump;
use crate::numeric::checksum::Checksum;
use crate::rows::ArrayKind;
use crate::table::ArrayRead;

/// Changes whenever a file of before could be misread.
///
/// 2: what scores of covariances keep is of directions told from rounding, `fdbd` keeps weights, `cfood` and `nnguide` count as their pages say.
pub const FORMAT: u32 = 2;

/// The name of the only entry of the metadata.
pub const METADATA_KEY: &str = "oodbench";

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
    /// Columns of every array of features and of Gram matrices of the run, by its file's name without extension.
    pub features: BTreeMap<String, usize>,
    /// Columns of what is no layer to scores of layers: of patches, and of features that the run has not and only texts tell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, usize>,
    /// The checksum of the head, if the run had one.
    pub head: Option<Checksum>,
    /// The checksum of the embeddings of texts, if some score reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Checksum>,
    /// The arrays that the fits read.
    pub read: Vec<ArrayRead>,
    /// The scores.
    pub scores: Vec<KeptScore>,
}

/// One fitted score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptScore {
    /// Its id.
    pub id: String,
    /// All its parameters, those left at their defaults too.
    pub parameters: BTreeMap<String, String>,
    /// What its user should know about the fit.
    pub notes: Vec<String>,
}

impl Describes for Description {
    const KEY: &'static str = METADATA_KEY;
    const NAME: &'static str = "fit";
    const FORMAT: u32 = FORMAT;
}

/// Columns of every array of features and of Gram matrices of a run; a run has the same in all its splits.
pub(super) fn features(dump: &Dump) -> BTreeMap<String, usize> {
    dump.feature_arrays().into_iter().chain(dump.gram_arrays()).filter_map(|array| columns(dump, &array)).collect()
}

/// Columns of every array of patches of a run, and of features where only texts tell them.
pub(super) fn others(dump: &Dump) -> BTreeMap<String, usize> {
    let mut all: BTreeMap<String, usize> =
        dump.patch_arrays().iter().filter_map(|array| columns(dump, array)).collect();
    if let Some(texts) = dump.texts.as_ref().filter(|_| columns(dump, &ArrayKind::Features).is_none()) {
        all.insert(ArrayKind::Features.file_stem(), texts.classes.ncols());
    }
    all
}

fn columns(dump: &Dump, array: &ArrayKind) -> Option<(String, usize)> {
    let matrix = dump.splits.iter().find_map(|split| split.matrix(array))?;
    Some((array.file_stem(), matrix.columns()))
}
