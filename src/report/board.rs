//! A leaderboard as a static page: no server, no network, and what is missing stands there as missing.

use super::html::{Page, Part, Section, render};
use super::overview::caption;
use crate::metric::PROCEDURES;
use crate::table::{Board, Record};

/// The page of some records, with what there is to note of them, such as [`remarks`](crate::table::means::remarks).
///
/// ```
/// use oodbench::report::board::page;
/// use oodbench::table::Record;
/// let record = |run: &str, ood: &str, value| Record {
///     run: run.to_owned(),
///     ood: ood.to_owned(),
///     score: "mds".to_owned(),
///     procedure: "openood".to_owned(),
///     metric: "auroc".to_owned(),
///     value: Some(value),
///     ..Record::default()
/// };
/// let page = page(&[record("a", "svhn", 0.6), record("a", "lsun", 0.5), record("b", "svhn", 0.9)], &[]);
/// assert!(page.contains("1 of 2 entries has no rank"));
/// ```
#[must_use]
pub fn page(records: &[Record], notes: &[String]) -> String {
    let procedures =
        PROCEDURES.iter().filter(|procedure| records.iter().any(|record| record.procedure == procedure.id));
    let boards: Vec<Board> = procedures.flat_map(|procedure| Board::all(records, procedure)).collect();
    let mut sets: Vec<Option<&String>> = Vec::new();
    for board in &boards {
        if !sets.contains(&board.table.in_distribution.as_ref()) {
            sets.push(board.table.in_distribution.as_ref());
        }
    }
    let section = |set: &Option<&String>| {
        let own = headline_first(boards.iter().filter(|board| board.table.in_distribution.as_ref() == *set));
        let part = |(number, board): (usize, &&Board)| match number {
            0 => Part::Board((*board).clone()),
            _ => Part::Details { summary: caption(&board.table), parts: vec![Part::Board((*board).clone())] },
        };
        let ranked = own.first().map(|board| Part::Text(ranked(board)));
        let parts = ranked.into_iter().chain(own.iter().enumerate().map(part)).collect();
        Section { heading: set.map_or_else(|| "In-distribution set unknown".to_owned(), String::clone), parts }
    };
    let notes =
        (!notes.is_empty()).then(|| Section { heading: "Notes".to_owned(), parts: vec![Part::List(notes.to_owned())] });
    render(&Page {
        title: "Out-of-distribution detection: leaderboard".to_owned(),
        lead: "Trainings with scores, ranked by the mean over all OOD sets of a table, each set counting the same. Rank intervals say which places the seeds \
               leave open: in 95 % of cases all intervals of a table are right at once."
            .to_owned(),
        sections: sets.iter().map(section).chain(notes).collect(),
    })
}

/// The boards of one in-distribution set, AUROC first.
fn headline_first<'b>(boards: impl Iterator<Item = &'b Board>) -> Vec<&'b Board> {
    let mut boards: Vec<&Board> = boards.collect();
    let first = boards.iter().position(|board| board.table.metric.id == "auroc").unwrap_or(0);
    boards[..=first].rotate_right(1);
    boards
}

/// How many entries of a board have a rank, and why the others have none.
fn ranked(board: &Board) -> String {
    let entries = board.places.len();
    let without = "for some seed or OOD set, and means over different ones cannot be compared.";
    match board.places.iter().filter(|place| place.is_none()).count() {
        0 => "Every entry has a value of every seed on every OOD set.".to_owned(),
        1 => format!("1 of {entries} entries has no rank: a value is missing {without}"),
        unranked => format!("{unranked} of {entries} entries have no rank: a value is missing {without}"),
    }
}
