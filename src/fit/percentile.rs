//! Exact percentiles of more values than fit in memory.

use std::ops::Range;

use rayon::prelude::*;

use super::error::FitError;
use super::rows::TrainingRows;
use crate::rows::matrix::{Cow2, Rows};

/// Percentiles of all n·D training features taken as one list, by [`percentiles`].
///
/// # Errors
/// [`FitError::Missing`] without training features.
pub fn feature_percentiles(training: &TrainingRows<'_>, levels: &[f64]) -> Result<Vec<f64>, FitError> {
    let (split, features) = training.features()?;
    Ok(percentiles(&split.block_ranges(), |range| features.block(range), levels))
}

/// Percentiles of values in memory, by [`percentiles`].
#[must_use]
pub fn percentiles_of(values: &ndarray::Array2<f64>, levels: &[f64]) -> Vec<f64> {
    let whole = 0..values.nrows();
    percentiles(std::slice::from_ref(&whole), |_| Rows::F64(Cow2::Borrowed(values.view())), levels)
}

/// The percentiles at `levels` (from 0 to 1) of all values in all blocks, linearly interpolated as NumPy's default is:
///
/// ```text
/// h = (N − 1)·q,    x_⌊h⌋ + (h − ⌊h⌋)·(x_⌊h⌋+1 − x_⌊h⌋),    x ascending, counted from 0
/// ```
///
/// Nothing is sorted or held: the values at the ranks wanted are found digit by digit, 16 bits per pass over the blocks, all ranks in the same
/// passes. `f32` rows take two passes, `f64` rows four; memory is 512 kB per thread and digit prefix still sought, at most two prefixes per level.
/// The values must be finite. Without any value the percentiles are zero.
pub fn percentiles<'a>(
    blocks: &[Range<usize>],
    read: impl Fn(Range<usize>) -> Rows<'a> + Sync,
    levels: &[f64],
) -> Vec<f64> {
    let count: usize = blocks.par_iter().map(|range| length(&read(range.clone()))).sum();
    let Some(last) = count.checked_sub(1) else { return vec![0.0; levels.len()] };
    let places: Vec<f64> = levels.iter().map(|level| (last as f64 * level).clamp(0.0, last as f64)).collect();
    let ranks = places.iter().flat_map(|place| [place.floor() as usize, (place.floor() as usize + 1).min(last)]);
    let values = select(blocks, &read, ranks.collect());
    let interpolate = |(place, pair): (&f64, &[f64])| pair[0] + place.fract() * (pair[1] - pair[0]);
    places.iter().zip(values.chunks(2)).map(interpolate).collect()
}

const DIGIT_BITS: u32 = 16;
const DIGITS: usize = 1 << DIGIT_BITS;

/// The values of the given ranks (0 for the smallest) among all values.
fn select<'a>(
    blocks: &[Range<usize>],
    read: &(impl Fn(Range<usize>) -> Rows<'a> + Sync),
    ranks: Vec<usize>,
) -> Vec<f64> {
    let narrow = blocks.first().is_some_and(|range| matches!(read(range.clone()), Rows::F32(_)));
    // Per rank: the leading digits of its key, and its rank among the keys that begin with them.
    let mut sought: Vec<(u64, usize)> = ranks.into_iter().map(|rank| (0, rank)).collect();
    let passes = if narrow { 2 } else { 4 };
    for pass in 1..=passes {
        let shift = u64::BITS - pass * DIGIT_BITS;
        let mut prefixes: Vec<u64> = sought.iter().map(|(prefix, _)| *prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let counters = || vec![0_usize; prefixes.len() * DIGITS];
        let histogram = blocks
            .par_iter()
            .fold(counters, |counts, range| count(counts, &read(range.clone()), &prefixes, shift))
            .reduce(counters, |mut a, b| {
                a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                a
            });
        for (prefix, rank) in &mut sought {
            let at = prefixes.partition_point(|other| other < prefix);
            let mut digit = 0;
            for &count in &histogram[at * DIGITS..(at + 1) * DIGITS] {
                if *rank < count {
                    break;
                }
                *rank -= count;
                digit += 1;
            }
            *prefix = *prefix << DIGIT_BITS | digit;
        }
    }
    let value = |(key, _): (u64, usize)| match narrow {
        true => f64::from(f32::from_bits((bits(key << 32) >> 32) as u32)),
        false => f64::from_bits(bits(key)),
    };
    sought.into_iter().map(value).collect()
}

/// Counts the digit at `shift` of every key whose digits before it are one of `prefixes`.
fn count(mut counts: Vec<usize>, rows: &Rows<'_>, prefixes: &[u64], shift: u32) -> Vec<usize> {
    let mut add = |key: u64| {
        // Shifting by the whole width is not allowed; before the first digit there is no prefix to compare.
        let prefix = key.checked_shr(shift + DIGIT_BITS).unwrap_or(0);
        if let Some(at) = prefixes.iter().position(|other| *other == prefix) {
            counts[at * DIGITS + (key >> shift) as usize % DIGITS] += 1;
        }
    };
    match rows {
        // In the upper half of the key, so that the first digits are the same; the lower half is never looked at.
        Rows::F32(rows) => rows.view().iter().for_each(|value| add(key(u64::from(value.to_bits()) << 32))),
        Rows::F64(rows) => rows.view().iter().for_each(|value| add(key(value.to_bits()))),
    }
    counts
}

fn length(rows: &Rows<'_>) -> usize {
    match rows {
        Rows::F32(rows) => rows.view().len(),
        Rows::F64(rows) => rows.view().len(),
    }
}

const SIGN: u64 = 1 << 63;

/// A key that is ordered as the floats of these bits are: negative ones have all bits turned, others the sign bit.
fn key(bits: u64) -> u64 {
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The bits of a key.
fn bits(key: u64) -> u64 {
    if key & SIGN == 0 { !key } else { key & !SIGN }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::noise::Noise;
    use ndarray::Array2;

    const LEVELS: [f64; 8] = [0.0, 1e-3, 0.1, 0.37, 0.5, 0.9, 0.999, 1.0];

    /// By a full sort.
    fn sorted_percentile(values: &[f64], level: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let place = (values.len() - 1) as f64 * level;
        let low = place.floor() as usize;
        sorted[low] + place.fract() * (sorted[(low + 1).min(values.len() - 1)] - sorted[low])
    }

    /// Both signs, ties, zeros, subnormals, magnitudes from 1e-40 to 1e30.
    fn values(n: usize) -> Vec<f32> {
        let mut noise = Noise::new(1);
        let mut next = || (noise.bits() >> 33) as u32;
        let value = |bits: u32, size: u32| match size % 5 {
            0 => 0.0,
            1 => (bits % 7) as f32 - 3.0,
            2 => 1e-40 * (bits % 1000) as f32,
            3 => -1e30 * (bits % 1000) as f32,
            _ => (bits as f32 / (1 << 30) as f32 - 1.0) * 10.0_f32.powi((bits % 31) as i32 - 15),
        };
        (0..n).map(|_| value(next(), next())).collect()
    }

    fn blocks(n: usize, step: usize) -> Vec<Range<usize>> {
        (0..n).step_by(step).map(|start| start..n.min(start + step)).collect()
    }

    #[test]
    fn f32_rows_give_what_a_full_sort_gives() {
        for n in [1, 2, 3, 1000, 20_011] {
            let values = values(n);
            let wide: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let expected = LEVELS.map(|level| sorted_percentile(&wide, level));
            for step in [1, 64, n] {
                let read = |range: Range<usize>| {
                    Rows::F32(Cow2::Owned(Array2::from_shape_vec((range.len(), 1), values[range].to_vec()).unwrap()))
                };
                assert_eq!(percentiles(&blocks(n, step), read, &LEVELS), expected, "{n} values");
                if n > 1000 {
                    break;
                }
            }
        }
    }

    /// Neighbouring `f64` that are one `f32`, so that the last digits decide.
    #[test]
    fn f64_rows_give_what_a_full_sort_gives() {
        let fine = |(i, v): (usize, f32)| f64::from(v) * (1.0 + ((i * 7919) % 1000) as f64 * f64::EPSILON);
        let values: Vec<f64> = values(5003).into_iter().enumerate().map(fine).collect();
        let expected = LEVELS.map(|level| sorted_percentile(&values, level));
        assert_eq!(percentiles_of(&Array2::from_shape_vec((5003, 1), values).unwrap(), &LEVELS), expected.to_vec());
    }

    /// 0, 1, .., 9: the 90 % percentile lies a tenth of the way from 8 to 9, by hand.
    #[test]
    fn interpolates_between_neighbours() {
        let values = Array2::from_shape_fn((2, 5), |(i, j)| (9 - (5 * i + j)) as f64);
        assert!((percentiles_of(&values, &[0.9])[0] - 8.1).abs() < 1e-12);
    }
}
