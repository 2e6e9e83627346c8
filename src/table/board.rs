//! A leaderboard: trainings with scores, ranked by the mean of all OOD sets; what has no value on all of them has no rank.
//!
//! Records of several people are one table: [`together`](super::files::together) keeps their trainings apart, so that nobody's runs are taken for seeds of
//! somebody else's.
//!
//! ```
//! use oodbench::metric::openood;
//! use oodbench::table::{Board, Record};
//! let record = |run: &str, ood: &str, value| Record {
//!     run: run.to_owned(),
//!     ood: ood.to_owned(),
//!     score: "mds".to_owned(),
//!     procedure: "openood".to_owned(),
//!     metric: "auroc".to_owned(),
//!     value: Some(value),
//!     ..Record::default()
//! };
//! // The second run has the higher values, and has none on lsun.
//! let records = [record("a", "svhn", 0.6), record("a", "lsun", 0.6), record("b", "svhn", 0.9)];
//! let board = &Board::all(&records, &openood::PROCEDURE)[0];
//! let ranks: Vec<_> = board.places.iter().map(|place| place.as_ref().map(|place| place.rank)).collect();
//! assert_eq!(ranks, [Some(1), None]);
//! ```

use super::against_best::LEVEL;
use super::overview::{Line, Overview, Training};
use super::record::Record;
use crate::metric::{Better, Procedure};
use crate::stats::places::{Entry, Place, places};

/// The ranks of one metric on one in-distribution set.
#[derive(Clone)]
pub struct Board {
    /// The values.
    pub table: Overview,
    /// One per line of the table; none where the last column, the mean of all sets or the only set, has no value of every seed.
    pub places: Vec<Option<Place>>,
}

impl Board {
    /// The boards of a procedure: for each in-distribution set one per metric.
    #[must_use]
    pub fn all(records: &[Record], procedure: &'static Procedure) -> Vec<Self> {
        Overview::all(records, procedure, &[]).into_iter().map(Self::of).collect()
    }

    fn of(table: Overview) -> Self {
        let sign = if table.metric.better == Better::Higher { 1.0 } else { -1.0 };
        let trainings = table.trainings.iter().enumerate();
        let lines =
            trainings.flat_map(|(number, training)| training.lines.iter().map(move |line| (number, training, line)));
        let entry = |(number, training, line): (usize, &Training, &Line)| {
            let last = line.values.last().filter(|value| training.is_complete(value))?;
            Some(Entry { training: number, values: last.each.iter().map(|value| sign * value).collect() })
        };
        let entries: Vec<Option<Entry>> = lines.map(entry).collect();
        let ranked: Vec<Entry> = entries.iter().flatten().cloned().collect();
        let mut found = places(&ranked, LEVEL).into_iter();
        let places = entries.iter().map(|entry| entry.as_ref().and_then(|_| found.next())).collect();
        Self { table, places }
    }

    /// The lines from the first rank on, then those without one.
    #[must_use]
    pub fn lines(&self) -> Vec<(&Training, &Line, Option<Place>)> {
        let lines = self.table.lines().zip(&self.places);
        let mut all: Vec<_> = lines.map(|((training, line), place)| (training, line, *place)).collect();
        all.sort_by_key(|(_, _, place)| place.map_or(usize::MAX, |place| place.rank));
        all
    }
}
