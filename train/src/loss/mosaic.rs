//! Mosaics: images put together from quarters of four images of a batch, and the probabilities that their classes should share (the fractional probability
//! regularisation of DisMax).
//!
//! ```text
//! mosaic i:  upper left of image i      upper right of image i − 2
//!            lower left of image i − 1  lower right of image i − 3          the last images stand before the first
//! q_i = ¼ (e_{t_i} + e_{t_{i−1}} + e_{t_{i−2}} + e_{t_{i−3}})
//! ```
//!
//! Batches are in a random order, so neighbours are any images. Of odd sides the lower and the right quarters are a pixel larger.

use super::likelihood::is_target;
use candle_core::{DType, Result, Tensor};

/// Mosaics (m, c, h, w) of as many images.
///
/// # Errors
///
/// They have not four axes.
pub fn mosaics(images: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = images.dims4()?;
    let (above, left) = (height / 2, width / 2);
    let quarter = |rows: (usize, usize), columns: (usize, usize), by: usize| {
        rolled(&images.narrow(2, rows.0, rows.1)?.narrow(3, columns.0, columns.1)?, by)
    };
    let (upper, lower) = ((0, above), (above, height - above));
    let (first, second) = ((0, left), (left, width - left));
    let row = |rows, by_first, by_second| {
        Tensor::cat(&[quarter(rows, first, by_first)?, quarter(rows, second, by_second)?], 3)
    };
    Tensor::cat(&[row(upper, 0, 2)?, row(lower, 1, 3)?], 2)
}

/// The probabilities (m, C) of the mosaics of images of these classes (m).
///
/// # Errors
///
/// The device has no room for them.
pub fn shares(targets: &Tensor, classes: usize) -> Result<Tensor> {
    let one_hot = is_target(targets, classes)?.to_dtype(DType::F32)?;
    let sum = (1..4).try_fold(one_hot.clone(), |sum, by| sum + rolled(&one_hot, by)?)?;
    sum * 0.25
}

/// Row i is row i − `by` of before; the last rows stand before the first.
fn rolled(rows: &Tensor, by: usize) -> Result<Tensor> {
    let count = rows.dim(0)?;
    match by % count.max(1) {
        0 => rows.contiguous(),
        by => Tensor::cat(&[rows.narrow(0, count - by, by)?, rows.narrow(0, 0, count - by)?], 0),
    }
}
