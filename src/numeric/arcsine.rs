//! `arcsin √z` for z up to one half, in a form that compilers turn into vector instructions.

/// Coefficients `c_k` of `arcsin x = x Σ_k c_k x^2k`: `c_0 = 1`, `c_k = c_(k−1) (2k−1)²/(2k (2k+1))`. The first term left out is below 1e-18 at x = ½.
const SERIES: [f64; 26] = {
    let mut terms = [1.0; 26];
    let mut k = 1;
    while k < terms.len() {
        let odd = (2 * k - 1) as f64;
        terms[k] = terms[k - 1] * odd * odd / (2 * k * (2 * k + 1)) as f64;
        k += 1;
    }
    terms
};

/// `arcsin √z` of several values, for `0 ≤ z ≤ ½`, between 0 and π/4; relative error at most 8e-16.
///
/// Above z = ¼ it is `π/2 − 2 arcsin √((1 − √z)/2)`, whose argument is below ½ again.
///
/// ```
/// let [value] = oodbench::numeric::arcsine::arcsine_of_root([0.25]);
/// assert!((value - std::f64::consts::FRAC_PI_6).abs() < 1e-15);
/// ```
#[inline(always)]
#[must_use]
pub fn arcsine_of_root<const LANES: usize>(z: [f64; LANES]) -> [f64; LANES] {
    let (mut squares, mut sums) = (z, [0.0; LANES]);
    for lane in 0..LANES {
        let root = z[lane].sqrt();
        squares[lane] = if z[lane] > 0.25 { 0.5 - 0.5 * root } else { z[lane] };
    }
    for term in SERIES.into_iter().rev() {
        for lane in 0..LANES {
            sums[lane] = sums[lane] * squares[lane] + term;
        }
    }
    for lane in 0..LANES {
        let small = squares[lane].sqrt() * sums[lane];
        sums[lane] = if z[lane] > 0.25 { std::f64::consts::FRAC_PI_2 - 2.0 * small } else { small };
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_systems() {
        assert_eq!(arcsine_of_root([0.0]), [0.0]);
        for i in 0..=1_000_000 {
            let z = 0.5 * f64::from(i) / 1e6;
            for z in [z, z * 1e-9, z * 1e-200] {
                let expected = z.sqrt().asin();
                assert!((arcsine_of_root([z])[0] - expected).abs() <= 8e-16 * expected, "z = {z}");
            }
        }
    }
}
