//! Records as a table of Arrow, which polars, pandas, pyarrow and DuckDB read without copying, and as files.

use std::path::PathBuf;

use oodbench::metric::{PROCEDURES, Procedure};
use oodbench::output::{AtomicFile, write_atomically};
use oodbench::report::text::{Style, comparisons};
use oodbench::report::{json, parquet};
use oodbench::table::field::{Content, Kind};
use oodbench::table::{Comparison, Record, csv, read, remark, with_means};
use polars_arrow::array::{Array, PrimitiveArray, StructArray, Utf8Array};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::{ArrowArrayStream, export_iterator};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::error::{OodbenchError, of_io, refused};
use crate::pool;

/// Values, one a row, with all that says what they are of: `polars.DataFrame(records)`, `pyarrow.table(records)`, `pandas.DataFrame(records.rows())`.
///
/// `str(records)` is the table that `oodbench score` prints; `write("records.csv")`, `.json` or `.parquet` writes its files.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Records {
    pub(crate) records: Vec<Record>,
    pub(crate) warnings: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Records {
    pub(crate) fn of(results: &oodbench::table::Results) -> Self {
        Self {
            records: results.records.clone(),
            warnings: remark::lines(&results.warnings),
            notes: remark::lines(&results.notes),
        }
    }
}

impl Records {
    fn with_means(&self) -> PyResult<Vec<Record>> {
        pool::for_records()?;
        Ok(with_means(&self.records))
    }
}

/// The stream as it stands in a capsule, which frees it if nobody has taken it.
#[repr(transparent)]
struct Stream(ArrowArrayStream);

// SAFETY: it owns plain arrays, and one consumer uses it.
unsafe impl Send for Stream {}

#[pymethods]
impl Records {
    fn __len__(&self) -> PyResult<usize> {
        Ok(self.with_means()?.len())
    }

    /// What a user should know beside the values, one line each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// What was noticed, one line each.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// The records with their means as a list of dictionaries.
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let row = |record: &Record| {
            let out = PyDict::new(py);
            for ((name, _), content) in Record::FIELDS.iter().zip(record.contents()) {
                match content {
                    Content::Text(text) => out.set_item(name, text)?,
                    Content::Integer(number) => out.set_item(name, number)?,
                    Content::Float(number) => out.set_item(name, number)?,
                }
            }
            Ok(out)
        };
        self.with_means()?.iter().map(row).collect()
    }

    /// The same as text in a format of files: "json" or "csv".
    fn text(&self, format: &str) -> PyResult<String> {
        let records = self.with_means()?;
        match format {
            "json" => json::rows(&records).map_err(refused),
            "csv" => String::from_utf8(csv::write(&records).map_err(refused)?).map_err(refused),
            _ => Err(OodbenchError::new_err(format!("format {format:?}: expected \"json\" or \"csv\""))),
        }
    }

    /// Writes a file of records, by its ending .csv, .json or .parquet, as `oodbench score --out` does: whole, or not at all.
    fn write(&self, path: PathBuf) -> PyResult<()> {
        let failed = |error: std::io::Error| of_io(&error, format!("{}: cannot be written ({error})", path.display()));
        match path.extension().and_then(|ending| ending.to_str()) {
            Some(format @ ("json" | "csv")) => write_atomically(&path, self.text(format)?.as_bytes()).map_err(failed),
            Some("parquet") => {
                let file = AtomicFile::create(&path).map_err(failed)?;
                parquet::records(file, &self.with_means()?).map_err(refused)?.commit().map_err(failed)
            }
            _ => Err(OodbenchError::new_err(format!(
                "{}: expected a name that ends in .csv, .json or .parquet",
                path.display()
            ))),
        }
    }

    fn __str__(&self) -> PyResult<String> {
        pool::for_records()?;
        let is_there = |procedure: &&Procedure| self.records.iter().any(|record| record.procedure == procedure.id);
        let drawn = PROCEDURES.iter().filter(is_there).map(|procedure| {
            comparisons(procedure.title, &Comparison::of_records(&self.records, procedure), Style::default())
        });
        Ok(drawn.collect::<Vec<_>>().join("\n"))
    }

    fn __repr__(&self) -> String {
        // Means cannot be made in every process.
        let means = self.with_means().map(|all| all.len() - self.records.len());
        let means = means.map(|means| if means == 0 { String::new() } else { format!(" and {means} means") });
        format!("<oodbench.Records: {} values{}>", self.records.len(), means.unwrap_or_default())
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer have one schema only.
        let _ = requested_schema;
        let records = self.with_means()?;
        let mut columns: Vec<Vec<Content>> = vec![Vec::with_capacity(records.len()); Record::FIELDS.len()];
        for record in &records {
            columns.iter_mut().zip(record.contents()).for_each(|(column, content)| column.push(content));
        }
        let arrays: Vec<Box<dyn Array>> =
            Record::FIELDS.iter().zip(columns).map(|((_, kind), contents)| array(*kind, contents)).collect();
        let named = Record::FIELDS.iter().zip(&arrays);
        let fields = named.map(|((name, _), array)| Field::new((*name).into(), array.dtype().clone(), true));
        let dtype = ArrowDataType::Struct(fields.collect());
        let table = StructArray::new(dtype.clone(), records.len(), arrays, None);
        let batches = Box::new(std::iter::once(Ok(table.boxed())));
        let stream = export_iterator(batches, Field::new("".into(), dtype, false));
        PyCapsule::new_with_value(py, Stream(stream), c"arrow_array_stream")
    }
}

fn array(kind: Kind, contents: Vec<Content>) -> Box<dyn Array> {
    let texts = |content: &Content| if let Content::Text(text) = content { text.clone() } else { None };
    let integers =
        |content: &Content| if let Content::Integer(number) = content { number.map(|n| n as i64) } else { None };
    let floats = |content: &Content| if let Content::Float(number) = content { *number } else { None };
    match kind {
        Kind::Text => Utf8Array::<i64>::from(contents.iter().map(texts).collect::<Vec<_>>()).boxed(),
        Kind::Integer => PrimitiveArray::<i64>::from(contents.iter().map(integers).collect::<Vec<_>>()).boxed(),
        Kind::Float => PrimitiveArray::<f64>::from(contents.iter().map(floats).collect::<Vec<_>>()).boxed(),
    }
}

/// Reads files of records, or folders of `oodbench score --out`; means are made anew.
#[pyfunction]
#[pyo3(signature = (*paths))]
pub(crate) fn read_records(paths: Vec<PathBuf>) -> PyResult<Records> {
    pool::for_records()?;
    let mut records = read::read(&paths).map_err(refused)?;
    records.retain(|record| record.mean_over.is_none());
    Ok(Records { records, warnings: Vec::new(), notes: Vec::new() })
}
