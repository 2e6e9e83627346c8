//! Scores ranked over many sets, for reading, and as a diagram of critical differences.

use super::compared::mark;
use super::grid::{Grid, GridCell, Style};
use super::significance::p_value;
use super::{MISSING, plain};
#[cfg(feature = "plot")]
use crate::plot::critical_difference::CriticalDifferences;
use crate::table::comparison::DIGITS;
use crate::table::ranks::{RankLine, RankTable, Ranked};

/// What is tested and what the marks promise.
const HEADER: &str = "\
Which scores cannot be told from the best over many sets? Rank 1 is the best of a set.
* the lowest mean rank; = not significantly worse (Nemenyi, all pairs accounted for);
scores that share a letter do not differ. Conover's test finds more pairs, and too many
where some scores keep their order on all sets: it decides nothing. Sets count as
independent of each other; those of one in-distribution set share its rows, so p-values
are on the small side.

";

/// For the terminal.
#[must_use]
pub fn text(found: &Ranked, style: Style) -> String {
    let tables = found.tables.iter().map(|table| {
        format!("{}\n{}{}", conclusion(table), grid(std::slice::from_ref(table)).render(style), notes(table))
    });
    let tables: Vec<String> = tables.collect();
    format!("{HEADER}{}{}", tables.join("\n"), untested(found))
}

/// The same as GitHub-flavoured Markdown.
#[must_use]
pub fn markdown(found: &Ranked) -> String {
    let tables = found.tables.iter().map(|table| {
        format!("{}\n\n{}\n{}", conclusion(table), grid(std::slice::from_ref(table)).markdown(), notes(table))
    });
    let tables: Vec<String> = tables.collect();
    format!("{HEADER}{}{}", tables.join("\n"), untested(found))
}

/// The lines of all tables, for programs.
#[must_use]
pub fn rows(found: &Ranked) -> Vec<&RankLine> {
    found.tables.iter().flat_map(|table| &table.lines).collect()
}

/// The diagram of a table, with the groups of Nemenyi's test.
#[cfg(feature = "plot")]
#[must_use]
pub fn diagram(table: &RankTable) -> CriticalDifferences {
    let (procedure, metric) = table.lines.first().map_or(("", ""), |line| (line.procedure, line.metric));
    CriticalDifferences {
        title: format!("{}: {procedure} {metric}, {} sets", table.training, table.sets.len()),
        scores: table.lines.iter().map(|line| (line.score.clone(), line.mean_rank)).collect(),
        critical_difference: table.critical_difference,
        groups: table.nemenyi.clone(),
    }
}

fn grid(tables: &[RankTable]) -> Grid {
    let headings = ["mean rank", "mean", "p (Conover)", "p (Nemenyi)", "Conover", "Nemenyi"];
    let mut grid = Grid::of_numbers(&["score"], headings);
    for line in tables.iter().flat_map(|table| &table.lines) {
        let p = |p: Option<f64>| p.map_or_else(String::new, p_value);
        grid.row([
            GridCell::from(&line.score),
            format!("{}{:.2}", mark(line.verdict), line.mean_rank).into(),
            plain(format!("{:.*}", DIGITS, line.mean * 100.0)).into(),
            p(line.p_conover).into(),
            p(line.p_nemenyi).into(),
            letters(&line.groups_conover).into(),
            letters(&line.groups_nemenyi).into(),
        ]);
    }
    grid
}

fn letters(groups: &str) -> &str {
    if groups.is_empty() { MISSING } else { groups }
}

/// Whether scores differ at all, and how far apart mean ranks have to be.
fn conclusion(table: &RankTable) -> String {
    let (k, n) = (table.lines.len(), table.sets.len());
    let differ = match table.friedman.p < table.level {
        true => "the scores differ in their ranks",
        false => "nothing shows that the scores differ at all, so none is called worse",
    };
    let f = if table.friedman.f.is_finite() { format!("{:.2}", table.friedman.f) } else { "infinite".to_owned() };
    let (procedure, metric) = table.lines.first().map_or(("", ""), |line| (line.procedure, line.metric));
    format!(
        "{}: {k} scores on {n} sets by {procedure} {metric}: F({}, {}) = {f}, p = {}: {differ}.\n\
         Critical difference of mean ranks (Nemenyi, {:.0} %): {:.2}.",
        table.training,
        k - 1,
        (k - 1) * (n - 1),
        p_value(table.friedman.p),
        table.level * 100.0,
        table.critical_difference
    )
}

fn notes(table: &RankTable) -> String {
    let lines = table.cautions.iter().map(|line| format!("caution: {line}\n"));
    lines.chain(table.left_out.iter().map(|line| format!("{line}\n"))).collect()
}

fn untested(found: &Ranked) -> String {
    found.untested.iter().map(|why| format!("not ranked: {why}\n")).collect()
}
