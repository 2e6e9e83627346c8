//! Lengths: points on paper, dots of a drawing.

/// Dots per inch: pixels of a PNG, units of an SVG.
pub(super) const DOTS_PER_INCH: u32 = 300;
/// Points per inch.
pub(super) const POINTS_PER_INCH: u32 = 72;

/// Dots in so many points.
pub(super) const fn dots(points: f64) -> i32 {
    (points * DOTS_PER_INCH as f64 / POINTS_PER_INCH as f64 + 0.5) as i32
}
