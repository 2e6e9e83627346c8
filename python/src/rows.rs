//! The arrays of some rows as arguments: logits, features, labels, and features of named layers.

use oodbench::rows::{ArrayKind, Role, Split};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{labels, layer, matrix};
use crate::error::{MissingInputError, OodbenchError, of_rows};

/// Arrays of the same rows.
#[derive(Default)]
pub(crate) struct Given<'py> {
    pub(crate) logits: Option<Bound<'py, PyAny>>,
    pub(crate) features: Option<Bound<'py, PyAny>>,
    pub(crate) labels: Option<Bound<'py, PyAny>>,
    pub(crate) layers: Option<Bound<'py, PyDict>>,
}

impl Given<'_> {
    /// Whether there is no array.
    pub(crate) fn is_empty(&self) -> bool {
        let layers = self.layers.as_ref().is_none_or(|layers| layers.is_empty());
        self.logits.is_none() && self.features.is_none() && self.labels.is_none() && layers
    }

    /// The arrays as a split; `of` stands before their names in messages.
    pub(crate) fn split(&self, role: Role, of: &str) -> PyResult<Split> {
        let refuse = |error| of_rows(&error);
        let layers = self.layers.as_ref().is_none_or(|layers| layers.is_empty());
        if self.logits.is_none() && self.features.is_none() && layers && self.labels.is_some() {
            let text =
                format!("{of}labels: found labels alone, expected their rows too; pass logits=... or features=...");
            return Err(MissingInputError::new_err(text));
        }
        let mut split = Split::new(role, if of.is_empty() { "rows" } else { of.trim_end() });
        for (kind, object) in [(ArrayKind::Logits, &self.logits), (ArrayKind::Features, &self.features)] {
            if let Some(object) = object {
                let matrix = matrix(&format!("{of}{}", kind.file_stem()), object)?;
                split = split.with(kind, matrix).map_err(refuse)?;
            }
        }
        for (name, object) in self.layers.iter().flat_map(|layers| layers.iter()) {
            let name: String = name.extract()?;
            let matrix = layer(&format!("{of}layers[{name:?}]"), &name, &object)?;
            split = split.with(ArrayKind::Layer(name), matrix).map_err(refuse)?;
        }
        match &self.labels {
            Some(object) => split.with_labels(labels(&format!("{of}labels"), object)?).map_err(refuse),
            None => Ok(split),
        }
    }
}

/// Rows to be scored.
pub(crate) fn new_rows<'py>(
    logits: Option<Bound<'py, PyAny>>,
    features: Option<Bound<'py, PyAny>>,
    layers: Option<Bound<'py, PyDict>>,
) -> PyResult<Split> {
    Given { logits, features, labels: None, layers }.split(Role::Test, "")
}

/// A split of a dictionary such as `{"features": x, "labels": y}`.
pub(crate) fn of_dict(arrays: &Bound<'_, PyDict>, role: Role, of: &str) -> PyResult<Split> {
    let mut given = Given::default();
    for (key, object) in arrays.iter().filter(|(_, object)| !object.is_none()) {
        let key: String = key.extract()?;
        match key.as_str() {
            "logits" => given.logits = Some(object),
            "features" => given.features = Some(object),
            "labels" => given.labels = Some(object),
            "layers" => given.layers = Some(object.cast_into::<PyDict>()?),
            _ => {
                let text = format!("{of}: found the key {key:?}, expected logits, features, labels or layers");
                return Err(OodbenchError::new_err(text));
            }
        }
    }
    given.split(role, &format!("{of} "))
}
