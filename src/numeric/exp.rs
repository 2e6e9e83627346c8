//! `exp` of differences to a maximum, in a form that compilers turn into vector instructions.

/// `1.5 · 2⁵²`: adding it rounds to a whole number and leaves that number in the lowest bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// `log 2` in two parts; the first has zeros enough that its product with a whole number below 2¹¹ is exact.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// The bits of 1.0, the exponent's bias.
const ONE: u64 = 1023 << 52;

/// An argument whose power of two is 2^−1023: below the smallest normal number, where this function is 0.
pub(super) const ZERO_BELOW: f64 = -709.1;

/// `exp(x)` for `x ≤ 0`.
///
/// Relative error at most 2.3e-16 (one unit in the last place; tested against the system's). Arguments up to about −708.75 give 0 exactly, where the
/// true value is below the smallest normal number; 0 gives 1 exactly. No branches, no fused operations: the bits are the same on every machine and for
/// every width of vectors.
///
/// With `x = k·log 2 + r`, |r| ≤ ½ log 2, it is `2^k` times the Taylor polynomial of degree 13 of `exp r`, whose remainder is below 4e-18.
#[inline(always)]
#[must_use]
pub fn exp_nonpositive(x: f64) -> f64 {
    let (r, power) = reduced(if x > ZERO_BELOW { x } else { ZERO_BELOW });
    exp_of_rest(r) * power
}

/// `r` and `2^k` of an argument from [`ZERO_BELOW`] to 0.
#[inline(always)]
pub(super) fn reduced(x: f64) -> (f64, f64) {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    // k sits in the lowest bits of `shifted`; moved to the exponent it is 2^k, and 0 for k = −1023.
    (r, f64::from_bits((shifted.to_bits() << 52).wrapping_add(ONE)))
}

/// The polynomial: `exp r` for |r| ≤ ½ log 2.
#[inline(always)]
pub(super) fn exp_of_rest(r: f64) -> f64 {
    let (r2, r4, r8) = (r * r, (r * r) * (r * r), ((r * r) * (r * r)) * ((r * r) * (r * r)));
    // Estrin's scheme: short chains instead of one of thirteen.
    let a = (1.0 / 2.0 + r * (1.0 / 6.0)) + (1.0 / 24.0 + r * (1.0 / 120.0)) * r2;
    let b = (1.0 / 720.0 + r * (1.0 / 5_040.0)) + (1.0 / 40_320.0 + r * (1.0 / 362_880.0)) * r2;
    let c = (1.0 / 3_628_800.0 + r * (1.0 / 39_916_800.0)) + (1.0 / 479_001_600.0 + r * (1.0 / 6_227_020_800.0)) * r2;
    1.0 + (r + r2 * (a + b * r4 + c * r8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_in_the_last_place() {
        for i in 0..2_000_000 {
            let x = -f64::from(i) * 3.54e-4 - f64::from(i % 977) * 1e-9;
            let (found, expected) = (exp_nonpositive(x), x.exp());
            assert!((found - expected).abs() <= 2.3e-16 * expected, "exp({x}) = {expected:e}, found {found:e}");
        }
    }

    #[test]
    fn ends() {
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert_eq!(exp_nonpositive(-0.0), 1.0);
        for x in [-709.0, -745.0, -1e4, -1e308, f64::NEG_INFINITY] {
            assert_eq!(exp_nonpositive(x), 0.0);
        }
        assert!((exp_nonpositive(-708.0) / (-708.0_f64).exp() - 1.0).abs() < 1e-15);
        assert!((exp_nonpositive(-5e-324) - 1.0).abs() == 0.0);
    }
}
