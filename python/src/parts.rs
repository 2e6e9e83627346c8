//! Values of more scores than one machine holds: counts that add up, cuts, and rankings of parts.

use oodbench::metric::{BytesError, Cuts as Library, KeyCounts as Counts, Ranking as Order, SampleError};
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::array::numbers;
use crate::error::{ArrayError, refused};
use crate::pool::{self, Shared};

pub(crate) fn of_bytes(error: BytesError) -> PyErr {
    refused(error)
}

pub(crate) fn of_scores(error: SampleError) -> PyErr {
    ArrayError::new_err(format!("scores: {error}"))
}

/// How pickle makes an object of a class anew: by a function, from bytes.
pub(crate) type Rebuilt<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>,));

/// By the class's own `from_bytes`.
pub(crate) fn rebuilt<T: PyTypeInfo>(bytes: Bound<'_, PyBytes>) -> PyResult<Rebuilt<'_>> {
    Ok((bytes.py().get_type::<T>().getattr("from_bytes")?, (bytes,)))
}

/// Counts of the highest bits of scores, as they order: they add up over any number of machines, in any order, and cuts are made of them.
///
/// `add` counts scores, `merge` adds another's counts. Where `refined(most)` gives counts, scores crowd in some places: count all of them once more with
/// these, which begin at nothing and look closer there; None says that `cuts(most)` has no part of more than most scores, but for equal ones.
/// `oodbench.Metrics.split` takes the cuts.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct KeyCounts(Shared<Counts>);

impl KeyCounts {
    fn counts(&self) -> Counts {
        self.0.lock().clone()
    }
}

#[pymethods]
impl KeyCounts {
    #[new]
    fn new() -> Self {
        Self(Shared::default())
    }

    /// Counts finite scores; where one is not, none is counted.
    fn add(&self, py: Python<'_>, scores: Bound<'_, PyAny>) -> PyResult<()> {
        let scores = numbers("scores", &scores)?;
        py.detach(|| self.0.lock().add(&scores)).map_err(of_scores)
    }

    /// Adds the counts of other scores, which were refined as these.
    fn merge(&self, other: &Bound<'_, Self>) -> PyResult<()> {
        // Taken first, so that it may be the same one.
        let other = other.get().counts();
        self.0.lock().merge(&other).map_err(refused)
    }

    /// Counts with nothing counted that look closer at places of more than most scores; None where that is not needed.
    fn refined(&self, most: u64) -> Option<Self> {
        Some(Self(Shared::new(self.counts().refined(most)?)))
    }

    /// Counts of the same digits with nothing counted: what a worker begins with.
    fn emptied(&self) -> Self {
        Self(Shared::new(self.counts().emptied()))
    }

    /// Cuts into parts of at most most scores, equal ones together.
    fn cuts(&self, most: u64) -> Cuts {
        Cuts(self.counts().cuts(most))
    }

    /// How many scores were counted.
    fn __len__(&self) -> usize {
        self.counts().total() as usize
    }

    /// The counts as bytes, 16 for each digit that occurs.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.counts().to_bytes())
    }

    /// Reads what `to_bytes` made.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(Shared::new(Counts::from_bytes(data).map_err(of_bytes)?)))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Rebuilt<'py>> {
        rebuilt::<Self>(self.to_bytes(py))
    }
}

/// Values at which scores are cut into parts; equal scores stay together. `oodbench.KeyCounts.cuts` makes them.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Cuts(pub(crate) Library);

#[pymethods]
impl Cuts {
    /// Cuts at these values.
    #[new]
    fn new(values: Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(
            Library::at(&numbers("values", &values)?)
                .map_err(|error| ArrayError::new_err(format!("values: {error}")))?,
        ))
    }

    /// The part of every score, 0 for the lowest, as an int64 array: a column to group by.
    fn part_of<'py>(&self, py: Python<'py>, scores: Bound<'py, PyAny>) -> PyResult<Bound<'py, numpy::PyArray1<i64>>> {
        let scores = numbers("scores", &scores)?;
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(of_scores(SampleError::NotFinite { row }));
        }
        let parts: Vec<i64> = py.detach(|| scores.iter().map(|score| self.0.part_of(*score) as i64).collect());
        Ok(numpy::IntoPyArray::into_pyarray(parts, py))
    }

    /// How many parts there are: one more than cuts.
    fn __len__(&self) -> usize {
        self.0.parts()
    }

    /// The cuts as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Reads what `to_bytes` made.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(Library::from_bytes(data).map_err(of_bytes)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Rebuilt<'py>> {
        rebuilt::<Self>(self.to_bytes(py))
    }
}

/// The order of ID and OOD scores, one byte each: all that the procedures read that look at no numbers. `oodbench.Metrics.ranking` makes it.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Ranking(pub(crate) Order);

#[pymethods]
impl Ranking {
    /// The ranking of all scores from those of parts, from the lowest part upwards.
    #[staticmethod]
    fn joined(py: Python<'_>, parts: Vec<Bound<'_, Self>>) -> Self {
        let parts: Vec<&Self> = parts.iter().map(|part| part.get()).collect();
        Self(py.detach(|| Order::joined(parts.into_iter().map(|part| part.0.clone()))))
    }

    /// The values of a procedure as fractions, {"auroc": 0.93, ...}: those of all rows on one machine, to the last bit.
    #[pyo3(signature = (procedure="lee"))]
    fn compute<'py>(&self, py: Python<'py>, procedure: &str) -> PyResult<Bound<'py, pyo3::types::PyDict>> {
        let procedure = crate::metrics::procedure(procedure)?;
        if procedure.reads_numbers() || procedure.needs_predictions() && !self.0.knows_errors() {
            let what =
                if procedure.reads_numbers() { "scores as numbers" } else { "which ID rows are classified rightly" };
            return Err(refused(format!("procedure {} reads {what}, which this ranking does not have", procedure.id)));
        }
        if self.0.id() == 0 || self.0.ood() == 0 {
            let text = format!("found {} ID and {} OOD scores, expected some of both", self.0.id(), self.0.ood());
            return Err(ArrayError::new_err(text));
        }
        let values = pool::run(py, || procedure.values(&self.0))?;
        crate::metrics::dict(py, values.iter().collect())
    }

    /// ID scores.
    #[getter]
    fn id(&self) -> usize {
        self.0.id()
    }

    /// OOD scores.
    #[getter]
    fn ood(&self) -> usize {
        self.0.ood()
    }

    fn __len__(&self) -> usize {
        self.0.steps().len()
    }

    /// The ranking as bytes, one per score and 25 more.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// Reads what `to_bytes` made.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        Ok(Self(Order::from_bytes(data).map_err(of_bytes)?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Rebuilt<'py>> {
        rebuilt::<Self>(self.to_bytes(py))
    }
}
