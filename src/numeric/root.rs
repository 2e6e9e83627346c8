//! Roots of increasing functions, for fits of one parameter.

/// Newton steps and bisections together; every bisection halves the bracket, so 64 of them reach the last bit.
const STEPS: usize = 64;

/// A step this small, relative to the root, ends the search.
const TOLERANCE: f64 = 1e-12;

/// The root of an increasing function on x > 0, which is given as its value and its derivative.
///
/// The bracket is found by doubling or halving `start`; then Newton's steps are taken where they stay inside the bracket, and bisections
/// where they do not. `None` if the function has no root among the positive finite numbers.
///
/// ```
/// use oodbench::numeric::root::increasing_root;
/// let root = increasing_root(1.0, |x| (x * x - 2.0, 2.0 * x));
/// assert!((root.unwrap() - 2.0_f64.sqrt()).abs() < 1e-15);
/// assert_eq!(increasing_root(1.0, |_| (1.0, 0.0)), None);
/// ```
pub fn increasing_root(start: f64, mut function: impl FnMut(f64) -> (f64, f64)) -> Option<f64> {
    let mut x = start;
    let (mut value, mut slope) = function(x);
    let below = value < 0.0;
    let (mut low, mut high) = (x, x);
    while (value < 0.0) == below && value != 0.0 {
        (low, high) = if below { (x, x * 2.0) } else { (x / 2.0, x) };
        x = if below { high } else { low };
        if value.is_nan() || x == 0.0 || !x.is_finite() {
            return None;
        }
        (value, slope) = function(x);
    }
    if value.is_nan() {
        return None;
    }
    for _ in 0..STEPS {
        if value == 0.0 {
            break;
        }
        if value < 0.0 {
            low = x;
        } else {
            high = x;
        }
        let newton = x - value / slope;
        let next = if low < newton && newton < high { newton } else { low + (high - low) / 2.0 };
        let step = (next - x).abs();
        x = next;
        if step <= TOLERANCE * x {
            break;
        }
        (value, slope) = function(x);
    }
    Some(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_roots_far_from_the_start() {
        for root in [3e-30, 0.7, 5.0, 4e25] {
            let found = increasing_root(1.0, |x| (1.0 - root / x, root / (x * x))).unwrap();
            assert!((found / root - 1.0).abs() < 1e-12, "{found} for {root}");
        }
    }

    /// Newton from 2 overshoots to minus infinity on this bend; the bracket holds it.
    #[test]
    fn stays_in_the_bracket_where_newton_overshoots() {
        let bend = |x: f64| ((x - 0.3).atan(), 1.0 / (1.0 + (x - 0.3) * (x - 0.3)));
        assert!((increasing_root(1e3, bend).unwrap() - 0.3).abs() < 1e-12);
    }

    #[test]
    fn gives_up_where_there_is_no_root() {
        assert_eq!(increasing_root(1.0, |_| (-1.0, 0.0)), None);
        assert_eq!(increasing_root(1.0, |_| (f64::NAN, 0.0)), None);
    }
}
