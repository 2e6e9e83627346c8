//! A validated run: the only gate for shapes, types and finiteness; everything behind it is total.
//!
//! [`Dump::open`] reads headers, labels and the head; [`Split::check_finite`] reads the values that will be used.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use super::block::RowBlock;
use super::check;
use super::error::DumpError;
use super::head::Head;
use super::labels::Labels;
use super::layout::{ArrayKind, Role, RunFiles, Source, SplitFiles};
use super::matrix::Matrix;
use super::meta::{HeadKind, Loss, RunInfo};

/// A run whose arrays fit together.
#[derive(Debug)]
pub struct Dump {
    /// Its folder.
    pub folder: PathBuf,
    /// What `run.toml` says of it.
    pub info: RunInfo,
    /// Train, val, OOD sets to choose parameters on, test, then the OOD sets.
    pub splits: Vec<Split>,
    /// The last layer, if dumped.
    pub head: Option<Head>,
    /// Number of classes, if logits, a head or labels tell it.
    pub classes: Option<usize>,
    /// What a user should know about the dump, one line each.
    pub warnings: Vec<String>,
}

/// One split of a run.
#[derive(Debug)]
pub struct Split {
    /// What it is for.
    pub role: Role,
    /// Where it was found.
    pub place: PathBuf,
    /// Number of rows.
    pub rows: usize,
    /// Logits (rows, C).
    pub logits: Option<Matrix>,
    /// Features (rows, D).
    pub features: Option<Matrix>,
    /// Class labels (rows).
    pub labels: Option<Labels>,
    /// Features of further layers.
    pub layers: BTreeMap<String, Matrix>,
}

impl Dump {
    /// Opens a run: headers, shapes, labels and the head are checked, values of logits and features are not yet.
    ///
    /// # Errors
    /// [`DumpError`] for the first thing that does not fit.
    pub fn open(files: &RunFiles) -> Result<Self, DumpError> {
        let info = RunInfo::read(&files.folder)?;
        let head = Head::read(&files.folder)?;
        let splits = files.splits.iter().map(Split::open).collect::<Result<Vec<_>, _>>()?;
        let mut dump = Self { folder: files.folder.clone(), info, splits, head, classes: None, warnings: Vec::new() };
        dump.check_head_kind()?;
        dump.check_columns()?;
        dump.check_labels()?;
        dump.warn_of_probabilities();
        Ok(dump)
    }

    /// The split of a role.
    #[must_use]
    pub fn split(&self, role: &Role) -> Option<&Split> {
        self.splits.iter().find(|split| split.role == *role)
    }

    /// The OOD sets.
    pub fn ood(&self) -> impl Iterator<Item = &Split> {
        self.splits.iter().filter(|split| matches!(split.role, Role::Ood { .. }))
    }

    /// The arrays of features that any split has: those before the head, then the named layers.
    #[must_use]
    pub fn feature_arrays(&self) -> BTreeSet<ArrayKind> {
        let mut arrays: BTreeSet<ArrayKind> =
            self.splits.iter().flat_map(|split| split.layers.keys().cloned().map(ArrayKind::Layer)).collect();
        if self.splits.iter().any(|split| split.features.is_some()) {
            arrays.insert(ArrayKind::Features);
        }
        arrays
    }

    /// The names of the OOD sets that parameters are chosen on.
    pub fn val_ood(&self) -> impl Iterator<Item = &str> {
        self.splits.iter().filter_map(|split| match &split.role {
            Role::ValOod { name } => Some(name.as_str()),
            _ => None,
        })
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

    /// Share of ID test rows whose arg max is their label, if there are logits and labels.
    #[must_use]
    pub fn test_accuracy(&self) -> Option<f64> {
        let split = self.split(&Role::Test)?;
        let labels = split.labels.as_ref()?;
        split.logits.as_ref()?;
        let mut right = 0_usize;
        let wanted = BTreeSet::from([ArrayKind::Logits]);
        for range in split.block_ranges() {
            let block = split.block(range.clone(), &wanted, None);
            let truth = labels.block(range);
            right += block.tops().iter().zip(&truth).filter(|(top, label)| top.index as i64 == **label).count();
        }
        Some(right as f64 / split.rows as f64)
    }

    fn check_head_kind(&self) -> Result<(), DumpError> {
        match (&self.head, self.info.head) {
            (Some(head), Some(said)) if head.kind() != said => Err(DumpError::malformed(
                self.folder.join("run.toml"),
                format!("head = {said:?}"),
                format!("{:?}, as in the folder head/", head.kind()),
                "mend run.toml or the arrays in head/",
            )),
            _ => Ok(()),
        }
    }

    /// One number of classes and one number of features throughout.
    fn check_columns(&mut self) -> Result<(), DumpError> {
        let mut kinds = self.feature_arrays();
        kinds.insert(ArrayKind::Logits);
        for kind in kinds {
            let from_head = self.head.as_ref().and_then(|head| match kind {
                ArrayKind::Logits => Some((self.folder.join("head"), head.shape().0)),
                ArrayKind::Features => Some((self.folder.join("head"), head.shape().1)),
                _ => None,
            });
            let mut reference = from_head;
            for split in &self.splits {
                let Some(matrix) = split.matrix(&kind) else { continue };
                let (path, columns) = reference.get_or_insert_with(|| (matrix.path().to_owned(), matrix.columns()));
                if *columns != matrix.columns() {
                    return Err(DumpError::malformed(
                        matrix.path(),
                        format!("{} columns", matrix.columns()),
                        format!("{columns}, as in {}", path.display()),
                        "dump every split and the head with one model",
                    ));
                }
            }
            if kind == ArrayKind::Logits {
                self.classes = reference.map(|(_, columns)| columns);
            }
        }
        Ok(())
    }

    fn check_labels(&mut self) -> Result<(), DumpError> {
        let is_ood = |split: &&Split| matches!(split.role, Role::Ood { .. } | Role::ValOod { .. });
        let in_distribution = self.splits.iter().filter(|split| !is_ood(split));
        for labels in in_distribution.filter_map(|split| split.labels.as_ref()) {
            // Without logits and head nothing says how many classes there are, but a negative one is wrong all the same.
            labels.check_range(self.classes.unwrap_or(usize::MAX))?;
        }
        Ok(())
    }

    fn warn_of_probabilities(&mut self) {
        for logits in self.splits.iter().filter_map(|split| split.logits.as_ref()) {
            if check::looks_like_probabilities(logits) {
                self.warnings.push(format!(
                    "{}: rows are non-negative and sum to 1: these look like probabilities, not logits; \
                     dump the values before the softmax, scores of probabilities mean something else",
                    logits.path().display()
                ));
                return;
            }
        }
    }
}

/// Elements of a block: about 1 MB of `f32`, which stays in a core's second-level cache.
const BLOCK_ELEMENTS: usize = 1 << 18;

impl Split {
    pub(super) fn open(files: &SplitFiles) -> Result<Self, DumpError> {
        let open_all = |sources: &[Source]| sources.iter().map(Source::open).collect::<Result<Vec<_>, _>>();
        let mut split = Self {
            role: files.role.clone(),
            place: files.place.clone(),
            rows: 0,
            logits: None,
            features: None,
            labels: None,
            layers: BTreeMap::new(),
        };
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

    /// All arrays of a split have the same, positive number of rows.
    fn check_rows(&mut self) -> Result<(), DumpError> {
        let matrices = self.logits.iter().chain(&self.features).chain(self.layers.values());
        let mut counts: Vec<_> = matrices.map(|matrix| (matrix.path(), matrix.rows())).collect();
        if counts.is_empty() {
            return Err(DumpError::Missing {
                path: self.place.join("logits.npy"),
                expected: format!("logits or features of {}", self.role),
                remedy: "dump them there".to_owned(),
            });
        }
        counts.extend(self.labels.as_ref().map(|labels| (labels.path(), labels.len())));
        let (first_path, rows) = counts[0];
        if rows == 0 {
            return Err(DumpError::malformed(
                first_path,
                "no rows",
                "at least one row",
                "dump the split again or remove it",
            ));
        }
        if let Some((path, other)) = counts.iter().find(|(_, count)| *count != rows) {
            return Err(DumpError::malformed(
                *path,
                format!("{other} rows"),
                format!("{rows}, as in {}", first_path.display()),
                "dump all arrays of a split in one pass, without shuffling",
            ));
        }
        self.rows = rows;
        Ok(())
    }

    /// Refuses NaN and infinite values in the arrays named; the last step of the gate. `seen` is told of rows looked at, array
    /// by array, from any thread.
    ///
    /// # Errors
    /// [`DumpError::NotFinite`].
    pub fn check_finite(&self, arrays: &BTreeSet<ArrayKind>, seen: &(dyn Fn(usize) + Sync)) -> Result<(), DumpError> {
        arrays.iter().filter_map(|kind| self.matrix(kind)).try_for_each(|matrix| check::finite(matrix, seen))
    }

    /// The array of a kind, if the split has it and it is a matrix.
    #[must_use]
    pub fn matrix(&self, kind: &ArrayKind) -> Option<&Matrix> {
        match kind {
            ArrayKind::Logits => self.logits.as_ref(),
            ArrayKind::Features => self.features.as_ref(),
            ArrayKind::Layer(name) => self.layers.get(name),
            ArrayKind::Labels => None,
        }
    }

    /// The ranges of rows that are read together, in order.
    #[must_use]
    pub fn block_ranges(&self) -> Vec<Range<usize>> {
        let matrices = self.logits.iter().chain(&self.features).chain(self.layers.values());
        let columns = matrices.map(Matrix::columns).max().unwrap_or(1);
        let step = (BLOCK_ELEMENTS / columns).max(16);
        (0..self.rows.div_ceil(step)).map(|block| block * step..self.rows.min((block + 1) * step)).collect()
    }

    /// Some consecutive rows of the arrays that are wanted.
    ///
    /// # Panics
    /// If the range reaches beyond the split.
    #[must_use]
    pub fn block<'a>(
        &'a self,
        range: Range<usize>,
        wanted: &BTreeSet<ArrayKind>,
        head: Option<&'a Head>,
    ) -> RowBlock<'a> {
        let read =
            |kind: ArrayKind| self.matrix(&kind).filter(|_| wanted.contains(&kind)).map(|m| m.block(range.clone()));
        let block = RowBlock::new(range.len(), read(ArrayKind::Logits), read(ArrayKind::Features), head);
        let layers = wanted.iter().filter_map(|kind| match kind {
            ArrayKind::Layer(name) => Some((name, self.layers.get(name)?)),
            _ => None,
        });
        layers.fold(block, |block, (name, matrix)| block.with_layer(name, matrix.block(range.clone())))
    }
}
