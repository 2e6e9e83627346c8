//! Carlini and Wagner's attack of the Euclidean norm (2017), without a target.
//!
//! ```text
//! minimise over w:  ‖x̃ − x‖² + c · max(z_t − max_{j≠t} z_j, 0),    x̃ = (1 + tanh w)/2
//! ```
//!
//! 100 steps of Adam at rate 0.01; the shortest change on the way that fools the network, its pixels being bytes, is kept. c is 1 as in the code of Lee et al., and ten times as
//! large for images on which that was not enough, up to 10,000: how much a logit weighs against a pixel differs from loss to loss. The authors search for the least c of each image.

use candle_core::{D, Result, Tensor};

use super::Victim;
use crate::loss::likelihood::is_target;

/// Weights c of being taken for another class, tried in this order.
const WEIGHTS: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

/// Steps of Adam.
const STEPS: i32 = 100;

/// Adam's rate.
const RATE: f64 = 0.01;

/// Adam's decay of the mean of gradients.
const BETA_1: f64 = 0.9;

/// Adam's decay of their mean square.
const BETA_2: f64 = 0.999;

/// What keeps Adam's quotient finite.
const SMALL: f64 = 1e-8;

/// What keeps the inverse of tanh finite at black and white.
const INSIDE: f64 = 0.999_999;

/// Pixels after the attack; those of images on which it fails are as they were.
///
/// # Errors
/// The images do not fit the network.
pub fn attacked(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let mut all = pixels.clone();
    for c in WEIGHTS {
        let left = victim.taken_for(&all, targets)?;
        if left.elem_count() == 0 {
            break;
        }
        let found = descended(victim, &pixels.index_select(&left, 0)?, &targets.index_select(&left, 0)?, c)?;
        // What was left is as it was, so that the difference is what it becomes.
        all = all.index_add(&left, &(found - pixels.index_select(&left, 0)?)?, 0)?;
    }
    Ok(all)
}

/// The shortest changes found with one weight.
fn descended(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor, c: f64) -> Result<Tensor> {
    let images = pixels.dim(0)?;
    // artanh y = ½ log((1 + y)/(1 − y))
    let scaled = (pixels.affine(2.0, -1.0)? * INSIDE)?;
    let mut at = (scaled.affine(1.0, 1.0)?.div(&scaled.affine(-1.0, 1.0)?)?.log()? * 0.5)?;
    let (mut mean, mut square) = (at.zeros_like()?, at.zeros_like()?);
    let mut shortest = Tensor::full(f32::INFINITY, (images, 1, 1, 1), pixels.device())?;
    let mut best = pixels.clone();
    for step in 1..=STEPS {
        let tanh = at.tanh()?;
        let moved = tanh.affine(0.5, 0.5)?;
        let change = (&moved - pixels)?;
        let length = change.sqr()?.flatten_from(1)?.sum(D::Minus1)?.reshape((images, 1, 1, 1))?;
        let fooled = victim.predicted(&moved)?.ne(targets)?.reshape((images, 1, 1, 1))?.mul(&length.lt(&shortest)?)?;
        best = fooled.broadcast_as(best.shape())?.where_cond(&moved, &best)?;
        shortest = fooled.where_cond(&length, &shortest)?;
        // ∂x̃/∂w = (1 − tanh² w)/2
        let inner = tanh.sqr()?.affine(-0.5, 0.5)?;
        let gradient = ((change * 2.0)? + (of_gap(victim, &moved, targets)? * c)?)?.mul(&inner)?;
        mean = ((mean * BETA_1)? + (&gradient * (1.0 - BETA_1))?)?;
        square = ((square * BETA_2)? + (gradient.sqr()? * (1.0 - BETA_2))?)?;
        let (unbiased, spread) = ((&mean / (1.0 - BETA_1.powi(step)))?, (&square / (1.0 - BETA_2.powi(step)))?);
        at = (at - (unbiased.div(&(spread.sqrt()? + SMALL)?)? * RATE)?)?.detach();
    }
    Ok(best)
}

/// The gradient of the positive part of z_t − max_{j≠t} z_j with respect to pixels.
fn of_gap(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    victim.gradient(pixels, |logits| {
        let lowest = Tensor::full(f32::MIN, logits.shape(), logits.device())?;
        let other = is_target(targets, logits.dim(1)?)?.where_cond(&lowest, &logits.detach())?.argmax_keepdim(1)?;
        (logits.gather(&targets.unsqueeze(1)?, 1)? - logits.gather(&other, 1)?)?.relu()?.sum_all()
    })
}
