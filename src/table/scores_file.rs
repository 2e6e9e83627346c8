//! `scores.parquet`: one row per sample, one column per score.

use std::io::Write;

use super::frame::{Column, FrameError, FrameWriter, Kind};
use crate::rows::Role;

/// Scores of consecutive rows of one split.
pub struct ScoredRows<'a> {
    /// The run.
    pub run: &'a str,
    /// The in-distribution set, if known.
    pub in_distribution: Option<&'a str>,
    /// The split.
    pub role: &'a Role,
    /// Index of the first row in its split.
    pub first_row: usize,
    /// Number of rows.
    pub rows: usize,
    /// Class labels, if dumped.
    pub labels: Option<&'a [i64]>,
    /// Predicted classes, if there are logits.
    pub predicted: Option<&'a [usize]>,
    /// Per score of the file its values here, or none if the run does not allow it.
    pub scores: &'a [Option<&'a [f64]>],
}

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
        let columns: Vec<(String, Kind)> = fixed
            .iter()
            .copied()
            .chain(scores.iter().map(|&id| (id, Kind::Float)))
            .map(|(n, k)| (n.to_owned(), k))
            .collect();
        Ok(Self { frame: FrameWriter::new(writer, &columns)? })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be written.
    pub fn write(&mut self, rows: &ScoredRows<'_>) -> Result<(), FrameError> {
        let n = rows.rows;
        let (group, set) = match rows.role {
            Role::Ood { group, name } => (group.clone(), Some(name.clone())),
            _ => (None, rows.in_distribution.map(str::to_owned)),
        };
        let split = match rows.role {
            Role::Ood { .. } => "ood".to_owned(),
            role => role.to_string(),
        };
        let mut columns = vec![
            Column::Text(vec![Some(rows.run.to_owned()); n]),
            Column::Text(vec![Some(split); n]),
            Column::Text(vec![group; n]),
            Column::Text(vec![set; n]),
            Column::Integer((rows.first_row..rows.first_row + n).map(|row| Some(row as i64)).collect()),
            Column::Integer(
                rows.labels.map_or_else(|| vec![None; n], |labels| labels.iter().copied().map(Some).collect()),
            ),
            Column::Integer(
                rows.predicted
                    .map_or_else(|| vec![None; n], |classes| classes.iter().map(|&class| Some(class as i64)).collect()),
            ),
        ];
        for scores in rows.scores {
            columns.push(Column::Float(
                scores.map_or_else(|| vec![None; n], |scores| scores.iter().copied().map(Some).collect()),
            ));
        }
        self.frame.write(columns)
    }

    /// Writes the footer and hands the inner writer back.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be written.
    pub fn finish(self) -> Result<W, FrameError> {
        self.frame.finish()
    }
}
