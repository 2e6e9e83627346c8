//! A run of a network, the rows of its splits: in memory, batch by batch, or in a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::MutexGuard;

use ndarray::Array2;
use numpy::{Element, IntoPyArray};
use oodbench::dump::layout::{RunFiles, discover};
use oodbench::dump::write::check_roles;
use oodbench::dump::{Dump, DumpWriter, RunInfo, WriteError};
use oodbench::rows::matrix::Rows;
use oodbench::rows::{ArrayKind, Role};
use pyo3::exceptions::PyFileExistsError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batches::{Added, Batch, Batches, check, joined, split};
use crate::error::{OodbenchError, of_dump, of_file, refused};
use crate::head::{HeadArrays, head};
use crate::pool::{self, Shared};
use crate::role::role;

/// What a network gave for the rows of its splits: `run.add("test", logits=z, features=x, labels=y)` for every batch, then `oodbench.evaluate(run)`.
///
/// Splits are "train", "val", "test", "ood/NAME", "ood/GROUP/NAME", "val_ood/NAME" and "csid/NAME". Runs that differ by their seed alone are averaged.
#[pyclass(frozen, subclass, module = "oodbench")]
pub(crate) struct Run(Shared<Source>);

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one for each run, and it is not moved")]
enum Source {
    Memory { info: RunInfo, head: HeadArrays, splits: Vec<(Role, Batches)> },
    Files(Box<RunFiles>),
}

impl Run {
    /// Never held while objects of Python's are dropped, which may do anything then, even with this run, nor while work is done.
    fn source(&self) -> MutexGuard<'_, Source> {
        self.0.lock()
    }

    /// What is said of the run.
    pub(crate) fn info(&self) -> PyResult<RunInfo> {
        let files = match &*self.source() {
            Source::Memory { info, .. } => return Ok(info.clone()),
            Source::Files(files) => files.clone(),
        };
        files.info().map_err(|error| of_dump(&error))
    }

    /// The run as the library has it.
    pub(crate) fn dump(&self, py: Python<'_>) -> PyResult<Dump> {
        self.join(py)?;
        let source = self.source().clone();
        match source {
            Source::Files(files) => pool::run(py, || Dump::open(&files))?.map_err(|error| of_dump(&error)),
            Source::Memory { info, head, splits } => {
                splits.iter().flat_map(|(_, arrays)| arrays.values().flatten()).try_for_each(|one| one.check(py))?;
                let all = splits.iter().map(|(role, batches)| split(role, batches));
                let mut all = all.collect::<PyResult<Vec<_>>>()?;
                // Fitted on first, ID before OOD, as a folder is read.
                all.sort_by_key(|split| place(&split.role));
                let rows = pool::run(py, || head.rows(&info.name, all))??;
                Ok(Dump::from_parts(info, rows))
            }
        }
    }

    /// Puts the batches of every array into one, array by array, so that only one of them is in memory twice.
    fn join(&self, py: Python<'_>) -> PyResult<()> {
        let arrays: Vec<(Role, ArrayKind)> = match &*self.source() {
            Source::Memory { splits, .. } => {
                let of = |(role, arrays): &(Role, Batches)| {
                    arrays.keys().map(|kind| (role.clone(), kind.clone())).collect::<Vec<_>>()
                };
                splits.iter().flat_map(of).collect()
            }
            Source::Files(_) => Vec::new(),
        };
        for (role, kind) in arrays {
            let before = self.batches(&role, &kind, |batches| batches.clone());
            before.iter().try_for_each(|batch| batch.check(py))?;
            let Some(whole) = py.detach(|| joined(&before)) else { continue };
            let gone = self.batches(&role, &kind, |batches| {
                // Another thread may have added some behind them, or joined them.
                let are_there = batches.len() >= before.len() && before.iter().zip(&*batches).all(|(a, b)| a.is(b));
                let range = if are_there { 0..before.len() } else { 0..0 };
                batches.splice(range, are_there.then_some(whole)).collect()
            });
            drop(gone);
        }
        Ok(())
    }

    /// Does something with the batches of an array.
    fn batches(&self, role: &Role, kind: &ArrayKind, work: impl FnOnce(&mut Vec<Batch>) -> Vec<Batch>) -> Vec<Batch> {
        let Source::Memory { splits, .. } = &mut *self.source() else { return Vec::new() };
        let own = splits.iter_mut().find(|(own, _)| own == role);
        own.and_then(|(_, arrays)| arrays.get_mut(kind)).map(work).unwrap_or_default()
    }
}

/// Rows as an array, with an axis for members of an ensemble, or patches, that lie side by side in them.
fn shaped<T: Element>(py: Python<'_>, rows: Array2<T>, members: usize) -> PyResult<Bound<'_, PyAny>> {
    if members == 1 {
        return Ok(rows.into_pyarray(py).into_any());
    }
    let (count, columns) = rows.dim();
    let rows = rows.into_shape_with_order((count, members, columns / members)).map_err(refused)?;
    Ok(rows.into_pyarray(py).into_any())
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
        Ok(Self(Shared::new(Source::Memory { info, head, splits: Vec::new() })))
    }

    /// Adds rows to a split, a batch or all of them. They are copied, so that a buffer may be used again; with copy=False they are read where they lie when
    /// the run is evaluated, and must not change or be resized until then. layers are features of named layers, {"block1": ...}, and {"patches": ...} of shape
    /// (rows, patches, columns). gram is what is kept of the Gram matrices of named layers, {"block1": ...} of shape (rows, orders · channels), for the score gram.
    /// scores are those that somebody else computed, {"mine": ...}, higher = more in-distribution. A batch that does not fit what is there is refused, and
    /// nothing of it kept; one without rows adds nothing.
    #[pyo3(signature = (split, *, logits=None, features=None, labels=None, layers=None, gram=None, scores=None, copy=true))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn add(
        &self,
        split: &str,
        logits: Option<Bound<'_, PyAny>>,
        features: Option<Bound<'_, PyAny>>,
        labels: Option<Bound<'_, PyAny>>,
        layers: Option<Bound<'_, PyDict>>,
        gram: Option<Bound<'_, PyDict>>,
        scores: Option<Bound<'_, PyDict>>,
        copy: bool,
    ) -> PyResult<()> {
        let role = role(split)?;
        let mut added = Added::new();
        let mut take = |kind: ArrayKind, object: &Bound<'_, PyAny>| -> PyResult<()> {
            let batch = Batch::of(&role, &kind, object, copy)?;
            added.insert(kind, batch);
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
        for (name, object) in gram.iter().flat_map(|gram| gram.iter()) {
            take(ArrayKind::Gram(name.extract()?), &object)?;
        }
        for (name, object) in scores.iter().flat_map(|scores| scores.iter()) {
            take(ArrayKind::Score(name.extract()?), &object)?;
        }
        let mut source = self.source();
        let Source::Memory { splits, head, .. } = &mut *source else {
            return Err(OodbenchError::new_err(
                "this run was read from a folder, which is not written to; make an oodbench.Run",
            ));
        };
        check(&added, &role, splits, head)?;
        if added.values().any(|batch| batch.rows() == 0) {
            return Ok(());
        }
        let at = match splits.iter().position(|(own, _)| *own == role) {
            Some(at) => at,
            None => {
                check_roles(splits.iter().map(|(role, _)| role).chain([&role])).map_err(refused)?;
                splits.push((role, Batches::new()));
                splits.len() - 1
            }
        };
        added.into_iter().for_each(|(kind, batch)| splits[at].1.entry(kind).or_default().push(batch));
        Ok(())
    }

    /// The run's name.
    #[getter]
    fn name(&self) -> PyResult<String> {
        Ok(self.info()?.name)
    }

    /// The name of the in-distribution data set, if it is known.
    #[getter]
    fn in_distribution(&self) -> PyResult<Option<String>> {
        Ok(self.info()?.in_distribution)
    }

    /// The splits with their numbers of rows.
    #[getter]
    fn splits(&self, py: Python<'_>) -> PyResult<BTreeMap<String, usize>> {
        Ok(self.dump(py)?.splits.iter().map(|split| (split.role.to_string(), split.rows)).collect())
    }

    /// The arrays of a split, {"logits": ..., "labels": ...}, copied; patches, and logits of members of an ensemble, with an axis for them.
    fn __getitem__<'py>(&self, py: Python<'py>, split: &str) -> PyResult<Bound<'py, PyDict>> {
        let role = role(split)?;
        let dump = self.dump(py)?;
        let own = dump
            .split(&role)
            .ok_or_else(|| OodbenchError::new_err(format!("{}: found no split {role}", dump.info.name)))?;
        let out = PyDict::new(py);
        for kind in own.arrays() {
            let Some(matrix) = own.matrix(&kind) else { continue };
            let copy = || match matrix.block(0..matrix.rows()) {
                Rows::F32(rows) => (Some(rows.view().to_owned()), None),
                Rows::F64(rows) => (None, Some(rows.view().to_owned())),
            };
            let array = match py.detach(copy) {
                (Some(rows), _) => shaped(py, rows, matrix.members())?,
                (None, rows) => shaped(py, rows.unwrap_or_default(), matrix.members())?,
            };
            out.set_item(kind.file_stem(), array)?;
        }
        if let Some(labels) = &own.labels {
            out.set_item("labels", labels.block(0..own.rows).into_pyarray(py))?;
        }
        Ok(out)
    }

    /// Writes the run as a folder in the layout of `oodbench explain layout`: whole, or not at all. What is there is replaced with replace=True alone.
    #[pyo3(signature = (path, *, replace=false))]
    fn write(&self, py: Python<'_>, path: PathBuf, replace: bool) -> PyResult<()> {
        let dump = self.dump(py)?;
        let written = || -> Result<(), WriteError> {
            let writer = DumpWriter::create(&path, replace)?;
            writer.info(&dump.info)?;
            dump.head.iter().try_for_each(|head| writer.head(head))?;
            dump.texts.iter().try_for_each(|texts| writer.texts(texts))?;
            dump.splits.iter().try_for_each(|split| writer.split(split))?;
            writer.commit()
        };
        pool::run(py, written)?.map_err(|error| match &error {
            WriteError::File(file) => of_file(file),
            WriteError::Exists { path } => PyFileExistsError::new_err(format!(
                "{}: already exists; pass replace=True, or choose another folder",
                path.display()
            )),
            _ => refused(error),
        })
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let splits: Vec<String> =
            self.splits(py)?.iter().map(|(split, rows)| format!("{split} ({rows} rows)")).collect();
        Ok(format!(
            "<oodbench.Run {:?}: {}>",
            self.name()?,
            if splits.is_empty() { "no rows".to_owned() } else { splits.join(", ") }
        ))
    }
}

/// Opens a run in a folder; the arrays stay on disk and are mapped.
#[pyfunction]
pub(crate) fn read_dump(py: Python<'_>, path: PathBuf) -> PyResult<Run> {
    let mut runs = pool::run(py, || discover(&path))?.map_err(|error| of_dump(&error))?;
    match (runs.pop(), runs.len()) {
        (Some(files), 0) => Ok(Run(Shared::new(Source::Files(Box::new(files))))),
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
