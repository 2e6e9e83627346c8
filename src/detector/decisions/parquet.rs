//! Decisions as a Parquet file, a row group per block.

use std::io::Write;

use super::{COLUMNS, word};
use crate::detector::apply::{Decided, DecisionSink};
use crate::eval::SinkError;
use crate::table::field::Kind;
use crate::table::parquet::{Column, FrameError, FrameWriter};

/// Rows of a group: what a file of decisions keeps in memory.
const GROUP: usize = 1 << 16;

/// The file being written.
pub struct ParquetDecisions<W: Write> {
    frame: FrameWriter<W>,
    waiting: Decided,
}

impl<W: Write> ParquetDecisions<W> {
    /// Starts the file.
    ///
    /// # Errors
    /// [`FrameError`] if it cannot be started.
    pub fn new(out: W) -> Result<Self, FrameError> {
        let kinds = [Kind::Integer, Kind::Integer, Kind::Float, Kind::Float, Kind::Text];
        let columns: Vec<(&str, Kind)> = COLUMNS.into_iter().zip(kinds).collect();
        Ok(Self { frame: FrameWriter::new(out, &columns)?, waiting: Decided::default() })
    }

    /// Writes the footer and hands the inner writer back.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be written.
    pub fn finish(mut self) -> Result<W, FrameError> {
        self.flush()?;
        self.frame.finish()
    }

    fn flush(&mut self) -> Result<(), FrameError> {
        let group = std::mem::take(&mut self.waiting);
        let n = group.scores.len();
        if n == 0 {
            return Ok(());
        }
        let known = |values: &[f64]| values.iter().map(|value| (!value.is_nan()).then_some(*value)).collect();
        let classes = |classes: &Vec<usize>| {
            let known =
                classes.iter().zip(&group.scores).map(|(class, score)| (!score.is_nan()).then_some(*class as i64));
            Column::MaybeIntegers(known.collect())
        };
        let columns = vec![
            Column::Integers((group.first_row..group.first_row + n).map(|row| row as i64).collect()),
            group.predicted.as_ref().map_or(Column::Missing(Kind::Integer, n), classes),
            Column::MaybeFloats(known(&group.scores)),
            Column::MaybeFloats(known(&group.p_values)),
            Column::Texts(group.flagged.iter().map(|flagged| Some(word(*flagged).to_owned())).collect()),
        ];
        self.frame.write(columns)
    }
}

impl<W: Write> DecisionSink for ParquetDecisions<W> {
    fn write(&mut self, decided: &Decided) -> Result<(), SinkError> {
        let waiting = &mut self.waiting;
        if waiting.scores.is_empty() {
            waiting.first_row = decided.first_row;
        }
        waiting.scores.extend(&decided.scores);
        waiting.p_values.extend(&decided.p_values);
        waiting.flagged.extend(&decided.flagged);
        if let Some(classes) = &decided.predicted {
            waiting.predicted.get_or_insert_default().extend(classes);
        }
        if waiting.scores.len() >= GROUP {
            self.flush().map_err(|error| SinkError::from(Box::from(error)))?;
        }
        Ok(())
    }
}
