//! A share of a number of rows.

/// `share · n`; a product that is whole up to rounding is whole, so that ⌊0.29 · 100⌋ is 29 though 0.29 · 100 is 28.999… in `f64`.
///
/// ```
/// use oodbench::numeric::share::share_of;
/// assert_eq!([share_of(0.29, 100), share_of(0.07, 100), share_of(0.1, 25)], [29.0, 7.0, 2.5]);
/// assert!(0.29 * 100.0 < 29.0 && 0.07 * 100.0 > 7.0);
/// ```
#[must_use]
pub fn share_of(share: f64, n: usize) -> f64 {
    let product = share * n as f64;
    // The share and the product are each rounded once, by half a unit in the last place at most.
    let whole = product.round();
    if (product - whole).abs() <= 2.0 * f64::EPSILON * product { whole } else { product }
}
