//! New rows: a file, a folder, or a pipe.

use std::io::Read;
use std::path::Path;

use super::decide::Detector;
use super::error::DetectorError;
use super::input;
use crate::dump::format::npy_stream::NpyStream;
use crate::dump::format::raw::{self, Raw};
use crate::dump::layout::Source;
use crate::dump::run::open_new_rows;
use crate::dump::{DumpError, format};
use crate::rows::array::StoredArray;
use crate::rows::split::matrix_of;
use crate::rows::{ArrayKind, Role, RowsError, Split};

/// Rows that come split by split: all of a file at once, since it is mapped; those of a pipe as they come.
pub struct NewRows<'a> {
    detector: &'a Detector,
    from: From,
    skipped: usize,
}

enum From {
    Files(Option<Split>),
    Pipe(NpyStream, ArrayKind),
}

impl<'a> NewRows<'a> {
    /// Opens a file with one array, an archive, or a folder of arrays.
    ///
    /// # Errors
    /// [`DetectorError`] if it cannot be read, or its arrays are not those that the detector reads.
    pub fn open(detector: &'a Detector, path: &Path) -> Result<Self, DetectorError> {
        let split = match open_new_rows(path)? {
            Some(split) => split,
            None => {
                let kind = kind_of(detector, path)?;
                let source = Source::of(path).ok_or_else(|| not_an_array(path))?;
                one_array(path, kind, source.open()?)?
            }
        };
        input::check(&detector.inputs, &split)?;
        Ok(Self { detector, from: From::Files(Some(split)), skipped: 0 })
    }

    /// Opens a file of elements alone.
    ///
    /// # Errors
    /// As [`NewRows::open`]; its length has to be that of the array.
    pub fn of_elements(detector: &'a Detector, path: &Path, raw: &Raw) -> Result<Self, DetectorError> {
        let kind = kind_of(detector, path)?;
        Self::of_rows(detector, one_array(path, kind, raw::open(path, raw)?)?)
    }

    /// Rows in memory.
    ///
    /// # Errors
    /// [`DetectorError::Rows`] if their arrays are not those that the detector reads.
    pub fn of_rows(detector: &'a Detector, split: Split) -> Result<Self, DetectorError> {
        input::check(&detector.inputs, &split)?;
        Ok(Self { detector, from: From::Files(Some(split)), skipped: 0 })
    }

    /// Reads one `.npy` array from a pipe; `name` stands for it in messages.
    ///
    /// # Errors
    /// As [`NewRows::open`].
    pub fn of_pipe(
        detector: &'a Detector,
        pipe: impl Read + Send + 'static,
        name: &Path,
    ) -> Result<Self, DetectorError> {
        let kind = only_input(detector, name)?;
        let stream = NpyStream::open(pipe, name)?;
        // The header may claim rows of any width, and a row is read whole.
        input::check_one(&detector.inputs, &kind, &matrix_of(&kind, vec![stream.no_rows()?])?)?;
        if stream.rows() == 0 {
            return Err(RowsError::malformed(name, "no rows", "at least one row", "write rows to the pipe").into());
        }
        Ok(Self { detector, from: From::Pipe(stream, kind), skipped: 0 })
    }

    /// Leaves out the rows of a file that were seen before, but for the last of them; it has to have as many.
    ///
    /// # Errors
    /// [`DetectorError::Rows`] if it has fewer.
    pub fn go_on_after(&mut self, rows: usize) -> Result<(), DetectorError> {
        if let From::Files(Some(split)) = &self.from
            && split.rows < rows
        {
            let expected = format!("the {rows} rows seen before, and more");
            let remedy = "name the log that was watched before, or another state";
            return Err(RowsError::malformed(&split.place, format!("{} rows", split.rows), expected, remedy).into());
        }
        self.skipped = rows.saturating_sub(1);
        Ok(())
    }

    /// How many rows there are; of a pipe as many as its header says.
    pub(super) fn rows(&self) -> usize {
        match &self.from {
            From::Files(split) => split.as_ref().map_or(0, |split| split.rows),
            From::Pipe(stream, _) => stream.rows(),
        }
    }

    /// How many rows of a file are left out.
    pub(super) fn skipped(&self) -> usize {
        self.skipped
    }

    /// The next rows, with the number of the first.
    ///
    /// # Errors
    /// [`DetectorError`] if they cannot be read or are not like those of the calibration.
    pub fn next_rows(&mut self) -> Result<Option<(usize, Split)>, DetectorError> {
        match &mut self.from {
            From::Files(split) => Ok(split.take().map(|split| (0, split))),
            From::Pipe(stream, kind) => {
                let Some((first, array)) = stream.next_rows()? else { return Ok(None) };
                let name = array.path.clone();
                let split = one_array(&name, kind.clone(), array)?;
                input::check(&self.detector.inputs, &split)?;
                Ok(Some((first, split)))
            }
        }
    }
}

/// What the single array of a file is, which may not be named as another.
fn kind_of(detector: &Detector, path: &Path) -> Result<ArrayKind, DetectorError> {
    let kind = only_input(detector, path)?;
    let named = path.file_stem().and_then(|stem| ArrayKind::parse(&stem.to_string_lossy()));
    match named.filter(|named| *named != kind) {
        Some(other) => Err(other_array(path, &other, &kind)),
        None => Ok(kind),
    }
}

/// What a single array is, where the detector reads only one.
fn only_input(detector: &Detector, path: &Path) -> Result<ArrayKind, DetectorError> {
    let required: Vec<&ArrayKind> =
        detector.inputs.iter().filter(|input| input.required).map(|input| &input.kind).collect();
    match required[..] {
        [kind] => Ok(kind.clone()),
        _ => {
            let names: Vec<String> = required.iter().map(|kind| format!("{}.npy", kind.file_stem())).collect();
            Err(RowsError::malformed(
                path,
                "one array",
                format!("a folder with {}, which the detector reads", names.join(" and ")),
                "name the folder",
            )
            .into())
        }
    }
}

fn one_array(path: &Path, kind: ArrayKind, array: StoredArray) -> Result<Split, DetectorError> {
    let split = Split::of_files(Role::Test, path);
    let matrix = matrix_of(&kind, vec![array])?;
    Ok(split.with(kind, matrix)?)
}

fn other_array(path: &Path, found: &ArrayKind, expected: &ArrayKind) -> DetectorError {
    RowsError::malformed(
        path,
        format!("a file named {}", found.file_stem()),
        format!("{}, which the detector reads", expected.file_stem()),
        format!("name the file of {0}, or rename it if it holds {0}", expected.file_stem()),
    )
    .into()
}

fn not_an_array(path: &Path) -> DetectorError {
    if let Err(error) = path.metadata() {
        return DumpError::io(path, error).into();
    }
    let endings: Vec<&str> = format::FORMATS.iter().map(|format| format.ending()).collect();
    DumpError::malformed(
        path,
        "a file of another kind",
        format!("an array ({})", endings.join(", ")),
        "name an .npy file, a folder of them, or - for a pipe",
    )
    .into()
}
