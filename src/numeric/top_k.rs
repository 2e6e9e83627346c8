//! The largest of many values that come in runs, or all that may still be among them.

use super::recycled::{Recycled, recycle};

/// A value and its index.
pub type Candidate = (f32, usize);

/// The k largest values offered, and every other value up to a margin below them.
///
/// With values known to within ±ε and a margin of 2ε, the k values that are truly largest are among the candidates: at least k
/// true values reach `v_k − ε`, where `v_k` is the k-th largest value offered, and a value that reaches it was offered as at least `v_k − 2ε`.
#[derive(Clone, Debug)]
pub struct TopK {
    k: usize,
    margin: f32,
    floor: f32,
    capacity: usize,
    candidates: Recycled<Candidate>,
}

recycle!(Candidate, TopK);

/// Candidates beyond twice k from which on it pays to look which of them are largest in truth.
const CROWD: usize = 1024;

/// Values compared with the floor at once; almost all runs hold none that reaches it.
const RUN: usize = 32;

impl TopK {
    /// Nothing offered yet; `k` at least 1.
    #[must_use]
    pub fn new(k: usize) -> Self {
        let capacity = Self::room(k);
        let mut candidates = Recycled::default();
        candidates.reserve(capacity + RUN);
        Self { k, margin: 0.0, floor: f32::NEG_INFINITY, capacity, candidates }
    }

    fn room(k: usize) -> usize {
        2 * k + 64
    }

    /// Forgets all values and starts again with another margin, at least 0.
    pub fn restart(&mut self, margin: f32) {
        self.margin = margin;
        self.floor = f32::NEG_INFINITY;
        self.candidates.clear();
    }

    /// Offers values, whose indices count from `first`.
    pub fn offer(&mut self, first: usize, values: &[f32]) {
        for (run, values) in values.chunks(RUN).enumerate() {
            let floor = self.floor;
            // Without an early exit inside, the compiler compares whole vectors.
            if !values.iter().fold(false, |any, &value| any | (value >= floor)) {
                continue;
            }
            let start = first + run * RUN;
            let indexed = values.iter().enumerate().filter(|&(_, &value)| value >= floor);
            self.candidates.extend(indexed.map(|(i, &value)| (value, start + i)));
            if self.candidates.len() >= self.capacity {
                self.shrink();
                // Many almost equal values stay; room in proportion keeps the work per value constant.
                self.capacity = self.capacity.max(2 * self.candidates.len() + 64);
            }
        }
    }

    /// Whether so many values are almost equal that candidates would fill the memory: then [`Self::keep`] those that are largest in truth.
    pub fn is_crowded(&mut self) -> bool {
        let most = 2 * self.k + CROWD;
        if self.candidates.len() > most {
            self.shrink();
        }
        self.candidates.len() > most
    }

    /// Keeps these candidates alone, the k whose true values are largest. What is offered next is compared with all that were there.
    pub fn keep(&mut self, largest: impl Iterator<Item = Candidate>) {
        self.candidates.clear();
        self.candidates.extend(largest);
        self.capacity = Self::room(self.k);
    }

    /// The candidates offered so far, in no order: value and index.
    pub fn candidates(&mut self) -> &[Candidate] {
        self.shrink();
        &self.candidates
    }

    /// The same in the order in which [`Self::candidates`] gave them last, if nothing was offered since.
    pub fn held(&self) -> &[Candidate] {
        &self.candidates
    }

    fn shrink(&mut self) {
        if self.candidates.len() < self.k {
            return;
        }
        let (_, kth, _) = self.candidates.select_nth_unstable_by(self.k - 1, |a, b| b.0.total_cmp(&a.0));
        // Never lower than before: k values that reached it were offered, though the largest in truth may be others.
        let floor = self.floor.max(kth.0 - self.margin);
        self.floor = floor;
        self.candidates.retain(|candidate| candidate.0 >= floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(values: &[f32], k: usize, margin: f32, run: usize) -> Vec<usize> {
        let mut top = TopK::new(k);
        top.restart(margin);
        for (i, values) in values.chunks(run).enumerate() {
            top.offer(i * run, values);
        }
        let mut found: Vec<usize> = top.candidates().iter().map(|candidate| candidate.1).collect();
        found.sort_unstable();
        found
    }

    /// (i·7919 mod 1009) runs through 0..1009 in a scrambled order.
    #[test]
    fn keeps_the_largest_however_the_values_come() {
        let values: Vec<f32> = (0..1009_u32).map(|i| (i * 7919 % 1009) as f32).collect();
        for (k, margin) in [(1, 0.0), (50, 0.0), (50, 2.5), (1009, 0.0)] {
            let least = 1009.0 - k as f32 - margin;
            let expected: Vec<usize> = (0..1009).filter(|&i| values[i] >= least).collect();
            for run in [1, 15, 16, 1009] {
                assert_eq!(indices(&values, k, margin, run), expected, "k = {k}, margin {margin}, runs of {run}");
            }
        }
    }

    /// What was kept is no lower bound for what comes: the values that were passed over count as well.
    #[test]
    fn candidates_that_are_settled_leave_the_floor_where_it_was() {
        let mut top = TopK::new(2);
        top.restart(1.0);
        top.offer(0, &[10.0; 2000]);
        assert!(top.is_crowded());
        top.keep([(9.5, 0), (9.25, 1)].into_iter());
        assert!(!top.is_crowded());
        top.offer(2000, &[9.1, 8.9]);
        let mut left: Vec<usize> = top.candidates().iter().map(|candidate| candidate.1).collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2000]);
    }

    #[test]
    fn keeps_all_of_equal_values_and_fewer_than_k() {
        assert_eq!(indices(&[2.0; 3000], 3, 0.0, 100).len(), 3000);
        assert_eq!(indices(&[1.0, 2.0], 3, 0.0, 1), [0, 1]);
    }
}
