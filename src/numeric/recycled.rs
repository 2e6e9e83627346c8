//! Short vectors that a thread keeps and uses again, so that a row at a time costs no allocation.
//!
//! A service scores blocks of one row; what such a block computes on the way is a few numbers, and asking the allocator for room would cost more than
//! computing them. Long vectors, those of large blocks, are given back at once: there the allocator is no matter, and memory is.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

use ndarray::{Array1, Array2, ArrayView2, s};

/// Most bytes of a vector that is kept: those of a few rows of 4,096 logits or features.
const LONGEST: usize = 1 << 18;

/// Most vectors that a thread keeps of a type.
const MOST: usize = 12;

/// The vectors that a thread keeps.
pub type Store<T> = RefCell<Vec<Vec<T>>>;

/// Elements of such vectors.
pub trait Recycle: Sized + 'static {
    /// The vectors of this thread.
    fn store() -> &'static LocalKey<Store<Self>>;
}

/// Makes types elements of such vectors, where they are defined: this file knows no other.
macro_rules! recycle {
    ($($element:ty),*) => {$(
        impl $crate::numeric::recycled::Recycle for $element {
            fn store() -> &'static std::thread::LocalKey<$crate::numeric::recycled::Store<Self>> {
                thread_local! {
                    static STORE: $crate::numeric::recycled::Store<$element> = const { std::cell::RefCell::new(Vec::new()) };
                }
                &STORE
            }
        }
    )*};
}

pub(super) use recycle;

recycle!(f64, f32, u32, i32, usize);

/// A vector that goes back to the thread that drops it.
#[derive(Clone, Debug)]
pub struct Recycled<T: Recycle>(Vec<T>);

impl<T: Recycle + Clone> Recycled<T> {
    /// The same element again and again.
    #[must_use]
    pub fn filled(element: T, length: usize) -> Self {
        let mut own = Self::with_room(length);
        own.resize(length, element);
        own
    }
}

impl<T: Recycle> Recycled<T> {
    /// No element yet; a vector that is kept is not taken for one that would not be.
    fn with_room(length: usize) -> Self {
        Self(if is_kept::<T>(length) { take() } else { Vec::with_capacity(length) })
    }
}

impl<T: Recycle> Default for Recycled<T> {
    fn default() -> Self {
        Self(take())
    }
}

impl<T: Recycle> FromIterator<T> for Recycled<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let elements = elements.into_iter();
        let mut own = Self::with_room(elements.size_hint().0);
        own.extend(elements);
        own
    }
}

impl<T: Recycle> Deref for Recycled<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T: Recycle> DerefMut for Recycled<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T: Recycle> Drop for Recycled<T> {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

/// A matrix whose elements go back to the thread that drops it.
#[derive(Clone, Debug)]
pub struct RecycledMatrix<T: Recycle + Default = f64>(Array2<T>);

impl<T: Recycle + Default> RecycledMatrix<T> {
    /// A matrix of the elements that `fill` writes, row by row; the vector it gets is empty.
    ///
    /// # Panics
    /// If it writes another number of elements.
    pub fn new(rows: usize, columns: usize, fill: impl FnOnce(&mut Vec<T>)) -> Self {
        let mut elements = std::mem::take(&mut Recycled::with_room(rows * columns).0);
        fill(&mut elements);
        Self(Array2::from_shape_vec((rows, columns), elements).expect("as many elements as the matrix has"))
    }

    /// The matrix itself, whose elements do not go back.
    #[must_use]
    pub fn into_array(mut self) -> Array2<T> {
        std::mem::take(&mut self.0)
    }
}

impl<T: Recycle + Clone + Default> RecycledMatrix<T> {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(shape: (usize, usize)) -> Self {
        let (rows, columns) = shape;
        match rows * columns {
            short if is_kept::<T>(short) => Self::new(rows, columns, |elements| elements.resize(short, T::default())),
            // Memory that the system gives is zero already.
            _ => Self(Array2::from_elem(shape, T::default())),
        }
    }
}

impl RecycledMatrix {
    /// A copy.
    #[must_use]
    pub fn of(matrix: &ArrayView2<'_, f64>) -> Self {
        let (rows, columns) = matrix.dim();
        Self::new(rows, columns, |elements| match matrix.as_slice() {
            Some(all) => elements.extend_from_slice(all),
            None => elements.extend(matrix),
        })
    }

    /// What `change` makes of every element.
    #[must_use]
    pub fn mapped(matrix: &Array2<f64>, change: impl Fn(f64) -> f64) -> Self {
        let (rows, columns) = matrix.dim();
        Self::new(rows, columns, |elements| elements.extend(matrix.iter().map(|value| change(*value))))
    }

    /// `a_ij − b_j`.
    ///
    /// # Panics
    /// If the row has another number of columns.
    #[must_use]
    pub fn difference(matrix: &Array2<f64>, row: &Array1<f64>) -> Self {
        let mut own = Self::of(&matrix.view());
        *own -= row;
        own
    }

    /// The first rows.
    ///
    /// # Panics
    /// If there are fewer.
    #[must_use]
    pub fn first_rows(self, count: usize) -> Self {
        Self(self.into_array().slice_move(s![..count, ..]))
    }
}

impl<T: Recycle + Default> From<Array2<T>> for RecycledMatrix<T> {
    fn from(matrix: Array2<T>) -> Self {
        Self(matrix)
    }
}

impl<T: Recycle + Default> Deref for RecycledMatrix<T> {
    type Target = Array2<T>;

    fn deref(&self) -> &Array2<T> {
        &self.0
    }
}

impl<T: Recycle + Default> DerefMut for RecycledMatrix<T> {
    fn deref_mut(&mut self) -> &mut Array2<T> {
        &mut self.0
    }
}

impl<T: Recycle + Default> Drop for RecycledMatrix<T> {
    fn drop(&mut self) {
        // An empty matrix allocates nothing.
        let (elements, _) = std::mem::take(&mut self.0).into_raw_vec_and_offset();
        give_back(elements);
    }
}

/// Whether a vector of so many elements is kept.
fn is_kept<T>(elements: usize) -> bool {
    elements.saturating_mul(size_of::<T>()) <= LONGEST
}

fn take<T: Recycle>() -> Vec<T> {
    // A thread that ends has no store any more.
    T::store().try_with(|store| store.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

fn give_back<T: Recycle>(mut vector: Vec<T>) {
    if vector.capacity() > 0 && is_kept::<T>(vector.capacity()) {
        vector.clear();
        let _ = T::store().try_with(|store| {
            let mut store = store.borrow_mut();
            if store.len() < MOST {
                store.push(vector);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_vectors_come_back_and_long_ones_do_not() {
        let first: Recycled<f64> = [1.0, 2.0].into_iter().collect();
        let place = first.as_ptr();
        drop(first);
        let second: Recycled<f64> = [3.0].into_iter().collect();
        assert_eq!((second.as_ptr(), &second[..]), (place, &[3.0][..]));
        drop((0..2 * LONGEST).map(|i| i as f64).collect::<Recycled<f64>>());
        assert!(is_kept::<f64>(take::<f64>().capacity()));
        let matrix = RecycledMatrix::new(1, 2, |elements| elements.extend([5.0, 6.0]));
        assert_eq!(*matrix, ndarray::arr2(&[[5.0, 6.0]]));
    }
}
