//! Where the elements of a tensor are in its storage, from the arguments of the call that would rebuild it.

use crate::dump::format::pickle::{Defect, Id, Pickle, Value};
use crate::rows::element::{Dtype, Endian, Float};

/// Where the elements of a tensor are in its storage.
pub(super) struct Plan<'a> {
    /// The type of the storage.
    pub(super) storage: &'static str,
    /// Its name.
    pub(super) key: &'a str,
    /// Elements before the first.
    pub(super) offset: usize,
    /// Lengths of the axes.
    pub(super) shape: Vec<usize>,
    strides: Vec<usize>,
}

impl<'a> Plan<'a> {
    /// Reads the arguments.
    pub(super) fn of(pickle: &'a Pickle<'_>, arguments: &[Id]) -> Result<Self, Defect> {
        let [storage, offset, shape, strides, ..] = *arguments else { return Err("a tensor without shape".to_owned()) };
        let Value::Persistent(id) = pickle.get(storage) else { return Err("a tensor without storage".to_owned()) };
        let Value::Tuple(parts) = pickle.get(*id) else { return Err("a storage without a name".to_owned()) };
        // The form before PyTorch 1.6 has (name, offset, elements) here for a storage that is a part of another one.
        if parts.get(5).is_some_and(|view| !matches!(pickle.get(*view), Value::None)) {
            return Err("a storage that is a view of another".to_owned());
        }
        let [_, storage, key, ..] = parts[..] else { return Err("a storage without a name".to_owned()) };
        let (Value::Function(storage), Value::Bytes(key)) = (pickle.get(storage), pickle.get(key)) else {
            return Err("a storage without type and name".to_owned());
        };
        let key = str::from_utf8(key).map_err(|_| "a storage whose name is no text")?;
        let number = |id: Id| match pickle.get(id) {
            Value::Int(number) => usize::try_from(*number).map_err(|_| "a negative length".to_owned()),
            _ => Err("a length that is no number".to_owned()),
        };
        let numbers = |id: Id| match pickle.get(id) {
            Value::Tuple(ids) if ids.len() <= 64 => ids.iter().map(|&id| number(id)).collect::<Result<Vec<_>, _>>(),
            _ => Err("a shape that is no tuple".to_owned()),
        };
        let (shape, strides) = (numbers(shape)?, numbers(strides)?);
        if shape.len() != strides.len() {
            return Err(format!("{} axes and {} strides", shape.len(), strides.len()));
        }
        Ok(Self { storage, key, offset: number(offset)?, shape, strides })
    }

    /// Number of elements, and the place of the last one; none if these are beyond all numbers.
    pub(super) fn extent(&self) -> Option<(usize, usize)> {
        let elements = self.shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis))?;
        let steps = self.shape.iter().zip(&self.strides);
        let last = steps
            .filter(|(axis, _)| **axis > 0)
            .try_fold(self.offset, |place, (&axis, &stride)| place.checked_add((axis - 1).checked_mul(stride)?))?;
        Some((elements, last))
    }

    /// Whether the elements stand in the storage as in the tensor.
    pub(super) fn is_row_by_row(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.strides).rev().all(|(&axis, &stride)| {
            let fits = axis == 1 || stride == expected;
            expected *= axis;
            fits
        })
    }

    /// The elements, row by row; the caller knows that all lie in the storage.
    pub(super) fn gather(&self, storage: &[u8], elements: usize, size: usize) -> Vec<u8> {
        let mut rows = Vec::with_capacity(elements * size);
        let mut index = vec![0; self.shape.len()];
        let mut place = self.offset;
        for _ in 0..elements {
            rows.extend_from_slice(&storage[place * size..(place + 1) * size]);
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                place -= self.shape[axis] * self.strides[axis];
                index[axis] = 0;
            }
        }
        rows
    }
}

/// The type and the size of the elements of a storage, by its type.
pub(super) fn element(storage: &str, endian: Endian) -> Option<(Dtype, usize)> {
    let dtype = match storage.strip_prefix("torch.")? {
        "HalfStorage" => Dtype::Float(Float::F16, endian),
        "BFloat16Storage" => Dtype::Float(Float::Bf16, endian),
        "FloatStorage" => Dtype::Float(Float::F32, endian),
        "DoubleStorage" => Dtype::Float(Float::F64, endian),
        "CharStorage" => Dtype::Signed(1, endian),
        "ShortStorage" => Dtype::Signed(2, endian),
        "IntStorage" => Dtype::Signed(4, endian),
        "LongStorage" => Dtype::Signed(8, endian),
        "ByteStorage" | "BoolStorage" => Dtype::Unsigned(1, endian),
        _ => return None,
    };
    let size = dtype.size()?;
    Some((dtype, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::format::tree::FUNCTIONS;

    /// A tensor as PyTorch before 1.6 names its storage: ('storage', type, key, place, elements, view).
    fn plan(view: &[u8]) -> Result<usize, Defect> {
        let storage =
            [b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04", view, b"tQ"].concat();
        let bytes = [b"\x80\x02(", &storage[..], b"K\x01K\x03\x85K\x01\x85t."].concat();
        let pickle = Pickle::decode(&bytes, FUNCTIONS)?;
        let Value::Tuple(arguments) = pickle.top() else { panic!("{:?}", pickle.top()) };
        Plan::of(&pickle, arguments).map(|plan| plan.offset)
    }

    /// Elements of a part start at its offset in the other one, which nothing here would add.
    #[test]
    fn parts_of_storages_are_refused() {
        assert_eq!((plan(b""), plan(b"N")), (Ok(1), Ok(1)));
        let part = plan(b"(X\x01\0\0\x001K\x02K\x04t");
        assert_eq!(part, Err("a storage that is a view of another".to_owned()));
    }
}
