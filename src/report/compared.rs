//! What tables of compared scores have in common: a heading for each set, the mark of a verdict, why there is no test.

use super::grid::Grid;
use crate::printable;
use crate::table::Verdict;
use crate::table::record::set_name;

/// What a line is of.
pub(super) struct Compared<'a> {
    /// The run, or the training.
    pub(super) of: &'a str,
    /// The OOD set.
    pub(super) ood: &'a str,
    /// Its group, if it has one.
    pub(super) group: Option<&'a str>,
    /// The score's id.
    pub(super) score: &'a str,
    /// Why it was not tested, where it was not.
    pub(super) untested: Option<&'a str>,
}

impl Compared<'_> {
    /// The set with its group.
    pub(super) fn set(&self) -> String {
        set_name(self.group, self.ood)
    }

    fn same_set(&self, other: &Self) -> bool {
        (self.of, self.ood, self.group) == (other.of, other.ood, other.group)
    }
}

/// Stands before the value of a score.
pub(super) fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Best => "*",
        Verdict::MayBeBest => "=",
        Verdict::Worse | Verdict::Untested => "",
    }
}

/// Adds the lines to a table, those of a set below its heading.
pub(super) fn by_set<T>(
    mut grid: Grid,
    lines: &[T],
    of: for<'a> fn(&'a T) -> Compared<'a>,
    heading: impl Fn(&T) -> String,
    row: impl Fn(&T) -> Vec<String>,
) -> Grid {
    for set in lines.chunk_by(|a, b| of(a).same_set(&of(b))) {
        grid.group(heading(&set[0]));
        set.iter().for_each(|line| grid.row(row(line)));
    }
    grid
}

/// Why there are no tests: a line for a set if it holds for all of its scores, else one for each score.
pub(super) fn untested<T>(lines: &[T], of: for<'a> fn(&'a T) -> Compared<'a>) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for set in lines.chunk_by(|a, b| of(a).same_set(&of(b))) {
        let first = of(&set[0]);
        let place = format!("{}, {}", printable::line(first.of), printable::line(&first.set()));
        match first.untested {
            Some(why) if set.iter().all(|line| of(line).untested == Some(why)) => {
                reasons.push(format!("not tested: {place}: {why}\n"));
            }
            _ => reasons.extend(set.iter().map(of).filter_map(|line| {
                let why = line.untested?;
                Some(format!("not tested: {place}, {}: {why}\n", line.score))
            })),
        }
    }
    reasons.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_of_all_scores_of_a_set_is_told_once() {
        type Line = (&'static str, &'static str, Option<&'static str>);
        let of: for<'a> fn(&'a Line) -> Compared<'a> =
            |line| Compared { of: "run", ood: line.0, group: Some("near"), score: line.1, untested: line.2 };
        let lines = [("a", "x", Some("why")), ("a", "y", Some("why")), ("b", "x", None), ("b", "y", Some("but"))];
        assert_eq!(untested(&lines, of), "not tested: run, near/a: why\nnot tested: run, near/b, y: but\n");
    }
}
