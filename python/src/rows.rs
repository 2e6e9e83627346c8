//! The arrays of some rows as arguments: logits, features, labels, and features of named layers.

use oodbench::rows::{ArrayKind, Role, Split};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::array::{labels, matrix};
use crate::error::{OodbenchError, of_rows};

/// Arrays of the same rows.
#[derive(Default)]
pub(crate) struct Given<'a, 'py> {
    pub(crate) logits: Option<&'a Bound<'py, PyAny>>,
    pub(crate) features: Option<&'a Bound<'py, PyAny>>,
    pub(crate) labels: Option<&'a Bound<'py, PyAny>>,
    pub(crate) layers: Option<&'a Bound<'py, PyDict>>,
}

impl Given<'_, '_> {
    /// Whether there is no array.
    pub(crate) fn is_empty(&self) -> bool {
        let layers = self.layers.is_none_or(|layers| layers.is_empty());
        self.logits.is_none() && self.features.is_none() && self.labels.is_none() && layers
    }

    /// The arrays as a split; `of` stands before their names in messages.
    pub(crate) fn split(&self, role: Role, of: &str) -> PyResult<Split> {
        let refuse = |error| of_rows(&error);
        let mut split = Split::new(role, if of.is_empty() { "rows" } else { of.trim_end() });
        for (kind, object) in [(ArrayKind::Logits, self.logits), (ArrayKind::Features, self.features)] {
            if let Some(object) = object {
                let matrix = matrix(&format!("{of}{}", kind.file_stem()), object)?;
                split = split.with(kind, matrix).map_err(refuse)?;
            }
        }
        for (layer, object) in self.layers.into_iter().flat_map(|layers| layers.iter()) {
            let layer: String = layer.extract()?;
            let matrix = matrix(&format!("{of}layers[{layer:?}]"), &object)?;
            split = split.with(ArrayKind::Layer(layer), matrix).map_err(refuse)?;
        }
        match self.labels {
            Some(object) => split.with_labels(labels(&format!("{of}labels"), object)?).map_err(refuse),
            None => Ok(split),
        }
    }
}

/// A split of a dictionary such as `{"features": x, "labels": y}`.
pub(crate) fn of_dict(arrays: &Bound<'_, PyDict>, role: Role, of: &str) -> PyResult<Split> {
    let (mut logits, mut features, mut labels, mut layers) = (None, None, None, None);
    for (key, object) in arrays.iter().filter(|(_, object)| !object.is_none()) {
        let key: String = key.extract()?;
        match key.as_str() {
            "logits" => logits = Some(object),
            "features" => features = Some(object),
            "labels" => labels = Some(object),
            "layers" => layers = Some(object.cast_into::<PyDict>()?),
            _ => {
                let text = format!("{of}: found the key {key:?}, expected logits, features, labels or layers");
                return Err(OodbenchError::new_err(text));
            }
        }
    }
    let given = Given {
        logits: logits.as_ref(),
        features: features.as_ref(),
        labels: labels.as_ref(),
        layers: layers.as_ref(),
    };
    given.split(role, &format!("{of} "))
}
