//! One page of HTML with everything inside it: tables, plots as inline SVG, style. It loads nothing, reads well on a phone
//! and prints. Tables can be sorted where scripts run, by a script inside the page; nothing is hidden where they do not.
//!
//! The page is also well-formed XML, so that any tool can take it apart.

pub(super) mod sortable;

use std::fmt::Write;

use sortable::{SCRIPT, SORTABLE};

use super::overview::{board, html};
use super::{MISSING, percent, tied};
use crate::printable::xml;
use crate::table::{Block, Board, Comparison, Overview};

/// A page.
#[derive(Clone)]
pub struct Page {
    /// Heading and title of the window.
    pub title: String,
    /// What the reader should know first.
    pub lead: String,
    /// The rest.
    pub sections: Vec<Section>,
}

/// A heading and what stands under it.
#[derive(Clone)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// What stands under it.
    pub parts: Vec<Part>,
}

/// A piece of a section.
#[derive(Clone)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// Rows of text under headings; the first columns hold names, the others numbers.
    Table {
        /// How many columns hold names.
        names: usize,
        /// Headings.
        headings: Vec<String>,
        /// Rows.
        rows: Vec<Vec<String>>,
    },
    /// Sentences, one a line.
    List(Vec<String>),
    /// What is shown once it is opened.
    Details {
        /// The line to open it by.
        summary: String,
        /// What is inside.
        parts: Vec<Part>,
    },
    /// Plots side by side, as many as there is room for.
    Plots(Vec<Part>),
    /// Scores by OOD sets.
    Overview(Overview),
    /// The same with ranks.
    Board(Board),
    /// The table of a procedure.
    Comparison {
        /// The procedure's conventions.
        title: String,
        /// The table.
        table: Comparison,
    },
    /// A plot.
    Figure {
        /// The plot as SVG.
        svg: String,
        /// What stands under it.
        caption: String,
    },
}

const STYLE: &str = include_str!("style.css");

/// The page as a file.
#[must_use]
pub fn render(page: &Page) -> String {
    let title = xml(&page.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p class=\"lead\">{}</p>\n",
        xml(&page.lead)
    );
    for section in &page.sections {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "<section>\n<h2>{}</h2>", xml(&section.heading));
        section.parts.iter().for_each(|part| write_part(&mut out, part));
        out.push_str("</section>\n");
    }
    if out.contains(SORTABLE) {
        let _ = writeln!(out, "<script>\n{SCRIPT}</script>");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn write_part(out: &mut String, part: &Part) {
    match part {
        Part::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", xml(text));
        }
        Part::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", xml(name), xml(value));
            }
            out.push_str("</dl>\n");
        }
        Part::Table { names, headings, rows } => {
            let rows = rows.iter().map(|row| row.iter().map(|cell| xml(cell)).collect());
            write_table(out, headings.iter().map(|heading| xml(heading)), rows, *names);
        }
        Part::Comparison { title, table } => {
            let _ = writeln!(out, "<p>Percent. {}.</p>", xml(title));
            if table.seed_blocks.is_empty() {
                write_blocks(out, table, &format!("{} against", table.in_distribution), &table.blocks);
            } else {
                let first = format!("mean ± std over seeds (ddof = {}), against", table.ddof.number());
                write_blocks(out, table, &first, &table.seed_blocks);
                out.push_str("<details>\n<summary>Every run</summary>\n");
                write_blocks(out, table, &format!("{} against", table.in_distribution), &table.blocks);
                out.push_str("</details>\n");
            }
            for line in &table.missing {
                let _ = writeln!(out, "<p>{MISSING} {}</p>", xml(line));
            }
        }
        Part::List(lines) => {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", xml(line))).collect();
            let _ = writeln!(out, "<ul>\n{items}</ul>");
        }
        Part::Details { summary, parts } => {
            let _ = writeln!(out, "<details>\n<summary>{}</summary>", xml(summary));
            parts.iter().for_each(|part| write_part(out, part));
            out.push_str("</details>\n");
        }
        Part::Plots(plots) => {
            out.push_str("<div class=\"plots\">\n");
            plots.iter().for_each(|part| write_part(out, part));
            out.push_str("</div>\n");
        }
        Part::Overview(table) => html::write(out, table),
        Part::Board(board) => board::write(out, board),
        Part::Figure { svg, caption } => {
            let _ = writeln!(out, "<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>", element(svg), xml(caption));
        }
    }
}

fn write_blocks(out: &mut String, table: &Comparison, first: &str, blocks: &[Block]) {
    let names = [first, "run", "score"].map(xml);
    let values = table.headings.iter().map(|heading| xml(heading));
    let headings = names.into_iter().chain(values).chain(["tied pairs".to_owned()]);
    let rows = blocks.iter().flat_map(|block| {
        block.rows.iter().map(|row| {
            let mut cells = vec![xml(&block.label), xml(&row.run), xml(&row.score)];
            cells.extend(row.cells.iter().map(|cell| match cell.best {
                true => format!("<b>{}</b>", percent(cell)),
                false => percent(cell),
            }));
            cells.push(xml(&tied(row.tied_share)));
            cells
        })
    });
    write_table(out, headings, rows, 3);
}

/// Writes a table of cells that are escaped already; the first `names` columns hold text.
fn write_table(
    out: &mut String,
    headings: impl Iterator<Item = String>,
    rows: impl Iterator<Item = Vec<String>>,
    names: usize,
) {
    let class = |column: usize| if column < names { "" } else { " class=\"n\"" };
    out.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for (column, heading) in headings.enumerate() {
        let _ = write!(out, "<th{}>{heading}</th>", class(column));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let mut block = None;
    for row in rows {
        // A line above each block of rows that begin alike.
        let new_block = block.is_some() && block.as_ref() != row.first();
        out.push_str(if new_block { "<tr class=\"block\">" } else { "<tr>" });
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{cell}</td>", class(column));
        }
        out.push_str("</tr>\n");
        block = row.into_iter().next();
    }
    out.push_str("</tbody>\n</table></div>\n");
}

/// The SVG element of a file, without what may stand before it.
fn element(svg: &str) -> &str {
    svg.find("<svg").map_or(svg, |start| svg[start..].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::spread::Ddof;
    use crate::table::{Cell, Row};

    #[test]
    fn any_page_is_well_formed_and_marks_the_best() {
        let cell = |value, best| Cell { value: Some(value), spread: Some(0.01), best, ..Cell::default() };
        let row = |run: &str, best| Row {
            run: run.to_owned(),
            score: "mds".to_owned(),
            cells: vec![cell(0.5, best)],
            tied_share: Some(1e-9),
        };
        let block = Block { label: "a < b".to_owned(), rows: vec![row("x & y", true), row("\"z\"", false)] };
        let table = Comparison {
            in_distribution: "fashion-mnist".to_owned(),
            headings: vec!["AUROC"],
            blocks: vec![block.clone(), block.clone()],
            seed_blocks: vec![block],
            ddof: Ddof::One,
            missing: vec!["<r> on far".to_owned()],
        };
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><text>a</text></svg>";
        let parts = vec![
            Part::Text("tabs\tand </p> tags".to_owned()),
            Part::Facts(vec![("command".to_owned(), "oodbench demo --data \"a&b\"".to_owned())]),
            Part::Table { names: 1, headings: vec!["run".to_owned()], rows: vec![vec!["<i>".to_owned()]] },
            Part::Comparison { title: "Lee".to_owned(), table },
            Part::Figure { svg: format!("<?xml version=\"1.0\"?>\n{svg}\n"), caption: "Fig. 1".to_owned() },
        ];
        let sections = vec![Section { heading: "All".to_owned(), parts }];
        let page = render(&Page { title: "<oodbench>".to_owned(), lead: String::new(), sections });
        let document = roxmltree::Document::parse_with_options(
            &page,
            roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
        )
        .unwrap();
        let texts = |tag: &str| -> Vec<String> {
            let nodes = document.descendants().filter(|node| node.tag_name().name() == tag);
            nodes.map(|node| node.text().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(texts("title"), ["<oodbench>"]);
        assert_eq!(texts("b"), ["50.00 ± 1.00"; 3]);
        assert_eq!(texts("dd"), ["oodbench demo --data \"a&b\""]);
        assert_eq!((texts("svg").len(), texts("table").len(), texts("details").len()), (1, 3, 1));
    }
}
