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

/// How many of more than [`BLOCK`] terms NumPy adds apart from the rest.
#[must_use]
pub fn left_part(n: usize) -> usize {
    let half = n / 2;
    half - half % 8
}

/// [`pairwise_sum`] of terms that are made up to [`BLOCK`] at a time: `next` fills a slice with those that follow.
pub fn pairwise_sum_of_blocks(n: usize, next: &mut impl FnMut(&mut [f64])) -> f64 {
    if n <= BLOCK {
        let mut terms = [0.0; BLOCK];
        next(&mut terms[..n]);
        return sum_of_block(&terms[..n]);
    }
    let left = left_part(n);
    pairwise_sum_of_blocks(left, next) + pairwise_sum_of_blocks(n - left, next)
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

    #[test]
    fn terms_made_in_blocks_are_added_alike() {
        for n in [0, 1, 7, 8, 9, 127, 128, 129, 255, 1000, 100_003] {
            let term = |i: usize| 1.0 / ((i + 1) as f64).powf(1.5);
            let mut at = 0;
            let blocks = pairwise_sum_of_blocks(n, &mut |terms| {
                terms.iter_mut().enumerate().for_each(|(i, out)| *out = term(at + i));
                at += terms.len();
            });
            assert_eq!(blocks.to_bits(), pairwise_sum(&mut (0..n).map(term), n).to_bits(), "{n} terms");
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
