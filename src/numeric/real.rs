//! The two element types that rows are handed on in.

/// An element of a block of rows: `f32` or `f64`.
///
/// Narrower floats are widened to `f32` when a block is read, which loses nothing.
pub trait Real: Copy + PartialOrd + Send + Sync + 'static {
    /// The smallest value, the start of a search for the largest.
    const NEG_INFINITY: Self;

    /// The value as `f64`, exactly.
    fn to_f64(self) -> f64;

    /// Whether the value is neither NaN nor infinite.
    fn is_finite(self) -> bool;
}

impl Real for f32 {
    const NEG_INFINITY: Self = f32::NEG_INFINITY;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f32::is_finite(self)
    }
}

impl Real for f64 {
    const NEG_INFINITY: Self = f64::NEG_INFINITY;

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
}
