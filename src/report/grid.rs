//! Tables for the terminal: the only place that sets up `comfy_table`, and folds a table that is wider than the terminal.
//!
//! A table is drawn whole if it fits. If not, the labels of its groups become lines of their own, a column of keys that never changes becomes a line
//! above, and columns go to further blocks below, each with the keys again. Where not even one column fits beside the keys, and for tables of text,
//! every row becomes some lines. Words are never broken; one that is longer than the terminal is wide stands out.

use comfy_table::{Attribute, Cell as TextCell, CellAlignment, Table, presets};
use unicode_width::UnicodeWidthStr;

use super::markdown;
use crate::printable;

/// How to draw on this terminal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether bold may be used; else the best are marked with `*`.
    pub bold: bool,
    /// Columns of the terminal, if it is one.
    pub width: Option<u16>,
}

/// A cell of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridCell {
    text: String,
    best: bool,
}

impl GridCell {
    /// A cell; what is best is marked.
    #[must_use]
    pub fn marked(text: impl AsRef<str>, best: bool) -> Self {
        Self { text: printable::line(text.as_ref()).into_owned(), best }
    }

    fn shown(&self, style: Style) -> String {
        match (self.best, style.bold) {
            (true, true) => format!("\u{1b}[1m{}\u{1b}[0m", self.text),
            (true, false) => format!("*{}", self.text),
            (false, _) => self.text.clone(),
        }
    }
}

impl<T: AsRef<str>> From<T> for GridCell {
    fn from(text: T) -> Self {
        Self::marked(text, false)
    }
}

/// Rows under a label.
#[derive(Clone, Debug, Default)]
struct Group {
    label: GridCell,
    rows: Vec<Vec<GridCell>>,
}

/// What the columns behind the keys hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Numbers, to the right.
    Numbers,
    /// Text, to the left.
    Text,
}

/// A table.
#[derive(Clone, Debug)]
pub struct Grid {
    label: Option<String>,
    headings: Vec<GridCell>,
    keys: usize,
    holds: Holds,
    groups: Vec<Group>,
}

impl Grid {
    /// A table of numbers: columns that say what a row is of, then columns of numbers.
    #[must_use]
    pub fn of_numbers(keys: &[&str], values: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let headings = keys.iter().map(GridCell::from).chain(values.into_iter().map(GridCell::from));
        Self { label: None, headings: headings.collect(), keys: keys.len(), holds: Holds::Numbers, groups: Vec::new() }
    }

    /// A table of text; the first `keys` columns say what a row is of.
    #[must_use]
    pub fn of_text(keys: usize, headings: &[&str]) -> Self {
        let headings = headings.iter().map(GridCell::from).collect();
        Self { label: None, headings, keys, holds: Holds::Text, groups: Vec::new() }
    }

    /// Rows will come in groups, whose labels stand in a first column under this heading.
    #[must_use]
    pub fn with_labels(mut self, heading: impl AsRef<str>) -> Self {
        self.label = Some(printable::line(heading.as_ref()).into_owned());
        self
    }

    /// Starts a group.
    pub fn group(&mut self, label: impl AsRef<str>) {
        self.groups.push(Group { label: GridCell::from(label), rows: Vec::new() });
    }

    /// Adds a row to the last group: a cell for each heading.
    ///
    /// # Panics
    /// If there are more cells or fewer.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<GridCell>>) {
        let row: Vec<GridCell> = cells.into_iter().map(Into::into).collect();
        assert_eq!(row.len(), self.headings.len(), "a cell for each heading");
        match self.groups.last_mut() {
            Some(group) => group.rows.push(row),
            None => self.groups.push(Group { label: GridCell::default(), rows: vec![row] }),
        }
    }

    /// The table, each line ended.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let all: Vec<usize> = (0..self.headings.len()).collect();
        let whole = self.table(&all, self.label.is_some(), style);
        let Some(limit) = style.width.map(usize::from) else { return self.drawn(&whole, true) };
        if width(&whole) <= limit {
            return self.drawn(&whole, true);
        }
        if self.holds == Holds::Numbers
            && let Some(blocks) = self.blocks(limit, style)
        {
            return blocks;
        }
        self.list(limit, style)
    }

    /// The table as GitHub-flavoured Markdown, what is best in bold.
    ///
    /// ```
    /// use oodbench::report::grid::{Grid, GridCell};
    /// let mut grid = Grid::of_numbers(&["score"], ["AUROC"]);
    /// grid.row([GridCell::from("mds"), GridCell::marked("91.2", true)]);
    /// assert_eq!(grid.markdown(), "| score | AUROC |\n|---|---:|\n| mds | **91.2** |\n");
    /// ```
    #[must_use]
    pub fn markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let label = |text: &str| self.label.is_some().then(|| markdown::escape(text));
        let headings = self.headings.iter().map(|heading| markdown::escape(&heading.text));
        let mut out = line(&mut self.label.as_deref().and_then(label).into_iter().chain(headings));
        let rule = |column: usize| if self.holds == Holds::Numbers && column >= self.keys { "---:|" } else { "---|" };
        out.push_str(if self.label.is_some() { "|---|" } else { "|" });
        (0..self.headings.len()).for_each(|column| out.push_str(rule(column)));
        out.push('\n');
        let shown = |GridCell { text, best }: &GridCell| {
            let text = markdown::escape(text);
            if *best { format!("**{text}**") } else { text }
        };
        for group in &self.groups {
            for row in &group.rows {
                out.push_str(&line(&mut label(&group.label.text).into_iter().chain(row.iter().map(shown))));
            }
        }
        out
    }

    /// A `comfy_table` of some columns, in which nothing wraps.
    fn table(&self, columns: &[usize], with_labels: bool, style: Style) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if style.bold {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let aligned = |cell: TextCell, column: usize| {
            let is_number = self.holds == Holds::Numbers && column >= self.keys;
            if is_number { cell.set_alignment(CellAlignment::Right) } else { cell }
        };
        let heading = |column: &usize| aligned(TextCell::new(&self.headings[*column].text), *column);
        let label = self.label.iter().filter(|_| with_labels).map(TextCell::new);
        let header = label.chain(columns.iter().map(heading));
        table.set_header(header.map(|cell| if style.bold { cell.add_attribute(Attribute::Bold) } else { cell }));
        for group in &self.groups {
            for (number, row) in group.rows.iter().enumerate() {
                let first = if number == 0 { group.label.text.as_str() } else { "" };
                let label = with_labels.then(|| TextCell::new(first));
                let cell = |&column: &usize| {
                    let GridCell { text, best } = &row[column];
                    let cell = match (best, style.bold) {
                        (true, true) => TextCell::new(text).add_attribute(Attribute::Bold),
                        (true, false) => TextCell::new(format!("*{text}")),
                        (false, _) => TextCell::new(text),
                    };
                    aligned(cell, column)
                };
                table.add_row(label.into_iter().chain(columns.iter().map(cell)));
            }
        }
        table
    }

    /// The lines of a table, groups apart; without a column of labels each has a line.
    fn drawn(&self, table: &Table, with_labels: bool) -> String {
        let mut lines = table.lines().map(|line| line.trim_end().to_owned());
        let mut out: Vec<String> = lines.by_ref().take(1).collect();
        for (number, group) in self.groups.iter().enumerate() {
            if number > 0 {
                out.push(String::new());
            }
            if !with_labels && let Some(heading) = &self.label {
                out.push(format!(" {heading} {}", group.label.text).trim_end().to_owned());
            }
            out.extend(lines.by_ref().take(group.rows.len()));
        }
        out.join("\n") + "\n"
    }

    /// As many columns of numbers side by side as there is room for, the others below; none if there is no room for one.
    fn blocks(&self, limit: usize, style: Style) -> Option<String> {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let never_changes = |&key: &usize| {
            rows().count() > 1 && rows().all(|row| Some(&row[key]) == rows().next().map(|row| &row[key]))
        };
        let (above, keys): (Vec<usize>, Vec<usize>) = (0..self.keys).partition(never_changes);
        let mut blocks: Vec<Vec<usize>> = Vec::new();
        for value in self.keys..self.headings.len() {
            let beside = blocks.last().map(|block| [&block[..], &[value]].concat());
            match beside.filter(|columns| width(&self.table(columns, false, style)) <= limit) {
                Some(columns) => *blocks.last_mut()? = columns,
                None => {
                    let columns = [&keys[..], &[value]].concat();
                    if width(&self.table(&columns, false, style)) > limit {
                        return None;
                    }
                    blocks.push(columns);
                }
            }
        }
        let said = above
            .iter()
            .filter_map(|&key| Some(format!(" {} {}\n", self.headings[key].text, rows().next()?[key].text)));
        let drawn: Vec<String> =
            blocks.iter().map(|columns| self.drawn(&self.table(columns, false, style), false)).collect();
        Some(said.collect::<String>() + &drawn.join("\n"))
    }

    /// Every row on lines of its own: its keys, then what it holds.
    fn list(&self, limit: usize, style: Style) -> String {
        let mut out = String::new();
        for (number, group) in self.groups.iter().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            if let Some(heading) = &self.label {
                flow(&mut out, 0, limit, &[format!("{heading} {}", group.label.text)]);
            }
            for row in &group.rows {
                let keys: Vec<String> = row[..self.keys].iter().map(|cell| cell.shown(style)).collect();
                flow(&mut out, 1, limit, &keys);
                let named = row.iter().zip(&self.headings).skip(self.keys).filter(|(cell, _)| !cell.text.is_empty());
                match self.holds {
                    Holds::Numbers => {
                        let items: Vec<String> =
                            named.map(|(cell, heading)| format!("{} {}", heading.text, cell.shown(style))).collect();
                        flow(&mut out, 3, limit, &items);
                    }
                    Holds::Text => named.for_each(|(cell, heading)| {
                        let text = format!("{}: {}", heading.text, cell.shown(style));
                        words(&mut out, 3, limit, &text);
                    }),
                }
            }
        }
        out
    }
}

/// How wide a table is when nothing wraps: a space stands on either side of every cell.
fn width(table: &Table) -> usize {
    // What is right of the last column is trimmed.
    (table.column_max_content_widths().iter().map(|&width| usize::from(width) + 2).sum::<usize>()).saturating_sub(1)
}

/// Items with two spaces between them, on as many lines as they need.
fn flow(out: &mut String, indent: usize, limit: usize, items: &[String]) {
    fill(out, (indent, indent), limit, "  ", items.iter().map(String::as_str));
}

/// Text, lines after the first further in.
fn words(out: &mut String, indent: usize, limit: usize, text: &str) {
    fill(out, (indent, indent + 2), limit, " ", text.split(' '));
}

fn fill<'a>(
    out: &mut String,
    (first, others): (usize, usize),
    limit: usize,
    gap: &str,
    items: impl Iterator<Item = &'a str>,
) {
    let mut used = 0;
    for item in items.filter(|item| !item.is_empty()) {
        let wide = seen_width(item);
        if used > 0 && used + gap.len() + wide <= limit {
            out.push_str(gap);
            used += gap.len() + wide;
        } else {
            let indent = if used == 0 { first } else { others };
            if used > 0 {
                out.push('\n');
            }
            out.push_str(&" ".repeat(indent));
            used = indent + wide;
        }
        out.push_str(item);
    }
    if used > 0 {
        out.push('\n');
    }
}

/// Columns that a text takes, without the codes for bold.
fn seen_width(text: &str) -> usize {
    text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "").width()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Grid {
        let mut grid = Grid::of_numbers(&["run", "score"], ["TNR@TPR95 (ID pos.)", "AUROC", "tied pairs"])
            .with_labels("CIFAR10 vs");
        for set in ["svhn", "near/tiny-imagenet"] {
            grid.group(set);
            for run in ["a-rather-long-name-of-a-run", "short"] {
                grid.row([
                    run.into(),
                    "mds".into(),
                    "82.80".into(),
                    GridCell::marked("96.31", run == "short"),
                    "0".into(),
                ]);
            }
        }
        grid
    }

    fn drawn(width: u16) -> String {
        numbers().render(Style { bold: false, width: Some(width) })
    }

    #[test]
    fn a_table_that_fits_is_drawn_whole() {
        let whole = numbers().render(Style::default());
        assert_eq!(drawn(120), whole);
        let widest = whole.lines().map(str::len).max().unwrap() as u16;
        assert_eq!(drawn(widest), whole);
        assert_ne!(drawn(widest - 1), whole);
        assert_eq!(whole.lines().count(), 1 + 2 + 1 + 2);
    }

    #[test]
    fn what_is_too_wide_goes_below_with_its_keys() {
        assert_eq!(
            drawn(60),
            "\
\x20score mds
 run                          TNR@TPR95 (ID pos.)   AUROC
 CIFAR10 vs svhn
 a-rather-long-name-of-a-run                82.80   96.31
 short                                      82.80  *96.31

 CIFAR10 vs near/tiny-imagenet
 a-rather-long-name-of-a-run                82.80   96.31
 short                                      82.80  *96.31

 run                          tied pairs
 CIFAR10 vs svhn
 a-rather-long-name-of-a-run           0
 short                                 0

 CIFAR10 vs near/tiny-imagenet
 a-rather-long-name-of-a-run           0
 short                                 0
"
        );
    }

    /// At any width every word is there and whole, and no line is longer than it must be. A list does without the headings of keys.
    #[test]
    fn no_word_is_ever_broken() {
        let mut text = Grid::of_text(2, &["id", "score", "needs", "reference"]);
        text.row([
            "mahalanobis",
            "Mahalanobis",
            "features, train features",
            "Lee et al., A Simple Unified Framework, NeurIPS 2018",
        ]);
        text.row(["es", "Entropic score", "", "Macêdo et al."]);
        for grid in [numbers(), text] {
            let of_keys: Vec<&str> = grid.headings[..grid.keys].iter().map(|heading| heading.text.as_str()).collect();
            let whole = grid.render(Style::default());
            let all: Vec<&str> = whole.split_whitespace().filter(|word| !of_keys.contains(word)).collect();
            for width in (1..130).chain([u16::MAX]) {
                let drawn = grid.render(Style { bold: false, width: Some(width) });
                let found: Vec<&str> = drawn.split_whitespace().collect();
                assert!(
                    all.iter().all(|&word| found.iter().any(|f| f.trim_end_matches(':') == word)),
                    "{width}\n{drawn}"
                );
                let longest_item = "CIFAR10 vs near/tiny-imagenet".len();
                assert!(drawn.lines().all(|line| line.width() <= longest_item.max(width.into())), "{width}\n{drawn}");
            }
        }
    }

    #[test]
    fn a_key_that_never_changes_is_said_once() {
        let mut grid = Grid::of_numbers(&["run", "score"], ["AUROC", "a column with a long heading"]);
        for score in ["mds", "es"] {
            grid.row(["one-run-with-a-long-name", score, "1", "2"]);
        }
        let folded = grid.render(Style { bold: false, width: Some(50) });
        assert_eq!(folded.lines().next(), Some(" run one-run-with-a-long-name"));
        assert_eq!(folded.matches("one-run").count(), 1, "{folded}");
    }

    #[test]
    fn names_draw_nothing_but_themselves() {
        let mut grid = Grid::of_numbers(&["run"], ["AUROC"]).with_labels("vs");
        grid.group("a\u{1b}[2Jb\nc");
        grid.row(["\u{9b}31m", "1"]);
        for width in [None, Some(3)] {
            let drawn = grid.render(Style { bold: false, width });
            assert!(!drawn.chars().any(|letter| letter.is_control() && letter != '\n'), "{drawn:?}");
            assert!(drawn.contains(r"a\u{1b}[2Jb\nc"), "{drawn}");
        }
    }
}
