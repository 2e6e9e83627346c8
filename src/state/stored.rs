//! One array of a [`State`](super::State).

use ndarray::{Array, ArrayView1, CowArray, Dimension, IxDyn};

/// An array in the type that the fit holds it in.
#[derive(Clone, Debug)]
pub enum Stored<'a> {
    /// Single precision.
    F32(CowArray<'a, f32, IxDyn>),
    /// Double precision; whole numbers and yes or no (1, 0) too.
    F64(CowArray<'a, f64, IxDyn>),
}

impl Stored<'_> {
    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::F32(array) => array.shape(),
            Self::F64(array) => array.shape(),
        }
    }

    /// Bytes of an element.
    #[must_use]
    pub fn element_size(&self) -> usize {
        match self {
            Self::F32(_) => size_of::<f32>(),
            Self::F64(_) => size_of::<f64>(),
        }
    }

    /// Bytes of all elements.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape().iter().product::<usize>() * self.element_size()
    }

    /// The elements in C order, little-endian.
    ///
    /// # Errors
    /// Those of `take`, which gets them piece by piece.
    pub fn each_bytes<E>(&self, mut take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        const ELEMENTS: usize = 1 << 14;
        let mut bytes = Vec::with_capacity(8 * ELEMENTS);
        let mut give = |bytes: &mut Vec<u8>, least: usize| {
            if bytes.len() < least {
                return Ok(());
            }
            let result = take(bytes);
            bytes.clear();
            result
        };
        match self {
            Self::F32(array) => {
                for value in array {
                    bytes.extend(value.to_le_bytes());
                    give(&mut bytes, 4 * ELEMENTS)?;
                }
            }
            Self::F64(array) => {
                for value in array {
                    bytes.extend(value.to_le_bytes());
                    give(&mut bytes, 8 * ELEMENTS)?;
                }
            }
        }
        give(&mut bytes, 1)
    }

    /// Type and shape, for messages.
    #[must_use]
    pub fn describe(&self) -> String {
        let element = if matches!(self, Self::F32(_)) { "f32" } else { "f64" };
        format!("{element} and shape {:?}", self.shape())
    }
}

impl<'a, D: Dimension> From<&'a Array<f32, D>> for Stored<'a> {
    fn from(array: &'a Array<f32, D>) -> Self {
        Self::F32(array.view().into_dyn().into())
    }
}

impl<'a, D: Dimension> From<&'a Array<f64, D>> for Stored<'a> {
    fn from(array: &'a Array<f64, D>) -> Self {
        Self::F64(array.view().into_dyn().into())
    }
}

impl<'a> From<&'a Vec<f32>> for Stored<'a> {
    fn from(values: &'a Vec<f32>) -> Self {
        Self::F32(ArrayView1::from(values).into_dyn().into())
    }
}

impl<'a> From<&'a Vec<f64>> for Stored<'a> {
    fn from(values: &'a Vec<f64>) -> Self {
        Self::F64(ArrayView1::from(values).into_dyn().into())
    }
}

impl<D: Dimension> From<Array<f64, D>> for Stored<'_> {
    fn from(array: Array<f64, D>) -> Self {
        Self::F64(array.into_dyn().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Column-major and sliced arrays come out in C order, over several pieces.
    #[test]
    fn bytes_are_in_c_order() {
        let wide = Array2::from_shape_fn((300, 200), |(i, j)| (i * 200 + j) as f64);
        let view = wide.t().to_owned().reversed_axes();
        let mut bytes = Vec::new();
        let collect = |piece: &[u8]| -> Result<(), ()> {
            bytes.extend_from_slice(piece);
            Ok(())
        };
        Stored::from(&view).each_bytes(collect).unwrap();
        let found: Vec<f64> = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(found, (0..60_000).map(f64::from).collect::<Vec<_>>());
    }
}
