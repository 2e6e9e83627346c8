//! Unfolding an image into the matrix whose product with the weights is the convolution, and the
//! adjoint that folds a gradient back.
//!
//! ```text
//! column[(c·k + ky)·k + kx, oy·ow + ox] = x[c, oy·stride + ky − padding, ox·stride + kx − padding]
//! ```
//!
//! with 0 outside the image.

use super::conv::Window;
use std::ops::Range;

/// Where a kernel tap lies inside the image along one axis: the output positions that read a real
/// pixel, and the pixel the first of them reads.
struct Tap {
    outputs: Range<usize>,
    first_pixel: usize,
}

impl Window {
    fn tap(&self, offset: usize, pixels: usize, outputs: usize) -> Tap {
        let first = self.padding.saturating_sub(offset).div_ceil(self.stride);
        let end = (pixels + self.padding).saturating_sub(offset).div_ceil(self.stride).min(outputs);
        let first = first.min(end);
        Tap { outputs: first..end, first_pixel: (first * self.stride + offset).saturating_sub(self.padding) }
    }

    /// Unfolds one image (c, h, w) into `column` (c·k², oh·ow).
    pub(super) fn unfold(&self, image: &[f32], [c, h, w]: [usize; 3], column: &mut [f32]) {
        let (oh, ow) = (self.output(h), self.output(w));
        let mut rows = column.chunks_exact_mut(oh * ow);
        for plane in image.chunks_exact(h * w).take(c) {
            for ky in 0..self.kernel {
                let y = self.tap(ky, h, oh);
                for kx in 0..self.kernel {
                    let x = self.tap(kx, w, ow);
                    let Some(row) = rows.next() else { return };
                    row[..y.outputs.start * ow].fill(0.0);
                    row[y.outputs.end * ow..].fill(0.0);
                    for (i, oy) in y.outputs.clone().enumerate() {
                        let line = &mut row[oy * ow..(oy + 1) * ow];
                        let from = (y.first_pixel + i * self.stride) * w + x.first_pixel;
                        line[..x.outputs.start].fill(0.0);
                        line[x.outputs.end..].fill(0.0);
                        let inside = &mut line[x.outputs.clone()];
                        if self.stride == 1 {
                            inside.copy_from_slice(&plane[from..from + inside.len()]);
                        } else {
                            for (to, pixel) in inside.iter_mut().zip(plane[from..].iter().step_by(self.stride)) {
                                *to = *pixel;
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds `column` (c·k², oh·ow) onto the pixels of `image` (c, h, w) it was unfolded from.
    pub(super) fn fold(&self, column: &[f32], [c, h, w]: [usize; 3], image: &mut [f32]) {
        let (oh, ow) = (self.output(h), self.output(w));
        let mut rows = column.chunks_exact(oh * ow);
        for plane in image.chunks_exact_mut(h * w).take(c) {
            for ky in 0..self.kernel {
                let y = self.tap(ky, h, oh);
                for kx in 0..self.kernel {
                    let x = self.tap(kx, w, ow);
                    let Some(row) = rows.next() else { return };
                    for (i, oy) in y.outputs.clone().enumerate() {
                        let line = &row[oy * ow..(oy + 1) * ow][x.outputs.clone()];
                        let to = (y.first_pixel + i * self.stride) * w + x.first_pixel;
                        if self.stride == 1 {
                            for (pixel, value) in plane[to..to + line.len()].iter_mut().zip(line) {
                                *pixel += value;
                            }
                        } else {
                            for (pixel, value) in plane[to..].iter_mut().step_by(self.stride).zip(line) {
                                *pixel += value;
                            }
                        }
                    }
                }
            }
        }
    }
}
