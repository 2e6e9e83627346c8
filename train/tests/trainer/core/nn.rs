//! Operations and the optimiser against PyTorch and finite differences.

use super::device::{devices, tolerance, var_on};
use super::reference::{Reference, assert_close, finite_differences, values};
use candle_core::{Device, Result, Tensor, Var};
use oodbench_train::nn::{
    Activation, Builder, Init, LoadError, Mode, Window, add_relu, avg_pool2d, batch_norm, conv2d, global_avg_pool,
};
use oodbench_train::optim::Sgd;

/// Runs `f` on the inputs of a case on each device, and compares its value and all gradients.
fn check(case: &str, inputs: &[&str], f: impl Fn(&[Var]) -> Result<Tensor>) {
    for device in devices() {
        check_on(&device, case, inputs, &f);
    }
}

fn check_on(device: &Device, case: &str, inputs: &[&str], f: impl Fn(&[Var]) -> Result<Tensor>) {
    let reference = Reference::load();
    let get = |name: &str| reference.get(&format!("{case}.{name}"));
    let vars: Vec<Var> = inputs.iter().map(|name| var_on(device, &get(name))).collect();
    let y = f(&vars).unwrap();
    let what = format!("{case} on {:?}", device.location());
    assert_close(&what, &y, &get("y"), tolerance(device, 1e-5));
    let weighted = (y * get("g").to_device(device).unwrap()).unwrap();
    let gradients = weighted.sum_all().unwrap().backward().unwrap();
    for (name, var) in inputs.iter().zip(&vars) {
        let expected = get(&format!("g{name}"));
        assert_close(&format!("{what}: g{name}"), gradients.get(var).unwrap(), &expected, tolerance(device, 2e-5));
    }
}

#[test]
fn convolution_agrees_with_pytorch() {
    let cases = [
        ("conv.k3s1p1", 3, 1, 1),
        ("conv.k3s2p1", 3, 2, 1),
        ("conv.k3s2p1.odd", 3, 2, 1),
        ("conv.k1s1p0", 1, 1, 0),
        ("conv.k1s2p0", 1, 2, 0),
        ("conv.k3s1p0", 3, 1, 0),
        ("conv.k5s1p2", 5, 1, 2),
        ("conv.tiny", 3, 1, 1),
    ];
    for (case, kernel, stride, padding) in cases {
        let window = Window { kernel, stride, padding };
        check(case, &["x", "w"], |v| conv2d(&v[0], &v[1], window));
    }
}

#[test]
fn convolution_reads_strided_images() {
    let x = Tensor::arange(0f32, 32.0, &Device::Cpu).unwrap();
    let x = x.reshape((2, 1, 4, 4)).unwrap();
    let w = Tensor::arange(0f32, 9.0, &Device::Cpu).unwrap();
    let w = w.reshape((1, 1, 3, 3)).unwrap();
    let turned = conv2d(&x.t().unwrap(), &w.t().unwrap(), Window::three(1)).unwrap();
    let straight = conv2d(&x, &w, Window::three(1)).unwrap();
    assert_close("transposed", &turned, &straight.t().unwrap(), 1e-6);
}

#[test]
fn convolution_refuses_what_does_not_fit() {
    let x = Tensor::zeros((1, 2, 2, 2), candle_core::DType::F32, &Device::Cpu).unwrap();
    let w = |c, k| Tensor::zeros((1, c, k, k), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(conv2d(&x, &w(3, 3), Window::three(1)).is_err());
    assert!(conv2d(&x, &w(2, 1), Window::three(1)).is_err());
    let wide = Window { kernel: 3, stride: 1, padding: 0 };
    assert!(conv2d(&x, &w(2, 3), wide).is_err());
}

#[test]
fn pooling_agrees_with_pytorch() {
    check("pool.even", &["x"], |v| avg_pool2d(&v[0], 2));
    check("pool.odd", &["x"], |v| avg_pool2d(&v[0], 2));
    check("pool.global", &["x"], |v| global_avg_pool(&v[0]));
}

#[test]
fn residual_sum_agrees_with_pytorch() {
    check("addrelu", &["a", "b"], |v| add_relu(&v[0], &v[1]));
}

#[test]
fn batch_norm_agrees_with_pytorch() {
    let cases = [
        ("bn.train", Mode::Train, Activation::Identity),
        ("bn.train.relu", Mode::Train, Activation::Relu),
        ("bn.eval.relu", Mode::Eval, Activation::Relu),
    ];
    let reference = Reference::load();
    for device in devices() {
        for (case, mode, activation) in cases {
            let moments = |when: &str| {
                let row = |name: &str| reference.get(&format!("{case}.{name}_{when}"));
                Tensor::stack(&[row("mean"), row("var")], 0).unwrap()
            };
            let running = moments("before").to_device(&device).unwrap();
            check_on(&device, case, &["x", "w", "b"], |v| batch_norm(&v[0], &v[1], &v[2], &running, mode, activation));
            assert_close(case, &running, &moments("after"), tolerance(&device, 1e-6));
        }
    }
}

/// Adding 2¹⁴ to inputs that are multiples of 2⁻⁸ is exact in f32, so the normalised values must
/// be those of the unshifted inputs; E[x²] − E[x]² in f32 has no correct digit there.
#[test]
fn batch_norm_variance_survives_a_large_mean() {
    let values: Vec<f32> = (0..240).map(|i| ((i * 97) % 251) as f32 / 256.0).collect();
    for device in devices() {
        let x = Tensor::from_slice(&values, (4, 3, 4, 5), &device).unwrap();
        let one = Tensor::ones(3, candle_core::DType::F32, &device).unwrap();
        let zero = one.zeros_like().unwrap();
        let apply = |x: &Tensor| {
            let running = Tensor::zeros((2, 3), candle_core::DType::F32, &device).unwrap();
            batch_norm(x, &one, &zero, &running, Mode::Train, Activation::Identity).unwrap()
        };
        let shifted = (&x + 16384.0).unwrap();
        assert_close("shifted", &apply(&shifted), &apply(&x), 2e-3);
    }
}

/// The cases from PyTorch are tiny: on a GPU one block holds them. Here many share the work. Gradients of
/// two convolutions are compared with the CPU's, relative to the largest, and those of two runs bit by bit.
#[test]
fn a_gpu_agrees_with_the_cpu_at_the_size_of_networks() {
    let normal = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
    let inputs =
        [normal(&[33, 20, 32, 32]), normal(&[24, 20, 3, 3]), normal(&[48, 24, 3, 3]), normal(&[24]), normal(&[24])];
    let gradients = |device: &Device| -> Vec<Vec<f32>> {
        let vars: Vec<Var> = inputs.iter().map(|values| var_on(device, values)).collect();
        let running = Tensor::zeros((2, 24), candle_core::DType::F32, device).unwrap();
        let y = conv2d(&vars[0], &vars[1], Window::three(1)).unwrap();
        let y = batch_norm(&y, &vars[3], &vars[4], &running, Mode::Train, Activation::Relu).unwrap();
        let y = add_relu(&y, &y.sqr().unwrap()).unwrap();
        let y = conv2d(&avg_pool2d(&y, 2).unwrap(), &vars[2], Window::three(2)).unwrap();
        let gradients = global_avg_pool(&y).unwrap().sqr().unwrap().sum_all().unwrap().backward().unwrap();
        vars.iter().map(|var| values(gradients.get(var).unwrap())).collect()
    };
    let cpu = gradients(&Device::Cpu);
    for device in devices().into_iter().skip(1) {
        let gpu = gradients(&device);
        for (i, (a, b)) in gpu.iter().zip(&cpu).enumerate() {
            let largest = b.iter().fold(0f32, |m, v| m.max(v.abs()));
            let close = a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * largest);
            assert!(close, "gradient {i} on {:?}", device.location());
        }
        assert_eq!(gradients(&device), gpu, "two runs on {:?}", device.location());
    }
}

#[test]
fn batch_norm_needs_two_values_to_train_and_lets_nan_through() {
    let x = Tensor::new(&[[[[f32::NAN]]]], &Device::Cpu).unwrap();
    let one = Tensor::ones(1, candle_core::DType::F32, &Device::Cpu).unwrap();
    let running = Tensor::new(&[[0f32], [1.0]], &Device::Cpu).unwrap();
    let apply = |mode| batch_norm(&x, &one, &one, &running, mode, Activation::Relu);
    assert!(apply(Mode::Train).is_err());
    assert!(values(&apply(Mode::Eval).unwrap())[0].is_nan());
}

/// A block of all operations, differentiated as a whole.
#[test]
fn composed_gradient_equals_finite_differences() {
    let reference = Reference::load();
    let x = reference.get("conv.k3s1p1.x");
    let w = reference.get("conv.k3s1p1.w");
    let weight = Tensor::arange(1f32, 8.0, &Device::Cpu).unwrap();
    let bias = (weight.zeros_like().unwrap() + 0.2).unwrap();
    let f = |w: &Tensor| -> Result<Tensor> {
        let running = Tensor::zeros((2, 7), candle_core::DType::F32, &Device::Cpu)?;
        let y = conv2d(&x, w, Window::three(1))?;
        let y = batch_norm(&y, &weight, &bias, &running, Mode::Train, Activation::Identity)?;
        let y = add_relu(&y, &y.sqr()?)?;
        global_avg_pool(&avg_pool2d(&y, 2)?)?.sqr()?.mean_all()
    };
    let var = Var::from_tensor(&w).unwrap();
    let gradients = f(&var).unwrap().backward().unwrap();
    let numeric = finite_differences(&w, 1e-2, |w| f(w).unwrap().to_scalar().unwrap());
    assert_close("dw", gradients.get(&var).unwrap(), &numeric, 3e-2);
}

#[test]
fn sgd_agrees_with_pytorch() {
    for device in devices() {
        sgd_agrees_on(&device);
    }
}

fn sgd_agrees_on(device: &Device) {
    let reference = Reference::load();
    let mut builder = Builder::new(0, device);
    let p = builder.trainable("p", (4, 3), Init::Constant(0.0)).unwrap();
    let untouched = builder.trainable("q", 2, Init::Constant(3.0)).unwrap();
    let params = builder.finish();
    params.trainable()[0].1.set(&reference.get("sgd.p0").to_device(device).unwrap()).unwrap();
    let mut sgd = Sgd::new(&params, 0.9, 1e-2).unwrap();
    for step in 0..3 {
        let g = reference.get(&format!("sgd.g{step}")).to_device(device).unwrap();
        let gradients = (&p * g).unwrap().sum_all().unwrap().backward().unwrap();
        sgd.step(&gradients, 0.1).unwrap();
        let name = format!("sgd.p{}", step + 1);
        assert_close(&name, &p, &reference.get(&name), tolerance(device, 1e-6));
    }
    assert_eq!(values(&untouched), [3.0, 3.0]);
}

#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    let x = Tensor::randn(0f32, 1.0, (13, 3, 8, 8), &Device::Cpu).unwrap();
    let w = Var::randn(0f32, 1.0, (5, 3, 3, 3), &Device::Cpu).unwrap();
    let gamma = Var::ones(5, candle_core::DType::F32, &Device::Cpu).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            let running = Tensor::zeros((2, 5), candle_core::DType::F32, &Device::Cpu).unwrap();
            let y = conv2d(&x, &w, Window::three(1)).unwrap();
            let y = batch_norm(&y, &gamma, &gamma, &running, Mode::Train, Activation::Relu);
            let gradients = y.unwrap().sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let bits = |t: &Tensor| values(t).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            (bits(gradients.get(&w).unwrap()), bits(gradients.get(&gamma).unwrap()))
        })
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn parameters_load_by_name_or_say_what_is_wrong() {
    let build = || {
        let mut builder = Builder::new(5, &Device::Cpu);
        let made = builder.within("bn1", |b| {
            b.trainable("weight", 2, Init::Normal(1.0))?;
            b.running_moments(2)
        });
        (builder.finish(), made.unwrap())
    };
    let (params, running) = build();
    let mut named = params.named().unwrap();
    let names: Vec<_> = named.keys().cloned().collect();
    assert_eq!(names, ["bn1.running_mean", "bn1.running_var", "bn1.weight"]);

    let number = |v: &[f32]| Tensor::new(v, &Device::Cpu).unwrap();
    named.insert("bn1.running_var".into(), number(&[7.0, 8.0]));
    named.insert("bn1.num_batches_tracked".into(), number(&[1.0]));
    params.load(&named).unwrap();
    assert_eq!(values(&running), [0.0, 0.0, 7.0, 8.0]);

    let mut unknown = named.clone();
    unknown.insert("bn2.weight".into(), number(&[1.0]));
    assert!(matches!(params.load(&unknown), Err(LoadError::Unknown { name }) if name == "bn2.weight"));
    let mut missing = named.clone();
    missing.remove("bn1.weight");
    assert!(matches!(params.load(&missing), Err(LoadError::Missing { name, .. }) if name == "bn1.weight"));
    let mut shape = named.clone();
    shape.insert("bn1.weight".into(), number(&[1.0, 2.0, 3.0]));
    assert!(matches!(params.load(&shape), Err(LoadError::Shape { found, .. }) if found == [3]));
    named.insert("bn1.weight".into(), number(&[1.0, f32::NAN]));
    assert!(matches!(params.load(&named), Err(LoadError::NotFinite { .. })));
}
