//! `scores.parquet`: one row per sample, one column per score.

use std::io::Write;

use super::sink::{ScoreSink, ScoredRows, SinkError};
use crate::rows::Role;
use crate::table::field::Kind;
use crate::table::parquet::{Column, FrameError, FrameWriter};

/// The file being written, a row group at a time.
pub struct ScoresFile<W: Write> {
    frame: FrameWriter<W>,
}

impl<W: Write> ScoresFile<W> {
    /// Starts the file: `run`, `split`, `group`, `set`, `row`, `label`, `predicted`, then a column per score.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be started.
    pub fn new(writer: W, scores: &[&'static str]) -> Result<Self, FrameError> {
        let fixed = [
            ("run", Kind::Text),
            ("split", Kind::Text),
            ("group", Kind::Text),
            ("set", Kind::Text),
            ("row", Kind::Integer),
            ("label", Kind::Integer),
            ("predicted", Kind::Integer),
        ];
        let columns: Vec<(&str, Kind)> =
            fixed.iter().copied().chain(scores.iter().map(|&id| (id, Kind::Float))).collect();
        Ok(Self { frame: FrameWriter::new(writer, &columns)? })
    }

    /// Writes the footer and hands the inner writer back.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be written.
    pub fn finish(self) -> Result<W, FrameError> {
        self.frame.finish()
    }
}

impl<W: Write> ScoreSink for ScoresFile<W> {
    fn write(&mut self, rows: &ScoredRows<'_>) -> Result<(), SinkError> {
        let n = rows.rows;
        let (group, set) = match rows.role {
            Role::Ood { group, name } => (group.as_deref(), Some(name.as_str())),
            Role::Csid { name } => (None, Some(name.as_str())),
            _ => (None, rows.in_distribution),
        };
        let split = match rows.role {
            Role::Ood { .. } => "ood".to_owned(),
            Role::Csid { .. } => "csid".to_owned(),
            role => role.to_string(),
        };
        let mut columns = vec![
            Column::SameText(Some(rows.run), n),
            Column::SameText(Some(&split), n),
            Column::SameText(group, n),
            Column::SameText(set, n),
            Column::Integers((rows.first_row..rows.first_row + n).map(|row| row as i64).collect()),
            rows.labels.map_or(Column::Missing(Kind::Integer, n), |labels| Column::Integers(labels.to_vec())),
            rows.predicted.map_or(Column::Missing(Kind::Integer, n), |classes| {
                Column::Integers(classes.iter().map(|&class| class as i64).collect())
            }),
        ];
        columns.extend(
            rows.scores
                .iter()
                .map(|scores| scores.map_or(Column::Missing(Kind::Float, n), |scores| Column::Floats(scores.to_vec()))),
        );
        self.frame.write(columns).map_err(|error| SinkError::from(Box::from(error)))
    }
}
