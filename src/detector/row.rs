//! One row in memory, as a service has it.

use ndarray::ArrayView2;

use super::error::RowError;
use super::input::Input;
use crate::numeric::finite::all_finite;
use crate::rows::matrix::{Cow2, Rows};
use crate::rows::{ArrayKind, Head, RowBlock};

/// The numbers of one array of a row, in the precision they come in.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
}

/// What the network gives for one input. Which arrays it needs is what the detector was calibrated with.
///
/// ```
/// use oodbench::detector::Row;
/// let (logits, features) = ([0.1_f32, 2.3], vec![0.5_f32; 64]);
/// let row = Row::new().with_logits(&logits[..]).with_features(&features);
/// # let _ = row;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    logits: Option<Values<'a>>,
    features: Option<Values<'a>>,
    layers: &'a [(&'a str, Values<'a>)],
    scores: &'a [(&'a str, Values<'a>)],
    variants: &'a [(&'a str, Values<'a>)],
    grams: &'a [(&'a str, Values<'a>)],
}

impl<'a> Row<'a> {
    /// A row of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With its logits, before the softmax.
    #[must_use]
    pub fn with_logits(mut self, logits: impl Into<Values<'a>>) -> Self {
        self.logits = Some(logits.into());
        self
    }

    /// With its features before the last layer.
    #[must_use]
    pub fn with_features(mut self, features: impl Into<Values<'a>>) -> Self {
        self.features = Some(features.into());
        self
    }

    /// With the features of named layers, for scores that read them.
    #[must_use]
    pub fn with_layers(mut self, layers: &'a [(&'a str, Values<'a>)]) -> Self {
        self.layers = layers;
        self
    }

    /// With the values of named scores that somebody else computed, one number each, for a detector of such a score: `mine` for `scores@mine`.
    #[must_use]
    pub fn with_scores(mut self, scores: &'a [(&'a str, Values<'a>)]) -> Self {
        self.scores = scores;
        self
    }

    /// With logits under a name, for scores that read them: `members` of an ensemble, M·C numbers, one member after the other.
    #[must_use]
    pub fn with_variants(mut self, variants: &'a [(&'a str, Values<'a>)]) -> Self {
        self.variants = variants;
        self
    }

    /// With what is kept of the Gram matrices of named layers, K·C numbers each, for the score that reads them.
    #[must_use]
    pub fn with_grams(mut self, grams: &'a [(&'a str, Values<'a>)]) -> Self {
        self.grams = grams;
        self
    }

    /// The numbers of an array that the detector reads; others that the caller has set are nothing to it, as they are to `apply`.
    pub(super) fn read(&self, inputs: &[Input], kind: &ArrayKind) -> Option<Values<'a>> {
        self.values(kind).filter(|_| inputs.iter().any(|input| input.kind == *kind))
    }

    fn values(&self, kind: &ArrayKind) -> Option<Values<'a>> {
        let named = |all: &[(&str, Values<'a>)], name: &str| all.iter().find(|(own, _)| *own == name).map(|(_, v)| *v);
        match kind {
            ArrayKind::Logits => self.logits,
            ArrayKind::Features => self.features,
            ArrayKind::Layer(name) => named(self.layers, name),
            ArrayKind::Score(name) => named(self.scores, name),
            ArrayKind::Variant(name) => named(self.variants, name),
            ArrayKind::Gram(layer) => named(self.grams, layer),
            ArrayKind::Labels => None,
        }
    }

    /// Whether it is like the rows that the detector was calibrated on.
    pub(super) fn check(&self, inputs: &[Input]) -> Result<(), RowError> {
        for input in inputs {
            let Some(values) = self.values(&input.kind) else {
                if input.required {
                    return Err(RowError::Missing { array: input.kind.file_stem() });
                }
                continue;
            };
            let array = || input.kind.file_stem();
            if values.len() != input.columns {
                return Err(RowError::Width { array: array(), found: values.len(), expected: input.columns });
            }
            if values.unit_roundoff() > input.roundoff {
                return Err(RowError::Precision { array: array(), expected: input.dtype.clone() });
            }
            if !values.are_finite() {
                return Err(RowError::NotFinite { array: array() });
            }
        }
        Ok(())
    }

    /// The row as a block of one, borrowed.
    pub(super) fn block<'b>(&'b self, inputs: &[Input], head: Option<&'b Head>) -> RowBlock<'b> {
        let rows = |kind: &ArrayKind| self.read(inputs, kind).map(Values::rows);
        let block = RowBlock::new(1, rows(&ArrayKind::Logits), rows(&ArrayKind::Features), head);
        inputs.iter().fold(block, |block, input| match (&input.kind, self.values(&input.kind)) {
            (ArrayKind::Layer(name), Some(values)) => block.with_layer(name, values.rows()),
            (ArrayKind::Score(name), Some(values)) => block.with_score(name, values.rows()),
            (ArrayKind::Variant(name), Some(values)) => block.with_variant(name, values.rows()),
            (ArrayKind::Gram(layer), Some(values)) => block.with_gram(layer, values.rows()),
            _ => block,
        })
    }
}

impl<'a> Values<'a> {
    fn len(self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }

    fn unit_roundoff(self) -> f64 {
        match self {
            Self::F32(_) => f64::from(f32::EPSILON) / 2.0,
            Self::F64(_) => f64::EPSILON / 2.0,
        }
    }

    fn are_finite(self) -> bool {
        match self {
            Self::F32(values) => all_finite(values),
            Self::F64(values) => all_finite(values),
        }
    }

    fn rows(self) -> Rows<'a> {
        let columns = self.len();
        // A slice is a matrix of one row, whatever its length.
        match self {
            Self::F32(values) => Rows::F32(Cow2::Borrowed(
                ArrayView2::from_shape((1, columns), values).expect("a row of all its values"),
            )),
            Self::F64(values) => Rows::F64(Cow2::Borrowed(
                ArrayView2::from_shape((1, columns), values).expect("a row of all its values"),
            )),
        }
    }
}

impl<'a> From<&'a [f32]> for Values<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a [f64]> for Values<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::F64(values)
    }
}

impl<'a> From<&'a Vec<f32>> for Values<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Self::F32(values)
    }
}

impl<'a> From<&'a Vec<f64>> for Values<'a> {
    fn from(values: &'a Vec<f64>) -> Self {
        Self::F64(values)
    }
}
