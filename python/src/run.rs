//! A run of a network, the rows of its splits: in memory, batch by batch, or in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use oodbench::dump::layout::{RunFiles, discover};
use oodbench::dump::write::check_roles;
use oodbench::dump::{Dump, DumpWriter, RunInfo, WriteError};
use oodbench::rows::array::StoredArray;
use oodbench::rows::element::{Dtype, Endian, Float};
use oodbench::rows::matrix::Rows;
use oodbench::rows::{ArrayKind, Head, Labels, Matrix, Role, RunRows, Split};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyFileExistsError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::stored;
use crate::error::{ArrayError, OodbenchError, of_dump, of_file, of_rows, refused};
use crate::head::head;
use crate::role::role;

/// What a network gave for the rows of its splits: `run.add("test", logits=z, features=x, labels=y)` for every batch, then `oodbench.evaluate(run)`.
///
/// Splits are "train", "val", "test", "ood/NAME", "ood/GROUP/NAME", "val_ood/NAME" and "csid/NAME". Runs that differ by their seed alone are averaged.
#[pyclass(frozen, subclass, module = "oodbench")]
pub(crate) struct Run(Mutex<Source>);

#[derive(Clone)]
enum Source {
    Memory { info: RunInfo, head: Option<Head>, splits: Vec<(Role, Batches)> },
    Files(Box<RunFiles>),
}

/// Per array its batches.
type Batches = BTreeMap<ArrayKind, Vec<StoredArray>>;

impl Run {
    fn source(&self) -> std::sync::MutexGuard<'_, Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run as the library has it.
    pub(crate) fn dump(&self) -> PyResult<Dump> {
        let mut source = self.source();
        match &mut *source {
            Source::Files(files) => Dump::open(files).map_err(|error| of_dump(&error)),
            Source::Memory { info, head, splits } => {
                let refuse = |error| of_rows(&error);
                let mut all = Vec::with_capacity(splits.len());
                for (role, batches) in splits.iter_mut() {
                    batches.values_mut().for_each(join);
                    all.push(split(role, batches)?);
                }
                // Fitted on first, ID before OOD, as a folder is read.
                all.sort_by_key(|split| place(&split.role));
                let rows = RunRows::new(info.name.clone(), all, head.clone()).map_err(refuse)?;
                Ok(Dump::from_parts(info.clone(), rows))
            }
        }
    }
}

fn place(role: &Role) -> u8 {
    match role {
        Role::Train => 0,
        Role::Val => 1,
        Role::ValOod { .. } => 2,
        Role::Test => 3,
        Role::Csid { .. } => 4,
        Role::Ood { .. } => 5,
    }
}

fn split(role: &Role, batches: &Batches) -> PyResult<Split> {
    let refuse = |error| of_rows(&error);
    let mut split = Split::new(role.clone(), role.to_string());
    for (kind, arrays) in batches.iter().filter(|(kind, _)| **kind != ArrayKind::Labels) {
        split = split.with(kind.clone(), Matrix::new(arrays.clone()).map_err(refuse)?).map_err(refuse)?;
    }
    match batches.get(&ArrayKind::Labels) {
        Some(arrays) => split.with_labels(Labels::new(arrays.clone()).map_err(refuse)?).map_err(refuse),
        None => Ok(split),
    }
}

/// Puts batches of one type into one array, so that blocks of rows are read where they lie.
fn join(batches: &mut Vec<StoredArray>) {
    let [first, _, ..] = &batches[..] else { return };
    let alike = |one: &StoredArray| {
        one.dtype == first.dtype && !one.fortran && one.shape.get(1..) == first.shape.get(1..) && !one.shape.is_empty()
    };
    if !batches.iter().all(alike) {
        return;
    }
    let bytes: usize = batches.iter().map(|one| one.bytes().len()).sum();
    let mut all: Vec<u64> = vec![0; bytes.div_ceil(8)];
    let mut at = 0;
    for batch in batches.iter() {
        // SAFETY: u64 has no invalid bytes, and `at` never passes the sum of the lengths.
        let out = unsafe { std::slice::from_raw_parts_mut(all.as_mut_ptr().cast::<u8>(), bytes) };
        out[at..at + batch.bytes().len()].copy_from_slice(batch.bytes());
        at += batch.bytes().len();
    }
    let mut shape = first.shape.clone();
    shape[0] = batches.iter().map(|one| one.shape[0]).sum();
    if let Some(joined) = StoredArray::new(first.path.clone(), first.dtype.clone(), shape, Arc::new(all), 0) {
        *batches = vec![joined];
    }
}

/// The array in memory of its own.
fn copied(array: &StoredArray) -> PyResult<StoredArray> {
    let mut one = vec![array.clone()];
    if array.fortran && array.shape.len() == 2 && array.shape.iter().all(|axis| *axis > 1) {
        let matrix = Matrix::new(one).map_err(|error| of_rows(&error))?;
        return Ok(match matrix.block(0..matrix.rows()) {
            Rows::F32(rows) => StoredArray::of(array.path.clone(), rows.view().to_owned()),
            Rows::F64(rows) => StoredArray::of(array.path.clone(), rows.view().to_owned()),
        });
    }
    // Two halves make `join` copy.
    let nothing = [0].into_iter().chain(array.shape.iter().skip(1).copied()).collect();
    let empty: Arc<Vec<u64>> = Arc::default();
    one.extend(StoredArray::new(array.path.clone(), array.dtype.clone(), nothing, empty, 0));
    one.iter_mut().for_each(|array| array.fortran = false);
    join(&mut one);
    Ok(one.swap_remove(0))
}

#[pymethods]
impl Run {
    #[new]
    #[pyo3(signature = (name="run", *, model=None, loss=None, in_distribution=None, seed=None, head=None, note=None))]
    fn new(
        name: &str,
        model: Option<String>,
        loss: Option<String>,
        in_distribution: Option<String>,
        seed: Option<u64>,
        head: Option<Bound<'_, PyAny>>,
        note: Option<String>,
    ) -> PyResult<Self> {
        let info = RunInfo {
            name: name.to_owned(),
            model,
            loss: loss.map(Into::into),
            in_distribution,
            seed,
            note,
            ..RunInfo::default()
        };
        let head = self::head(head.as_ref())?;
        Ok(Self(Mutex::new(Source::Memory { info, head, splits: Vec::new() })))
    }

    /// Adds rows to a split, a batch or all of them. They are copied, so that a buffer may be used again; with copy=False they are read where they lie when
    /// the run is evaluated, and must not change until then. scores are those that somebody else computed, {"mine": ...}, higher = more in-distribution.
    #[pyo3(signature = (split, *, logits=None, features=None, labels=None, layers=None, scores=None, copy=true))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn add(
        &self,
        split: &str,
        logits: Option<Bound<'_, PyAny>>,
        features: Option<Bound<'_, PyAny>>,
        labels: Option<Bound<'_, PyAny>>,
        layers: Option<Bound<'_, PyDict>>,
        scores: Option<Bound<'_, PyDict>>,
        copy: bool,
    ) -> PyResult<()> {
        let role = role(split)?;
        let mut arrays: Vec<(ArrayKind, StoredArray)> = Vec::new();
        let mut take = |kind: ArrayKind, object: &Bound<'_, PyAny>| -> PyResult<()> {
            let mut array = stored(&format!("{role}: {}", kind.file_stem()), object)?;
            match (&kind, array.shape.len()) {
                (ArrayKind::Labels, 1 | 2) => {}
                (ArrayKind::Score(_), 1) => array.shape.push(1),
                (_, 2 | 4) => {}
                (_, axes) => {
                    let text = format!("{}: found {axes} axes, expected (rows, columns)", array.path.display());
                    return Err(ArrayError::new_err(text));
                }
            }
            arrays.push((kind, if copy { copied(&array)? } else { array }));
            Ok(())
        };
        for (kind, object) in
            [(ArrayKind::Logits, logits), (ArrayKind::Features, features), (ArrayKind::Labels, labels)]
        {
            object.iter().try_for_each(|object| take(kind.clone(), object))?;
        }
        for (name, object) in layers.iter().flat_map(|layers| layers.iter()) {
            take(ArrayKind::Layer(name.extract()?), &object)?;
        }
        for (name, object) in scores.iter().flat_map(|scores| scores.iter()) {
            take(ArrayKind::Score(name.extract()?), &object)?;
        }
        let rows = arrays.first().map(|(_, array)| array.shape[0]);
        if let Some((_, other)) = arrays.iter().find(|(_, array)| Some(array.shape[0]) != rows) {
            let text = format!(
                "{}: found {} rows, expected {}, as in {}",
                other.path.display(),
                other.shape[0],
                rows.unwrap_or(0),
                arrays[0].1.path.display()
            );
            return Err(ArrayError::new_err(text));
        }
        let mut source = self.source();
        let Source::Memory { splits, .. } = &mut *source else {
            return Err(OodbenchError::new_err(
                "this run was read from a folder, which is not written to; make an oodbench.Run",
            ));
        };
        let at = match splits.iter().position(|(own, _)| *own == role) {
            Some(at) => at,
            None => {
                check_roles(splits.iter().map(|(role, _)| role).chain([&role])).map_err(refused)?;
                splits.push((role.clone(), Batches::new()));
                splits.len() - 1
            }
        };
        let batches = &mut splits[at].1;
        let had: Vec<&ArrayKind> = batches.keys().collect();
        let has: BTreeMap<&ArrayKind, ()> = arrays.iter().map(|(kind, _)| (kind, ())).collect();
        if !had.is_empty() && !had.iter().copied().eq(has.keys().copied()) {
            let names = |kinds: Vec<String>| kinds.join(", ");
            return Err(ArrayError::new_err(format!(
                "{role}: found a batch of {}, expected {}, as in the batches before",
                names(has.keys().map(|kind| kind.file_stem()).collect()),
                names(had.iter().map(|kind| kind.file_stem()).collect())
            )));
        }
        arrays.into_iter().for_each(|(kind, array)| batches.entry(kind).or_default().push(array));
        Ok(())
    }

    /// The run's name.
    #[getter]
    fn name(&self) -> PyResult<String> {
        match &*self.source() {
            Source::Memory { info, .. } => Ok(info.name.clone()),
            Source::Files(files) => Ok(RunInfo::read(&files.folder).map_err(|error| of_dump(&error))?.name),
        }
    }

    /// The splits with their numbers of rows.
    #[getter]
    fn splits(&self) -> PyResult<BTreeMap<String, usize>> {
        Ok(self.dump()?.splits.iter().map(|split| (split.role.to_string(), split.rows)).collect())
    }

    /// The arrays of a split, {"logits": ..., "labels": ...}; where they lie, if they are in one piece.
    fn __getitem__<'py>(&self, py: Python<'py>, split: &str) -> PyResult<Bound<'py, PyDict>> {
        let role = role(split)?;
        let dump = self.dump()?;
        let own = dump
            .split(&role)
            .ok_or_else(|| OodbenchError::new_err(format!("{}: found no split {role}", dump.info.name)))?;
        let out = PyDict::new(py);
        let asarray = py.import("numpy")?.getattr("asarray")?;
        for kind in own.arrays() {
            let Some(matrix) = own.matrix(&kind) else { continue };
            let view = match matrix.block(0..matrix.rows()) {
                Rows::F32(rows) => Elements::of(StoredArray::of("rows", rows.view().to_owned())),
                Rows::F64(rows) => Elements::of(StoredArray::of("rows", rows.view().to_owned())),
            };
            out.set_item(kind.file_stem(), asarray.call1((view.into_bound_py_any(py)?,))?)?;
        }
        if let Some(labels) = &own.labels {
            let labels = labels.block(0..own.rows);
            let array = StoredArray::new(
                "labels".into(),
                Dtype::Signed(8, Endian::Little),
                vec![own.rows],
                Arc::new(labels),
                0,
            );
            if let Some(array) = array {
                out.set_item("labels", asarray.call1((Elements::of(array).into_bound_py_any(py)?,))?)?;
            }
        }
        Ok(out)
    }

    /// Writes the run as a folder in the layout of `oodbench explain layout`: whole, or not at all. What is there is replaced with replace=True alone.
    #[pyo3(signature = (path, *, replace=false))]
    fn write(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        let dump = self.dump()?;
        let written = || -> Result<(), WriteError> {
            let writer = DumpWriter::create(&path, replace)?;
            writer.info(&dump.info)?;
            dump.head.iter().try_for_each(|head| writer.head(head))?;
            dump.splits.iter().try_for_each(|split| writer.split(split))?;
            writer.commit()
        };
        py.detach(written).map_err(|error| match &error {
            WriteError::File(file) => of_file(file),
            WriteError::Exists { path } => PyFileExistsError::new_err(format!(
                "{}: already exists; pass replace=True, or choose another folder",
                path.display()
            )),
            _ => refused(error),
        })
    }

    fn __repr__(&self) -> PyResult<String> {
        let splits: Vec<String> = self.splits()?.iter().map(|(split, rows)| format!("{split} ({rows} rows)")).collect();
        Ok(format!(
            "<oodbench.Run {:?}: {}>",
            self.name()?,
            if splits.is_empty() { "no rows".to_owned() } else { splits.join(", ") }
        ))
    }
}

/// Elements that NumPy reads where they lie.
#[pyclass(frozen, module = "oodbench")]
struct Elements(StoredArray);

impl Elements {
    fn of(array: StoredArray) -> Self {
        Self(array)
    }
}

#[pymethods]
impl Elements {
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let out = PyDict::new(py);
        let kind = match &self.0.dtype {
            Dtype::Float(Float::F32, _) => "<f4",
            Dtype::Float(Float::F64, _) => "<f8",
            _ => "<i8",
        };
        out.set_item("version", 3)?;
        out.set_item("typestr", kind)?;
        out.set_item("shape", pyo3::types::PyTuple::new(py, &self.0.shape)?)?;
        // Read-only: the run goes on using them.
        out.set_item("data", (self.0.bytes().as_ptr() as usize, true))?;
        Ok(out)
    }
}

/// Opens a run in a folder; the arrays stay on disk and are mapped.
#[pyfunction]
pub(crate) fn read_dump(path: PathBuf) -> PyResult<Run> {
    let mut runs = discover(&path).map_err(|error| of_dump(&error))?;
    match (runs.pop(), runs.len()) {
        (Some(files), 0) => Ok(Run(Mutex::new(Source::Files(Box::new(files))))),
        (last, others) => {
            let example = last.map(|files| files.folder.display().to_string()).unwrap_or_default();
            let text = format!(
                "{}: found {} runs, expected one; name its folder, such as {example}",
                path.display(),
                others + 1
            );
            Err(OodbenchError::new_err(text))
        }
    }
}
