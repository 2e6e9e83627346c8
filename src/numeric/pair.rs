//! `f64` rows as pairs of `f32`, and the powers of two that bring them into range.

/// Writes each value as `high + low`, which is the value rounded to 48 bits: `high` to the nearest `f32`, `low` what is left.
///
/// Values must lie within the range of `f32`.
pub fn split(values: &[f64], high: &mut [f32], low: &mut [f32]) {
    for ((&value, high), low) in values.iter().zip(high).zip(low) {
        *high = value as f32;
        *low = (value - f64::from(*high)) as f32;
    }
}

/// Writes `factor · (high + low)`.
pub fn join(high: &[f32], low: &[f32], factor: f64, out: &mut [f64]) {
    for ((&high, &low), out) in high.iter().zip(low).zip(out) {
        *out = factor * (f64::from(high) + f64::from(low));
    }
}

/// Exponents that [`power_of_two`] and its inverse can both represent; what lies outside stays far from 1, but finite.
pub const EXPONENTS: std::ops::RangeInclusive<i32> = -500..=1000;

/// The e with `2^e ≤ largest |value| < 2^(e+1)`, bounded to −500..=1000.
#[must_use]
pub fn exponent<'a>(values: impl IntoIterator<Item = &'a f64>) -> i32 {
    let largest = values.into_iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let biased = (largest.to_bits() >> 52) as i32;
    (biased - 1023).clamp(*EXPONENTS.start(), *EXPONENTS.end())
}

/// `2^exponent` for −1022 ≤ exponent ≤ 1023, zero below.
#[must_use]
pub fn power_of_two(exponent: i32) -> f64 {
    u64::try_from(exponent + 1023).map_or(0.0, |biased| f64::from_bits(biased << 52))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_by_hand() {
        let cases =
            [(vec![0.75, -1.0], 0), (vec![0.999], -1), (vec![-6.0, 3.0], 2), (vec![0.0], -500), (vec![1e308], 1000)];
        for (values, expected) in cases {
            assert_eq!(exponent(&values), expected, "{values:?}");
        }
        assert_eq!((power_of_two(-3), power_of_two(1000)), (0.125, 2.0_f64.powi(1000)));
        assert_eq!(power_of_two(-1500), 0.0);
    }

    /// 2⁻⁴⁰ beside 1 is kept, 2⁻⁵² need not be.
    #[test]
    fn pairs_keep_48_bits() {
        let (mut high, mut low, mut out) = ([0.0; 1], [0.0; 1], [0.0; 1]);
        split(&[1.0 + 2.0_f64.powi(-40) + 2.0_f64.powi(-52)], &mut high, &mut low);
        join(&high, &low, 1.0, &mut out);
        assert!((out[0] - 1.0 - 2.0_f64.powi(-40)).abs() <= 2.0_f64.powi(-49));
        for value in [0.1, -1.0 / 3.0, 1e-20, std::f64::consts::PI] {
            split(&[value], &mut high, &mut low);
            join(&high, &low, 2.0, &mut out);
            assert!((out[0] / 2.0 / value - 1.0).abs() <= 2.0_f64.powi(-48), "{value}");
        }
    }
}
