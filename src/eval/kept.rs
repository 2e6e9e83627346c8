//! The scores of every row, kept in memory while runs are evaluated: for plots of what was measured.

use super::sink::{ScoreSink, ScoredRows, SinkError};
use crate::rows::Role;

/// Keeps what it is given.
///
/// It takes 8 bytes per score and row of id/test and of every OOD set.
#[derive(Clone, Debug, Default)]
pub struct KeptScores {
    /// The runs, in their order.
    pub runs: Vec<KeptRun>,
}

/// The scores of a run.
#[derive(Clone, Debug)]
pub struct KeptRun {
    /// The run.
    pub run: String,
    /// id/test.
    pub test: KeptSplit,
    /// The OOD sets.
    pub ood: Vec<KeptSplit>,
}

/// The scores of a split.
#[derive(Clone, Debug)]
pub struct KeptSplit {
    /// The split.
    pub role: Role,
    /// Per column the values of all rows, or none if the split does not allow the score.
    pub scores: Vec<Option<Vec<f64>>>,
    /// Of each row whether it is classified rightly, where that is known.
    pub right: Option<Vec<bool>>,
}

impl KeptSplit {
    fn new(rows: &ScoredRows<'_>) -> Self {
        let is_told = rows.labels.is_some() && rows.predicted.is_some();
        let scores = rows.scores.iter().map(|column| column.map(|_| Vec::new())).collect();
        Self { role: rows.role.clone(), scores, right: is_told.then(Vec::new) }
    }

    fn add(&mut self, rows: &ScoredRows<'_>) {
        for (kept, own) in self.scores.iter_mut().zip(rows.scores) {
            if let (Some(kept), Some(own)) = (kept, own) {
                kept.extend_from_slice(own);
            }
        }
        if let (Some(kept), Some(labels), Some(predicted)) = (&mut self.right, rows.labels, rows.predicted) {
            kept.extend(labels.iter().zip(predicted).map(|(label, predicted)| *label == *predicted as i64));
        }
    }
}

impl ScoreSink for KeptScores {
    fn write(&mut self, rows: &ScoredRows<'_>) -> Result<(), SinkError> {
        match rows.role {
            Role::Test | Role::Ood { .. } => {}
            Role::Csid { .. } | Role::Train | Role::Val | Role::ValOod { .. } => return Ok(()),
        }
        if self.runs.last().is_none_or(|run| run.run != rows.run) {
            let test = KeptSplit { role: Role::Test, ..KeptSplit::new(rows) };
            self.runs.push(KeptRun { run: rows.run.to_owned(), test, ood: Vec::new() });
        }
        let Some(run) = self.runs.last_mut() else { return Ok(()) };
        let split = if *rows.role == Role::Test {
            &mut run.test
        } else {
            if run.ood.last().is_none_or(|split| split.role != *rows.role) {
                run.ood.push(KeptSplit::new(rows));
            }
            let Some(split) = run.ood.last_mut() else { return Ok(()) };
            split
        };
        split.add(rows);
        Ok(())
    }
}
