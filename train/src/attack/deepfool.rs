//! DeepFool (Moosavi-Dezfooli, Fawzi and Frossard 2016): to the nearest border of the class, as if the network were linear, until another class is predicted.
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
        // Whether an image has arrived is asked where it will be left.
        let unmoved = victim.logits(&beyond(&way, OVERSHOOT)?)?.detach().argmax(1)?.eq(targets)?;
        if unmoved.to_dtype(candle_core::DType::F32)?.sum_all()?.to_scalar::<f32>()? == 0.0 {
            break;
        }
        let step = to_the_border(victim, &beyond(&way, 0.0)?, targets)?;
        let rows = unmoved.to_dtype(step.dtype())?.reshape((step.dim(0)?, 1, 1, 1))?;
        way = (way + step.broadcast_mul(&rows)?)?.detach();
    }
    beyond(&way, OVERSHOOT)
}

/// The step of every image to the nearest border of its class.
fn to_the_border(victim: &Victim<'_>, pixels: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let (logits, gradients) = victim.jacobian(pixels)?;
    let (images, classes) = logits.dims2()?;
    // (n, C, pixels)
    let gradients = Tensor::stack(&gradients, 1)?.flatten_from(2)?;
    let of_target = |all: &Tensor| {
        let width = all.dim(2)?;
        all.gather(&targets.reshape((images, 1, 1))?.broadcast_as((images, 1, width))?.contiguous()?, 1)
    };
    let apart = gradients.broadcast_sub(&of_target(&gradients)?)?;
    let logits = logits.unsqueeze(2)?;
    let gap = logits.broadcast_sub(&of_target(&logits)?)?.abs()?;
    let length = apart.sqr()?.sum_keepdim(D::Minus1)?.maximum(LEAST_LENGTH)?;
    let distance = gap.div(&length.sqrt()?)?.squeeze(2)?;
    // The class itself is no neighbour.
    let own = Tensor::arange(0u32, classes as u32, pixels.device())?.reshape((1, classes))?;
    let own =
        own.broadcast_as((images, classes))?.eq(&targets.reshape((images, 1))?.broadcast_as((images, classes))?)?;
    let nearest = own.where_cond(&distance.ones_like()?.affine(f64::from(f32::MAX), 0.0)?, &distance)?.argmin(1)?;
    let pick = |all: &Tensor| {
        let width = all.dim(2)?;
        all.gather(&nearest.reshape((images, 1, 1))?.broadcast_as((images, 1, width))?.contiguous()?, 1)
    };
    pick(&apart)?.broadcast_mul(&pick(&gap.div(&length)?)?)?.reshape(pixels.shape())
}
