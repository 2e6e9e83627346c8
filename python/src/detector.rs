//! One score: fitted on rows, with a threshold chosen on others, kept in a file.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use numpy::{IntoPyArray, PyArray1};
use oodbench::detector::{
    self as library, Asked, Calibrated, DetectorError, Guarantee, NewRows, OnNan, Request, apply,
};
use oodbench::eval::{Model, Selection};
use oodbench::output::AtomicFile;
use oodbench::progress::Silent;
use oodbench::rows::{Role, RunRows, Split};
use oodbench::score::registry::find;
use oodbench::score::{Need, ScoreEntry};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{
    MissingInputError, NotFittedError, OodbenchError, ParameterError, UnknownScoreError, keyword, of_detector,
    of_in_memory, of_io,
};
use crate::head::head;
use crate::pool::{self, Shared};
use crate::rows::{Given, new_rows};
use crate::score::{Call, fit, fitted_on, info, is_much, text};

/// One score, higher = more in-distribution: `Detector("knn", k=10).fit(features=x, labels=y).score_samples(features=new)`.
///
/// `fit` learns from in-distribution rows, `calibrate` chooses a threshold on in-distribution rows that `fit` has not seen, `predict` compares new rows
/// with it: +1 in-distribution, -1 not, as in scikit-learn. `save` and `load` use the files of `oodbench fit` and `oodbench calibrate`. pytorch-ood and PyOD
/// have the opposite sign, higher = more out-of-distribution.
///
/// May be used from any number of threads; the interpreter is released while it works.
#[pyclass(frozen, module = "oodbench")]
pub(crate) struct Detector {
    entry: &'static ScoreEntry,
    parameters: BTreeMap<String, String>,
    state: Shared<State>,
}

/// What there is of it.
#[derive(Clone, Default)]
struct State {
    model: Option<Arc<Model>>,
    detector: Option<Arc<library::Detector>>,
    notes: Vec<String>,
    warnings: Vec<String>,
    /// As it was passed, since a file of a fit does not hold it.
    head: Option<Arc<Py<PyAny>>>,
}

/// Per score the values of rows.
pub(crate) fn values(py: Python<'_>, model: &Model, split: &Split) -> PyResult<Vec<Vec<f64>>> {
    pool::run_if(py, is_much(split), || model.score(split))?.map_err(|error| of_in_memory(&error))
}

impl Detector {
    fn state(&self) -> State {
        self.state.lock().clone()
    }

    /// Changes what there is. What was there before is given back, to be dropped where nothing is locked: an object of Python's that goes may do
    /// anything, even with this detector.
    #[must_use]
    fn set(&self, change: impl FnOnce(&State) -> State) -> State {
        let mut state = self.state.lock();
        let changed = change(&state);
        std::mem::replace(&mut state, changed)
    }

    fn selection(&self) -> PyResult<Selection> {
        let settings: Vec<String> =
            self.parameters.iter().map(|(name, value)| format!("{}.{name}={value}", self.entry.id)).collect();
        Selection::parse(&[self.entry.id.to_owned()], &settings).map_err(|error| crate::error::of_plan(&error))
    }

    /// The fit; made now where there is nothing to learn.
    fn model(&self, py: Python<'_>) -> PyResult<Arc<Model>> {
        if let Some(model) = self.state().model {
            return Ok(model);
        }
        let selection = self.selection()?;
        let of_rows = |need: &Need| matches!(need, Need::Logits | Need::Features | Need::Layer(_));
        if !selection.scores().iter().all(|chosen| chosen.score.needs().iter().all(of_rows)) {
            let needs: Vec<String> =
                selection.scores().iter().flat_map(|c| c.score.needs()).map(ToString::to_string).collect();
            let text = format!("{} is not fitted, it reads {}; call fit first", self.entry.id, needs.join(", "));
            return Err(NotFittedError::new_err(text));
        }
        let rows = RunRows::new("nothing", Vec::new(), None).map_err(|error| crate::error::of_rows(&error))?;
        let model = Arc::new(fit(py, info(None), rows, &selection, Call::Fit)?);
        drop(self.set(|state| State { model: Some(Arc::clone(&model)), ..state.clone() }));
        Ok(model)
    }

    fn detector(&self) -> PyResult<Arc<library::Detector>> {
        self.state()
            .detector
            .ok_or_else(|| NotFittedError::new_err(format!("{} has no threshold; call calibrate first", self.entry.id)))
    }

    fn decided(&self, py: Python<'_>, split: Split, on_nan: OnNan) -> PyResult<library::Decided> {
        let detector = self.detector()?;
        for input in detector.inputs().iter().filter(|input| input.required) {
            if split.matrix(&input.kind).is_none() {
                let name = input.kind.file_stem();
                // Features with a head in its stead are for a fit.
                let pass = if name == "logits" { "logits=...".to_owned() } else { keyword(&name) };
                return Err(MissingInputError::new_err(format!("the detector reads {name}, found none; pass {pass}")));
            }
        }
        let is_much = is_much(&split);
        let work = || -> Result<library::Decided, DetectorError> {
            let mut all = library::Decided::default();
            let mut rows = NewRows::of_rows(&detector, split)?;
            apply(&detector, &mut rows, on_nan, &Silent, |decided| {
                all.scores.extend_from_slice(&decided.scores);
                all.p_values.extend_from_slice(&decided.p_values);
                all.flagged.extend_from_slice(&decided.flagged);
                if let Some(predicted) = &decided.predicted {
                    all.predicted.get_or_insert_default().extend_from_slice(predicted);
                }
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(all)
        };
        pool::run_if(py, is_much, work)?.map_err(|error| of_detector(&error))
    }

    /// The bytes of its file: with a threshold that of `oodbench calibrate`, else that of `oodbench fit`.
    fn write(&self, py: Python<'_>, out: &mut (impl Write + Send)) -> PyResult<()> {
        let state = self.state();
        let model = if state.detector.is_none() { Some(self.model(py)?) } else { None };
        let written = pool::run(py, || match (&state.detector, &model) {
            (Some(detector), _) => detector.write(out),
            (None, Some(model)) => model.write(out),
            (None, None) => Ok(()),
        })?;
        written.map_err(|error| of_io(&error, error.to_string()))
    }
}

#[pymethods]
impl Detector {
    #[new]
    #[pyo3(signature = (score, /, **parameters))]
    fn new(score: &str, parameters: Option<Bound<'_, PyDict>>) -> PyResult<Self> {
        let entry = find(score).map_err(|error| UnknownScoreError::new_err(error.to_string()))?;
        let mut own = BTreeMap::new();
        let mut settings = entry.settings();
        for (name, value) in parameters.into_iter().flat_map(|parameters| parameters.iter().collect::<Vec<_>>()) {
            let (mut name, value): (String, String) = (name.extract()?, text(&value)?);
            // `lambda` is a word of Python's: it is passed as `lambda_`.
            let is_known = |name: &str| entry.parameters.iter().any(|one| one.name == name);
            if let Some(word) = name.strip_suffix('_').filter(|word| !is_known(&name) && is_known(word)) {
                name = word.to_owned();
            }
            settings.set(&name, &value).map_err(|error| ParameterError::new_err(error.to_string()))?;
            own.insert(name, value);
        }
        (entry.build)(&settings).map_err(|error| ParameterError::new_err(error.to_string()))?;
        Ok(Self { entry, parameters: own, state: Shared::default() })
    }

    /// Learns from in-distribution training rows what the score needs; gives the detector back.
    ///
    /// head is (weight, bias), a layer that has both such as torch.nn.Linear, or a dictionary: {"weight": ..., "bias": ...}, {"prototypes": ..., "distance_scale":
    /// ...}, with or without embeddings of the class names and of words that name none, {"text": ..., "negatives": ...}, in the order of the labels and in the
    /// space of the features. layers are features of named layers, {"block1": ...}, and {"patches": ...} of shape (rows, patches, columns). val are
    /// in-distribution rows that parameters are chosen on, {"logits": ..., "labels": ...}, val_ood such rows of OOD sets, {"noise": {"features": ...}}. run is
    /// the name of the run in a file. The arrays are read and not kept.
    #[pyo3(signature = (*, logits=None, features=None, labels=None, layers=None, head=None, val=None, val_ood=None, run=None))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn fit<'py>(
        slf: Bound<'py, Self>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        labels: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
        head: Option<Bound<'py, PyAny>>,
        val: Option<Bound<'py, PyDict>>,
        val_ood: Option<Bound<'py, PyDict>>,
        run: Option<String>,
    ) -> PyResult<Bound<'py, Self>> {
        let own = slf.get();
        let given = Given { logits, features, labels, layers };
        let train = if given.is_empty() { None } else { Some(given.split(Role::Train, "")?) };
        let rows = fitted_on(train, val.as_ref(), val_ood.as_ref(), self::head(head.as_ref())?)?;
        let model = fit(slf.py(), info(run), rows, &own.selection()?, Call::Fit)?;
        let notes = model.scores().iter().flat_map(|score| score.notes.clone()).collect();
        let warnings = model.warnings.clone();
        let head = head.map(|head| Arc::new(head.unbind()));
        drop(own.set(|_| State { model: Some(Arc::new(model)), detector: None, notes, warnings, head }));
        Ok(slf)
    }

    /// The score of every row, higher = more in-distribution, as a float64 array.
    #[pyo3(signature = (*, logits=None, features=None, layers=None))]
    fn score_samples<'py>(
        &self,
        py: Python<'py>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let split = new_rows(logits, features, layers)?;
        let state = self.state();
        if state.model.is_none() && state.detector.is_some() {
            return Ok(self.decided(py, split, OnNan::Refuse)?.scores.into_pyarray(py));
        }
        let model = self.model(py)?;
        Ok(values(py, &model, &split)?.pop().unwrap_or_default().into_pyarray(py))
    }

    /// Chooses the threshold on in-distribution rows that `fit` has not seen; gives the detector back.
    ///
    /// All numbers are shares, 0.05 for 5 %. false_alarms is the share of in-distribution rows that may be flagged: on average over calibrations; with
    /// confidence=0.9 by this very threshold in 90 % of calibrations; with empirical=True of these rows alone. tpr=0.95 keeps 95 % of these rows, as papers do.
    /// wrong_answers is the share of the rows kept that may be classified wrongly, and needs labels. per_class gives every predicted class a threshold of its
    /// own. `oodbench explain detector` says what each promises and what it does not.
    #[pyo3(signature = (*, logits=None, features=None, labels=None, layers=None, false_alarms=None, confidence=None, tpr=None, wrong_answers=None, empirical=false, per_class=false))]
    #[expect(clippy::too_many_arguments, reason = "keywords")]
    fn calibrate<'py>(
        slf: Bound<'py, Self>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        labels: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
        false_alarms: Option<f64>,
        confidence: Option<f64>,
        tpr: Option<f64>,
        wrong_answers: Option<f64>,
        empirical: bool,
        per_class: bool,
    ) -> PyResult<Bound<'py, Self>> {
        let (own, py) = (slf.get(), slf.py());
        let given = Given { logits, features, labels, layers };
        let guarantee = guarantee(Asked { false_alarms, tpr, wrong_answers, confidence, empirical })?;
        let state = own.state();
        if state.model.is_none() && state.detector.is_some() {
            let text = "this detector was read from a file with its threshold; fit it anew, or load the file of a fit";
            return Err(NotFittedError::new_err(text));
        }
        let model = own.model(py)?;
        let request = Request { guarantee, per_class, held_back: 0.5, seed: 0 };
        let split = given.split(Role::Val, "")?;
        let made = pool::run(py, || library::calibrate_rows(&model, &split, &request))?;
        let Calibrated { detector, .. } = made.map_err(|error| of_detector(&error))?;
        drop(own.set(|state| State { detector: Some(Arc::new(detector)), ..state.clone() }));
        Ok(slf)
    }

    /// +1 for every row that is taken for in-distribution, -1 for every other, as in scikit-learn.
    #[pyo3(signature = (*, logits=None, features=None, layers=None))]
    fn predict<'py>(
        &self,
        py: Python<'py>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let decided = self.decided(py, new_rows(logits, features, layers)?, OnNan::Refuse)?;
        let sign = |flagged: bool| if flagged { -1 } else { 1 };
        Ok(decided.flagged.into_iter().map(sign).collect::<Vec<i64>>().into_pyarray(py))
    }

    /// All that is decided of every row, as {"score", "p_value", "flagged", "predicted"}: the score, the share of calibration rows that score as low,
    /// (1 + #{c <= score})/(n + 1), whether the score is below the threshold, and the predicted class where it can be told. on_nan="flag" flags rows with
    /// NaN or infinite numbers in place of refusing them; their score and p-value are NaN.
    #[pyo3(signature = (*, logits=None, features=None, layers=None, on_nan="refuse"))]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        logits: Option<Bound<'py, PyAny>>,
        features: Option<Bound<'py, PyAny>>,
        layers: Option<Bound<'py, PyDict>>,
        on_nan: &str,
    ) -> PyResult<Bound<'py, PyDict>> {
        let on_nan = match on_nan {
            "refuse" => OnNan::Refuse,
            "flag" => OnNan::Flag,
            _ => return Err(OodbenchError::new_err(format!("on_nan={on_nan:?}: expected \"refuse\" or \"flag\""))),
        };
        let decided = self.decided(py, new_rows(logits, features, layers)?, on_nan)?;
        let out = PyDict::new(py);
        out.set_item("score", decided.scores.into_pyarray(py))?;
        out.set_item("p_value", decided.p_values.into_pyarray(py))?;
        out.set_item("flagged", decided.flagged.into_pyarray(py))?;
        if let Some(predicted) = decided.predicted {
            out.set_item(
                "predicted",
                predicted.into_iter().map(|class| class as i64).collect::<Vec<_>>().into_pyarray(py),
            )?;
        }
        Ok(out)
    }

    /// Writes the file that `oodbench calibrate` writes, or without a threshold that of `oodbench fit`: whole, or not at all.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let failed = |error: std::io::Error| of_io(&error, format!("{}: cannot be written ({error})", path.display()));
        let mut out = AtomicFile::create(&path).map_err(failed)?;
        self.write(py, &mut out)?;
        py.detach(|| out.commit()).map_err(failed)
    }

    /// Reads a file that `save`, `oodbench fit` (of one score) or `oodbench calibrate` wrote. A fit needs the head again where the score reads it; a file
    /// with a threshold has it.
    #[staticmethod]
    #[pyo3(signature = (path, *, head=None))]
    fn load(py: Python<'_>, path: PathBuf, head: Option<Bound<'_, PyAny>>) -> PyResult<Self> {
        let beside = self::head(head.as_ref())?.rows("the head", Vec::new())?;
        let mut state = pool::run(py, || read(&path, beside))??;
        state.head = head.map(|head| Arc::new(head.unbind()));
        let score = match (&state.detector, &state.model) {
            (Some(detector), _) => detector.score(),
            (None, Some(model)) => match model.scores() {
                [one] => one.as_ref(),
                several => {
                    let names: Vec<&str> = several.iter().map(|score| score.entry.id).collect();
                    let text = format!(
                        "{}: found fits of {}, expected one score; fit it alone",
                        path.display(),
                        names.join(", ")
                    );
                    return Err(OodbenchError::new_err(text));
                }
            },
            (None, None) => return Err(OodbenchError::new_err("found nothing in the file")),
        };
        let parameters = score.settings.all().filter(|(name, _)| score.settings.is_set(name));
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Self { entry: score.entry, parameters, state: Shared::new(state) })
    }

    /// The score's id.
    #[getter]
    fn score(&self) -> &'static str {
        self.entry.id
    }

    /// All parameters of the score with their values, as text.
    #[getter]
    fn parameters(&self) -> BTreeMap<String, String> {
        let all = self.entry.parameters.iter().map(|one| (one.name.to_owned(), one.default.to_owned()));
        all.chain(self.parameters.clone()).collect()
    }

    /// The threshold, or one per class: rows with a score below are flagged. None before `calibrate`.
    #[getter]
    fn thresholds(&self) -> Option<Vec<f64>> {
        Some(self.state().detector?.thresholds().to_vec())
    }

    /// What the threshold promises, in words. None before `calibrate`.
    #[getter]
    fn promise(&self) -> Option<String> {
        Some(self.state().detector?.description.promise())
    }

    /// Facts about the fit, one line each.
    #[getter]
    fn notes(&self) -> Vec<String> {
        self.state().notes
    }

    /// Parameters that do not suit the rows, one line each.
    #[getter]
    fn warnings(&self) -> Vec<String> {
        self.state().warnings
    }

    fn __repr__(&self) -> String {
        let parameters: String = self.parameters.iter().map(|(name, value)| format!(", {name}={value}")).collect();
        let state = self.state();
        let state = match (state.model, state.detector) {
            (_, Some(_)) => "calibrated",
            (Some(_), None) => "fitted",
            (None, None) => "not fitted",
        };
        format!("<oodbench.Detector {:?}{parameters}: {state}>", self.entry.id)
    }

    /// What pickle keeps: the file that `save` writes, and the head. A copy of a detector with a threshold decides, and is not calibrated again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Pickled<'py>)> {
        let state = self.state();
        let mut bytes = None;
        if state.model.is_some() || state.detector.is_some() {
            let mut file = Vec::new();
            self.write(py, &mut file)?;
            bytes = Some(PyBytes::new(py, &file));
        }
        let head = state.head.map(|head| head.bind(py).clone());
        let restore = py.import("oodbench._pickle")?.getattr("restore")?;
        Ok((restore, (self.entry.id, self.parameters.clone(), bytes, head)))
    }
}

/// The arguments of `oodbench._pickle.restore`.
type Pickled<'py> = (&'static str, BTreeMap<String, String>, Option<Bound<'py, PyBytes>>, Option<Bound<'py, PyAny>>);

/// The kinds of files, told by the name of their description.
fn read(path: &Path, beside: RunRows) -> PyResult<State> {
    match library::Detector::load(path) {
        Ok(detector) => {
            let notes = detector.score().notes.clone();
            Ok(State { detector: Some(Arc::new(detector)), notes, ..State::default() })
        }
        Err(error @ DetectorError::File(_)) => Err(of_detector(&error)),
        Err(of_threshold) => match Model::open_beside(path, beside) {
            Ok(model) => {
                let notes = model.scores().iter().flat_map(|score| score.notes.clone()).collect();
                Ok(State { model: Some(Arc::new(model)), notes, ..State::default() })
            }
            // Which of the two it was meant to be is said by what it holds.
            Err(of_fit) => Err(match std::fs::read(path).is_ok_and(|bytes| is_of_detector(&bytes)) {
                true => of_detector(&of_threshold),
                false => of_in_memory(&of_fit),
            }),
        },
    }
}

fn is_of_detector(bytes: &[u8]) -> bool {
    let name = b"oodbench_detector";
    bytes[..bytes.len().min(1 << 16)].windows(name.len()).any(|part| part == name)
}

fn guarantee(asked: Asked) -> PyResult<Guarantee> {
    let Some(guarantee) = Guarantee::of(asked) else {
        let text = "expected one of false_alarms=..., tpr=... and wrong_answers=...; confidence=... goes with the first and the last, empirical=True with the first alone";
        return Err(OodbenchError::new_err(text));
    };
    if !guarantee.is_valid() {
        let Asked { false_alarms, tpr, wrong_answers, confidence, .. } = asked;
        let all = [false_alarms, tpr, wrong_answers, confidence];
        let found = all.into_iter().flatten().map(|share| share.to_string());
        let text =
            format!("found {}, expected shares between 0 and 1: 0.05 for 5 %", found.collect::<Vec<_>>().join(" and "));
        return Err(OodbenchError::new_err(text));
    }
    Ok(guarantee)
}
