//! A validated run: the only gate for shapes, types and finiteness; everything behind it is total.
//!
//! [`Dump::open`] reads headers, labels and the head; [`Split::check_finite`] reads the values that will be used.

use std::mem::discriminant;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::ensemble;
use super::error::DumpError;
use super::layout::{RunFiles, Source, SplitFiles};
use super::meta::{Loss, RunInfo};
use crate::rows::disguise::Disguise;
use crate::rows::split::matrix_of;
use crate::rows::{ArrayKind, Head, HeadKind, Labels, Matrix, Role, RunRows, Split};
use crate::suggestion::nearest;

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
    /// Labels that cannot be used, by their file: who needs them is told why, others are not stopped.
    faults: Vec<(String, DumpError)>,
    /// Sets of which the members of an ensemble do not have the same rows.
    not_shared: Vec<Role>,
    /// Its files, if it was read from some.
    files: Option<RunFiles>,
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
        Self {
            folder: rows.place.clone(),
            info,
            rows,
            warnings: Vec::new(),
            faults: Vec::new(),
            not_shared: Vec::new(),
            files: None,
        }
    }

    /// Whether some logits are of 16 bits, whose rounding makes ties.
    #[must_use]
    pub fn is_half_precision(&self) -> bool {
        self.splits.iter().filter_map(|split| split.logits.as_ref()).any(Matrix::is_half_precision)
    }

    /// Opens a run: headers, shapes, labels and the head are checked, values of logits and features are not yet.
    ///
    /// # Errors
    /// [`DumpError`] for the first thing that does not fit.
    pub fn open(files: &RunFiles) -> Result<Self, DumpError> {
        let mut info = files.info()?;
        if files.members.is_empty() && !info.members.is_empty() {
            return Err(DumpError::malformed(
                files.folder.join("run.toml"),
                "members beside arrays of the folder's own",
                "one of the two",
                "leave members out, or move run.toml into a folder of its own",
            ));
        }
        if !files.members.is_empty() {
            let members = files.members.iter().map(Self::open).collect::<Result<Vec<_>, _>>()?;
            let members: Vec<_> = members.iter().map(|member| (&member.info, &member.rows)).collect();
            let ensemble::Joined { splits, left_out } = ensemble::join(&files.folder, &mut info, &members)?;
            let rows = RunRows::of_files(&files.folder, splits, None)?;
            let (folder, files) = (files.folder.clone(), Some(files.clone()));
            let warnings = left_out.iter().map(|(role, why)| format!("{role} left out: {why}")).collect();
            let not_shared = left_out.into_iter().map(|(role, _)| role).collect();
            return Ok(Self { folder, info, rows, warnings, faults: Vec::new(), not_shared, files });
        }
        let head = files.head.read()?;
        let opened = files.splits.iter().map(open_split).collect::<Result<Vec<_>, _>>()?;
        let (splits, labels): (Vec<_>, Vec<_>) = opened.into_iter().unzip();
        check_head_kind(files, head.as_ref(), &info)?;
        let mut rows = RunRows::of_files(&files.folder, splits, head)?;
        if let Some(texts) = files.head.read_texts()? {
            rows.take_texts(texts, |part| files.head.place_of_texts(part))?;
        }
        rows.lower = info.lower.iter().cloned().collect();
        check_lower(files, &rows)?;
        let (folder, warnings) = (files.folder.clone(), files.left_out().collect());
        let mut dump = Self {
            folder,
            info,
            rows,
            warnings,
            faults: Vec::new(),
            not_shared: Vec::new(),
            files: Some(files.clone()),
        };
        dump.take_labels(labels);
        dump.warn_of_disguises();
        dump.warn_of_made_logits();
        Ok(dump)
    }

    /// Gives each split its labels, or notes why they cannot be used.
    fn take_labels(&mut self, labels: Vec<Labelling>) {
        let classes = self.rows.classes;
        for (split, labels) in self.rows.splits.iter_mut().zip(labels) {
            let checked = labels.and_then(|labels| match labels {
                Some(labels) if !split.is_ood() => {
                    labels.check_range(classes).map(|()| Some(labels)).map_err(Into::into)
                }
                labels => Ok(labels),
            });
            match checked {
                Ok(labels) => split.labels = labels,
                Err(fault) => {
                    self.warnings.push(format!("labels left out: {fault}"));
                    self.faults.push((format!("{}/{}.npy", split.role, ArrayKind::Labels.file_stem()), fault));
                }
            }
        }
    }

    /// Why a file (`id/train/labels.npy`) that is there cannot be used, if so; the answer is given once.
    pub fn take_fault(&mut self, file: &str) -> Option<DumpError> {
        let at = self.faults.iter().position(|(faulty, _)| faulty == file)?;
        Some(self.faults.swap_remove(at).1)
    }

    /// What lies where a missing file (`id/test/logits.npy`) should be.
    #[must_use]
    pub fn instead_of(&self, file: &str) -> Option<String> {
        if let Some(role) = self.not_shared.iter().find(|role| Path::new(file).starts_with(role.to_string())) {
            return Some(format!("the members of the ensemble do not share their rows of {role}"));
        }
        let there = self.files.as_ref()?.instead_of(file)?;
        Some(format!("there is {there}"))
    }

    /// Whether the logits are, as far as the run tells, negative distances to prototypes, so never above 0.
    #[must_use]
    pub fn logits_are_distances(&self) -> bool {
        match &self.head {
            Some(head) => head.kind() == HeadKind::Prototypes,
            None => {
                self.info.head == Some(HeadKind::Prototypes)
                    || self.info.loss.as_ref().is_some_and(Loss::is_of_distances)
            }
        }
    }

    /// Warns once for each kind of something else passed as logits. Only one split is compared with the head, since that costs time: all are written by one
    /// program.
    fn warn_of_disguises(&mut self) {
        let mut seen = Vec::new();
        let compared = self.rows.splits.iter().find(|split| split.logits.is_some() && split.features.is_some());
        let beside = compared.zip(self.rows.head.as_ref()).and_then(|(split, head)| Disguise::beside_head(split, head));
        let beside = compared.zip(beside);
        let alone = self.rows.splits.iter().filter_map(|split| Some((split, Disguise::of(split)?)));
        for (split, disguise) in alone.chain(beside) {
            let Some(logits) = &split.logits else { continue };
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
                Disguise::OfAnotherHead(share) => format!(
                    "logits are not what head/ makes of the features, they differ by {:.0} % of their size: head, features and logits may be of different \
                     networks or layers, or in another order of rows; scores that read the head (react, dice, vim) mean nothing then",
                    100.0 * share
                ),
            };
            self.warnings.push(format!("{}: {what}", logits.path().display()));
        }
    }

    /// Warns where some rows to be scored have logits and others get them from the head.
    fn warn_of_made_logits(&mut self) {
        let is_scored = |split: &&Split| matches!(split.role, Role::Test | Role::Csid { .. } | Role::Ood { .. });
        let scored: Vec<&Split> = self.rows.splits.iter().filter(is_scored).collect();
        if self.rows.head.is_none() || scored.iter().all(|split| split.logits.is_none()) {
            return;
        }
        let made = scored.iter().filter(|split| split.logits.is_none() && split.features.is_some());
        let made: Vec<String> = made.map(|split| split.role.to_string()).collect();
        if !made.is_empty() {
            let (place, made) = (self.folder.display(), made.join(", "));
            self.warnings.push(format!(
                "{place}: no logits in {made}: they are made from features and head/, while other sets have files of their own"
            ));
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

/// Opens new rows: a folder or an archive with logits and features. `None` for a file that holds one array.
///
/// # Errors
/// [`DumpError`] if there is nothing to score in it, or the arrays do not fit together.
pub fn open_new_rows(path: &Path) -> Result<Option<Split>, DumpError> {
    let files = SplitFiles::of_new_rows(path)?;
    Ok(files.map(|files| open_split(&files)).transpose()?.map(|(split, _)| split))
}

/// That a score which is said to be lower on in-distribution rows is there: a misspelt one would stay the wrong way round.
fn check_lower(files: &RunFiles, rows: &RunRows) -> Result<(), DumpError> {
    let known = rows.own_scores();
    let Some(unknown) = rows.lower.iter().find(|name| !known.contains(name.as_str())) else { return Ok(()) };
    let expected = match nearest(unknown, known.iter().copied()) {
        Some(near) => near.to_owned(),
        None => "the name of a file scores@<name>".to_owned(),
    };
    let remedy = "correct the name, or dump the score";
    Err(DumpError::malformed(files.folder.join("run.toml"), format!("lower = {unknown:?}"), expected, remedy))
}

/// The labels of a split, if it has any that can be used.
type Labelling = Result<Option<Labels>, DumpError>;

/// A split without its labels, and these: that they are wrong concerns only those who need them.
fn open_split(files: &SplitFiles) -> Result<(Split, Labelling), DumpError> {
    let open_all = |sources: &[Source]| sources.iter().map(Source::open).collect::<Result<Vec<_>, _>>();
    let mut split = Split::of_files(files.role.clone(), &files.place);
    let mut labels = Ok(None);
    for (kind, sources) in &files.arrays {
        if *kind == ArrayKind::Labels {
            labels = open_all(sources).and_then(|arrays| Ok(Some(Labels::new(arrays)?)));
            continue;
        }
        let matrix = matrix_of(kind, open_all(sources)?)?;
        match kind {
            ArrayKind::Features => split.features = Some(matrix),
            ArrayKind::Layer(name) => {
                split.layers.insert(name.clone(), matrix);
            }
            ArrayKind::Score(name) => {
                split.scores.insert(name.clone(), matrix);
            }
            ArrayKind::Variant(name) => {
                split.variants.insert(name.clone(), matrix);
            }
            ArrayKind::Gram(layer) => {
                split.grams.insert(layer.clone(), matrix);
            }
            ArrayKind::Logits | ArrayKind::Labels => split.logits = Some(matrix),
        }
    }
    split.check_rows()?;
    let fits = |labels: Option<Labels>| match labels {
        Some(labels) => split.check_labels(&labels).map(|()| Some(labels)).map_err(Into::into),
        None => Ok(None),
    };
    let labels = labels.and_then(fits);
    Ok((split, labels))
}
