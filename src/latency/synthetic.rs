//! Rows like those of a trained network, in memory.
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

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::dump::{Dump, RunInfo};
use crate::numeric::noise::Noise;
use crate::rows::{ArrayKind, Head, HeadKind, Labels, Matrix, Role, RowsError, RunRows, Split};

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
    /// The rows do not fit together.
    #[error(transparent)]
    Rows(#[from] RowsError),
}

/// Length of the rows of further layers, as shares of D.
const LAYERS: [(&str, usize); 2] = [("block1", 4), ("block2", 2)];

/// The layer whose Gram matrices there are, and the most of its channels: 40 bytes each are kept of a row, which no other score reads.
const GRAM: (&str, usize) = ("block1", 64);

/// Orders of Gram matrices, as the trainer keeps them.
const ORDERS: i32 = 10;

/// What the logit of a row's own class is about.
const OWN_LOGIT: f64 = 12.0;

/// The learned scale `|d_s|` of the distances to normalised prototypes.
const DISTANCE_SCALE: f64 = 10.0;

/// Rows whose logits are made together.
const BLOCK: usize = 1024;

/// A run: id/train, id/val, noise to choose on and id/test, each with logits, features, labels, two further layers and, where they are asked for, the Gram
/// matrices of one; and a head.
///
/// # Errors
/// [`SyntheticError`].
pub fn dump(shape: Shape, kind: HeadKind, has_grams: bool) -> Result<Dump, SyntheticError> {
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
    let means = means(shape);
    let head = head(&means, kind);
    let mut noise = Noise::new(2);
    let nowhere = Array2::zeros(means.dim());
    let noise_role = Role::ValOod { name: "noise".to_owned() };
    let splits = [
        (Role::Train, &means, train_rows),
        (Role::Test, &means, test_rows),
        (Role::Val, &means, train_rows),
        (noise_role, &nowhere, test_rows),
    ];
    let splits = splits.into_iter().map(|(role, means, rows)| split(role, means, &head, rows, has_grams, &mut noise));
    let mut splits: Vec<Split> = splits.collect::<Result<_, _>>()?;
    // The test rows go behind those to choose parameters on, as in every run.
    splits[1..].rotate_left(1);
    let rows = RunRows::new("synthetic", splits, Some(head))?;
    Ok(Dump::from_parts(RunInfo { name: "synthetic".to_owned(), ..RunInfo::default() }, rows))
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

fn split(
    role: Role,
    means: &Array2<f64>,
    head: &Head,
    rows: usize,
    has_grams: bool,
    noise: &mut Noise,
) -> Result<Split, RowsError> {
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
    let mut split = Split::new(role, "synthetic");
    for (name, share) in LAYERS {
        let layer = features.slice(s![.., ..(columns / share).max(1)]).to_owned();
        if has_grams && name == GRAM.0 {
            let gram = gram(layer.slice(s![.., ..layer.ncols().min(GRAM.1)]));
            split = split.with(ArrayKind::Gram(name.to_owned()), Matrix::of("gram", gram)?)?;
        }
        split = split.with(ArrayKind::Layer(name.to_owned()), Matrix::of(name, layer)?)?;
    }
    split
        .with(ArrayKind::Features, Matrix::of("features", features)?)?
        .with(ArrayKind::Logits, Matrix::of("logits", logits)?)?
        .with_labels(Labels::of("labels", (0..rows).map(|row| (row % classes) as i64).collect()))
}

/// What is kept of the Gram matrices of maps of one pixel: (f_i^k Σ_j f_j^k)^(1/k), order by order.
fn gram(layer: ArrayView2<'_, f32>) -> Array2<f32> {
    let (rows, channels) = layer.dim();
    let mut gram = Array2::zeros((rows, channels * ORDERS as usize));
    for (row, mut out) in layer.rows().into_iter().zip(gram.rows_mut()) {
        for (order, mut out) in (1..=ORDERS).zip(out.axis_chunks_iter_mut(Axis(0), channels)) {
            let sum: f64 = row.iter().map(|value| f64::from(*value).powi(order)).sum();
            let root = sum.powf(1.0 / f64::from(order));
            out.iter_mut().zip(&row).for_each(|(out, value)| *out = (f64::from(*value) * root) as f32);
        }
    }
    gram
}

/// Mean 0, variance 1, nearly normal: a sum of four uniform numbers.
fn normal(noise: &mut Noise) -> f64 {
    let sum: f64 = (0..4).map(|_| noise.uniform()).sum();
    (sum - 2.0) * 3.0_f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { classes: 5, features: 64, train_rows: 60, test_rows: 40 };

    #[test]
    fn the_classifier_is_right_by_either_head() {
        for kind in [HeadKind::Linear, HeadKind::Prototypes] {
            let dump = super::dump(SHAPE, kind, true).unwrap();
            assert_eq!(dump.classes, Some(5));
            assert_eq!(dump.head.as_ref().map(Head::kind), Some(kind));
            assert!(dump.warnings.is_empty(), "{:?}", dump.warnings);
            assert!(dump.test_accuracy().unwrap() > 0.9, "{kind:?}: {:?}", dump.test_accuracy());
            assert_eq!(dump.split(&Role::Train).map(|split| (split.rows, split.layers.len())), Some((60, 2)));
        }
    }

    /// Of the row (1, 2): order 1 has 1·3 and 2·3, order 2 √5 and 2√5.
    #[test]
    fn gram_matrices_are_those_of_maps_of_one_pixel() {
        let found = gram(ndarray::array![[1.0, 2.0]].view());
        assert_eq!(found.dim(), (1, 20));
        let root = 5.0_f32.sqrt();
        for (found, expected) in found.iter().zip([3.0, 6.0, root, 2.0 * root]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let dump = super::dump(SHAPE, HeadKind::Linear, true).unwrap();
        assert_eq!(dump.columns(&ArrayKind::Gram("block1".to_owned())), Some(160));
    }

    #[test]
    fn too_few_rows_are_refused() {
        let error = super::dump(Shape { train_rows: 4, ..SHAPE }, HeadKind::Linear, false).unwrap_err();
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
