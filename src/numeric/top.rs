//! The largest value of a row: the predicted class and its logit.

use super::kernel::Kernel;
pub use super::scan::{Top, maximum};

/// The largest value of a non-empty row and its first index.
#[must_use]
pub fn top<T: Kernel>(row: &[T]) -> Top {
    T::top(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_is_the_first_of_equal_values() {
        let row = [1.0_f32, 7.0, 7.0, -3.0];
        assert_eq!(top(&row), Top { index: 1, value: 7.0 });
        let long: Vec<f64> = (0..100).map(|i| f64::from(i % 37)).collect();
        assert_eq!(top(&long), Top { index: 36, value: 36.0 });
        assert_eq!(top(&[-5.0_f64]), Top { index: 0, value: -5.0 });
        for length in [1, 7, 8, 9, 31, 32, 33, 100] {
            for at in 0..length {
                let mut row = vec![-1.0_f32; length];
                row[at..].fill(2.5);
                assert_eq!(top(&row), Top { index: at, value: 2.5 });
                let mut row = vec![f64::MIN; length];
                row[at] = -1e300;
                assert_eq!((top(&row).index, maximum(&row)), (at, if length == 1 { row[0] } else { -1e300 }));
            }
        }
    }
}
