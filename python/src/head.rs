//! The last layer of a network: (weight, bias), a layer that has both, or prototypes.

use ndarray::{Array1, Array2};
use oodbench::rows::Head;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::array::{matrix, numbers};
use crate::error::{ArrayError, of_rows};

/// The head of an argument: `(weight, bias)`, `(weight, None)`, an object with `weight` and `bias` such as `torch.nn.Linear`, or
/// `{"prototypes": ..., "distance_scale": ...}`, of which the scale makes it the head of IsoMax+.
pub(crate) fn head(argument: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Head>> {
    let Some(object) = argument.filter(|object| !object.is_none()) else { return Ok(None) };
    if let Ok(pair) = object.cast::<PyTuple>() {
        let (weight, bias): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract().map_err(|_| unknown(object))?;
        return linear(&weight, Some(&bias));
    }
    if let Ok(named) = object.cast::<PyDict>() {
        let Some(prototypes) = named.get_item("prototypes")? else { return Err(unknown(object)) };
        let prototypes = doubles("head prototypes", &prototypes)?;
        return checked(match named.get_item("distance_scale")?.filter(|scale| !scale.is_none()) {
            Some(scale) => Head::normalised_prototypes(prototypes, one_number("head distance_scale", &scale)?),
            None => Head::Prototypes { prototypes },
        });
    }
    match object.getattr_opt("weight")? {
        Some(weight) => linear(&weight, object.getattr_opt("bias")?.as_ref()),
        None => Err(unknown(object)),
    }
}

fn linear(weight: &Bound<'_, PyAny>, bias: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Head>> {
    let weight = doubles("head weight", weight)?;
    let bias = match bias.filter(|bias| !bias.is_none()) {
        Some(bias) => Array1::from(numbers("head bias", bias)?),
        None => Array1::zeros(weight.nrows()),
    };
    checked(Head::Linear { weight, bias })
}

fn checked(head: Head) -> PyResult<Option<Head>> {
    head.check(|part| format!("head {part}").into()).map_err(|error| of_rows(&error))?;
    Ok(Some(head))
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
        "head: found {kind}, expected (weight, bias), a layer with both such as torch.nn.Linear, or {{\"prototypes\": ...}}"
    ))
}
