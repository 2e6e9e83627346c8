//! Where a network lives: `auto`, `cpu` or `cuda:N`.

use std::fmt;
use std::str::FromStr;

/// Where a network lives and computes.
#[derive(Clone, Debug)]
pub struct Device(candle_core::Device);

impl Device {
    /// The CPU.
    #[must_use]
    pub fn cpu() -> Self {
        Self(candle_core::Device::Cpu)
    }

    /// Whether it is a GPU.
    #[must_use]
    pub fn is_cuda(&self) -> bool {
        self.0.is_cuda()
    }

    /// The device as candle knows it.
    #[must_use]
    pub fn candle(&self) -> &candle_core::Device {
        &self.0
    }
}

impl From<candle_core::Device> for Device {
    fn from(device: candle_core::Device) -> Self {
        Self(device)
    }
}

/// A device as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of that number.
    Cuda(usize),
}

/// Why a device is refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum DeviceError {
    /// The text names no device.
    #[error("found device {found:?}, expected auto, cpu or cuda:N")]
    Name { found: String },
    /// The program has no CUDA in it.
    #[error("cuda:{index}: this program was built without CUDA; build it with --features cudnn, or take cpu")]
    NotBuilt { index: usize },
    /// The driver refused.
    #[error("cuda:{index}: {reason}; take cpu, or another number")]
    Unavailable { index: usize, reason: String },
}

impl FromStr for DeviceChoice {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| DeviceError::Name { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl DeviceChoice {
    /// The device itself.
    ///
    /// # Errors
    /// A CUDA device was asked for and there is none, or the program was built without CUDA.
    pub fn open(self) -> Result<Device, DeviceError> {
        match self {
            Self::Cpu => Ok(Device::cpu()),
            Self::Auto => Ok(Self::cuda(0).unwrap_or_else(|_| Device::cpu())),
            Self::Cuda(index) => Self::cuda(index),
        }
    }

    fn cuda(index: usize) -> Result<Device, DeviceError> {
        if !candle_core::utils::cuda_is_available() {
            return Err(DeviceError::NotBuilt { index });
        }
        open_cuda(index).map(Device).map_err(|error| DeviceError::Unavailable {
            index,
            reason: error.to_string().lines().next().unwrap_or_default().to_owned(),
        })
    }
}

/// Lets matrix products and convolutions of f32 tensors on a GPU round their factors to TF32 (8 bits of
/// exponent, 10 of mantissa), which tensor cores multiply several times faster; sums stay f32. Off at the
/// start, for the whole program. A CPU has no TF32: nothing changes there.
///
/// It holds for every product alike, forward and backward, of a training and of an extraction: cuBLAS through candle,
/// convolutions through cuDNN by their math type, or through cuBLAS without it. What is stored stays f32, weights (the
/// "master weights" of mixed precision), gradients and momentum among it, so there is no second copy of the weights
/// and no scale of the loss. Batch normalisation, the distances of IsoMax and IsoMax+, losses and the optimiser's step
/// are no such products.
pub fn allow_tf32(allowed: bool) {
    #[cfg(feature = "cuda")]
    candle_core::cuda_backend::set_gemm_reduced_precision_f32(allowed);
    #[cfg(not(feature = "cuda"))]
    let _ = allowed;
}

/// Makes candle's own element-wise operations run on the calling thread. A program that trains on a CPU calls
/// this first.
///
/// candle shares those of 65,536 values and more with a pool of its own, whose threads, the caller included, spin
/// while they wait. Beside them the threads of [`nn`](super::nn), which do nearly all of the work, lack cores: a
/// third of the CPU time of two threads on two busy cores was spinning. A `CANDLE_NUM_THREADS` in the environment
/// wins.
///
/// # Safety
/// No other thread runs yet: this sets an environment variable, the only handle candle offers.
pub unsafe fn prepare_cpu() {
    const THREADS: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(THREADS).is_none() {
        // SAFETY: as promised by the caller.
        unsafe { std::env::set_var(THREADS, "1") };
    }
}

fn open_cuda(index: usize) -> candle_core::Result<candle_core::Device> {
    let device = candle_core::Device::new_cuda(index)?;
    #[cfg(feature = "cuda")]
    keep_freed_memory(&device)?;
    Ok(device)
}

/// Makes the driver's pool keep what is freed. By default it gives all of it back whenever the program waits
/// for the device, and a training step would then start by fetching its memory anew.
#[cfg(feature = "cuda")]
fn keep_freed_memory(device: &candle_core::Device) -> candle_core::Result<()> {
    use candle_core::cuda_backend::WrapErr;
    use candle_core::cuda_backend::cudarc::driver::{result, sys::CUmemPool_attribute};
    let stream = device.as_cuda_device()?.cuda_stream();
    let context = stream.context();
    if !context.has_async_alloc() {
        return Ok(());
    }
    let mut threshold = u64::MAX;
    // SAFETY: the device is the open context's, and the attribute is a 64-bit number.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device()).w()?;
        let attribute = CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        result::mem_pool::set_attribute(pool, attribute, (&raw mut threshold).cast()).w()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_they_are_shown() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        for wrong in ["gpu", "cuda:", "cuda:x", "CPU", ""] {
            assert!(wrong.parse::<DeviceChoice>().is_err(), "{wrong}");
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so() {
        assert!(!DeviceChoice::Auto.open().unwrap().is_cuda());
        let message = DeviceChoice::Cuda(0).open().unwrap_err().to_string();
        assert!(message.contains("--features cudnn"), "{message}");
    }
}
