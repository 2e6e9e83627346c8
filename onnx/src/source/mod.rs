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

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use crate::error::OnnxError;
use crate::runtime::{Input, Numbers};

/// No batch has more numbers: lengths come from files, and memory would be asked for before anything is read.
pub const MOST_NUMBERS: usize = 1 << 28;

/// How many numbers a batch has.
///
/// # Errors
/// [`OnnxError`] if they are more than [`MOST_NUMBERS`].
pub fn batch_size(subject: &str, rows: usize, width: usize) -> Result<usize, OnnxError> {
    rows.checked_mul(width).filter(|size| *size <= MOST_NUMBERS).ok_or_else(|| {
        let found = format!("a batch of {rows} rows of {width} numbers");
        OnnxError::content(subject, found, format!("at most {MOST_NUMBERS} numbers"), "take shorter rows or --batch 1")
    })
}

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

    /// A number that rows of other contents do not share, but by a chance of 2⁻⁶⁴.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    fn key(&self, row: usize) -> Result<u64, OnnxError> {
        let mut hasher = DefaultHasher::new();
        for Input { name, shape, numbers } in self.batch(row..row + 1)? {
            (name, shape).hash(&mut hasher);
            match numbers {
                Numbers::Float(values) => values.iter().for_each(|value| value.to_bits().hash(&mut hasher)),
                Numbers::Integer(values) => values.hash(&mut hasher),
                Numbers::Byte(values) => values.hash(&mut hasher),
                Numbers::SignedByte(values) => values.hash(&mut hasher),
            }
        }
        Ok(hasher.finish())
    }
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

    fn key(&self, row: usize) -> Result<u64, OnnxError> {
        self.source.key(row)
    }
}
