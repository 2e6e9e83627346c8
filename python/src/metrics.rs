//! Values of procedures: of two arrays of scores, or of scores that come in portions.

use std::sync::{Mutex, PoisonError};

use oodbench::metric::registry::find;
use oodbench::metric::{PROCEDURES, Procedure, Ranking, Sample};
use oodbench::suggestion::nearest;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{flags, numbers};
use crate::error::{ArrayError, MissingInputError, OodbenchError};
use crate::pool;

pub(crate) fn procedure(name: &str) -> PyResult<&'static Procedure> {
    find(name).ok_or_else(|| {
        let known = PROCEDURES.iter().map(|procedure| procedure.id);
        let instead = match nearest(name, known.clone()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("expected one of {}", known.collect::<Vec<_>>().join(", ")),
        };
        OodbenchError::new_err(format!("unknown procedure {name:?}; {instead}"))
    })
}

/// ID and OOD scores, and which ID rows are classified rightly, where that is known.
#[derive(Clone, Default)]
struct Portions {
    id: Vec<f64>,
    ood: Vec<f64>,
    /// One for each of `id`, or none.
    correct: Vec<bool>,
}

impl Portions {
    fn values(&self, py: Python<'_>, procedure: &'static Procedure) -> PyResult<Vec<(&'static str, f64)>> {
        if procedure.needs_predictions() && (self.correct.len() != self.id.len() || self.id.is_empty()) {
            let text = format!(
                "procedure {} needs to know which ID rows are classified rightly; pass correct=...",
                procedure.id
            );
            return Err(MissingInputError::new_err(text));
        }
        let work = || {
            let id = match procedure.needs_predictions() {
                true => Sample::with_predictions(self.id.clone(), &self.correct),
                false => Sample::new(self.id.clone()),
            };
            let id = id.map_err(|error| format!("ID scores: {error}"))?;
            let ood = Sample::new(self.ood.clone()).map_err(|error| format!("OOD scores: {error}"))?;
            let values = procedure.measure(&Ranking::new(&id, &ood), &id, &ood);
            // Lee's AUROC of constant scores is -0.0.
            Ok(values.iter().map(|(metric, value)| (metric, value + 0.0)).collect())
        };
        pool::run(py, work)?.map_err(|text: String| ArrayError::new_err(text))
    }
}

fn dict<'py>(py: Python<'py>, values: Vec<(&'static str, f64)>) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    values.into_iter().try_for_each(|(metric, value)| out.set_item(metric, value))?;
    Ok(out)
}

fn check(name: &str, found: usize, expected: usize) -> PyResult<()> {
    if found == expected {
        return Ok(());
    }
    Err(ArrayError::new_err(format!("{name}: found {found} rows, expected {expected}, one per score")))
}

/// The values of a procedure as fractions, {"auroc": 0.93, ...}, of the scores of ID and of OOD rows, higher = more in-distribution.
///
/// correct says of every ID row whether it is classified rightly, for procedures that need to know. `oodbench.procedures()` lists all; the names of metrics
/// say which class is the positive one. Scores of pytorch-ood and PyOD have the opposite sign: pass -scores.
#[pyfunction]
#[pyo3(signature = (id, ood, procedure="lee", *, correct=None))]
pub(crate) fn metrics<'py>(
    py: Python<'py>,
    id: Bound<'py, PyAny>,
    ood: Bound<'py, PyAny>,
    procedure: &str,
    correct: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let procedure = self::procedure(procedure)?;
    let correct =
        correct.map(|object| flags("correct", &object, "predictions == labels")).transpose()?.unwrap_or_default();
    let all = Portions { id: numbers("id", &id)?, ood: numbers("ood", &ood)?, correct };
    if !all.correct.is_empty() {
        check("correct", all.correct.len(), all.id.len())?;
    }
    dict(py, all.values(py, procedure)?)
}

/// Scores that come in portions, from batches or from several workers: `update`, `merge`, `compute`.
///
/// The values are those of all rows at once, to the last bit, in whatever order and number of portions they came. It takes 8 bytes per score. Higher = more
/// in-distribution, unlike torchmetrics' and pytorch-ood's OOD metrics.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Metrics(Mutex<Portions>);

impl Metrics {
    fn portions(&self) -> Portions {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[pymethods]
impl Metrics {
    #[new]
    fn new() -> Self {
        Self(Mutex::default())
    }

    /// Adds scores; is_ood says of each whether its row is OOD, and may be one bool for all. correct says of each row whether it is classified rightly.
    #[pyo3(signature = (scores, is_ood, *, correct=None))]
    fn update(
        &self,
        scores: Bound<'_, PyAny>,
        is_ood: Bound<'_, PyAny>,
        correct: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let scores = numbers("scores", &scores)?;
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(ArrayError::new_err(format!(
                "scores: found a NaN or infinite score at row {row}, expected finite scores"
            )));
        }
        let is_ood = match is_ood.extract::<bool>() {
            Ok(all) => vec![all; scores.len()],
            Err(_) => flags("is_ood", &is_ood, "labels < 0 where OOD rows have such labels")?,
        };
        check("is_ood", is_ood.len(), scores.len())?;
        let correct = correct.map(|object| flags("correct", &object, "predictions == labels")).transpose()?;
        if let Some(correct) = &correct {
            check("correct", correct.len(), scores.len())?;
        }
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (row, (score, is_ood)) in scores.into_iter().zip(is_ood).enumerate() {
            if is_ood {
                own.ood.push(score);
            } else {
                own.id.push(score);
                own.correct.extend(correct.as_ref().map(|correct| correct[row]));
            }
        }
        Ok(())
    }

    /// Adds all that another one has.
    fn merge(&self, other: &Bound<'_, Self>) {
        // Taken first, so that it may be the same one.
        let other = other.get().portions();
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.id.extend(other.id);
        own.ood.extend(other.ood);
        own.correct.extend(other.correct);
    }

    /// The values of a procedure as fractions, {"auroc": 0.93, ...}.
    #[pyo3(signature = (procedure="lee"))]
    fn compute<'py>(&self, py: Python<'py>, procedure: &str) -> PyResult<Bound<'py, PyDict>> {
        dict(py, self.portions().values(py, self::procedure(procedure)?)?)
    }

    /// Forgets all scores.
    fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Portions::default();
    }

    fn __len__(&self) -> usize {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.id.len() + own.ood.len()
    }

    fn __getstate__(&self) -> (Vec<f64>, Vec<f64>, Vec<bool>) {
        let own = self.portions();
        (own.id, own.ood, own.correct)
    }

    fn __setstate__(&self, state: (Vec<f64>, Vec<f64>, Vec<bool>)) {
        let (id, ood, correct) = state;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Portions { id, ood, correct };
    }
}
