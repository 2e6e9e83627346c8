//! Decisions on disk between two passes: what is flagged in a batch is known when its last row has been scored.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use super::tally::Tally;
use crate::detector::apply::Decided;

/// Decisions of a batch, in a temporary file that has no name: 24 bytes a row, however many there are.
pub struct Spool {
    file: BufWriter<File>,
    tally: Tally,
    rows: usize,
}

/// Stands for a class that is not known.
const NO_CLASS: u64 = u64::MAX;

/// Rows that are read back at once.
const AT_ONCE: usize = 1 << 14;

impl Spool {
    /// An empty one.
    ///
    /// # Errors
    /// If there can be no temporary file.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), tally: Tally::default(), rows: 0 })
    }

    /// Adds decisions. Rows without a score are no part of the batch.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn push(&mut self, decided: &Decided) -> io::Result<()> {
        for (row, (score, p)) in decided.scores.iter().zip(&decided.p_values).enumerate() {
            let class = decided.predicted.as_ref().map_or(NO_CLASS, |classes| classes[row] as u64);
            for bytes in [score.to_le_bytes(), p.to_le_bytes(), class.to_le_bytes()] {
                self.file.write_all(&bytes)?;
            }
            if !p.is_nan() {
                self.tally.add(*p);
            }
        }
        self.rows += decided.scores.len();
        Ok(())
    }

    /// The p-values of the batch.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Hands all rows on, flagged up to a p-value; rows without a score are flagged.
    ///
    /// # Errors
    /// If they cannot be read back, and those of `take`.
    pub fn decide<E: From<io::Error>>(
        self,
        cutoff: Option<f64>,
        mut take: impl FnMut(&Decided) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let mut word = || -> io::Result<[u8; 8]> {
            let mut bytes = [0; 8];
            file.read_exact(&mut bytes)?;
            Ok(bytes)
        };
        for first_row in (0..self.rows).step_by(AT_ONCE) {
            let mut decided = Decided { first_row, ..Decided::default() };
            for _ in first_row..self.rows.min(first_row + AT_ONCE) {
                let (score, p) = (f64::from_le_bytes(word()?), f64::from_le_bytes(word()?));
                let class = u64::from_le_bytes(word()?);
                decided.scores.push(score);
                decided.p_values.push(p);
                decided.flagged.push(p.is_nan() || cutoff.is_some_and(|cutoff| p <= cutoff));
                if class != NO_CLASS {
                    decided.predicted.get_or_insert_default().push(class as usize);
                }
            }
            take(&decided)?;
        }
        Ok(())
    }
}
