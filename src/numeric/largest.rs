//! The k largest values of a row.

use super::recycled::Recycled;

/// Finds the k largest values of one row after the other without allocating for each.
///
/// Of equal values those of lower index count as larger, so that exactly k are chosen.
///
/// ```
/// use oodbench::numeric::largest::Largest;
/// let mut row = [3.0, 1.0, 3.0, 2.0, 3.0];
/// let mut largest = Largest::new(2);
/// assert_eq!(largest.sum(&row), 6.0);
/// largest.keep(&mut row, |value| value);
/// assert_eq!(row, [3.0, 0.0, 3.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Largest {
    count: usize,
    scratch: Recycled<f64>,
}

impl Largest {
    /// The `count` largest; all of a row that has fewer.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { count, scratch: Recycled::default() }
    }

    /// How many are chosen of a row that has as many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their sum.
    pub fn sum(&mut self, row: &[f64]) -> f64 {
        self.partition(row).iter().sum()
    }

    /// Replaces each of them by `kept` of it and all others by zero.
    pub fn keep(&mut self, row: &mut [f64], kept: impl Fn(f64) -> f64) {
        let Some(&smallest) = self.partition(row).last() else { return row.fill(0.0) };
        let above = row.iter().filter(|value| **value > smallest).count();
        let mut ties = self.count.min(row.len()) - above;
        for value in row {
            let tied = *value == smallest && ties > 0;
            ties -= usize::from(tied);
            *value = if *value > smallest || tied { kept(*value) } else { 0.0 };
        }
    }

    /// The largest values in no order but that the smallest of them is last.
    fn partition(&mut self, row: &[f64]) -> &[f64] {
        self.scratch.clear();
        self.scratch.extend_from_slice(row);
        let count = self.count.min(row.len());
        if count > 0 {
            self.scratch.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
        }
        &self.scratch[..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against a stable sort, on few distinct values of both signs and both zeros.
    #[test]
    fn chooses_what_a_stable_sort_puts_first() {
        let row: Vec<f64> =
            (0..60).map(|i| f64::from((i * 37) % 11 - 5) * if i % 2 == 0 { 1.0 } else { -0.5 }).collect();
        for count in [0, 1, 7, 30, 59, 60, 80] {
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).unwrap());
            let mut expected = vec![0.0; row.len()];
            order.iter().take(count).for_each(|&i| expected[i] = row[i] + 100.0);
            let mut largest = Largest::new(count);
            let mut found = row.clone();
            largest.keep(&mut found, |value| value + 100.0);
            assert_eq!(found, expected, "{count} largest");
            let sum: f64 = order.iter().take(count).map(|&i| row[i]).sum();
            assert_eq!(largest.sum(&row), sum, "sum of the {count} largest");
        }
    }
}
