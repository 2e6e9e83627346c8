//! Numbers in text: `.csv` and `.tsv` with or without a header, `.txt` as `numpy.savetxt` writes it, one row a line.
//!
//! Columns of a header are arrays by their names (`columns`); a file without one is a single array. Values are read as doubles, of one column that holds
//! whole numbers alone as such. The header of pandas without names (`0,1,2,...`, an unnamed index before it) is known.

use std::path::Path;

use super::columns::{self, Cells, Column};
use super::entry::{Format, has_ending, printable};
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

format_of_text!(Csv, "csv", Some(b','));
format_of_text!(Tsv, "tsv", Some(b'\t'));
format_of_text!(Txt, "txt", None);

/// No file of text is longer: 2³² bytes.
const MOST_BYTES: u64 = 1 << 32;

/// Fields of a row, and the byte that it begins at or that ends the row before.
type Row<'r> = (Vec<&'r str>, usize);

/// Hands on the rows that hold something until one is refused or none is wanted any more. Fields with commas may be quoted, as a table's may.
fn rows<E>(text: &str, separator: Option<u8>, mut read: impl FnMut(Row<'_>) -> Result<bool, E>) -> Result<(), E> {
    let Some(separator) = separator else {
        let mut begin = 0;
        for line in text.split_inclusive('\n') {
            let fields: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            if !fields.is_empty() && !read((fields, begin))? {
                break;
            }
            begin += line.len();
        }
        return Ok(());
    };
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.delimiter(separator).has_headers(false).flexible(true).trim(csv::Trim::All);
    let mut reader = reader.from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    // Text in memory gives no error.
    while let Ok(true) = reader.read_record(&mut record) {
        let begin = record.position().and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or_default();
        let is_blank = record.len() == 1 && record[0].is_empty();
        if !is_blank && !read((record.iter().collect(), begin))? {
            break;
        }
    }
    Ok(())
}

/// The line of a row that begins at a byte. For the reader of CSV that is the end of the row before, with empty lines between.
pub(crate) fn line_at(text: &str, begin: usize) -> usize {
    let rest = text.get(begin..).unwrap_or_default();
    let skipped = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    text.get(..begin + skipped).unwrap_or_default().matches('\n').count() + 1
}

/// The text of a file without the mark that some editors and Excel put before it.
fn read(path: &Path) -> Result<String, DumpError> {
    let text = file::text(path, MOST_BYTES)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The names of the columns, and whether they stand in the file's first row.
struct Header {
    names: Vec<String>,
    is_there: bool,
    /// Columns before the first that is one of an array.
    skipped: usize,
}

impl Header {
    fn of(text: &str, separator: Option<u8>) -> Self {
        let mut first: Vec<String> = Vec::new();
        let _ = rows(text, separator, |(fields, _)| {
            first = fields.into_iter().map(str::to_owned).collect();
            Ok::<_, ()>(false)
        });
        let has_index = first.len() > 1 && (first[0].is_empty() || first[0] == "Unnamed: 0");
        let skipped = usize::from(has_index);
        let counts =
            first.len() > skipped + 1 && first[skipped..].iter().enumerate().all(|(at, name)| *name == at.to_string());
        let is_number = |field: &String| field.parse::<f64>().is_ok();
        let is_there = separator.is_some() && (counts || has_index || !first.iter().all(is_number));
        Self { names: first, is_there, skipped: if is_there { skipped } else { 0 } }
    }
}

fn members(path: &Path, separator: Option<u8>) -> Result<Option<Vec<String>>, DumpError> {
    let header = Header::of(&read(path)?, separator);
    if !header.is_there {
        return Ok(None);
    }
    let names = columns::arrays(&header.names[header.skipped..]);
    Ok((names != [""]).then_some(names))
}

fn open(path: &Path, separator: Option<u8>, member: Option<&str>) -> Result<StoredArray, DumpError> {
    let text = read(path)?;
    let header = Header::of(&text, separator);
    let (name, wanted): (String, Vec<usize>) = if header.is_there {
        columns::pick(path, &header.names, header.skipped, member)?
    } else {
        (String::new(), (0..header.names.len()).collect())
    };
    let mut cells: Vec<Vec<f64>> = vec![Vec::new(); wanted.len()];
    let mut whole = Some(Vec::new()).filter(|_| wanted.len() == 1);
    let mut count = 0;
    let mut is_header = header.is_there;
    rows(&text, separator, |(fields, begin)| {
        if std::mem::take(&mut is_header) {
            return Ok(true);
        }
        let wrong = |found: String, expected: String| {
            let found = format!("{found} in line {}", line_at(&text, begin));
            DumpError::malformed(path, found, expected, "write rows of numbers alone, one a line")
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
        if let Some(numbers) = &mut whole {
            match fields[wanted[0]].parse::<i64>() {
                Ok(number) => numbers.push(number),
                Err(_) => whole = None,
            }
        }
        count += 1;
        Ok(true)
    })?;
    let column = |cells: Cells| Column { width: 1, is_list: false, cells };
    let columns: Vec<Column> = match whole.filter(|_| count > 0) {
        Some(whole) => vec![column(Cells::Whole(whole))],
        None => cells.into_iter().map(|cells| column(Cells::Double(cells))).collect(),
    };
    columns::array(path, &name, &columns.iter().collect::<Vec<_>>(), count)
}
