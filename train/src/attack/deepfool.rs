//! DeepFool (Moosavi-Dezfooli, Fawzi and Frossard 2016): to the nearest border of the class, as if the network were linear, until another class is predicted,
//! pixels being bytes.
//!
//! ```text
//! w_k = ∂z_k/∂x − ∂z_t/∂x,    d_k = |z_k − z_t| / ‖w_k‖        l = argmin_{k≠t} d_k
//! r ← r + |z_l − z_t| / ‖w_l‖² · w_l,    x̃ = x + (1 + η) r        up to 50 times
//! ```
//!
//! η = 0.18: the authors of the attack go 0.02 too far, Lee et al. 0.03 to 0.6 by network and data, 0.18 for a ResNet and CIFAR-10. What is only just beyond
//! the border comes back when pixels become bytes.

use candle_core::{D, Result, Tensor};

use super::Victim;
use crate::loss::likelihood::is_target;

/// How much farther than the border images are moved, as a share.
const OVERSHOOT: f64 = 0.18;

/// Steps after which an image stays where it is.
const MOST_STEPS: usize = 50;

/// Squared lengths of gradients below it are taken for it.
const LEAST_LENGTH: f64 = 1e-12;

/// Pixels after the attack.
///
/// # Errors
/// The images do not fit the network.
pub fn attacked(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let mut way = pixels.zeros_like()?;
    let beyond = |way: &Tensor, share: f64| (pixels + (way * (1.0 + share))?)?.clamp(0.0, 1.0);
    for _ in 0..MOST_STEPS {
        // Whether an image has arrived is asked where it will be left; only the others go on.
        let left = victim.taken_for(&beyond(&way, OVERSHOOT)?, targets)?;
        if left.elem_count() == 0 {
            break;
        }
        let at = beyond(&way, 0.0)?.index_select(&left, 0)?;
        let step = to_the_border(victim, &at, &targets.index_select(&left, 0)?)?;
        way = way.index_add(&left, &step, 0)?.detach();
    }
    beyond(&way, OVERSHOOT)
}

/// The step of every image to the nearest border of its class.
fn to_the_border(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (logits, gradients) = victim.jacobian(pixels)?;
    let classes = logits.dim(1)?;
    // (n, C, pixels)
    let gradients = Tensor::stack(&gradients, 1)?.flatten_from(2)?;
    let apart = gradients.broadcast_sub(&of_class(&gradients, targets)?)?;
    let logits = logits.unsqueeze(2)?;
    let gap = logits.broadcast_sub(&of_class(&logits, targets)?)?.abs()?;
    let length = apart.sqr()?.sum_keepdim(D::Minus1)?.maximum(LEAST_LENGTH)?;
    let distance = gap.div(&length.sqrt()?)?.squeeze(2)?;
    // The class itself is no neighbour.
    let farthest = Tensor::full(f32::MAX, distance.shape(), distance.device())?;
    let nearest = is_target(targets, classes)?.where_cond(&farthest, &distance)?.argmin(1)?;
    let share = of_class(&gap.div(&length)?, &nearest)?;
    of_class(&apart, &nearest)?.broadcast_mul(&share)?.reshape(pixels.shape())
}

/// Of (n, C, width), what belongs to the class of each image: (n, 1, width).
fn of_class(all: &Tensor, classes: &Tensor) -> Result<Tensor> {
    let (images, _, width) = all.dims3()?;
    all.gather(&classes.reshape((images, 1, 1))?.broadcast_as((images, 1, width))?.contiguous()?, 1)
}
