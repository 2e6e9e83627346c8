//! A leaderboard as a static page: no server, no network, and what is missing stands there as missing.

use super::html::{Page, Part, Section, render};
use super::overview::caption;
use crate::metric::PROCEDURES;
use crate::table::{Board, Record};

/// The page of some records.
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
/// let page = page(&[record("a", "svhn", 0.6), record("a", "lsun", 0.5), record("b", "svhn", 0.9)]);
/// assert!(page.contains("1 of 2 entries has no rank"));
/// ```
#[must_use]
pub fn page(records: &[Record]) -> String {
    let procedures =
        PROCEDURES.iter().filter(|procedure| records.iter().any(|record| record.procedure == procedure.id));
    let boards: Vec<Board> = procedures.flat_map(|procedure| Board::all(records, procedure)).collect();
    let mut sets: Vec<&str> = Vec::new();
    for board in &boards {
        if !sets.contains(&board.table.in_distribution.as_str()) {
            sets.push(&board.table.in_distribution);
        }
    }
    let section = |set: &&str| {
        let own = boards.iter().filter(|board| board.table.in_distribution == *set);
        let part = |(number, board): (usize, &Board)| match number {
            0 => Part::Board(board.clone()),
            _ => Part::Details { summary: caption(&board.table), parts: vec![Part::Board(board.clone())] },
        };
        Section { heading: (*set).to_owned(), parts: headline_first(own).into_iter().enumerate().map(part).collect() }
    };
    render(&Page {
        title: "Out-of-distribution detection: leaderboard".to_owned(),
        lead: lead(&boards),
        sections: sets.iter().map(section).collect(),
    })
}

/// The boards of one in-distribution set, AUROC first.
fn headline_first<'b>(boards: impl Iterator<Item = &'b Board>) -> Vec<&'b Board> {
    let mut boards: Vec<&Board> = boards.collect();
    let first = boards.iter().position(|board| board.table.metric.id == "auroc").unwrap_or(0);
    boards[..=first].rotate_right(1);
    boards
}

fn lead(boards: &[Board]) -> String {
    let entries = boards.iter().map(|board| board.places.len()).max().unwrap_or(0);
    let unranked =
        boards.iter().map(|board| board.places.iter().filter(|place| place.is_none()).count()).max().unwrap_or(0);
    let of_unranked = match unranked {
        0 => "every entry has a value on every OOD set of its board.".to_owned(),
        1 => format!(
            "1 of {entries} entries has no rank: it has no value on some set, and a mean over other sets than the others' is none."
        ),
        _ => format!(
            "{unranked} of {entries} entries have no rank: they have no value on some set, and a mean over other sets than the others' is none."
        ),
    };
    format!(
        "Trainings with scores, ranked by the mean over all OOD sets of a board, each set counting the same; {of_unranked} Rank intervals say which places the seeds \
         leave open: all of a board hold together in 95 % of cases; — where an entry has one seed."
    )
}
