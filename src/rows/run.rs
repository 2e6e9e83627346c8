//! The rows of one model: its splits and its last layer, wherever they are kept.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::RowsError;
use super::head::Head;
use super::matrix::Matrix;
use super::origin::Origin;
use super::patches::check_patches;
use super::role::{ArrayKind, PATCHES, Role};
use super::split::Split;
use super::texts::Texts;

/// Splits that fit together.
#[derive(Debug)]
pub struct RunRows {
    /// The run's folder, or a name for it in messages.
    pub place: PathBuf,
    /// Whether that is a place of files.
    pub origin: Origin,
    /// Train, val, OOD sets to choose parameters on, test, then the OOD sets.
    pub splits: Vec<Split>,
    /// The last layer, if known.
    pub head: Option<Head>,
    /// Embeddings of the names of the classes, if there are any.
    pub texts: Option<Texts>,
    /// Number of classes, if logits, a head or names of classes tell it.
    pub classes: Option<usize>,
    /// Scores of somebody else that are lower on in-distribution rows.
    pub lower: BTreeSet<String>,
}

impl RunRows {
    /// Rows in memory; `place` stands for them in messages. Checks the head, and that splits and head are of one model: as many columns
    /// everywhere, labels that are classes.
    ///
    /// # Errors
    /// [`RowsError`] for the first thing that does not fit.
    pub fn new(place: impl Into<PathBuf>, splits: Vec<Split>, head: Option<Head>) -> Result<Self, RowsError> {
        // That of files is checked where it is read, under the names of its files.
        head.iter().try_for_each(|head| head.check(|part| PathBuf::from(format!("head {part}"))))?;
        Self::checked(place.into(), Origin::Memory, splits, head)
    }

    /// The same of the files in a folder.
    pub(crate) fn of_files(folder: &Path, splits: Vec<Split>, head: Option<Head>) -> Result<Self, RowsError> {
        Self::checked(folder.to_owned(), Origin::Files, splits, head)
    }

    fn checked(place: PathBuf, origin: Origin, splits: Vec<Split>, head: Option<Head>) -> Result<Self, RowsError> {
        let mut rows = Self { place, origin, splits, head, texts: None, classes: None, lower: BTreeSet::new() };
        rows.check_columns()?;
        rows.check_labels()?;
        Ok(rows)
    }

    /// The same rows with embeddings of the names of the classes, in the space of the features.
    ///
    /// # Errors
    /// [`RowsError`] as [`Texts::check`] has it, for texts of another width than the features or of another number of classes, and for labels beyond them.
    pub fn with_texts(mut self, texts: Texts) -> Result<Self, RowsError> {
        self.take_texts(texts, |part| PathBuf::from(format!("head {part}")))?;
        self.check_labels()?;
        Ok(self)
    }

    /// The same of files, which messages call by their places; labels are not looked at.
    pub(crate) fn take_texts(
        &mut self,
        texts: Texts,
        place: impl Fn(&'static str) -> PathBuf,
    ) -> Result<(), RowsError> {
        texts.check(&place)?;
        texts.check_beside(self.columns(&ArrayKind::Features), self.classes, place)?;
        self.classes = Some(texts.classes.nrows());
        self.texts = Some(texts);
        // Where there are no features, the texts are what tells how wide patches are.
        self.check_patches()
    }

    /// The number of columns of an array, if a split, the head or texts tell it.
    #[must_use]
    pub fn columns(&self, kind: &ArrayKind) -> Option<usize> {
        let of_splits = || self.splits.iter().find_map(|split| split.matrix(kind)).map(Matrix::columns);
        match (kind, &self.head) {
            (ArrayKind::Logits, _) => self.classes,
            (ArrayKind::Features, Some(head)) => Some(head.shape().1),
            (ArrayKind::Features, None) => of_splits().or_else(|| Some(self.texts.as_ref()?.classes.ncols())),
            _ => of_splits(),
        }
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

    /// The sets of in-distribution classes under a covariate shift.
    pub fn csid(&self) -> impl Iterator<Item = &Split> {
        self.splits.iter().filter(|split| matches!(split.role, Role::Csid { .. }))
    }

    /// The arrays of features that any split has: those before the head, then the named layers with one vector per row.
    #[must_use]
    pub fn feature_arrays(&self) -> BTreeSet<ArrayKind> {
        let mut arrays = self.layers(|matrix| matrix.members() == 1);
        if self.splits.iter().any(|split| split.features.is_some()) {
            arrays.insert(ArrayKind::Features);
        }
        arrays
    }

    /// The arrays of patches that any split has: of features with several vectors per row.
    #[must_use]
    pub fn patch_arrays(&self) -> BTreeSet<ArrayKind> {
        self.layers(|matrix| matrix.members() > 1)
    }

    fn layers(&self, are: impl Fn(&Matrix) -> bool) -> BTreeSet<ArrayKind> {
        let all = self.splits.iter().flat_map(|split| &split.layers);
        all.filter(|(_, matrix)| are(matrix)).map(|(name, _)| ArrayKind::Layer(name.clone())).collect()
    }

    /// The arrays of logits under a name that any split has.
    #[must_use]
    pub fn variants(&self) -> BTreeSet<ArrayKind> {
        self.splits.iter().flat_map(|split| split.variants.keys().cloned().map(ArrayKind::Variant)).collect()
    }

    /// The arrays of Gram matrices that any split has.
    #[must_use]
    pub fn gram_arrays(&self) -> BTreeSet<ArrayKind> {
        self.splits.iter().flat_map(|split| split.grams.keys().cloned().map(ArrayKind::Gram)).collect()
    }

    /// The members of an ensemble in logits under a name, and the classes of each, where a split has them; of patches these and the features of each.
    #[must_use]
    pub fn members(&self, kind: &ArrayKind) -> Option<(usize, usize)> {
        let matrix = self.splits.iter().find_map(|split| split.matrix(kind))?;
        Some((matrix.members(), matrix.columns() / matrix.members()))
    }

    /// The names of the scores of somebody else that any split has.
    #[must_use]
    pub fn own_scores(&self) -> BTreeSet<&str> {
        self.splits.iter().flat_map(|split| split.scores.keys().map(String::as_str)).collect()
    }

    /// The names of the OOD sets that parameters are chosen on.
    pub fn val_ood(&self) -> impl Iterator<Item = &str> {
        self.splits.iter().filter_map(|split| match &split.role {
            Role::ValOod { name } => Some(name.as_str()),
            _ => None,
        })
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

    /// One number of classes and one number of features throughout.
    fn check_columns(&mut self) -> Result<(), RowsError> {
        let mut kinds = self.feature_arrays();
        kinds.extend(self.patch_arrays());
        kinds.insert(ArrayKind::Logits);
        kinds.extend(self.variants());
        kinds.extend(self.gram_arrays());
        let place_of_head = || self.origin.either(self.place.join("head"), PathBuf::from("the head"));
        for kind in kinds {
            let from_head = self.head.as_ref().and_then(|head| match kind {
                ArrayKind::Logits => Some((place_of_head(), head.shape().0)),
                ArrayKind::Features => Some((place_of_head(), head.shape().1)),
                _ => None,
            });
            let mut reference = from_head;
            for split in &self.splits {
                let Some(matrix) = split.matrix(&kind) else { continue };
                let (path, columns) = reference.get_or_insert_with(|| (matrix.path().to_owned(), matrix.columns()));
                if *columns != matrix.columns() {
                    return Err(RowsError::malformed(
                        matrix.path(),
                        format!("{} columns", matrix.columns()),
                        format!("{columns}, as in {}", path.display()),
                        self.origin.either(
                            "dump every split and the head with one model",
                            "take every split and the head from one model",
                        ),
                    ));
                }
            }
            if kind == ArrayKind::Logits {
                self.classes = reference.map(|(_, columns)| columns);
            }
        }
        self.check_patches()?;
        self.check_members()
    }

    /// As many patches of an image throughout (other ones may have as many columns together), all of them as wide as the features.
    fn check_patches(&self) -> Result<(), RowsError> {
        for kind in self.patch_arrays() {
            let mut matrices = self.splits.iter().filter_map(|split| split.matrix(&kind));
            let Some(first) = matrices.next() else { continue };
            if let Some(other) = matrices.find(|matrix| matrix.members() != first.members()) {
                let of = |matrix: &Matrix| format!("{} patches", matrix.members());
                return Err(RowsError::malformed(
                    other.path(),
                    of(other),
                    format!("{}, as in {}", of(first), first.path().display()),
                    "save the patches of all images as arrays of shape (rows, patches, features)",
                ));
            }
        }
        let Some(features) = self.columns(&ArrayKind::Features) else { return Ok(()) };
        let mut patches = self.splits.iter().filter_map(|split| split.layers.get(PATCHES));
        patches.try_for_each(|patches| check_patches(patches, features))
    }

    /// Logits under a name are of the same classes, and of the same number of members throughout.
    fn check_members(&mut self) -> Result<(), RowsError> {
        let of_variant = || self.variants().iter().find_map(|kind| self.members(kind));
        self.classes = self.classes.or_else(|| of_variant().map(|(_, classes)| classes));
        for split in &self.splits {
            for (name, matrix) in &split.variants {
                let Some((members, classes)) = self.members(&ArrayKind::Variant(name.clone())) else { continue };
                let expected = self.classes.unwrap_or(classes);
                if (matrix.members(), matrix.columns() / matrix.members()) != (members, expected) {
                    return Err(RowsError::malformed(
                        matrix.path(),
                        format!("{} members of {} classes", matrix.members(), matrix.columns() / matrix.members()),
                        format!("{members} of {expected}, as everywhere in the run"),
                        "save the members of an ensemble as an array of shape (rows, members, classes)",
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_labels(&mut self) -> Result<(), RowsError> {
        let in_distribution = self.splits.iter().filter(|split| !split.is_ood());
        for labels in in_distribution.filter_map(|split| split.labels.as_ref()) {
            // Without logits and head nothing says how many classes there are, but a negative one is wrong all the same.
            labels.check_range(self.classes)?;
        }
        Ok(())
    }
}
