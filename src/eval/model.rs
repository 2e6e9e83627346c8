//! Fits without the rows they were made from: they score rows in memory, and are written and read as `oodbench fit` and `score --fit` have them.
//!
//! ```
//! use ndarray::array;
//! use oodbench::dump::RunInfo;
//! use oodbench::eval::{Model, Selection};
//! use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};
//!
//! let features = Matrix::of("features", array![[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])?;
//! let train = Split::new(Role::Train, "train").with(ArrayKind::Features, features)?;
//! let rows = RunRows::new("arrays", vec![train.with_labels(Labels::of("labels", vec![0, 0, 0, 0]))?], None)?;
//!
//! let selection = Selection::new(&["mahalanobis".to_owned()], &[])?;
//! let model = Model::fit(RunInfo::default(), rows, &selection)?;
//! let new = Matrix::of("new", array![[0.0, 0.0], [2.0, 0.0]])?;
//! let scores = model.score(&Split::new(Role::Test, "new").with(ArrayKind::Features, new)?)?;
//! // The class mean is 0 and the covariance 0.5·I: minus the squared distance.
//! assert!(scores[0][0].abs() < 1e-12 && (scores[0][1] + 8.0).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::fits::description::Description;
use super::fits::{Fits, FitsFile, describe, fit, sealed};
use super::in_memory::{InMemoryError, check_columns, check_parts};
use super::plan::Plan;
use super::score_split::{Scoring, collect};
use super::selection::Selection;
use crate::dump::{Dump, RunInfo};
use crate::progress::Silent;
use crate::rows::{ArrayKind, Head, RunRows, Split};
use crate::score::{FittedScore, Need, State};
use crate::table::Skipped;

/// Fitted scores with the head of their network.
pub struct Model {
    scores: Vec<Arc<FittedScore>>,
    head: Option<Head>,
    description: Description,
    /// Scores left out, where those that cannot be fitted may be.
    pub skipped: Vec<Skipped>,
    /// Parameters that do not suit the rows, one line each.
    pub warnings: Vec<String>,
}

impl Model {
    /// Fits scores on rows in memory, which are not kept: id/train, and id/val and val_ood where a score reads them.
    ///
    /// # Errors
    /// [`InMemoryError`] if something that a score learns from is missing, not finite, or does not determine it.
    pub fn fit(info: RunInfo, rows: RunRows, selection: &Selection) -> Result<Self, InMemoryError> {
        let plan = Plan::of_fit_in_memory(Dump::from_parts(info, rows), selection)?;
        let fits = fit(&plan)?;
        let description = describe(&plan, &fits);
        let Fits { scores, skipped, warnings } = fits;
        let scores = scores.into_iter().map(Arc::new).collect();
        Ok(Self { scores, head: plan.dump.rows.head, description, skipped, warnings })
    }

    /// Reads what [`Model::write`] or `oodbench fit` wrote; the head is none of it, and may be left out where no score reads one.
    ///
    /// # Errors
    /// [`InMemoryError::Fits`] if the file is damaged, of another format, or of a network with another head.
    pub fn open(file: &Path, head: Option<Head>) -> Result<Self, InMemoryError> {
        Self::open_beside(file, RunRows::new("the head", Vec::new(), head)?)
    }

    /// The same beside rows without splits: their head, and their embeddings of texts, which the fits keep, have to be those of the network.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open_beside(file: &Path, rows: RunRows) -> Result<Self, InMemoryError> {
        let file = FitsFile::open(file)?;
        let dump = Dump::from_parts(RunInfo::default(), rows);
        file.check_model(&dump)?;
        dump.texts.iter().try_for_each(|texts| file.check_texts(texts, &dump))?;
        let scores = file.scores()?;
        let restored = scores.iter().map(|chosen| Ok(Arc::new(file.restore(chosen)?)));
        let scores = restored.collect::<Result<_, super::fits::FitsError>>()?;
        let description = file.description().clone();
        Ok(Self { scores, head: dump.rows.head, description, skipped: Vec::new(), warnings: Vec::new() })
    }

    /// Writes the fits: the file that `oodbench fit` writes of the same rows, to the last byte.
    ///
    /// # Errors
    /// If `out` cannot be written to.
    pub fn write<W: Write>(&self, out: &mut W) -> io::Result<()> {
        let parts: Vec<(&str, State<'_>)> =
            self.scores.iter().map(|score| (score.entry.id, score.scorer.save())).collect();
        sealed::write(out, &parts, &self.description)
    }

    /// The scores, in the order of what [`Model::score`] gives.
    #[must_use]
    pub fn scores(&self) -> &[Arc<FittedScore>] {
        &self.scores
    }

    /// The head, if there is one.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// What the file says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Per score the values of all rows, higher = more in-distribution; bit-equal whatever the number of threads. Rows of one block are scored by the
    /// calling thread.
    ///
    /// # Errors
    /// [`InMemoryError`] if an array that a score reads is missing, not finite, or of another width than the one fitted on.
    pub fn score(&self, split: &Split) -> Result<Vec<Vec<f64>>, InMemoryError> {
        self.score_ranges(split, &split.block_ranges())
    }

    /// As [`Model::score`], of some rows of a larger split, from one of its [blocks](crate::rows::split::rows_per_block) on: bit-equal to scoring all of it.
    ///
    /// # Errors
    /// As [`Model::score`].
    pub fn score_in_blocks(&self, split: &Split, rows_per_block: usize) -> Result<Vec<Vec<f64>>, InMemoryError> {
        let step = rows_per_block.max(1);
        let ranges = (0..split.rows.div_ceil(step)).map(|block| block * step..split.rows.min((block + 1) * step));
        self.score_ranges(split, &ranges.collect::<Vec<_>>())
    }

    /// The same of blocks of rows that are together all of them.
    fn score_ranges(&self, split: &Split, ranges: &[Range<usize>]) -> Result<Vec<Vec<f64>>, InMemoryError> {
        let arrays = self.arrays(split)?;
        split.check_finite(&arrays, &|_| {})?;
        let scores: Vec<&FittedScore> = self.scores.iter().map(Arc::as_ref).collect();
        let scoring = Scoring { arrays: &arrays, head: self.head.as_ref(), scores: &scores, predictions: false };
        Ok(collect(&scoring, split, ranges, &Silent))
    }

    /// The arrays that the scores read of these rows, all of which are there: features in place of logits where the head makes these.
    ///
    /// # Errors
    /// [`InMemoryError::Lacking`], and [`InMemoryError::Rows`] for another number of columns than the fit has seen.
    pub fn arrays(&self, split: &Split) -> Result<BTreeSet<ArrayKind>, InMemoryError> {
        let mut arrays = BTreeSet::new();
        for score in &self.scores {
            for need in &score.needs {
                let read = self.read_of(need, split);
                let lacking = match need {
                    Need::LinearHead | Need::Prototypes => self.head.is_none().then(|| "a head".to_owned()),
                    _ => read.iter().find(|kind| split.matrix(kind).is_none()).map(|kind| match (need, kind) {
                        (Need::Logits, _) => ArrayKind::Logits.file_stem(),
                        (_, kind) => kind.file_stem(),
                    }),
                };
                if let Some(what) = lacking {
                    let place = split.place.clone();
                    return Err(InMemoryError::Lacking { place, score: score.entry.id, what });
                }
                arrays.extend(read);
            }
        }
        for (matrix, expected) in arrays.iter().filter_map(|kind| Some((split.matrix(kind)?, self.columns(kind)?))) {
            check_columns(matrix, expected)?;
        }
        let (classes, features) = (self.description.classes, self.columns(&ArrayKind::Features));
        arrays.iter().try_for_each(|kind| check_parts(split, kind, classes, features))?;
        Ok(arrays)
    }

    /// Whether some score reads features of the rows to be scored, and not only to make logits of them.
    #[must_use]
    pub fn reads_features(&self) -> bool {
        let features = ArrayKind::Features.file_stem();
        let of_layers = self.description.features.contains_key(&features);
        self.scores.iter().flat_map(|score| &score.needs).any(|need| match need {
            Need::Features => true,
            Need::Layers => of_layers,
            _ => false,
        })
    }

    /// The arrays of these rows that something reads.
    fn read_of(&self, need: &Need, split: &Split) -> BTreeSet<ArrayKind> {
        match need {
            Need::Logits if split.logits.is_none() && self.head.is_some() => BTreeSet::from([ArrayKind::Features]),
            Need::Logits => BTreeSet::from([ArrayKind::Logits]),
            Need::Features => BTreeSet::from([ArrayKind::Features]),
            Need::Layer(name) => BTreeSet::from([ArrayKind::Layer(name.clone())]),
            Need::Score(name) => BTreeSet::from([ArrayKind::Score(name.clone())]),
            Need::Variant(name) => BTreeSet::from([ArrayKind::Variant(name.clone())]),
            Need::Gram(layer) => BTreeSet::from([ArrayKind::Gram(layer.clone())]),
            Need::Layers => self.fitted(|kind| matches!(kind, ArrayKind::Features | ArrayKind::Layer(_))),
            Need::Grams => self.fitted(|kind| matches!(kind, ArrayKind::Gram(_))),
            _ => BTreeSet::new(),
        }
    }

    /// The arrays that the run had when the scores were fitted, of some kinds.
    fn fitted(&self, are: impl Fn(&ArrayKind) -> bool) -> BTreeSet<ArrayKind> {
        self.description.features.keys().filter_map(|name| ArrayKind::parse(name)).filter(are).collect()
    }

    /// How wide an array was when the scores were fitted, if that is known.
    fn columns(&self, kind: &ArrayKind) -> Option<usize> {
        match (kind, &self.head) {
            (ArrayKind::Logits, _) => self.description.classes,
            (ArrayKind::Features, Some(head)) => Some(head.shape().1),
            _ => {
                let (name, Description { features, others, .. }) = (kind.file_stem(), &self.description);
                features.get(&name).or_else(|| others.get(&name)).copied()
            }
        }
    }
}
