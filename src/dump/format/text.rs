//! Numbers in text: `.csv` and `.tsv` with or without a header, `.txt` as `numpy.savetxt` writes it, one row a line.
//!
//! Columns of a header are arrays by their names (`columns`); a file without one is a single array. Values are read as doubles, of one column that holds
//! whole numbers alone as such. The header of pandas without names (`0,1,2,...`, an unnamed index before it) is known.

use std::path::Path;

use super::columns::{self, Cells, Column};
use super::entry::{Format, has_ending, list, only, printable};
use super::file;
use crate::dump::error::DumpError;
use crate::rows::array::StoredArray;

/// Values with commas between.
pub struct Csv;

/// Values with tabs between.
pub struct Tsv;

/// Values with spaces between, `#` before a comment.
pub struct Txt;

macro_rules! format_of_text {
    ($format:ident, $ending:literal, $separator:expr) => {
        impl Format for $format {
            fn ending(&self) -> &'static str {
                $ending
            }

            fn recognises(&self, path: &Path, _: &[u8]) -> bool {
                has_ending(path, $ending)
            }

            fn holds_columns(&self) -> bool {
                true
            }

            fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
                members(path, $separator)
            }

            fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
                open(path, $separator, member)
            }
        }
    };
}

format_of_text!(Csv, "csv", Some(','));
format_of_text!(Tsv, "tsv", Some('\t'));
format_of_text!(Txt, "txt", None);

/// No file of text is longer: 2³² bytes.
const MOST_BYTES: u64 = 1 << 32;

/// The lines that hold something, each with its number.
fn lines(text: &str, separator: Option<char>) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let without_comment = move |line: &'_ str| match separator {
        None => line.split('#').next().unwrap_or_default().len(),
        Some(_) => line.len(),
    };
    text.lines()
        .map(move |line| line[..without_comment(line)].trim_end_matches('\r'))
        .zip(1..)
        .filter_map(|(line, at)| (!line.trim().is_empty()).then_some((at, line)))
}

fn fields(line: &str, separator: Option<char>) -> Vec<&str> {
    match separator {
        Some(separator) => line.split(separator).map(|field| field.trim().trim_matches('"')).collect(),
        None => line.split_whitespace().collect(),
    }
}

/// The names of the columns, and whether they stand in the file's first line.
struct Header<'t> {
    names: Vec<&'t str>,
    is_there: bool,
    /// Columns before the first that is one of an array.
    skipped: usize,
}

fn header<'t>(text: &'t str, separator: Option<char>) -> Header<'t> {
    let first = lines(text, separator).next().map(|(_, line)| fields(line, separator)).unwrap_or_default();
    let has_index = first.len() > 1 && (first[0].is_empty() || first[0] == "Unnamed: 0");
    let skipped = usize::from(has_index);
    let counts =
        first.len() > skipped + 1 && first[skipped..].iter().enumerate().all(|(at, name)| *name == at.to_string());
    let is_number = |field: &&str| field.parse::<f64>().is_ok();
    let is_there = separator.is_some() && (counts || has_index || !first.iter().all(is_number));
    Header { names: first, is_there, skipped: if is_there { skipped } else { 0 } }
}

fn members(path: &Path, separator: Option<char>) -> Result<Option<Vec<String>>, DumpError> {
    let text = file::text(path, MOST_BYTES)?;
    let header = header(&text, separator);
    if !header.is_there {
        return Ok(None);
    }
    let names: Vec<String> = columns::groups(header.names[header.skipped..].iter().copied()).into_keys().collect();
    Ok((names != [""]).then_some(names))
}

fn open(path: &Path, separator: Option<char>, member: Option<&str>) -> Result<StoredArray, DumpError> {
    let text = file::text(path, MOST_BYTES)?;
    let header = header(&text, separator);
    let (name, wanted): (String, Vec<usize>) = if header.is_there {
        let mut groups = columns::groups(header.names[header.skipped..].iter().copied());
        let names: Vec<String> = groups.keys().cloned().collect();
        let name = member.map_or_else(|| only(path, &names), Ok)?.to_owned();
        let at = groups.remove(&name).ok_or_else(|| {
            let found = format!("columns {}", list(&names));
            DumpError::malformed(path, found, format!("some of {}", printable(&name)), "rename them")
        })?;
        (name, at.into_iter().map(|at| at + header.skipped).collect())
    } else {
        (String::new(), (0..header.names.len()).collect())
    };
    let mut cells: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    let mut whole = Some(Vec::new()).filter(|_| wanted.len() == 1);
    let mut rows = 0;
    for (line_number, line) in lines(&text, separator).skip(usize::from(header.is_there)) {
        let fields = fields(line, separator);
        let wrong = |found: String, expected: String| {
            DumpError::malformed(
                path,
                format!("{found} in line {line_number}"),
                expected,
                "write rows of numbers alone, one a line",
            )
        };
        if fields.len() != header.names.len() {
            return Err(wrong(format!("{} values", fields.len()), header.names.len().to_string()));
        }
        for (cells, &at) in cells.iter_mut().zip(&wanted) {
            let number = fields[at]
                .parse::<f64>()
                .map_err(|_| wrong(format!("{:?}", printable(fields[at])), "a number".to_owned()))?;
            cells.push(number);
        }
        whole = whole.and_then(|mut whole| {
            whole.push(fields[wanted[0]].parse::<i64>().ok()?);
            Some(whole)
        });
        rows += 1;
    }
    let column = |cells: Cells| Column { width: 1, is_list: false, cells };
    let columns: Vec<Column> = match whole.filter(|_| rows > 0) {
        Some(whole) => vec![column(Cells::Whole(whole))],
        None => cells.into_iter().map(|cells| column(Cells::Double(cells))).collect(),
    };
    columns::array(path, &name, &columns.iter().collect::<Vec<_>>(), rows)
}
