//! The numbers of one constant as they are stored.

use std::collections::BTreeMap;
use std::path::Path;

use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn};
use rten_onnx::onnx::{DataType, TensorProto};

use super::external::{entry, is_external};
use crate::error::OnnxError;

/// Refuses a constant whose shape and numbers do not fit together, in the model or in a file beside it.
pub(super) fn check(path: &Path, tensor: &TensorProto, external: &BTreeMap<String, Vec<u8>>) -> Result<(), OnnxError> {
    let name = tensor.name.as_deref().unwrap_or_default();
    let damaged = |found: String| {
        let found = format!("constant {name:?} with {found}");
        OnnxError::file(path, found, "as many numbers as its shape needs", "export or copy the model again")
    };
    let shape = shape(tensor).ok_or_else(|| damaged(format!("shape {:?}", tensor.dims)))?;
    let count: usize = shape.iter().product();
    let size = tensor.data_type.and_then(size);
    if is_external(tensor) {
        return check_external(path, tensor, size.and_then(|size| count.checked_mul(size)), external);
    }
    let Some(size) = size else { return Ok(()) };
    let found = match &tensor.raw_data {
        Some(raw) => raw.borrow().len() as f64 / size as f64,
        None => typed_length(tensor) as f64,
    };
    match found == count as f64 {
        true => Ok(()),
        false => Err(damaged(format!("{found} numbers for shape {:?}", tensor.dims))),
    }
}

/// Refuses a constant that is not where its file should have it.
fn check_external(
    path: &Path,
    tensor: &TensorProto,
    needed: Option<usize>,
    external: &BTreeMap<String, Vec<u8>>,
) -> Result<(), OnnxError> {
    let name = tensor.name.as_deref().unwrap_or_default();
    let location = entry(tensor, "location").unwrap_or_default();
    let there = external.get(location).map_or(0, Vec::len);
    let number = |key: &str| entry(tensor, key).map(str::parse::<usize>).transpose();
    let wrong = |found: String| {
        let file = path.with_file_name(location);
        OnnxError::file(&file, found, "the numbers of the model's constants", "copy it beside the model again")
    };
    let place = number("offset").and_then(|start| Ok((start.unwrap_or(0), number("length")?)));
    let (start, length) = place.map_err(|_| wrong(format!("no number for the place of constant {name:?}")))?;
    if let (Some(length), Some(needed)) =
        (length, needed.filter(|needed| length.is_some_and(|length| length != *needed)))
    {
        return Err(wrong(format!("{length} bytes for constant {name:?} of {needed}")));
    }
    let end = start.checked_add(length.or(needed).unwrap_or(0));
    match end.is_some_and(|end| end <= there) {
        true => Ok(()),
        false => Err(wrong(format!("{there} bytes, and constant {name:?} from byte {start} on goes beyond them"))),
    }
}

/// Bytes of the numbers that a tensor has by its shape and type.
pub(crate) fn byte_length(dims: &[i64], element: i64) -> Option<u64> {
    let size = size(DataType(i32::try_from(element).ok()?))? as u64;
    dims.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(u64::try_from(axis).ok()?))
}

/// A shape whose size memory can have.
fn shape(tensor: &TensorProto) -> Option<Vec<usize>> {
    let axes: Option<Vec<usize>> = tensor.dims.iter().map(|&axis| usize::try_from(axis).ok()).collect();
    axes.filter(|axes| {
        let most = axes.iter().try_fold(8_usize, |n, &axis| n.checked_mul(axis.max(1)));
        most.is_some_and(|most| isize::try_from(most).is_ok())
    })
}

fn size(element: DataType) -> Option<usize> {
    Some(match element {
        DataType::BOOL | DataType::UINT8 | DataType::INT8 => 1,
        DataType::FLOAT16 | DataType::BFLOAT16 => 2,
        DataType::FLOAT | DataType::INT32 => 4,
        DataType::DOUBLE | DataType::INT64 => 8,
        _ => return None,
    })
}

fn typed_length(tensor: &TensorProto) -> usize {
    match tensor.data_type {
        Some(DataType::FLOAT) => tensor.float_data.len(),
        Some(DataType::DOUBLE) => tensor.double_data.len(),
        Some(DataType::INT64) => tensor.int64_data.len(),
        _ => tensor.int32_data.len(),
    }
}

/// The numbers of a tensor as they are stored.
pub(super) fn numbers(external: &BTreeMap<String, Vec<u8>>, tensor: &TensorProto) -> Option<ArrayD<f64>> {
    let shape = shape(tensor)?;
    let element = tensor.data_type?;
    let size = size(element)?;
    let decode = |bytes: &[u8]| -> Vec<f64> { bytes.chunks_exact(size).map(|bytes| decode(element, bytes)).collect() };
    let values: Vec<f64> = if is_external(tensor) {
        let number = |key: &str| entry(tensor, key).map_or(Some(0), |text| text.parse::<usize>().ok());
        let start = number("offset")?;
        let count = shape.iter().product::<usize>();
        let file = external.get(entry(tensor, "location")?)?;
        decode(file.get(start..start.checked_add(count.checked_mul(size)?)?)?)
    } else if let Some(raw) = &tensor.raw_data {
        decode(&raw.borrow())
    } else {
        match element {
            DataType::FLOAT => tensor.float_data.iter().copied().map(f64::from).collect(),
            DataType::DOUBLE => tensor.double_data.clone(),
            DataType::INT64 => tensor.int64_data.iter().map(|&value| value as f64).collect(),
            DataType::FLOAT16 => tensor.int32_data.iter().map(|&bits| f16::from_bits(bits as u16).to_f64()).collect(),
            DataType::BFLOAT16 => tensor.int32_data.iter().map(|&bits| bf16::from_bits(bits as u16).to_f64()).collect(),
            _ => tensor.int32_data.iter().copied().map(f64::from).collect(),
        }
    };
    ArrayD::from_shape_vec(IxDyn(&shape), values).ok()
}

/// One number of as many bytes as its type has.
fn decode(element: DataType, bytes: &[u8]) -> f64 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    let four = [wide[0], wide[1], wide[2], wide[3]];
    let two = [wide[0], wide[1]];
    match element {
        DataType::FLOAT => f64::from(f32::from_le_bytes(four)),
        DataType::DOUBLE => f64::from_le_bytes(wide),
        DataType::FLOAT16 => f16::from_le_bytes(two).to_f64(),
        DataType::BFLOAT16 => bf16::from_le_bytes(two).to_f64(),
        DataType::INT32 => f64::from(i32::from_le_bytes(four)),
        DataType::INT64 => i64::from_le_bytes(wide) as f64,
        DataType::INT8 => f64::from(wide[0] as i8),
        _ => f64::from(wide[0]),
    }
}
