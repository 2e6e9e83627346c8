//! Stochastic gradient descent with Nesterov momentum and weight decay, in place.
//!
//! ```text
//! d = ∇p + λ·p
//! v ← μ·v + d
//! p ← p − η·(d + μ·v)
//! ```
//!
//! as PyTorch computes it (`torch.optim.SGD(nesterov=True)`, dampening 0). Every trainable parameter
//! is decayed, biases, normalisation, prototypes and distance scale included, as in the authors'
//! code, unless its loss says otherwise ([`Params::is_decayed`]).

#[cfg(feature = "cuda")]
use super::nn::cuda;
use super::nn::{Params, slice, slice_mut};
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp3, Layout, Result, Tensor, Var};
use std::collections::BTreeMap;

/// The optimiser and its momentum.
#[derive(Debug)]
pub struct Sgd {
    parameters: Vec<Parameter>,
    momentum: f32,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    weight_decay: f32,
    value: Var,
    velocity: Var,
}

impl Sgd {
    /// An optimiser of all trainable parameters, at rest.
    ///
    /// # Errors
    ///
    /// The device has no room for the momentum.
    pub fn new(params: &Params, momentum: f64, weight_decay: f64) -> Result<Self> {
        let parameters = params
            .trainable()
            .iter()
            .map(|(name, value)| {
                Ok(Parameter {
                    name: name.clone(),
                    weight_decay: if params.is_decayed(name) { weight_decay as f32 } else { 0.0 },
                    value: value.clone(),
                    velocity: Var::from_tensor(&value.zeros_like()?)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { parameters, momentum: momentum as f32 })
    }

    /// Sets μ for the steps from now on, as PyTorch's schedulers set it for schedules that move it.
    pub fn set_momentum(&mut self, momentum: f64) {
        self.momentum = momentum as f32;
    }

    /// One step of size `rate` along the gradients. A parameter without a gradient stays.
    ///
    /// # Errors
    ///
    /// A gradient has another shape or type than its parameter.
    pub fn step(&mut self, gradients: &GradStore, rate: f64) -> Result<()> {
        let momentum = self.momentum;
        for p in &self.parameters {
            let Some(gradient) = gradients.get(p.value.as_tensor()) else {
                continue;
            };
            let gradient = gradient.contiguous()?;
            let weight_decay = p.weight_decay;
            let velocity = Velocity { momentum, weight_decay };
            let descent = Descent { rate: rate as f32, momentum, weight_decay };
            p.velocity.inplace_op3(&gradient, p.value.as_tensor(), &velocity)?;
            p.value.inplace_op3(&gradient, p.velocity.as_tensor(), &descent)?;
        }
        Ok(())
    }

    /// The momentum v by parameter name.
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        self.parameters.iter().map(|p| (p.name.clone(), p.velocity.as_detached_tensor())).collect()
    }

    /// Puts the momentum back. Returns the name of the first parameter that `state` lacks or has in
    /// another shape, and then changes nothing.
    ///
    /// # Errors
    ///
    /// The device cannot take the values.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<Option<String>> {
        for p in &self.parameters {
            if state.get(&p.name).map(Tensor::dims) != Some(p.velocity.dims()) {
                return Ok(Some(p.name.clone()));
            }
        }
        for p in &self.parameters {
            p.velocity.set(&state[&p.name])?;
        }
        Ok(None)
    }
}

/// v ← μ·v + (g + λ·p), on (v, g, p).
struct Velocity {
    momentum: f32,
    weight_decay: f32,
}

impl InplaceOp3 for Velocity {
    fn name(&self) -> &'static str {
        "sgd-velocity"
    }

    fn cpu_fwd(
        &self,
        v: &mut CpuStorage,
        v_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
        p: &CpuStorage,
        p_layout: &Layout,
    ) -> Result<()> {
        let (g, p) = (slice(g, g_layout)?, slice(p, p_layout)?);
        for (v, (g, p)) in slice_mut(v, v_layout)?.iter_mut().zip(g.iter().zip(p)) {
            *v = self.momentum * *v + (g + self.weight_decay * p);
        }
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        v: &mut CudaStorage,
        v_layout: &Layout,
        g: &CudaStorage,
        g_layout: &Layout,
        p: &CudaStorage,
        p_layout: &Layout,
    ) -> Result<()> {
        cuda::sgd::velocity((v, v_layout), (g, g_layout), (p, p_layout), [self.momentum, self.weight_decay])
    }
}

/// p ← p − η·((g + λ·p) + μ·v), on (p, g, v).
struct Descent {
    rate: f32,
    momentum: f32,
    weight_decay: f32,
}

impl InplaceOp3 for Descent {
    fn name(&self) -> &'static str {
        "sgd-descent"
    }

    fn cpu_fwd(
        &self,
        p: &mut CpuStorage,
        p_layout: &Layout,
        g: &CpuStorage,
        g_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<()> {
        let (g, v) = (slice(g, g_layout)?, slice(v, v_layout)?);
        for (p, (g, v)) in slice_mut(p, p_layout)?.iter_mut().zip(g.iter().zip(v)) {
            *p -= self.rate * ((g + self.weight_decay * *p) + self.momentum * v);
        }
        Ok(())
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        p: &mut CudaStorage,
        p_layout: &Layout,
        g: &CudaStorage,
        g_layout: &Layout,
        v: &CudaStorage,
        v_layout: &Layout,
    ) -> Result<()> {
        let factors = [self.rate, self.momentum, self.weight_decay];
        cuda::sgd::descent((p, p_layout), (g, g_layout), (v, v_layout), factors)
    }
}
