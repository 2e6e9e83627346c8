//! Short vectors that a thread keeps and uses again, so that a row at a time costs no allocation.
//!
//! A service scores blocks of one row; what such a block computes on the way is a few numbers, and asking the allocator for room would cost more than
//! computing them. Long vectors, those of large blocks, are given back at once: there the allocator is no matter, and memory is.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

use ndarray::Array2;

use super::softmax::Softmax;
use super::top::Top;

/// Most elements of a vector that is kept: as many logits or features as a row may well have.
const LONGEST: usize = 1 << 12;

/// Most vectors that a thread keeps of a type.
const MOST: usize = 8;

/// The vectors that a thread keeps.
type Store<T> = RefCell<Vec<Vec<T>>>;

/// Elements of such vectors.
pub trait Recycle: Sized + 'static {
    /// The vectors of this thread.
    fn store() -> &'static LocalKey<Store<Self>>;
}

macro_rules! recycle {
    ($($element:ty),*) => {$(
        impl Recycle for $element {
            fn store() -> &'static LocalKey<Store<Self>> {
                thread_local! {
                    static STORE: Store<$element> = const { RefCell::new(Vec::new()) };
                }
                &STORE
            }
        }
    )*};
}

recycle!(f64, usize, Top, Softmax);

/// A vector that goes back to the thread that drops it.
#[derive(Clone, Debug)]
pub struct Recycled<T: Recycle>(Vec<T>);

impl<T: Recycle> Default for Recycled<T> {
    fn default() -> Self {
        Self(take())
    }
}

impl<T: Recycle> FromIterator<T> for Recycled<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut own = take();
        own.extend(elements);
        Self(own)
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
pub struct RecycledMatrix(Array2<f64>);

impl RecycledMatrix {
    /// A matrix of the elements that `fill` writes, row by row; the vector it gets is empty.
    ///
    /// # Panics
    /// If it writes another number of elements.
    pub fn new(rows: usize, columns: usize, fill: impl FnOnce(&mut Vec<f64>)) -> Self {
        let mut elements = take();
        fill(&mut elements);
        Self(Array2::from_shape_vec((rows, columns), elements).expect("as many elements as the matrix has"))
    }
}

impl Deref for RecycledMatrix {
    type Target = Array2<f64>;

    fn deref(&self) -> &Array2<f64> {
        &self.0
    }
}

impl Drop for RecycledMatrix {
    fn drop(&mut self) {
        // An empty matrix allocates nothing.
        let (elements, _) = std::mem::take(&mut self.0).into_raw_vec_and_offset();
        give_back(elements);
    }
}

fn take<T: Recycle>() -> Vec<T> {
    // A thread that ends has no store any more.
    T::store().try_with(|store| store.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

fn give_back<T: Recycle>(mut vector: Vec<T>) {
    if vector.capacity() > 0 && vector.capacity() <= LONGEST {
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
        assert!(take::<f64>().capacity() <= LONGEST);
        let matrix = RecycledMatrix::new(1, 2, |elements| elements.extend([5.0, 6.0]));
        assert_eq!(*matrix, ndarray::arr2(&[[5.0, 6.0]]));
    }
}
