//! The loops of batch normalisation over one plane (one channel of one image), compiled for the
//! vector units found at run time.

use pulp::Arch;

/// Independent partial sums: enough for two 256-bit registers, and a fixed order of summation on
/// every machine.
const LANES: usize = 16;

/// What one channel's normalisation needs: `y = (x − mean) · scale + shift`, scale = γ / √(var + ε).
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub(super) mean: f32,
    pub(super) scale: f32,
    pub(super) shift: f32,
}

impl Affine {
    /// The value the ReLU's sign test sees; both directions must compute it alike.
    #[inline(always)]
    fn apply(self, x: f32) -> f32 {
        (x - self.mean) * self.scale + self.shift
    }

    /// The gradient that passes the ReLU, if there is one.
    #[inline(always)]
    fn mask<const RELU: bool>(self, x: f32, grad: f32) -> f32 {
        if !RELU || self.apply(x) > 0.0 { grad } else { 0.0 }
    }
}

#[inline(always)]
fn total(lanes: [f32; LANES]) -> f64 {
    lanes.iter().map(|&v| f64::from(v)).sum()
}

/// Sum of the plane, and sum of squared distances from its own mean (rounded to f32); the second
/// pass runs over data still in the cache.
pub(super) fn plane_moments(arch: Arch, x: &[f32]) -> (f64, f64) {
    arch.dispatch(
        #[inline(always)]
        || {
            let mut lanes = [0f32; LANES];
            let (blocks, rest) = x.as_chunks::<LANES>();
            for block in blocks {
                for (lane, v) in lanes.iter_mut().zip(block) {
                    *lane += v;
                }
            }
            for (lane, v) in lanes.iter_mut().zip(rest) {
                *lane += v;
            }
            let sum = total(lanes);
            let mean = (sum / x.len() as f64) as f32;
            let mut lanes = [0f32; LANES];
            for block in blocks {
                for (lane, v) in lanes.iter_mut().zip(block) {
                    *lane += (v - mean) * (v - mean);
                }
            }
            for (lane, v) in lanes.iter_mut().zip(rest) {
                *lane += (v - mean) * (v - mean);
            }
            (sum, total(lanes))
        },
    )
}

/// `y = (x − mean) · scale + shift`, and its positive part with `RELU`.
pub(super) fn normalise<const RELU: bool>(arch: Arch, affine: Affine, x: &[f32], y: &mut [f32]) {
    arch.dispatch(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                let v = affine.apply(x);
                // Written so that NaN passes through, which `f32::max` would hide.
                *y = if RELU && v <= 0.0 { 0.0 } else { v };
            }
        },
    );
}

/// Σ g and Σ g · (x − mean) over the plane, g being the gradient that passes the ReLU.
pub(super) fn gradient_sums<const RELU: bool>(arch: Arch, affine: Affine, x: &[f32], grad: &[f32]) -> (f64, f64) {
    arch.dispatch(
        #[inline(always)]
        || {
            let (mut plain, mut weighted) = ([0f32; LANES], [0f32; LANES]);
            let (xs, x_rest) = x.as_chunks::<LANES>();
            let (gs, g_rest) = grad.as_chunks::<LANES>();
            for (x, g) in xs.iter().zip(gs) {
                for i in 0..LANES {
                    let g = affine.mask::<RELU>(x[i], g[i]);
                    plain[i] += g;
                    weighted[i] += g * (x[i] - affine.mean);
                }
            }
            for (i, (&x, &g)) in x_rest.iter().zip(g_rest).enumerate() {
                let g = affine.mask::<RELU>(x, g);
                plain[i] += g;
                weighted[i] += g * (x - affine.mean);
            }
            (total(plain), total(weighted))
        },
    )
}

/// `dx = scale · (g − offset − (x − mean) · slope)`; offset and slope are 0 where the moments are
/// constants.
pub(super) fn gradient_x<const RELU: bool>(
    arch: Arch,
    affine: Affine,
    [offset, slope]: [f32; 2],
    x: &[f32],
    grad: &[f32],
    dx: &mut [f32],
) {
    arch.dispatch(
        #[inline(always)]
        || {
            for ((dx, &x), &g) in dx.iter_mut().zip(x).zip(grad) {
                let g = affine.mask::<RELU>(x, g);
                *dx = affine.scale * (g - offset - (x - affine.mean) * slope);
            }
        },
    );
}
