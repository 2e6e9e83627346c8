//! A validated run: the only gate for shapes, types and finiteness; everything behind it is total.
//!
//! [`Dump::open`] reads headers, labels and the head; [`Split::check_finite`] reads the values that will be used.

use std::mem::discriminant;
use std::ops::Deref;
use std::path::PathBuf;

use super::error::DumpError;
use super::head;
use super::layout::{RunFiles, Source, SplitFiles};
use super::meta::{Loss, RunInfo};
use crate::rows::disguise::Disguise;
use crate::rows::{ArrayKind, Head, HeadKind, Labels, Matrix, RunRows, Split};

/// A run whose arrays fit together.
#[derive(Debug)]
pub struct Dump {
    /// Its folder.
    pub folder: PathBuf,
    /// What `run.toml` says of it.
    pub info: RunInfo,
    /// Its splits and its head; a dump can be used as these.
    pub rows: RunRows,
    /// What a user should know about the dump, one line each.
    pub warnings: Vec<String>,
}

impl Deref for Dump {
    type Target = RunRows;

    fn deref(&self) -> &RunRows {
        &self.rows
    }
}

impl Dump {
    /// A run whose rows are in memory, to be treated like one on disk.
    #[must_use]
    pub fn from_parts(info: RunInfo, rows: RunRows) -> Self {
        Self { folder: rows.place.clone(), info, rows, warnings: Vec::new() }
    }

    /// Opens a run: headers, shapes, labels and the head are checked, values of logits and features are not yet.
    ///
    /// # Errors
    /// [`DumpError`] for the first thing that does not fit.
    pub fn open(files: &RunFiles) -> Result<Self, DumpError> {
        let info = RunInfo::read(&files.folder)?;
        let head = head::read(&files.folder)?;
        let splits = files.splits.iter().map(open_split).collect::<Result<Vec<_>, _>>()?;
        check_head_kind(files, head.as_ref(), &info)?;
        let rows = RunRows::of_files(&files.folder, splits, head)?;
        let mut dump = Self { folder: files.folder.clone(), info, rows, warnings: Vec::new() };
        dump.warn_of_disguises();
        Ok(dump)
    }

    /// Whether the logits are, as far as the run tells, negative distances to prototypes, so never above 0.
    #[must_use]
    pub fn logits_are_distances(&self) -> bool {
        match &self.head {
            Some(head) => head.kind() == HeadKind::Prototypes,
            None => {
                self.info.head == Some(HeadKind::Prototypes)
                    || matches!(self.info.loss, Some(Loss::Isomax | Loss::IsomaxPlus))
            }
        }
    }

    /// Warns once for each kind of something else passed as logits.
    fn warn_of_disguises(&mut self) {
        let mut seen = Vec::new();
        for split in &self.rows.splits {
            let (Some(logits), Some(disguise)) = (&split.logits, Disguise::of(split, self.rows.head.as_ref())) else {
                continue;
            };
            if seen.contains(&discriminant(&disguise)) {
                continue;
            }
            seen.push(discriminant(&disguise));
            let what = match disguise {
                Disguise::Probabilities => {
                    "rows are non-negative and sum to 1: these look like probabilities, not logits; \
                     dump the values before the softmax, scores of probabilities mean something else"
                        .to_owned()
                }
                Disguise::LogProbabilities => {
                    "the log-sum-exp of every row is 0: these look like log-probabilities, not logits; \
                     dump the values before log_softmax, which takes from each row what energy and max_logit measure"
                        .to_owned()
                }
                Disguise::Scaled(factor) => format!(
                    "logits are {factor:.4} times what head/ makes of the features, as after a temperature of {:.4} or an entropic scale; \
                     dump them as the head gives them, scores other than max_logit depend on the factor",
                    1.0 / factor
                ),
            };
            self.warnings.push(format!("{}: {what}", logits.path().display()));
        }
    }
}

fn check_head_kind(files: &RunFiles, head: Option<&Head>, info: &RunInfo) -> Result<(), DumpError> {
    match (head, info.head) {
        (Some(head), Some(said)) if head.kind() != said => Err(DumpError::malformed(
            files.folder.join("run.toml"),
            format!("head = {said:?}"),
            format!("{:?}, as in the folder head/", head.kind()),
            "fix run.toml or the arrays in head/",
        )),
        _ => Ok(()),
    }
}

pub(super) fn open_split(files: &SplitFiles) -> Result<Split, DumpError> {
    let open_all = |sources: &[Source]| sources.iter().map(Source::open).collect::<Result<Vec<_>, _>>();
    let mut split = Split::of_files(files.role.clone(), &files.place);
    for (kind, sources) in &files.arrays {
        let arrays = open_all(sources)?;
        match kind {
            ArrayKind::Logits => split.logits = Some(Matrix::new(arrays)?),
            ArrayKind::Features => split.features = Some(Matrix::new(arrays)?),
            ArrayKind::Labels => split.labels = Some(Labels::new(arrays)?),
            ArrayKind::Layer(name) => {
                split.layers.insert(name.clone(), Matrix::new(arrays)?);
            }
        }
    }
    split.check_rows()?;
    Ok(split)
}
