//! Some consecutive rows of a split, with what several scores share computed at most once.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use ndarray::Array2;

use super::head::Head;
use super::matrix::{Cow2, Rows};
use super::role::ArrayKind;
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::softmax::{Softmax, probabilities, softmax};
use crate::numeric::top::{Top, top};
use crate::numeric::vector::unit_rows;

/// Rows of a split.
///
/// Which arrays are there is settled before any block is read: a score states its needs, and the plan checks them.
pub struct RowBlock<'a> {
    rows: usize,
    logits: Option<Rows<'a>>,
    features: Option<Rows<'a>>,
    layers: BTreeMap<String, Layer<'a>>,
    scores: BTreeMap<String, Rows<'a>>,
    variants: BTreeMap<String, Rows<'a>>,
    grams: BTreeMap<String, Rows<'a>>,
    head: Option<&'a Head>,
    derived_logits: OnceCell<Rows<'a>>,
    features_f64: OnceCell<RecycledMatrix>,
    unit_features: OnceCell<RecycledMatrix>,
    tops: OnceCell<Recycled<Top>>,
    softmax: OnceCell<Recycled<Softmax>>,
    probabilities: OnceCell<RecycledMatrix>,
}

/// Features of a named layer.
struct Layer<'a> {
    rows: Rows<'a>,
    as_f64: OnceCell<RecycledMatrix>,
}

impl<'a> RowBlock<'a> {
    /// A block of `rows` rows.
    #[must_use]
    pub fn new(rows: usize, logits: Option<Rows<'a>>, features: Option<Rows<'a>>, head: Option<&'a Head>) -> Self {
        Self {
            rows,
            logits,
            features,
            layers: BTreeMap::new(),
            scores: BTreeMap::new(),
            variants: BTreeMap::new(),
            grams: BTreeMap::new(),
            head,
            derived_logits: OnceCell::new(),
            features_f64: OnceCell::new(),
            unit_features: OnceCell::new(),
            tops: OnceCell::new(),
            softmax: OnceCell::new(),
            probabilities: OnceCell::new(),
        }
    }

    /// The same rows with the features (rows, D_l) of a named layer.
    #[must_use]
    pub fn with_layer(mut self, name: &str, rows: Rows<'a>) -> Self {
        self.layers.insert(name.to_owned(), Layer { rows, as_f64: OnceCell::new() });
        self
    }

    /// The same rows with a score (rows, 1) that somebody else computed.
    #[must_use]
    pub fn with_score(mut self, name: &str, rows: Rows<'a>) -> Self {
        self.scores.insert(name.to_owned(), rows);
        self
    }

    /// A score (rows, 1) that somebody else computed.
    ///
    /// # Panics
    /// If the split has none of this name.
    #[must_use]
    pub fn score(&self, name: &str) -> &Rows<'a> {
        self.scores.get(name).expect("the plan checks that the split has the score")
    }

    /// The same rows with logits under a name (rows, C), or (rows, M·C) of M members side by side.
    #[must_use]
    pub fn with_variant(mut self, name: &str, rows: Rows<'a>) -> Self {
        self.variants.insert(name.to_owned(), rows);
        self
    }

    /// Logits under a name (rows, C), or (rows, M·C) of M members side by side.
    ///
    /// # Panics
    /// If the split has none of this name.
    #[must_use]
    pub fn variant(&self, name: &str) -> &Rows<'a> {
        self.variants.get(name).expect("the plan checks that the split has the logits")
    }

    /// The same rows with what is kept of the Gram matrices (rows, K·C_l) of a named layer.
    #[must_use]
    pub fn with_gram(mut self, layer: &str, rows: Rows<'a>) -> Self {
        self.grams.insert(layer.to_owned(), rows);
        self
    }

    /// What is kept of the Gram matrices (rows, K·C_l) of a named layer.
    ///
    /// # Panics
    /// If the split has none of this layer.
    #[must_use]
    pub fn gram(&self, layer: &str) -> &Rows<'a> {
        self.grams.get(layer).expect("the plan checks that the split has the Gram matrices")
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The logits (rows, C): those of the file, else those the head gives for the features.
    ///
    /// # Panics
    /// If the split has neither logits nor features with a head.
    #[must_use]
    pub fn logits(&self) -> &Rows<'a> {
        self.logits.as_ref().unwrap_or_else(|| self.head_logits())
    }

    /// The logits (rows, C) that the head gives for the features.
    ///
    /// # Panics
    /// If there are no features or no head.
    #[must_use]
    pub fn head_logits(&self) -> &Rows<'a> {
        let head = self.head();
        self.derived_logits.get_or_init(|| Rows::F64(Cow2::Recycled(head.logits(self.features().view()))))
    }

    /// The head.
    ///
    /// # Panics
    /// If the run has none.
    #[must_use]
    pub fn head(&self) -> &'a Head {
        self.head.expect("the plan checks that the run has a head")
    }

    /// The head, or none where the run has none.
    #[must_use]
    pub fn head_if_any(&self) -> Option<&'a Head> {
        self.head
    }

    /// The features (rows, D).
    ///
    /// # Panics
    /// If the split has none.
    #[must_use]
    pub fn features(&self) -> &Array2<f64> {
        let features = self.features.as_ref().expect("the plan checks that the split has features");
        self.features_f64.get_or_init(|| features.to_recycled())
    }

    /// The features (rows, D) of an array of features: those before the head, or those of a named layer.
    ///
    /// # Panics
    /// If the split lacks the array, or the array does not hold features.
    #[must_use]
    pub fn features_of(&self, array: &ArrayKind) -> &Array2<f64> {
        let name = match array {
            ArrayKind::Features => return self.features(),
            ArrayKind::Layer(name) => name,
            ArrayKind::Logits
            | ArrayKind::Labels
            | ArrayKind::Score(_)
            | ArrayKind::Variant(_)
            | ArrayKind::Gram(_) => unreachable!("no array of features"),
        };
        let layer = self.layers.get(name).expect("the plan checks that the split has the layer");
        layer.as_f64.get_or_init(|| layer.rows.to_recycled())
    }

    /// The features of a named layer as they are stored (rows, D_l), or (rows, P·D) of P patches side by side.
    ///
    /// # Panics
    /// If the split has none of this layer.
    #[must_use]
    pub fn layer(&self, name: &str) -> &Rows<'a> {
        &self.layers.get(name).expect("the plan checks that the split has the layer").rows
    }

    /// The features divided by their norms (rows, D); a zero row stays zero.
    ///
    /// # Panics
    /// If the split has none.
    #[must_use]
    pub fn unit_features(&self) -> &Array2<f64> {
        self.unit_features.get_or_init(|| unit_rows(self.features()))
    }

    /// Largest logit and predicted class of every row.
    #[must_use]
    pub fn tops(&self) -> &[Top] {
        self.tops.get_or_init(|| match self.softmax.get() {
            Some(softmax) => softmax.iter().map(|row| row.top).collect(),
            None => match self.logits() {
                Rows::F32(rows) => rows.view().rows().into_iter().map(|row| top(slice(&row))).collect(),
                Rows::F64(rows) => rows.view().rows().into_iter().map(|row| top(slice(&row))).collect(),
            },
        })
    }

    /// Softmax statistics of every row.
    #[must_use]
    pub fn softmax(&self) -> &[Softmax] {
        self.softmax.get_or_init(|| match self.logits() {
            Rows::F32(rows) => rows.view().rows().into_iter().map(|row| softmax(slice(&row))).collect(),
            Rows::F64(rows) => rows.view().rows().into_iter().map(|row| softmax(slice(&row))).collect(),
        })
    }

    /// `softmax(z)` (rows, C).
    #[must_use]
    pub fn probabilities(&self) -> &Array2<f64> {
        self.probabilities.get_or_init(|| {
            let classes = match self.logits() {
                Rows::F32(rows) => rows.view().ncols(),
                Rows::F64(rows) => rows.view().ncols(),
            };
            let statistics = self.softmax();
            RecycledMatrix::new(self.rows, classes, |all| {
                all.resize(self.rows * classes, 0.0);
                self.logits().for_each(|index, row| {
                    probabilities(row, &statistics[index], 1.0, &mut all[index * classes..(index + 1) * classes]);
                });
            })
        })
    }
}

/// The elements of a row; blocks are always in C order.
fn slice<'r, T>(row: &'r ndarray::ArrayView1<'_, T>) -> &'r [T] {
    row.as_slice().expect("rows of a block are contiguous")
}
