//! From a classifier and sets of images to a dump that scores read.
//!
//! logits (n, C) and features (n, D) are f32, labels (n) i64 where the set has any; `features@LAYER.npy` (n, channels) holds means over pixels of an
//! inner layer that was asked for, `gram@LAYER.npy` (n, 10·channels) its [Gram matrices](super::model::gram), `logits@members.npy` (n, M, C) the logits of passes with dropout, whose masks are drawn
//! from the run's seed, the role, and the numbers of batch and pass; `scores@NAME.npy` (n, 1) what the network's method tells OOD images by, where that is
//! no score of logits. [`dump::write`](oodbench::dump::write) has the layout; the folder appears under its name when it is complete.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array2, Axis};
use oodbench::dump::{DumpWriter, RunInfo};
use oodbench::numeric::checksum::Hasher;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, Split};

use super::classifier::{Classifier, Outputs, Variant, Wanted};
use super::data::{Batches, ImageSet, Normalisation};
use super::error::TrainError;
use super::evaluate::EVALUATION_BATCH;
use super::observer::Observer;
use super::outputs::check_rows;
use super::perturb::Prepared;
use super::streams::Streams;

/// Sets of images with their roles in a dump.
pub type Sets = Vec<(Role, Arc<ImageSet>)>;

/// What is to be extracted.
#[derive(Clone, Copy)]
pub struct Extraction<'a> {
    /// The dump's folder.
    pub out: &'a Path,
    /// Whether a folder that is there may be replaced.
    pub replace: bool,
    /// What `run.toml` says; the kind of the head is added.
    pub run: &'a RunInfo,
    /// The sets and their roles.
    pub sets: &'a [(Role, Arc<ImageSet>)],
    /// The constants the classifier was trained with.
    pub normalisation: &'a Normalisation,
    /// Inner layers to record, of [`Classifier::layers`].
    pub layers: &'a [String],
    /// Inner layers whose Gram matrices are recorded, of [`Classifier::maps`].
    pub grams: &'a [String],
    /// Passes with dropout, whose logits become `logits@members`; 0 for none.
    pub samples: usize,
    /// How images are moved before another look at them; what becomes of them is dumped beside the rest.
    pub moved: Option<&'a Prepared>,
    /// Set from outside to stop after the current batch.
    pub stop: &'a AtomicBool,
}

/// Writes the dump.
///
/// # Errors
/// The folder is there and may not be replaced, a set does not fit the classifier, a layer is unknown, a file cannot be written, or
/// [`TrainError::Stopped`]. Nothing is left behind then.
pub fn extract(
    classifier: &dyn Classifier,
    extraction: &Extraction<'_>,
    observer: &dyn Observer,
) -> Result<(), TrainError> {
    check(classifier, extraction)?;
    let writer = DumpWriter::create(extraction.out, extraction.replace)?;
    let head = classifier.head()?;
    writer.info(&RunInfo { head: head.as_ref().map(|head| head.kind()), ..extraction.run.clone() })?;
    if let Some(head) = &head {
        writer.head(head)?;
    }
    let rows = extraction.sets.iter().map(|(_, set)| set.len()).sum();
    observer.begin(&format!("extracting {}", extraction.run.name), rows);
    let written = extraction.sets.iter().try_for_each(|(role, set)| {
        let mut streams = Streams::new(&writer, role, set);
        let split = split(classifier, (role, set, &mut streams), extraction, observer)?;
        streams.finish()?;
        writer.split(&split).map_err(TrainError::from)
    });
    observer.end();
    written?;
    Ok(writer.commit()?)
}

fn check(classifier: &dyn Classifier, extraction: &Extraction<'_>) -> Result<(), TrainError> {
    check_layers(&classifier.layers(), extraction.layers)?;
    check_layers(&classifier.maps(), extraction.grams)?;
    let (input, channels) = (classifier.input(), classifier.channels());
    let misfit =
        |(_, set): &(Role, Arc<ImageSet>)| set.misfit(input, channels).map(|misfit| (set.name.clone(), misfit));
    match extraction.sets.iter().find_map(misfit) {
        Some((set, (found, expected))) => Err(TrainError::Mismatch { set, found, expected }),
        None => Ok(()),
    }
}

/// Refuses layers that are not among those a classifier has.
///
/// # Errors
/// [`TrainError::Layer`].
pub fn check_layers(known: &[String], layers: &[String]) -> Result<(), TrainError> {
    match layers.iter().find(|layer| !known.contains(layer)) {
        Some(layer) => Err(TrainError::Layer { found: layer.clone(), expected: known.join(", ") }),
        None => Ok(()),
    }
}

/// Bytes of the Gram matrices that the dump of some sets will hold, by the rows of one image.
///
/// # Errors
/// The set does not fit the classifier.
pub fn gram_bytes(
    classifier: &dyn Classifier,
    sets: &[(Role, Arc<ImageSet>)],
    normalisation: &Normalisation,
    grams: &[String],
) -> Result<u64, TrainError> {
    let Some((_, set)) = sets.first().filter(|_| !grams.is_empty()) else { return Ok(0) };
    let wanted = Wanted { grams, ..Wanted::default() };
    let one = Arc::new(set.subset(0..1)?);
    let Some(image) = Batches::evaluation(&one, normalisation, 1)?.next() else { return Ok(0) };
    let columns: usize = classifier.outputs(image, &wanted)?.grams.iter().map(|(_, rows)| rows.ncols()).sum();
    let rows: usize = sets.iter().map(|(_, set)| set.len()).sum();
    Ok((rows * columns * size_of::<f32>()) as u64)
}

/// Rows gathered over batches.
struct Gathered {
    kind: ArrayKind,
    columns: usize,
    members: usize,
    values: Vec<f32>,
}

impl Gathered {
    /// No rows yet, as wide as those of the first batch.
    fn like(kind: ArrayKind, rows: &Array2<f32>, members: usize) -> Self {
        Self { kind, columns: rows.len_of(Axis(1)), members, values: Vec::new() }
    }

    /// Adds the rows of a batch of that many images.
    fn push(&mut self, rows: &Array2<f32>, images: usize, set: &ImageSet) -> Result<(), TrainError> {
        let before = self.values.len() / self.columns.max(1);
        check_rows(&self.kind, rows, (images, self.columns), (before, set))?;
        self.values.extend(rows);
        Ok(())
    }

    fn matrix(self, name: &str) -> Result<Matrix, TrainError> {
        let rows = self.values.len() / self.columns.max(1);
        let array = Array2::from_shape_vec((rows, self.columns), self.values).map_err(std::io::Error::other);
        Ok(Matrix::of(name, array.map_err(TrainError::io(Path::new(name)))?)?.with_members(self.members)?)
    }
}

/// The seed of a batch's random numbers: no other batch, set or run has the same, and a dump that is made again has.
fn seed_of(run: Option<u64>, role: &Role, batch: usize) -> u64 {
    let mut hasher = Hasher::new();
    hasher.bytes(&run.unwrap_or_default().to_le_bytes());
    hasher.number(batch);
    hasher.bytes(role.to_string().as_bytes());
    hasher.finish().seed()
}

/// What the classifier makes of a set.
fn split(
    classifier: &dyn Classifier,
    (role, set, streams): (&Role, &Arc<ImageSet>, &mut Streams<'_>),
    extraction: &Extraction<'_>,
    observer: &dyn Observer,
) -> Result<Split, TrainError> {
    let mut arrays: Vec<Gathered> = Vec::new();
    let mut push_members = |kind: ArrayKind, rows: &Array2<f32>, images: usize, members: usize| {
        let at = arrays.iter().position(|gathered| gathered.kind == kind).unwrap_or_else(|| {
            arrays.push(Gathered::like(kind, rows, members));
            arrays.len() - 1
        });
        arrays[at].push(rows, images, set)
    };
    let batches = Batches::evaluation(set, extraction.normalisation, EVALUATION_BATCH)?;
    let seed = |batch: usize| seed_of(extraction.run.seed, role, batch);
    for (number, batch) in (0..).zip(batches) {
        if extraction.stop.load(Ordering::Relaxed) {
            return Err(TrainError::Stopped { epochs: 0 });
        }
        let images = batch.shape[0];
        let wanted = Wanted {
            layers: extraction.layers,
            grams: extraction.grams,
            samples: extraction.samples,
            moved: extraction.moved.filter(|prepared| prepared.is_for(role)),
            seed: seed(number),
        };
        let Outputs { logits, features, layers, grams, scores, variants } = classifier.outputs(batch, &wanted)?;
        let mut push = |kind, rows: &Array2<f32>, images| push_members(kind, rows, images, 1);
        push(ArrayKind::Logits, &logits, images)?;
        features.iter().try_for_each(|features| push(ArrayKind::Features, features, images))?;
        layers.into_iter().try_for_each(|(layer, rows)| push(ArrayKind::Layer(layer), &rows, images))?;
        grams.into_iter().try_for_each(|(layer, rows)| streams.push(&layer, &rows, images))?;
        scores.into_iter().try_for_each(|(name, rows)| push(ArrayKind::Score(name), &rows, images))?;
        for Variant { name, members, logits } in variants {
            push_members(ArrayKind::Variant(name), &logits, images, members)?;
        }
        observer.advance(images);
    }
    let mut split = Split::new(role.clone(), role.to_string());
    for gathered in arrays {
        split = split.with(gathered.kind.clone(), gathered.matrix(&format!("{role} of {}", set.name))?)?;
    }
    match &set.labels {
        Some(labels) => Ok(split.with_labels(Labels::of("labels", labels.iter().copied().map(i64::from).collect()))?),
        None => Ok(split),
    }
}
