//! The named parameters of a network: drawn at random from a seed, or taken from a file.
//!
//! Names are PyTorch's (`layer1.0.conv1.weight`, `bn1.running_mean`), so that a `state_dict`
//! loads as it is.

use super::Dropout;
use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal, Uniform};
use std::collections::{BTreeMap, BTreeSet};

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All entries are this value.
    Constant(f32),
    /// N(0, σ²) with this σ.
    Normal(f32),
    /// U(−b, b) with this b.
    Uniform(f32),
}

/// A network's parameters by name, in the order the network made them.
#[derive(Debug, Default)]
pub struct Params {
    trainable: Vec<(String, Var)>,
    /// Names of those that weight decay leaves alone.
    undecayed: BTreeSet<String>,
    /// Running mean and variance (2, c) of the batch norm of that name.
    running: Vec<(String, Var)>,
}

/// Why weights do not fit a network.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum LoadError {
    /// The file lacks a parameter.
    #[error("found no tensor {name:?}, expected one of shape {expected:?}; is it another network?")]
    Missing {
        name: String,
        /// The shape the network gives it.
        expected: Vec<usize>,
    },
    /// A parameter has another shape.
    #[error("{name:?}: found shape {found:?}, expected {expected:?}; is it another network or number of classes?")]
    Shape {
        name: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape the network gives it.
        expected: Vec<usize>,
    },
    /// The file has a tensor the network does not know.
    #[error("found a tensor {name:?} that the network lacks; is it another network?")]
    Unknown { name: String },
    /// A tensor has a NaN or an infinity.
    #[error("{name:?}: found a value that is not finite; the training that wrote it diverged")]
    NotFinite { name: String },
    /// candle could not convert or copy a tensor.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}

impl Params {
    /// The parameters an optimiser changes; running moments are not among them.
    pub fn trainable(&self) -> &[(String, Var)] {
        &self.trainable
    }

    /// Whether weight decay takes a parameter along.
    pub fn is_decayed(&self, name: &str) -> bool {
        !self.undecayed.contains(name)
    }

    /// Number of trainable values.
    pub fn count(&self) -> usize {
        self.trainable.iter().map(|(_, v)| v.elem_count()).sum()
    }

    /// All tensors by PyTorch's names, running moments included, as views of the live values.
    ///
    /// # Errors
    ///
    /// candle cannot form a view.
    pub fn named(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut all = BTreeMap::new();
        for (name, var) in &self.trainable {
            all.insert(name.clone(), var.as_detached_tensor());
        }
        for (name, running) in &self.running {
            for (row, suffix) in ["running_mean", "running_var"].into_iter().enumerate() {
                let row = running.as_detached_tensor().get(row)?;
                all.insert(format!("{name}.{suffix}"), row);
            }
        }
        Ok(all)
    }

    /// Replaces every value by the tensor of its name. `num_batches_tracked`, which PyTorch counts
    /// and nobody reads, is ignored. Nothing is changed on an error.
    ///
    /// # Errors
    ///
    /// A name is missing or unknown, a shape differs, or a value is not finite.
    pub fn load(&self, tensors: &BTreeMap<String, Tensor>) -> std::result::Result<(), LoadError> {
        let own = self.named()?;
        for name in tensors.keys() {
            if !own.contains_key(name) && !name.ends_with("num_batches_tracked") {
                return Err(LoadError::Unknown { name: name.clone() });
            }
        }
        let mut checked = BTreeMap::new();
        for (name, target) in &own {
            let expected = target.dims().to_vec();
            let Some(found) = tensors.get(name) else {
                let name = name.clone();
                return Err(LoadError::Missing { name, expected });
            };
            if found.dims() != expected {
                return Err(LoadError::Shape { name: name.clone(), found: found.dims().to_vec(), expected });
            }
            let found = found.to_dtype(DType::F32)?.to_device(target.device())?;
            let sum = found.abs()?.sum_all()?.to_scalar::<f32>()?;
            if !sum.is_finite() {
                return Err(LoadError::NotFinite { name: name.clone() });
            }
            // A copy, because candle refuses to set a variable from a view of itself.
            checked.insert(name.as_str(), found.copy()?);
        }
        for (name, var) in &self.trainable {
            var.set(&checked[name.as_str()])?;
        }
        for (name, running) in &self.running {
            let mean = &checked[format!("{name}.running_mean").as_str()];
            let variance = &checked[format!("{name}.running_var").as_str()];
            running.set(&Tensor::stack(&[mean, variance], 0)?)?;
        }
        Ok(())
    }
}

/// Makes the parameters of one network, in order, from one stream of random numbers.
pub struct Builder {
    params: Params,
    rng: ChaCha8Rng,
    prefix: String,
    device: Device,
    dropout: Dropout,
}

impl Builder {
    /// A builder whose draws depend on `seed` alone.
    pub fn new(seed: u64, device: &Device) -> Self {
        Self {
            params: Params::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            prefix: String::new(),
            device: device.clone(),
            dropout: Dropout::new(0.0),
        }
    }

    /// The same, whose networks drop values with that probability.
    #[must_use]
    pub fn with_dropout(mut self, rate: f64) -> Self {
        self.dropout = Dropout::new(rate);
        self
    }

    /// A dropout layer; it has no parameters, and takes its random numbers with the others of the network.
    #[must_use]
    pub fn dropout(&self) -> Dropout {
        self.dropout.clone()
    }

    /// What was made.
    pub fn finish(self) -> Params {
        self.params
    }

    /// Runs `make` with `name.` before every name.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    pub fn within<T>(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let outer = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push('.');
        let made = make(self);
        self.prefix.truncate(outer);
        made
    }

    /// A trainable parameter.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn trainable(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        let shape = shape.into();
        let count = shape.elem_count();
        let values: Vec<f32> = match init {
            Init::Constant(value) => vec![value; count],
            Init::Normal(deviation) => {
                let normal = Normal::new(0.0, deviation).map_err(candle_core::Error::wrap)?;
                normal.sample_iter(&mut self.rng).take(count).collect()
            }
            Init::Uniform(bound) => {
                let uniform = Uniform::new(-bound, bound).map_err(candle_core::Error::wrap)?;
                uniform.sample_iter(&mut self.rng).take(count).collect()
            }
        };
        let var = Var::from_vec(values, shape, &self.device)?;
        let tensor = var.as_tensor().clone();
        self.params.trainable.push((format!("{}{name}", self.prefix), var));
        Ok(tensor)
    }

    /// A trainable parameter that weight decay leaves alone.
    ///
    /// # Errors
    ///
    /// The device has no room for it.
    pub fn undecayed(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        let tensor = self.trainable(name, shape, init)?;
        self.params.undecayed.insert(format!("{}{name}", self.prefix));
        Ok(tensor)
    }

    /// Running moments (2, c) of the batch norm that is being made: mean 0, variance 1.
    ///
    /// # Errors
    ///
    /// The device has no room for them.
    pub fn running_moments(&mut self, channels: usize) -> Result<Tensor> {
        let mut values = vec![0f32; channels];
        values.resize(2 * channels, 1.0);
        let var = Var::from_vec(values, (2, channels), &self.device)?;
        let tensor = var.as_tensor().clone();
        let name = self.prefix.trim_end_matches('.').to_owned();
        self.params.running.push((name, var));
        Ok(tensor)
    }
}
