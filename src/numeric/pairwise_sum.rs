//! Summation in the order NumPy uses, so that a sum is equal to NumPy's to the last bit.

/// Most terms that are added without halving.
pub const BLOCK: usize = 128;

/// The sum of the next `n` terms of `terms`, added in the order of `numpy.sum` on a contiguous `float64` array.
///
/// NumPy halves the range (at a multiple of eight) until at most 128 terms are left and adds those in eight interleaved
/// accumulators. The terms are taken in order and never stored, so a sum over millions of them needs no memory.
/// Terms beyond the end of the iterator count as zero.
///
/// ```
/// use oodbench::numeric::pairwise_sum::pairwise_sum;
/// assert_eq!(pairwise_sum(&mut (1..=100).map(f64::from), 100), 5050.0);
/// ```
pub fn pairwise_sum(terms: &mut impl Iterator<Item = f64>, n: usize) -> f64 {
    let mut next = || terms.next().unwrap_or(0.0);
    if n < 8 {
        return (0..n).fold(0.0, |sum, _| sum + next());
    }
    if n <= BLOCK {
        let mut r: [f64; 8] = std::array::from_fn(|_| next());
        for _ in 1..n / 8 {
            for accumulator in &mut r {
                *accumulator += next();
            }
        }
        let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
        return (0..n % 8).fold(sum, |sum, _| sum + next());
    }
    let left = left_part(n);
    pairwise_sum(terms, left) + pairwise_sum(terms, n - left)
}

/// The blocks of up to [`BLOCK`] terms that NumPy cuts a sum into: where each begins, and the number of all terms.
///
/// ```
/// use oodbench::numeric::pairwise_sum::blocks;
/// assert_eq!(blocks(100), [0, 100]);
/// assert_eq!(blocks(300), [0, 72, 144, 216, 300]);
/// ```
#[must_use]
pub fn blocks(n: usize) -> Vec<usize> {
    fn cut(from: usize, n: usize, starts: &mut Vec<usize>) {
        if n <= BLOCK {
            return starts.push(from);
        }
        let left = left_part(n);
        cut(from, left, starts);
        cut(from + left, n - left, starts);
    }
    let mut starts = Vec::new();
    cut(0, n, &mut starts);
    starts.push(n);
    starts
}

/// [`pairwise_sum`] of `n` terms from the sums of their [`blocks`].
pub fn sum_of_blocks(n: usize, sums: &mut impl Iterator<Item = f64>) -> f64 {
    if n <= BLOCK {
        return sums.next().unwrap_or(0.0);
    }
    let left = left_part(n);
    sum_of_blocks(left, sums) + sum_of_blocks(n - left, sums)
}

/// Sums of consecutive [`blocks`], of terms that come in order, so many at a time as their source finds handy.
pub struct BlockSums<'a> {
    /// Where blocks begin that are not full, and where the last of them ends.
    borders: &'a [usize],
    /// Terms still to come that belong to blocks before these.
    skipped: usize,
    /// Those of the first block that is not full.
    terms: [f64; BLOCK],
    held: usize,
    sums: Vec<f64>,
}

impl<'a> BlockSums<'a> {
    /// Of the blocks between these borders; the first term to come is number `from`, which is not behind the first border.
    #[must_use]
    pub fn new(borders: &'a [usize], from: usize) -> Self {
        let skipped = borders.first().map_or(0, |first| first - from);
        Self { borders, skipped, terms: [0.0; BLOCK], held: 0, sums: Vec::with_capacity(borders.len()) }
    }

    /// Takes the terms that follow. Those behind the last block are left alone.
    pub fn push(&mut self, terms: &[f64]) {
        let skipped = self.skipped.min(terms.len());
        self.skipped -= skipped;
        let mut terms = &terms[skipped..];
        while let [start, end, ..] = *self.borders {
            let (own, rest) = terms.split_at(terms.len().min(end - start - self.held));
            self.terms[self.held..self.held + own.len()].copy_from_slice(own);
            self.held += own.len();
            terms = rest;
            if self.held < end - start {
                return;
            }
            self.sums.push(sum_of_block(&self.terms[..self.held]));
            self.held = 0;
            self.borders = &self.borders[1..];
        }
    }

    /// Whether every block has all of its terms.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.borders.len() < 2
    }

    /// The sums.
    #[must_use]
    pub fn into_sums(self) -> Vec<f64> {
        self.sums
    }
}

/// How many of more than [`BLOCK`] terms NumPy adds apart from the rest.
fn left_part(n: usize) -> usize {
    let half = n / 2;
    half - half % 8
}

/// Up to [`BLOCK`] terms: eight interleaved accumulators, the rest one by one.
fn sum_of_block(terms: &[f64]) -> f64 {
    let (eights, rest) = terms.as_chunks::<8>();
    let Some((first, more)) = eights.split_first() else { return rest.iter().fold(0.0, |sum, term| sum + term) };
    let mut r = *first;
    for eight in more {
        r.iter_mut().zip(eight).for_each(|(accumulator, term)| *accumulator += term);
    }
    let sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    rest.iter().fold(sum, |sum, term| sum + term)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.sum` (2.3) of `1/(i+1)**1.5` for i < n, by `float.hex`-exact decimal repr.
    #[test]
    fn plain_order_differs_from_numpys() {
        let term = |i: u32| 1.0 / f64::from(i + 1).powf(1.5);
        let n = 100_003;
        let plain: f64 = (0..n).map(term).sum();
        let pairwise = pairwise_sum(&mut (0..n).map(term), n as usize);
        assert_ne!(plain, pairwise);
        assert!((plain - pairwise).abs() < 1e-12);
    }

    /// In one go and from the middle, in portions that fit no block.
    #[test]
    fn terms_in_portions_are_added_alike() {
        for n in [0, 1, 7, 8, 9, 127, 128, 129, 255, 1000, 100_003] {
            let terms: Vec<f64> = (0..n).map(|i| 1.0 / ((i + 1) as f64).powf(1.5)).collect();
            let borders = blocks(n);
            let sums = |borders: &[usize], from: usize| {
                let mut sums = BlockSums::new(borders, from);
                terms[from..].chunks(37).for_each(|portion| sums.push(portion));
                sums.push(&[]);
                assert!(sums.is_full());
                sums.into_sums()
            };
            let middle = borders.len() / 2;
            let (left, right) =
                (sums(&borders[..=middle], 0), sums(&borders[middle..], borders[middle].saturating_sub(5)));
            let all = sums(&borders, 0);
            assert_eq!([left, right].concat(), all);
            let expected = pairwise_sum(&mut terms.iter().copied(), n);
            assert_eq!(sum_of_blocks(n, &mut all.into_iter()).to_bits(), expected.to_bits(), "{n} terms");
        }
    }

    #[test]
    fn counts_every_term_once_whatever_the_length() {
        for n in [0_i32, 1, 7, 8, 9, 127, 128, 129, 255, 1000, 4099] {
            let sum = pairwise_sum(&mut (0..n).map(f64::from), n as usize);
            assert_eq!(sum, f64::from(n) * (f64::from(n) - 1.0) / 2.0 * f64::from(u8::from(n > 0)));
        }
    }
}
