//! One stored array: its shape, its element type and where its bytes are.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;

use super::element::{Dtype, Endian, Float};

/// Memory that holds an array's bytes: a mapped file, a vector, or an array that another library owns.
///
/// Arrays are cut out of it once and trusted from then on, so its bytes may neither move nor become fewer while it lives.
pub trait Memory: Send + Sync {
    /// All bytes.
    fn bytes(&self) -> &[u8];

    /// Prepares some bytes for being read for the first time; nothing has to be done.
    fn populate(&self, bytes: Range<usize>) {
        let _ = bytes;
    }
}

/// Elements that a matrix can be made of in memory.
pub trait Element: bytemuck::Pod + Send + Sync {
    /// Their format.
    const FLOAT: Float;
}

impl Element for f32 {
    const FLOAT: Float = Float::F32;
}

impl Element for f64 {
    const FLOAT: Float = Float::F64;
}

impl<T: bytemuck::Pod + Send + Sync> Memory for Vec<T> {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }
}

/// An array of any element type and order.
#[derive(Clone)]
pub struct StoredArray {
    /// The file, with `[member]` behind it for an array of an archive; for an array in memory, a name for messages.
    pub path: PathBuf,
    /// Element type.
    pub dtype: Dtype,
    /// Whether columns, not rows, are contiguous.
    pub fortran: bool,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    memory: Arc<dyn Memory>,
    data: Range<usize>,
}

impl StoredArray {
    /// An array of `shape` whose elements start at byte `start` of a memory; `None` if they do not fit in there. Where one axis has length 0 the
    /// others still have to be of a size that memory can have, because rows and columns are counted one by one.
    #[must_use]
    pub fn new(path: PathBuf, dtype: Dtype, shape: Vec<usize>, memory: Arc<dyn Memory>, start: usize) -> Option<Self> {
        let most = shape.iter().try_fold(dtype.size()?, |n, &axis| n.checked_mul(axis.max(1)))?;
        isize::try_from(most).ok()?;
        let end = if shape.contains(&0) { start } else { most.checked_add(start)? };
        (end <= memory.bytes().len()).then(|| Self { path, dtype, fortran: false, shape, memory, data: start..end })
    }

    /// The rows of an array in memory; `name` stands for it in messages.
    #[must_use]
    pub fn of<T: Element>(name: impl Into<PathBuf>, array: Array2<T>) -> Self {
        let shape = array.shape().to_vec();
        let elements = if array.is_standard_layout() { array } else { array.as_standard_layout().into_owned() };
        let (elements, offset) = elements.into_raw_vec_and_offset();
        let start = offset.unwrap_or(0) * size_of::<T>();
        let endian = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };
        let data = start..start + shape.iter().product::<usize>() * size_of::<T>();
        Self {
            path: name.into(),
            dtype: Dtype::Float(T::FLOAT, endian),
            fortran: false,
            shape,
            memory: Arc::new(elements),
            data,
        }
    }

    /// The same bytes read column by column.
    #[must_use]
    pub fn in_fortran_order(mut self, fortran: bool) -> Self {
        self.fortran = fortran;
        self
    }

    /// The elements' bytes, in the order they are stored in.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.memory.bytes()[self.data.clone()]
    }

    /// All elements as numbers, in the order they are stored in.
    pub fn numbers(&self) -> impl Iterator<Item = f64> {
        self.numbers_of(0..self.bytes().len() / self.dtype.size().unwrap_or(1))
    }

    /// Some elements as numbers, counted in the order they are stored in.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn numbers_of(&self, elements: Range<usize>) -> impl Iterator<Item = f64> {
        let size = self.dtype.size().unwrap_or(1);
        self.bytes()[elements.start * size..elements.end * size].chunks_exact(size).map(|bytes| match self.dtype {
            Dtype::Float(float, endian) => float.decode(bytes, endian),
            _ => self.dtype.decode_integer(bytes) as f64,
        })
    }

    /// Prepares some of the elements' bytes for being read for the first time.
    pub(super) fn populate(&self, bytes: Range<usize>) {
        self.memory.populate(self.data.start + bytes.start..self.data.start + bytes.end);
    }
}

impl std::fmt::Debug for StoredArray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredArray({}, {}, {})", self.path.display(), self.dtype, shape_text(&self.shape))
    }
}

/// A shape as NumPy prints it: `(5, 10)`, `(5,)`.
#[must_use]
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}
