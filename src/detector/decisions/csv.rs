//! Decisions as comma-separated values with a header.

use std::io::Write;

use super::{COLUMNS, word};
use crate::detector::apply::{Decided, DecisionSink};
use crate::eval::SinkError;

/// The file being written. Only numbers and two words stand in it, so that nothing has to be quoted.
pub struct CsvDecisions<W: Write> {
    out: W,
}

impl<W: Write> CsvDecisions<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(mut out: W) -> std::io::Result<Self> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        Ok(Self { out })
    }

    /// Hands the inner writer back.
    pub fn finish(self) -> W {
        self.out
    }
}

impl<W: Write> DecisionSink for CsvDecisions<W> {
    fn write(&mut self, decided: &Decided) -> Result<(), SinkError> {
        let mut text = Vec::with_capacity(64 * decided.scores.len());
        for (at, (score, p)) in decided.scores.iter().zip(&decided.p_values).enumerate() {
            let (row, word) = (decided.first_row + at, word(decided.flagged[at]));
            // A vector takes everything.
            let _ = match (score.is_nan(), &decided.predicted) {
                (true, _) => writeln!(text, "{row},,,,{word}"),
                (false, None) => writeln!(text, "{row},,{score},{p},{word}"),
                (false, Some(classes)) => writeln!(text, "{row},{},{score},{p},{word}", classes[at]),
            };
        }
        self.out.write_all(&text).map_err(|error| SinkError::from(Box::from(error)))
    }
}
