//! Sorting of many numbers: by counting digits of their bits, not by comparing.

/// Digits of 10 bits: the counts of all passes and the ends of the 1,024 runs written to stay in the first cache.
const DIGIT: u32 = 10;
const DIGITS: usize = 1 << DIGIT;
const PASSES: usize = 3;

/// Shorter slices are compared.
const SHORT: usize = 1 << 10;

/// Longer slices are halved in place first, so that the buffer beside them stays small and every core has work.
pub const LONG: usize = 1 << 20;

/// Sorts in the order of [`f64::total_cmp`] (−0 before 0; a NaN at the end of its sign).
///
/// Three stable passes distribute by the uppermost 30 bits in which the numbers differ; numbers that agree in those are sorted among themselves, by
/// the same means where there are many. Time is linear but for numbers that agree in 30 bits again and again, and then as with comparisons.
/// Beside the numbers it takes 8 MiB per thread at most.
///
/// ```
/// let mut numbers = vec![2.5, -1.0, 1e30, 0.0, -0.0];
/// oodbench::numeric::sort::sort(&mut numbers);
/// assert_eq!(numbers, [-1.0, -0.0, 0.0, 2.5, 1e30]);
/// ```
pub fn sort(numbers: &mut [f64]) {
    if numbers.len() <= LONG {
        sort_with(numbers, &mut Vec::new());
        return;
    }
    let middle = numbers.len() / 2;
    numbers.select_nth_unstable_by(middle, f64::total_cmp);
    let (low, high) = numbers.split_at_mut(middle);
    rayon::join(|| sort(low), || sort(high));
}

/// Sorts with a buffer that grows to the numbers' length.
fn sort_with(numbers: &mut [f64], buffer: &mut Vec<f64>) {
    if numbers.len() <= SHORT {
        numbers.sort_unstable_by(f64::total_cmp);
        return;
    }
    let (low, high) = numbers.iter().fold((u64::MAX, 0), |(low, high), &x| (key(x).min(low), key(x).max(high)));
    let bits = u64::BITS - (high - low).leading_zeros();
    let ignored = bits.saturating_sub(DIGIT * PASSES as u32);
    let prefix = |x: f64| (key(x) - low) >> ignored;

    if buffer.len() < numbers.len() {
        buffer.resize(numbers.len(), 0.0);
    }
    let mut counts = vec![[0_u32; DIGITS]; PASSES];
    for &x in &*numbers {
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[digit(prefix(x), pass)] += 1;
        }
    }
    let mut in_place = true;
    {
        let (mut from, mut to) = (&mut *numbers, &mut buffer[..]);
        for (pass, counts) in counts.iter_mut().enumerate() {
            // A digit that all have in common leaves the order as it is.
            if counts[digit(prefix(from[0]), pass)] as usize == from.len() {
                continue;
            }
            let mut end = 0;
            for count in counts.iter_mut() {
                end += std::mem::replace(count, end);
            }
            for &x in &*from {
                let place = &mut counts[digit(prefix(x), pass)];
                to[*place as usize] = x;
                *place += 1;
            }
            let length = from.len();
            (from, to) = (&mut to[..length], from);
            in_place = !in_place;
        }
    }
    if !in_place {
        numbers.copy_from_slice(&buffer[..numbers.len()]);
    }
    if ignored > 0 {
        sort_equal_prefixes(numbers, buffer, prefix);
    }
}

/// Sorts every run of numbers of equal prefix, where it is out of order.
fn sort_equal_prefixes(numbers: &mut [f64], buffer: &mut Vec<f64>, prefix: impl Fn(f64) -> u64) {
    let mut next = 1;
    while next < numbers.len() {
        if key(numbers[next - 1]) <= key(numbers[next]) {
            next += 1;
            continue;
        }
        let here = prefix(numbers[next]);
        let start = numbers[..next].iter().rposition(|&x| prefix(x) != here).map_or(0, |i| i + 1);
        let end = numbers[next..].iter().position(|&x| prefix(x) != here).map_or(numbers.len(), |i| next + i);
        sort_with(&mut numbers[start..end], buffer);
        next = end;
    }
}

fn digit(prefix: u64, pass: usize) -> usize {
    (prefix >> (DIGIT * pass as u32)) as usize % DIGITS
}

/// Bits that order as [`f64::total_cmp`] does.
#[must_use]
pub fn key(x: f64) -> u64 {
    let bits = x.to_bits();
    bits ^ ((bits.cast_signed() >> 63).cast_unsigned() | 1 << 63)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_sorted_as_std(name: &str, numbers: &[f64]) {
        let (mut found, mut expected) = (numbers.to_vec(), numbers.to_vec());
        sort(&mut found);
        expected.sort_unstable_by(f64::total_cmp);
        let bits = |all: &[f64]| all.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert!(bits(&found) == bits(&expected), "{name}: {} numbers from {:?}", numbers.len(), &numbers[..4]);
    }

    /// Numbers without order: a Weyl sequence.
    fn noise(i: usize) -> f64 {
        (i as f64 * 0.618_033_988_749_894_9).fract() - 0.5
    }

    /// A name and the i-th number.
    type Kind = (&'static str, fn(usize) -> f64);

    #[test]
    fn kinds_of_numbers() {
        let kinds: [Kind; 11] = [
            ("spread", noise),
            ("f32", |i| f64::from(noise(i) as f32)),
            ("tied", |i| (noise(i) * 100.0).round()),
            ("equal", |_| 0.25),
            ("signed zeros", |i| if noise(i) > 0.0 { 0.0 } else { -0.0 }),
            ("near 1", |i| 1.0 - noise(i) * 1e-14),
            ("an outlier", |i| if i == 7 { 1e30 } else { 1.0 + noise(i) * 1e-9 }),
            ("outliers of outliers", |i| 10_f64.powi(-((i % 40) as i32)) * noise(i)),
            ("huge and tiny", |i| noise(i) * 10_f64.powf(600.0 * noise(i * 7 + 1))),
            ("denormal", |i| f64::from_bits((noise(i) * 1e6).abs() as u64)),
            ("descending", |i| -(i as f64)),
        ];
        for (name, number) in kinds {
            for n in [4, SHORT - 1, SHORT + 1, 50_000] {
                assert_sorted_as_std(name, &(0..n).map(number).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn longer_than_what_is_halved() {
        assert_sorted_as_std("many", &(0..2 * LONG + 3).map(noise).collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bits(seed in prop::collection::vec(any::<u64>(), 40), shift in 0_u32..64) {
            let bits = |i: usize| seed[i % 40].rotate_left(i as u32 / 40) >> shift;
            assert_sorted_as_std("any bits", &(0..4 * SHORT).map(|i| f64::from_bits(bits(i))).collect::<Vec<_>>());
        }
    }
}
