//! `--dtype`, `--shape`: files of elements alone, as `numpy.memmap` and `ndarray.tofile` write them.

use std::path::Path;

use anyhow::bail;
use clap::Args;

use super::runs::is_model;
use oodbench::dump::format::raw::{self, Raw};
use oodbench::dump::format::{by_name, file, header};
use oodbench::rows::element::Dtype;

/// What files without a header hold.
#[derive(Args)]
pub(crate) struct Elements {
    /// Files are elements alone (numpy.memmap, ndarray.tofile) of this type: float32, float64, float16, bf16, int64, ">f4", ...
    #[arg(long, value_name = "TYPE", value_parser = dtype)]
    dtype: Option<Dtype>,
    /// Their shape; the file's length tells N, which may also be written -1 [default: N]
    #[arg(long, value_name = "N,COLUMNS", value_parser = shape, allow_hyphen_values = true, requires = "dtype")]
    shape: Option<Shape>,
}

/// Rows, none where the file's length tells them, and the lengths of the axes behind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape(Option<usize>, Vec<usize>);

fn dtype(text: &str) -> Result<Dtype, &'static str> {
    raw::dtype(text).map_err(|expected| match expected.strip_prefix("dtype = ") {
        Some(_) => "expected float32 or the like",
        None => expected,
    })
}

fn shape(text: &str) -> Result<Shape, &'static str> {
    let axes = text.split(',').enumerate().map(|(at, axis)| match axis.trim() {
        "N" if at == 0 => Ok(-1),
        axis => axis.parse(),
    });
    let axes: Vec<i64> = axes.collect::<Result<_, _>>().map_err(|_| EXPECTED)?;
    raw::axes(&axes).map(|(rows, inner)| Shape(rows, inner)).ok_or(EXPECTED)
}

const EXPECTED: &str = "expected N,512 or 1000,512: rows, N where the file's length tells them, and columns";

impl Elements {
    /// Whether files are said to be elements alone.
    pub(crate) fn are_given(&self) -> bool {
        self.dtype.is_some()
    }

    /// What a file is said to hold, if anything is said; a file that says so itself is refused.
    pub(crate) fn of(&self, path: &Path) -> anyhow::Result<Option<Raw>> {
        let Some(dtype) = self.dtype.clone() else { return Ok(None) };
        // Other formats begin with fewer bytes of their own, which numbers may have as well.
        let is_npy = || file::head(path).starts_with(header::MAGIC);
        let known = by_name(path).map(|format| format.ending()).or_else(|| is_model(path).then_some("onnx"));
        if let Some(ending) = known.or_else(|| is_npy().then_some("npy")) {
            bail!(
                "{}: found a .{ending} file, expected elements alone, as --dtype says; leave it out, since the file says itself what it holds",
                path.display()
            );
        }
        let (rows, inner) = self.shape.clone().map_or((None, Vec::new()), |Shape(rows, inner)| (rows, inner));
        Ok(Some(Raw { dtype, rows, inner, offset: 0, fortran: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_what_people_write() {
        for (text, rows, inner) in
            [("N,512", None, vec![512]), ("-1,512", None, vec![512]), ("7, 3", Some(7), vec![3]), ("N", None, vec![])]
        {
            assert_eq!(shape(text), Ok(Shape(rows, inner)), "{text}");
        }
        for text in ["", "512,N", "7,-1", "-2,3", "7x3", "N,", "1.5"] {
            assert_eq!(shape(text), Err(EXPECTED), "{text}");
        }
    }

    #[test]
    fn types_are_one_thing_to_everybody() {
        assert_eq!(dtype("f32").map(|dtype| dtype.to_string()).as_deref(), Ok("f32"));
        assert!(dtype("f16").is_err_and(|expected| expected.contains("float128?")));
        assert_eq!(dtype("complex64"), Err("expected float32 or the like"));
    }
}
