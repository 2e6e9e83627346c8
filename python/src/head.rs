//! The last layer of a network and embeddings of texts: (weight, bias), a layer that has both, or a dictionary of the arrays.

use std::path::PathBuf;

use ndarray::{Array1, Array2};
use oodbench::rows::{Head, RowsError, RunRows, Split, Texts};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::array::{matrix, numbers};
use crate::error::{ArrayError, MissingInputError, of_rows};

/// What an argument called `head` holds: what the folder of that name does.
#[derive(Clone, Default)]
pub(crate) struct HeadArrays {
    /// The last layer.
    pub(crate) head: Option<Head>,
    /// Embeddings of the names of the classes, and of words that name none.
    pub(crate) texts: Option<Texts>,
}

impl HeadArrays {
    /// Numbers of classes and of features that it tells, and what messages call it.
    pub(crate) fn shape(&self) -> Option<(&'static str, [usize; 2])> {
        let of_head = self.head.as_ref().map(|head| ("the head", head.shape()));
        let of_texts = || Some(("head text", self.texts.as_ref()?.classes.dim()));
        of_head.or_else(of_texts).map(|(of, (classes, features))| (of, [classes, features]))
    }

    /// The rows of these splits with it; `place` stands for them in messages.
    pub(crate) fn rows(self, place: &str, splits: Vec<Split>) -> PyResult<RunRows> {
        let rows = RunRows::new(place, splits, self.head).map_err(|error| of_rows(&error))?;
        match self.texts {
            Some(texts) => rows.with_texts(texts).map_err(|error| of_rows(&error)),
            None => Ok(rows),
        }
    }

    fn checked(self) -> PyResult<Self> {
        let place = |part: &'static str| PathBuf::from(format!("head {part}"));
        let checked = || -> Result<(), RowsError> {
            self.head.iter().try_for_each(|head| head.check(place))?;
            let Some(texts) = &self.texts else { return Ok(()) };
            texts.check(place)?;
            let shape = self.head.as_ref().map(Head::shape);
            texts.check_beside(shape.map(|(_, features)| features), shape.map(|(classes, _)| classes), place)
        };
        checked().map_err(|error| of_rows(&error))?;
        Ok(self)
    }
}

/// The head of an argument: `(weight, bias)`, `(weight, None)`, an object with `weight` and `bias` such as `torch.nn.Linear`, or a dictionary of arrays:
/// `weight` and `bias`, or `prototypes` and `distance_scale`, of which the scale makes it the head of IsoMax+; beside them or alone `text` and `negatives`.
pub(crate) fn head(argument: Option<&Bound<'_, PyAny>>) -> PyResult<HeadArrays> {
    let Some(object) = argument.filter(|object| !object.is_none()) else { return Ok(HeadArrays::default()) };
    if let Ok(named) = object.cast::<PyDict>() {
        return of_dict(named);
    }
    let head = if let Ok(pair) = object.cast::<PyTuple>() {
        let (weight, bias): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract().map_err(|_| unknown(object))?;
        linear(&weight, Some(&bias))?
    } else {
        let weight = object.getattr_opt("weight")?.ok_or_else(|| unknown(object))?;
        linear(&weight, object.getattr_opt("bias")?.as_ref())?
    };
    HeadArrays { head: Some(head), texts: None }.checked()
}

/// The keys of a dictionary, each with the one that it belongs to, if it cannot stand alone.
const KEYS: [(&str, Option<&str>); 6] = [
    ("weight", None),
    ("bias", Some("weight")),
    ("prototypes", None),
    ("distance_scale", Some("prototypes")),
    ("text", None),
    ("negatives", Some("text")),
];

fn of_dict(named: &Bound<'_, PyDict>) -> PyResult<HeadArrays> {
    for key in named.keys() {
        let key: String = key.extract()?;
        if !KEYS.iter().any(|(own, _)| *own == key) {
            let all = KEYS.map(|(own, _)| own).join(", ");
            return Err(ArrayError::new_err(format!("head: found the key {key:?}, expected some of {all}")));
        }
    }
    let part = |key: &str| Ok::<_, PyErr>(named.get_item(key)?.filter(|object| !object.is_none()));
    for (key, of) in KEYS {
        if let (Some(of), true) = (of, part(key)?.is_some())
            && part(of)?.is_none()
        {
            let text = format!("head: found {key} alone, expected {of} too; pass \"{of}\" beside it");
            return Err(MissingInputError::new_err(text));
        }
    }
    let head = match (part("weight")?, part("prototypes")?) {
        (Some(_), Some(_)) => {
            let text = "head: found weight and prototypes, expected one of them; pass that of the network";
            return Err(ArrayError::new_err(text));
        }
        (Some(weight), None) => Some(linear(&weight, part("bias")?.as_ref())?),
        (None, Some(prototypes)) => {
            let prototypes = doubles("head prototypes", &prototypes)?;
            Some(match part("distance_scale")? {
                Some(scale) => Head::normalised_prototypes(prototypes, one_number("head distance_scale", &scale)?),
                None => Head::Prototypes { prototypes },
            })
        }
        (None, None) => None,
    };
    let of_text = |classes: Bound<'_, PyAny>| {
        let negatives = part("negatives")?.map(|object| doubles("head negatives", &object)).transpose()?;
        Ok::<_, PyErr>(Texts { classes: doubles("head text", &classes)?, negatives })
    };
    let texts = part("text")?.map(of_text).transpose()?;
    if head.is_none() && texts.is_none() {
        return Err(unknown(named));
    }
    HeadArrays { head, texts }.checked()
}

fn linear(weight: &Bound<'_, PyAny>, bias: Option<&Bound<'_, PyAny>>) -> PyResult<Head> {
    let weight = doubles("head weight", weight)?;
    let bias = match bias.filter(|bias| !bias.is_none()) {
        Some(bias) => Array1::from(numbers("head bias", bias)?),
        None => Array1::zeros(weight.nrows()),
    };
    Ok(Head::Linear { weight, bias })
}

/// A number, or an array of one.
fn one_number(name: &str, object: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(number) = object.extract::<f64>() {
        return Ok(number);
    }
    match numbers(name, object)?[..] {
        [number] => Ok(number),
        ref all => Err(ArrayError::new_err(format!("{name}: found {} numbers, expected one", all.len()))),
    }
}

fn doubles(name: &str, object: &Bound<'_, PyAny>) -> PyResult<Array2<f64>> {
    let matrix = matrix(name, object)?;
    Ok(matrix.block(0..matrix.rows()).to_f64())
}

fn unknown(object: &Bound<'_, PyAny>) -> PyErr {
    let kind = object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    ArrayError::new_err(format!(
        "head: found {kind}, expected (weight, bias), a layer with both such as torch.nn.Linear, {{\"prototypes\": ...}} or {{\"text\": ...}}"
    ))
}
