//! One number per row, from a file of any kind: an array, a column of CSV or Parquet, lines of text.

use std::path::{Path, PathBuf};

use super::read::RecordsError;
use crate::dump::DumpError;
use crate::dump::format::raw::{self, Raw};
use crate::dump::format::text::line_at;
use crate::dump::format::{Format, by_name, file};
use crate::printable::line;
use crate::rows::array::{StoredArray, shape_text};

/// Numbers that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// An array that cannot be read.
    #[error(transparent)]
    Array(#[from] DumpError),
    /// What is read is not one number per row.
    #[error(transparent)]
    Numbers(#[from] RecordsError),
}

/// No file of text is longer: 2³² bytes.
const MOST_BYTES: u64 = 1 << 32;

/// A file of numbers, `FILE` or `FILE:NAME`.
///
/// `.npy`, `.npz`, `.safetensors` and `.mat` hold arrays of shape (n,) or (n, 1), `NAME` being the member; `.csv` and `.tsv` columns with a header, `.parquet`,
/// `.arrow`, `.arrows` and `.feather` columns of numbers; any other file is text, one number per line, `#` beginning a comment. `NAME` may be left out where there is
/// one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The array or the column.
    pub name: Option<String>,
}

impl Source {
    /// The file and the name behind it; a colon in the name of a file that is there is part of it.
    #[must_use]
    pub fn of(spec: &str) -> Self {
        match spec.rsplit_once(':') {
            Some((path, name)) if !Path::new(spec).exists() && !name.is_empty() && Path::new(path).exists() => {
                Self { path: PathBuf::from(path), name: Some(name.to_owned()) }
            }
            _ => Self { path: PathBuf::from(spec), name: None },
        }
    }

    /// What the numbers are of: the array, where the file holds several; else the file without its ending, for a column is one of several scores.
    ///
    /// ```
    /// use oodbench::table::numbers::Source;
    /// let of = |path: &str| Source { path: path.into(), name: Some("energy".to_owned()) }.set();
    /// assert_eq!([of("svhn.csv"), of("all.npz")], ["svhn", "energy"]);
    /// ```
    #[must_use]
    pub fn set(&self) -> String {
        match &self.name {
            Some(name) if of_arrays(&self.path).is_some() => name.clone(),
            _ => self.path.file_stem().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned(),
        }
    }

    /// The numbers, finite and at least one.
    ///
    /// ```
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("id.csv");
    /// std::fs::write(&file, "row,energy\n0,1.5\n1,-2\n")?;
    /// let source = oodbench::table::numbers::Source::of(&format!("{}:energy", file.display()));
    /// assert_eq!((source.read()?, source.set()), (vec![1.5, -2.0], "id".to_owned()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`NumbersError`], which names the file and what to do.
    pub fn read(&self) -> Result<Vec<f64>, NumbersError> {
        let (path, name) = (&self.path, self.name.as_deref());
        let numbers = match of_arrays(path) {
            Some(format) => of_array(format, path, name)?,
            None => match path.extension().and_then(|ending| ending.to_str()) {
                Some("csv") => of_csv(path, name, b',')?,
                Some("tsv") => of_csv(path, name, b'\t')?,
                Some("parquet") => of_parquet(path, name)?,
                Some("arrow" | "arrows" | "feather") => of_arrow(path, name)?,
                _ => of_lines(path)?,
            },
        };
        self.checked(numbers)
    }

    /// The numbers of a file of elements alone, finite and at least one.
    ///
    /// ```
    /// use oodbench::dump::format::raw::{Raw, dtype};
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("id.f32");
    /// std::fs::write(&file, [1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()].concat())?;
    /// let raw = Raw { dtype: dtype("float32")?, rows: None, inner: Vec::new(), offset: 0, fortran: false };
    /// let source = oodbench::table::numbers::Source { path: file, name: None };
    /// assert_eq!(source.read_elements(&raw)?, [1.5, -2.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`read`](Self::read); its length is that of the array.
    pub fn read_elements(&self, raw: &Raw) -> Result<Vec<f64>, NumbersError> {
        if let Some(name) = &self.name {
            let found = format!("elements alone, not an array {name:?}");
            return Err(wrong(&self.path, found, "no name behind the file", "leave :NAME out").into());
        }
        self.checked(one_a_row(&raw::open(&self.path, raw)?)?)
    }

    fn checked(&self, numbers: Vec<f64>) -> Result<Vec<f64>, NumbersError> {
        let path = &self.path;
        let refuse = |found: String| {
            wrong(path, found, "finite numbers", "take these rows out of all files, or compute them again")
        };
        if numbers.is_empty() {
            return Err(wrong(path, "no numbers", "one per row", "name a file that holds the scores").into());
        }
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(row) => Err(refuse(format!("{} at row {row}", numbers[row])).into()),
            None => Ok(numbers),
        }
    }
}

/// The format of a file of arrays that are no columns of a table.
fn of_arrays(path: &Path) -> Option<&'static dyn Format> {
    by_name(path).filter(|format| !format.holds_columns())
}

fn wrong(path: &Path, found: impl Into<String>, expected: &str, remedy: impl Into<String>) -> RecordsError {
    RecordsError {
        path: path.to_owned(),
        found: line(&found.into()).into_owned(),
        expected: expected.to_owned(),
        remedy: line(&remedy.into()).into_owned(),
    }
}

/// A text without the mark that some editors and Excel put before it.
fn text(path: &Path) -> Result<String, NumbersError> {
    let text = file::text(path, MOST_BYTES)?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Which of several columns is meant.
fn choose(path: &Path, names: &[String], name: Option<&str>) -> Result<usize, RecordsError> {
    let list = || names.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
    let shown = path.display();
    match (name, names) {
        (None, [_]) => Ok(0),
        (None, []) => Err(wrong(path, "no column", "one", "name another file")),
        (None, [first, ..]) => {
            let found = format!("{} columns ({})", names.len(), list());
            Err(wrong(path, found, "one, or the name of one", format!("write {shown}:{first} for the first")))
        }
        (Some(name), _) => {
            let mut places = (0..names.len()).filter(|at| names[*at] == name);
            match (places.next(), places.next()) {
                (Some(at), None) => Ok(at),
                (Some(first), Some(second)) => {
                    let found = format!("the name {name:?} twice, of columns {} and {}", first + 1, second + 1);
                    Err(wrong(path, found, "each name once", "rename one of them"))
                }
                (None, _) => {
                    let found = format!("no {name:?} among {}", list());
                    Err(wrong(path, found, "the name of a column", "correct the name behind the colon"))
                }
            }
        }
    }
}

fn of_array(format: &dyn Format, path: &Path, name: Option<&str>) -> Result<Vec<f64>, NumbersError> {
    let members = format.members(path)?;
    let member = match (&members, name) {
        (Some(members), _) => Some(members[choose(path, members, name)?].as_str()),
        (None, Some(name)) => {
            let found = format!("one array without a name, not {name:?}");
            return Err(wrong(path, found, "no name behind the file", "leave :NAME out").into());
        }
        (None, None) => None,
    };
    one_a_row(&format.open(path, member)?)
}

fn one_a_row(array: &StoredArray) -> Result<Vec<f64>, NumbersError> {
    match array.shape[..] {
        [_] | [_, 1] => Ok(array.numbers().collect()),
        _ => {
            let found = format!("shape {}", shape_text(&array.shape));
            Err(wrong(&array.path, found, "one number per row, shape (rows,)", "save the scores alone").into())
        }
    }
}

fn of_csv(path: &Path, name: Option<&str>, delimiter: u8) -> Result<Vec<f64>, NumbersError> {
    let text = text(path)?;
    let damaged = |error: csv::Error| wrong(path, error.to_string(), "rows of one length", "write the file again");
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(text.as_bytes());
    let mut rows = reader.records();
    let header = rows.next().transpose().map_err(damaged)?.unwrap_or_default();
    let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
    let column = choose(path, &names, name)?;
    // A single column may come without a header.
    let first = names[column].parse::<f64>().ok().filter(|_| names.len() == 1);
    let mut numbers: Vec<f64> = first.into_iter().collect();
    if let Some(line) = empty_line(&text).filter(|_| names.len() == 1) {
        number(path, "", || line)?;
    }
    for fields in rows {
        let fields = fields.map_err(damaged)?;
        let begin = || fields.position().and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or_default();
        numbers.push(number(path, &fields[column], || line_at(&text, begin()))?);
    }
    Ok(numbers)
}

/// The first empty line before another: the reader of CSV passes over it, but where there is one column it is a row without its number.
fn empty_line(text: &str) -> Option<usize> {
    let line = text.trim_end().lines().position(|line| line.trim().is_empty())?;
    Some(line + 1)
}

fn of_lines(path: &Path) -> Result<Vec<f64>, NumbersError> {
    let text = text(path)?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).zip(1..);
    let numbers = lines.filter(|(line, _)| !line.is_empty()).map(|(line, at)| number(path, line, || at));
    Ok(numbers.collect::<Result<_, _>>()?)
}

fn number(path: &Path, text: &str, line: impl FnOnce() -> usize) -> Result<f64, RecordsError> {
    text.trim().parse().map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        wrong(path, format!("{shown:?} in line {}", line()), "a number", "one number per row, nothing else")
    })
}

#[cfg(feature = "parquet")]
fn of_parquet(path: &Path, name: Option<&str>) -> Result<Vec<f64>, NumbersError> {
    let remedy = "write it with compression=\"snappy\", \"zstd\" or \"none\", or as CSV";
    let unreadable =
        |error: super::parquet::FrameError| wrong(path, error.to_string(), "a Parquet column of numbers", remedy);
    let file = super::parquet::File::open(file::bytes(path)?).map_err(unreadable)?;
    let names = file.names();
    let name = &names[choose(path, &names, name)?];
    let numbers = super::parquet::numbers(&file, name).map_err(unreadable)?;
    let present = |(row, number): (usize, Option<f64>)| {
        let found = || format!("no number in column {name} at row {row}");
        number.ok_or_else(|| wrong(path, found(), "a number in every row", "name another column"))
    };
    Ok(numbers.into_iter().enumerate().map(present).collect::<Result<_, _>>()?)
}

#[cfg(not(feature = "parquet"))]
fn of_parquet(path: &Path, _: Option<&str>) -> Result<Vec<f64>, NumbersError> {
    Err(wrong(path, "Parquet", "another format", "build oodbench with the feature `parquet`").into())
}

#[cfg(feature = "parquet")]
fn of_arrow(path: &Path, name: Option<&str>) -> Result<Vec<f64>, NumbersError> {
    use crate::dump::format::arrow;
    let at = choose(path, &arrow::names(path)?, name)?;
    one_a_row(&arrow::column(path, at)?)
}

#[cfg(not(feature = "parquet"))]
fn of_arrow(path: &Path, _: Option<&str>) -> Result<Vec<f64>, NumbersError> {
    Err(wrong(path, "Arrow", "another format", "build oodbench with the feature `parquet`").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, content: &[u8], column: &str) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let place = format!("{}/", folder.path().display());
        let source = Source::of(&format!("{}{column}", path.display()));
        source.read().map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn lines_columns_and_arrays() {
        let npy = |numbers: &[f64]| {
            let mut bytes = Vec::new();
            ndarray_npy::WriteNpyExt::write_npy(&ndarray::arr1(numbers), &mut bytes).unwrap();
            bytes
        };
        for (name, content, column, expected) in [
            ("a.txt", b"# scores\n1.5\n\n-2e3  # a comment\n".to_vec(), "", vec![1.5, -2000.0]),
            ("confidence_Base_In", b"1\n2\n".to_vec(), "", vec![1.0, 2.0]),
            ("a.csv", b"mine\n0.25\n".to_vec(), "", vec![0.25]),
            ("a.csv", b"0.5\n0.25\n".to_vec(), "", vec![0.5, 0.25]),
            ("a.csv", b"row, mine\n0,7\n1,8\n".to_vec(), ":mine", vec![7.0, 8.0]),
            ("a.tsv", b"row\tmine\n0\t7\n".to_vec(), ":mine", vec![7.0]),
            ("a.npy", npy(&[3.0, 4.0]), "", vec![3.0, 4.0]),
            ("a:b.txt", b"1\n".to_vec(), "", vec![1.0]),
            ("a.txt", b"\xef\xbb\xbf1\n2\n".to_vec(), "", vec![1.0, 2.0]),
            ("a.csv", b"\xef\xbb\xbfmine\n1\n\n".to_vec(), ":mine", vec![1.0]),
        ] {
            assert_eq!(found(name, &content, column), Ok(expected), "{name}");
        }
    }

    #[test]
    fn what_is_not_one_number_per_row_is_refused_in_a_line() {
        for (name, content, column, expected) in [
            ("a.txt", "1\ntwo\n", "", "a.txt: found \"two\" in line 2, expected a number; "),
            ("a.txt", "1\nnan\n", "", "a.txt: found NaN at row 1, expected finite numbers; "),
            ("a.txt", "\n", "", "a.txt: found no numbers, expected one per row; "),
            (
                "a.csv",
                "a,b\n1,2\n",
                "",
                "a.csv: found 2 columns (a, b), expected one, or the name of one; write a.csv:a for",
            ),
            ("a.csv", "a,b\n1,2\n", ":c", "a.csv: found no \"c\" among a, b, expected the name of a column; "),
            ("a.csv", "a,b,a\n1,2,3\n", ":a", "a.csv: found the name \"a\" twice, of columns 1 and 3, expected each"),
            ("a.csv", "a,b\n1\n", ":a", "a.csv: found CSV error"),
            ("a.csv", "a\n1\nx\n", "", "a.csv: found \"x\" in line 3, expected a number; "),
            ("a.csv", "a\n1\n\n3\n", "", "a.csv: found \"\" in line 3, expected a number; "),
            ("a.csv", "a\n1\n\"\"\n3\n", "", "a.csv: found \"\" in line 3, expected a number; "),
            ("a.csv", "a,b\n1,2\n\n3,x\n", ":b", "a.csv: found \"x\" in line 4, expected a number; "),
            ("a.npy", "1\n", "", "a.npy: found "),
            ("a.parquet", "PAR1", "", "a.parquet: found "),
            ("a.feather", "ARROW1", "", "a.feather: found "),
            ("a.arrows", "1\n", "", "a.arrows: found "),
        ] {
            let error = found(name, content.as_bytes(), column).unwrap_err();
            assert!(error.starts_with(expected), "{name}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        for none in ["no/such/file.txt", "no/such/file.parquet", "/dev/zero"] {
            assert!(Source::of(none).read().is_err());
        }
    }

    #[test]
    fn sets_are_named_by_what_holds_them_alone() {
        let folder = tempfile::tempdir().unwrap();
        let set = |file: &str, name: &str| {
            let path = folder.path().join(file);
            std::fs::write(&path, "").unwrap();
            Source::of(&format!("{}{name}", path.display())).set()
        };
        let found =
            [set("svhn.csv", ":energy"), set("svhn.parquet", ":energy"), set("a.npz", ":lsun"), set("b.txt", "")];
        assert_eq!(found, ["svhn", "svhn", "lsun", "b"]);
    }
}
