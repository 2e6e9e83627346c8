//! Rows like those of a trained network, written as a dump.
//!
//! ```text
//! μ_c = max(0, g)            g ~ N(0, 1)ᴰ, one mean per class
//! f   = max(0, μ_y + ε)      ε ~ N(0, 1)ᴰ, not negative as after a ReLU
//! z   = κ (μ_c − μ̄)ᵀ f       linear head, or
//! z   = −10·‖f/‖f‖ − μ_c/‖μ_c‖‖   normalised prototypes
//! ```
//!
//! Labels go round the classes. κ makes the logit of a row's own class about 12. What a score costs hardly depends on the values; it depends on
//! the shapes, and on labels that the logits mostly agree with, which some fits ask for.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, Axis, s};
use ndarray_npy::{WritableElement, WriteNpyExt};
use tempfile::TempDir;

use crate::dump::layout::discover;
use crate::dump::{Dump, DumpError};
use crate::numeric::noise::Noise;
use crate::rows::Head;
use crate::rows::HeadKind;

/// How large the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Classes C, at least 2.
    pub classes: usize,
    /// Features D.
    pub features: usize,
    /// Rows of id/train and of id/val, at least one per class.
    pub train_rows: usize,
    /// Rows of id/test, and of the noise to choose on.
    pub test_rows: usize,
}

/// Data that could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum SyntheticError {
    /// Too few of something.
    #[error("found {found} {what}, expected at least {least}")]
    TooFew { what: &'static str, found: usize, least: usize },
    /// A file of the temporary dump could not be written.
    #[error("{}: cannot be written ({reason})", file.display())]
    Write { file: PathBuf, reason: String },
    /// The dump could not be read back.
    #[error(transparent)]
    Dump(#[from] DumpError),
}

/// A dump in a temporary folder, which goes with it.
#[derive(Debug)]
pub struct Synthetic {
    /// The dump: id/train, id/test, id/val, and noise to choose on, each with logits, features, labels and two further layers; and a head.
    pub dump: Dump,
    // Declared after the dump, whose maps are closed first.
    _folder: TempDir,
}

/// Length of the rows of further layers, as shares of D.
const LAYERS: [(&str, usize); 2] = [("block1", 4), ("block2", 2)];

/// What the logit of a row's own class is about.
const OWN_LOGIT: f64 = 12.0;

/// The learned scale `|d_s|` of the distances to normalised prototypes.
const DISTANCE_SCALE: f64 = 10.0;

/// Rows whose logits are made together.
const BLOCK: usize = 1024;

impl Synthetic {
    /// Makes the data and writes it to the folder for temporary files.
    ///
    /// # Errors
    /// [`SyntheticError`].
    pub fn write(shape: Shape, kind: HeadKind) -> Result<Self, SyntheticError> {
        let Shape { classes, features, train_rows, test_rows } = shape;
        let least = [
            ("classes", classes, 2),
            ("features", features, 2),
            ("training rows", train_rows, classes),
            ("test rows", test_rows, 1),
        ];
        for (what, found, least) in least {
            if found < least {
                return Err(SyntheticError::TooFew { what, found, least });
            }
        }
        let temporary = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("oodbench-latency-")
            .tempdir_in(&temporary)
            .map_err(|error| SyntheticError::Write { file: temporary, reason: error.to_string() })?;
        let means = means(shape);
        let head = head(&means, kind);
        let mut noise = Noise::new(2);
        write_head(folder.path(), &head)?;
        write_split(&folder.path().join("id/train"), &means, &head, train_rows, &mut noise)?;
        write_split(&folder.path().join("id/test"), &means, &head, test_rows, &mut noise)?;
        write_split(&folder.path().join("id/val"), &means, &head, train_rows, &mut noise)?;
        let nowhere = Array2::zeros(means.dim());
        write_split(&folder.path().join("val_ood/noise"), &nowhere, &head, test_rows, &mut noise)?;
        let files = discover(folder.path())?.into_iter().next();
        let files = files.ok_or_else(|| DumpError::NoRun { path: folder.path().to_owned() })?;
        Ok(Self { dump: Dump::open(&files)?, _folder: folder })
    }
}

/// The class means (C, D).
#[must_use]
pub fn means(shape: Shape) -> Array2<f64> {
    let mut noise = Noise::new(1);
    Array2::from_shape_simple_fn((shape.classes, shape.features), || normal(&mut noise).max(0.0))
}

/// The head whose logits favour the class of the nearest mean.
#[must_use]
pub fn head(means: &Array2<f64>, kind: HeadKind) -> Head {
    match kind {
        HeadKind::Linear => {
            let centre = means.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(means.ncols()));
            let centred = means - &centre;
            let squared_norm = centred.iter().map(|value| value * value).sum::<f64>() / means.nrows() as f64;
            let weight = centred * (OWN_LOGIT / squared_norm.max(f64::MIN_POSITIVE));
            Head::Linear { weight, bias: Array1::zeros(means.nrows()) }
        }
        HeadKind::Prototypes => {
            let mut prototypes = means.clone();
            for mut row in prototypes.rows_mut() {
                let norm = row.dot(&row).sqrt().max(f64::MIN_POSITIVE);
                row /= norm;
            }
            Head::NormalisedPrototypes { prototypes, distance_scale: DISTANCE_SCALE }
        }
    }
}

fn write_head(folder: &Path, head: &Head) -> Result<(), SyntheticError> {
    let file = |name: &str| folder.join("head").join(name);
    match head {
        Head::Linear { weight, bias } => {
            write_array(&file("weight.npy"), weight)?;
            write_array(&file("bias.npy"), &bias.clone().insert_axis(Axis(1)))
        }
        Head::Prototypes { prototypes } => write_array(&file("prototypes.npy"), prototypes),
        Head::NormalisedPrototypes { prototypes, distance_scale } => {
            write_array(&file("prototypes.npy"), prototypes)?;
            write_array(&file("distance_scale.npy"), &Array2::from_elem((1, 1), *distance_scale))
        }
    }
}

fn write_split(
    folder: &Path,
    means: &Array2<f64>,
    head: &Head,
    rows: usize,
    noise: &mut Noise,
) -> Result<(), SyntheticError> {
    let (classes, columns) = means.dim();
    let mut features = Array2::<f32>::zeros((rows, columns));
    let mut logits = Array2::<f32>::zeros((rows, classes));
    for first in (0..rows).step_by(BLOCK) {
        let last = rows.min(first + BLOCK);
        let block = Array2::from_shape_fn((last - first, columns), |(row, column)| {
            (means[[(first + row) % classes, column]] + normal(noise)).max(0.0)
        });
        logits.slice_mut(s![first..last, ..]).assign(&head.logits(block.view()).mapv(|value| value as f32));
        features.slice_mut(s![first..last, ..]).assign(&block.mapv(|value| value as f32));
    }
    for (name, share) in LAYERS {
        let columns = (columns / share).max(1);
        let layer = features.slice(s![.., ..columns]).to_owned();
        write_array(&folder.join(format!("features@{name}.npy")), &layer)?;
    }
    write_array(&folder.join("features.npy"), &features)?;
    write_array(&folder.join("logits.npy"), &logits)?;
    write_array(&folder.join("labels.npy"), &Array2::from_shape_fn((rows, 1), |(row, _)| (row % classes) as i64))
}

fn write_array<T: WritableElement>(file: &Path, array: &Array2<T>) -> Result<(), SyntheticError> {
    let failed = |reason: String| SyntheticError::Write { file: file.to_owned(), reason };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    }
    let mut writer = BufWriter::new(File::create(file).map_err(|error| failed(error.to_string()))?);
    array.write_npy(&mut writer).map_err(|error| failed(error.to_string()))?;
    writer.flush().map_err(|error| failed(error.to_string()))
}

/// Mean 0, variance 1, nearly normal: a sum of four uniform numbers.
fn normal(noise: &mut Noise) -> f64 {
    let sum: f64 = (0..4).map(|_| noise.uniform()).sum();
    (sum - 2.0) * 3.0_f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Role;

    const SHAPE: Shape = Shape { classes: 5, features: 64, train_rows: 60, test_rows: 40 };

    #[test]
    fn the_classifier_is_right_by_either_head() {
        for kind in [HeadKind::Linear, HeadKind::Prototypes] {
            let Synthetic { dump, .. } = &Synthetic::write(SHAPE, kind).unwrap();
            assert_eq!(dump.classes, Some(5));
            assert_eq!(dump.head.as_ref().map(Head::kind), Some(kind));
            assert!(dump.warnings.is_empty(), "{:?}", dump.warnings);
            assert!(dump.test_accuracy().unwrap() > 0.9, "{kind:?}: {:?}", dump.test_accuracy());
            assert_eq!(dump.split(&Role::Train).map(|split| (split.rows, split.layers.len())), Some((60, 2)));
        }
    }

    #[test]
    fn the_folder_goes_with_the_data() {
        let data = Synthetic::write(SHAPE, HeadKind::Linear).unwrap();
        let folder = data.dump.folder.clone();
        assert!(folder.exists());
        drop(data);
        assert!(!folder.exists());
    }

    #[test]
    fn too_few_rows_are_refused() {
        let error = Synthetic::write(Shape { train_rows: 4, ..SHAPE }, HeadKind::Linear).unwrap_err();
        assert_eq!(error.to_string(), "found 4 training rows, expected at least 5");
    }

    #[test]
    fn noise_has_mean_0_and_variance_1() {
        let mut noise = Noise::new(7);
        let values: Vec<f64> = (0..100_000).map(|_| normal(&mut noise)).collect();
        let mean = values.iter().sum::<f64>() / 1e5;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1e5;
        // Four standard errors.
        assert!(mean.abs() < 0.013 && (variance - 1.0).abs() < 0.018, "{mean} {variance}");
    }
}
