//! The devices that the comparisons run on.

use candle_core::{Device, Tensor, Var};

/// The CPU, and in a build with feature `cuda` the first GPU. Where there is none such a build runs on the
/// CPU alone, unless `OODBENCH_TEST_GPU` is set: then a missing GPU is a failure.
pub(crate) fn devices() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    if cfg!(feature = "cuda") {
        match Device::new_cuda(0) {
            Ok(gpu) => devices.push(gpu),
            Err(error) if std::env::var_os("OODBENCH_TEST_GPU").is_some() => panic!("{error}"),
            Err(error) => println!("no GPU, the CPU alone is tested: {error}"),
        }
    }
    devices
}

/// The tolerance of a comparison with PyTorch's CPU: `on_cpu`, and ten times that on a GPU, whose libraries
/// choose among algorithms that sum in other orders or in a transformed space.
pub(crate) fn tolerance(device: &Device, on_cpu: f32) -> f32 {
    if device.is_cpu() { on_cpu } else { 10.0 * on_cpu }
}

/// A variable of these values on `device`.
pub(crate) fn var_on(device: &Device, values: &Tensor) -> Var {
    Var::from_tensor(&values.to_device(device).unwrap()).unwrap()
}
