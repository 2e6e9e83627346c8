//! What a model is fed.

use std::path::Path;

use oodbench::printable::line;
use rten_onnx::onnx::{DataType, ValueInfoProto};

use crate::error::OnnxError;

/// The length of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axis {
    /// So many.
    Fixed(usize),
    /// Any number, by the name the model gives it.
    Free(String),
}

/// Numbers that a model's input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Floats of any width; they are computed in single precision.
    Float,
    /// Integers and truth values, at most 32 bits wide where they are used.
    Integer,
    /// 8 bits without a sign.
    Byte,
    /// 8 bits with a sign.
    SignedByte,
}

impl Kind {
    fn of(element: DataType) -> Option<Self> {
        Some(match element {
            DataType::FLOAT | DataType::DOUBLE | DataType::FLOAT16 => Self::Float,
            DataType::INT32 | DataType::INT64 | DataType::BOOL => Self::Integer,
            DataType::UINT8 => Self::Byte,
            DataType::INT8 => Self::SignedByte,
            _ => return None,
        })
    }
}

/// An input of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInput {
    /// Its name.
    pub name: String,
    /// Its numbers.
    pub kind: Kind,
    /// Its axes, the rows first; empty where the model does not say.
    pub axes: Vec<Axis>,
}

impl ModelInput {
    /// Name, kind and axes in one line, whatever the model calls them.
    #[must_use]
    pub fn text(&self) -> String {
        let axes = self.axes.iter().map(|axis| match axis {
            Axis::Fixed(length) => length.to_string(),
            Axis::Free(name) => name.clone(),
        });
        let kind = match self.kind {
            Kind::Float => "float",
            Kind::Integer => "integer",
            Kind::Byte => "uint8",
            Kind::SignedByte => "int8",
        };
        line(&format!("{} ({}) {kind}", self.name, axes.collect::<Vec<_>>().join(", "))).into_owned()
    }
}

/// Reads an input as the graph declares it.
pub(super) fn read(path: &Path, value: &ValueInfoProto) -> Result<ModelInput, OnnxError> {
    let name = value.name.clone().unwrap_or_default();
    let tensor = value.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
    let element = tensor.and_then(|tensor| tensor.elem_type);
    let kind = element.and_then(Kind::of).ok_or_else(|| {
        let found = element.map_or_else(|| "no tensor".to_owned(), |element| element.to_string());
        let expected = "floats, integers or truth values";
        OnnxError::file(path, format!("input {name:?} of {found}"), expected, "export it with such inputs")
    })?;
    let dims = tensor.and_then(|tensor| tensor.shape.as_ref()).map(|shape| &shape.dim[..]).unwrap_or_default();
    let axes =
        dims.iter().enumerate().map(|(at, dim)| match dim.dim_value.and_then(|value| usize::try_from(value).ok()) {
            Some(length) if length > 0 => Axis::Fixed(length),
            _ => Axis::Free(dim.dim_param.clone().unwrap_or_else(|| format!("axis{at}"))),
        });
    Ok(ModelInput { name, kind, axes: axes.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_model_stay_in_their_line() {
        let axes = vec![Axis::Free("\x1b[2J".to_owned()), Axis::Fixed(8)];
        let input = ModelInput { name: "x\ny".to_owned(), kind: Kind::Float, axes };
        assert_eq!(input.text(), r"x\ny (\u{1b}[2J, 8) float");
    }
}
