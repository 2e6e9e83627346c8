//! What a model is fed: sets of rows.
//!
//! | file | specification | what it takes |
//! |---|---|---|
//! | [`npy`] | `npy:DIR` | one array per input, `DIR/INPUT.npy`; labels in `DIR/labels.npy` |
//! | [`wav`] | `wav:DIR` | recordings `DIR/CLASS/*.wav`, for networks that take the waveform |
//! | [`text`] | `text:FILE` | sentences, `LABEL<tab>SENTENCE` a line, with the network's tokenizer file |
//!
//! Images are read by the trainer, which knows their formats; any [`Source`] can be extracted.

pub mod classes;
pub mod npy;
pub mod text;
pub mod wav;

use std::ops::Range;

use crate::error::OnnxError;
use crate::runtime::Input;

/// Rows that a model is fed.
pub trait Source {
    /// What it is called in messages.
    fn name(&self) -> &str;

    /// How many rows it has.
    fn rows(&self) -> usize;

    /// The class of each row, where it is known.
    fn labels(&self) -> Option<&[i64]>;

    /// Some of the rows, for each input of the model.
    ///
    /// # Errors
    /// [`OnnxError`] if they cannot be read, or do not fit the inputs.
    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError>;
}

/// The first rows of a source.
pub struct First {
    /// Of which.
    pub source: Box<dyn Source>,
    /// How many.
    pub rows: usize,
}

impl Source for First {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn rows(&self) -> usize {
        self.source.rows().min(self.rows)
    }

    fn labels(&self) -> Option<&[i64]> {
        self.source.labels().map(|labels| &labels[..self.rows()])
    }

    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        self.source.batch(rows)
    }
}
