//! Several scores, fitted together and applied in one pass.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array1, Array2};
use numpy::IntoPyArray;
use oodbench::eval::Model;
use oodbench::output::AtomicFile;
use oodbench::rows::Head;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{MissingInputError, of_in_memory, of_io, refused};
use crate::head::{HeadArrays, head};
use crate::pool;
use crate::rows::new_rows;
use crate::run::Run;
use crate::score::{Call, names, selection};

/// Scores that were fitted together: `oodbench.fit(run, scores=[...])` makes them, `score_samples` applies them in one pass over the rows.
///
/// `save` and `load` use the files of `oodbench fit`, and pickle keeps the head as well. One score with a threshold is an `oodbench.Detector`.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Fits(pub(crate) Arc<Model>);

/// Fits scores on the rows of a run, train and where a score reads them val and val_ood; parameters are {"knn.k": 10}.
#[pyfunction]
#[pyo3(signature = (run, *, scores, parameters=None))]
pub(crate) fn fit(
    py: Python<'_>,
    run: &Bound<'_, Run>,
    scores: Bound<'_, PyAny>,
    parameters: Option<Bound<'_, PyDict>>,
) -> PyResult<Fits> {
    let selection = selection(&names(&scores)?, parameters.as_ref())?;
    let dump = run.get().dump(py)?;
    let model = crate::score::fit(py, dump.info, dump.rows, &selection, Call::Fit)?;
    Ok(Fits(Arc::new(model)))
}

#[pymethods]
impl Fits {
    /// Of every score its values of all rows, higher = more in-distribution, {"energy": array, ...}.
    ///
    /// Rows that are some of a larger set, from one of its blocks on, are scored to the last bit as in it with rows_per_block=..., as
    /// `oodbench.rows_per_block` tells it: of some scores the last digits of a row depend on the rows that are multiplied together with it.
    #[pyo3(signature = (*, logits=None, features=None, layers=None, rows_per_block=None))]
    fn score_samples<'py>(
        &self,
        py: Python<'py>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
        rows_per_block: Option<usize>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let split = new_rows(logits, features, layers)?;
        let values = match rows_per_block {
            Some(rows) => {
                pool::run(py, || self.0.score_in_blocks(&split, rows))?.map_err(|error| of_in_memory(&error))?
            }
            None => crate::detector::values(py, &self.0, &split)?,
        };
        let out = PyDict::new(py);
        for (score, values) in self.0.scores().iter().zip(values) {
            out.set_item(score.entry.id, values.into_pyarray(py))?;
        }
        Ok(out)
    }

    /// Which of these arrays the scores read, ["logits", ...]; an error says what is missing, or of another width than the rows fitted on.
    #[pyo3(signature = (*, logits=None, features=None, layers=None))]
    fn reads(
        &self,
        logits: Option<Bound<'_, PyAny>>,
        features: Option<Bound<'_, PyAny>>,
        layers: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Vec<String>> {
        let arrays = self.0.arrays(&new_rows(logits, features, layers)?).map_err(|error| of_in_memory(&error))?;
        Ok(arrays.iter().map(|kind| kind.file_stem()).collect())
    }

    /// The scores' ids, in the order of what `score_samples` gives.
    #[getter]
    fn scores(&self) -> Vec<&'static str> {
        self.0.scores().iter().map(|score| score.entry.id).collect()
    }

    /// Facts about the fits, one line each.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.0.scores().iter().flat_map(|score| score.notes.clone()).collect()
    }

    /// Parameters that do not suit the rows, one line each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.0.warnings.clone()
    }

    /// Writes the file that `oodbench fit` writes: whole, or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let failed = |error: std::io::Error| of_io(&error, format!("{}: cannot be written ({error})", path.display()));
        let mut out = AtomicFile::create(&path).map_err(failed)?;
        pool::run(py, || self.0.write(&mut out))?.map_err(failed)?;
        py.detach(|| out.commit()).map_err(failed)
    }

    /// Reads a file that `save` or `oodbench fit` wrote; the head is none of it, and may be left out where no score reads one. Embeddings of texts are part of it:
    /// those of head are compared with them.
    #[staticmethod]
    #[pyo3(signature = (path, *, head=None))]
    fn load(py: Python<'_>, path: PathBuf, head: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        open(py, &path, self::head(head.as_ref())?)
    }

    fn __repr__(&self) -> String {
        format!("<oodbench.Fits of {}>", self.scores().join(", "))
    }

    /// What pickle keeps: the file that `save` writes, and the head to the last bit.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Restored<'py>> {
        let mut file = Vec::new();
        pool::run(py, || self.0.write(&mut file))?.map_err(|error| of_io(&error, error.to_string()))?;
        let restore = py.import("oodbench._pickle")?.getattr("restore_fits")?;
        Ok((restore, (PyBytes::new(py, &file), self.0.head().map(parts))))
    }
}

fn open(py: Python<'_>, path: &Path, head: HeadArrays) -> PyResult<Fits> {
    let rows = head.rows("the head", Vec::new())?;
    Ok(Fits(Arc::new(pool::run(py, || Model::open_beside(path, rows))?.map_err(|error| of_in_memory(&error))?)))
}

/// A function, and what it makes a [`Fits`] of.
type Restored<'py> = (Bound<'py, PyAny>, (Bound<'py, PyBytes>, Option<Parts>));

/// A head by its kind, its shape, and its numbers.
type Parts = (u8, (usize, usize), Vec<f64>, Vec<f64>);

fn parts(head: &Head) -> Parts {
    let of = |kind, matrix: &Array2<f64>, rest: Vec<f64>| (kind, matrix.dim(), matrix.iter().copied().collect(), rest);
    match head {
        Head::Linear { weight, bias } => of(0, weight, bias.to_vec()),
        Head::Prototypes { prototypes } => of(1, prototypes, Vec::new()),
        Head::NormalisedPrototypes { prototypes, distance_scale } => of(2, prototypes, vec![*distance_scale]),
    }
}

/// Reads a file of fits with the head that pickle kept.
#[pyfunction]
pub(crate) fn fits_of_file(py: Python<'_>, path: PathBuf, head: Option<Parts>) -> PyResult<Fits> {
    let head = match head {
        None => None,
        Some((kind, shape, numbers, rest)) => {
            let matrix = Array2::from_shape_vec(shape, numbers).map_err(refused)?;
            Some(match (kind, &rest[..]) {
                (0, _) => Head::Linear { weight: matrix, bias: Array1::from(rest) },
                (1, _) => Head::Prototypes { prototypes: matrix },
                (2, &[distance_scale]) => Head::NormalisedPrototypes { prototypes: matrix, distance_scale },
                _ => return Err(MissingInputError::new_err("found no head in what was pickled")),
            })
        }
    };
    // The texts are part of the fits.
    open(py, &path, HeadArrays { head, texts: None })
}
