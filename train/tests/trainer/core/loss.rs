//! Heads and losses against PyTorch, finite differences, and at the points where formulas break.

use super::device::{devices, tolerance, var_on};
use super::reference::{Reference, assert_close, finite_differences, values};
use candle_core::{Device, Tensor};
use oodbench_train::loss::distance::{distances, unit_rows};
use oodbench_train::loss::likelihood::{cross_entropy, probability_then_log};
use oodbench_train::loss::{LossHead, LossKind};
use oodbench_train::nn::{Builder, Params};
use std::collections::BTreeMap;

/// A head with the parameters of a reference case, by (name in the network, name in the case).
fn head(device: &Device, kind: LossKind, case: &str, parameters: &[(&str, &str)]) -> (Box<dyn LossHead>, Params) {
    let reference = Reference::load();
    let mut builder = Builder::new(1, device);
    let head = kind.build(&mut builder, "classifier", 6, 5).unwrap();
    let params = builder.finish();
    let tensors: BTreeMap<_, _> = (parameters.iter())
        .map(|(name, stored)| {
            let name = format!("classifier.{name}");
            (name, reference.get(&format!("{case}.{stored}")))
        })
        .collect();
    params.load(&tensors).unwrap();
    (head, params)
}

fn check(kind: LossKind, case: &str, parameters: &[(&str, &str)]) {
    for device in devices() {
        check_on(&device, kind, case, parameters);
    }
}

fn check_on(device: &Device, kind: LossKind, case: &str, parameters: &[(&str, &str)]) {
    let reference = Reference::load();
    let get = |name: &str| reference.get(&format!("{case}.{name}")).to_device(device).unwrap();
    let (head, params) = head(device, kind, case, parameters);
    let features = var_on(device, &get("f"));
    let logits = head.logits(&features).unwrap();
    assert_close(case, &logits, &get("logits"), tolerance(device, 2e-6));
    let loss = head.loss(&logits, &get("t")).unwrap();
    assert_close(case, &loss.reshape(1).unwrap(), &get("loss"), tolerance(device, 2e-6));
    let gradients = loss.backward().unwrap();
    assert_close("gf", gradients.get(&features).unwrap(), &get("gf"), tolerance(device, 1e-5));
    for ((name, var), (expected, stored)) in params.trainable().iter().zip(parameters) {
        assert_eq!(name, &format!("classifier.{expected}"));
        let stored = get(&format!("g{stored}"));
        assert_close(name, gradients.get(var).unwrap(), &stored, tolerance(device, 1e-5));
    }
    if !device.is_cpu() {
        return;
    }

    let f = |features: &Tensor| {
        let logits = head.logits(features).unwrap();
        head.loss(&logits, &get("t")).unwrap().to_scalar().unwrap()
    };
    let smooth = values(&get("logits")).iter().all(|&z| z != 0.0);
    if smooth {
        let numeric = finite_differences(&get("f"), 2e-3, f);
        assert_close("numeric", gradients.get(&features).unwrap(), &numeric, 5e-3);
    }
}

#[test]
fn softmax_agrees_with_pytorch() {
    check(LossKind::Softmax, "softmax", &[("weight", "w"), ("bias", "b")]);
}

/// One feature vector of this case lies on a prototype.
#[test]
fn isomax_agrees_with_pytorch() {
    check(LossKind::Isomax, "isomax", &[("prototypes", "p")]);
}

#[test]
fn isomax_agrees_with_pytorch_at_its_start() {
    check(LossKind::Isomax, "isomax.start", &[("prototypes", "p")]);
}

/// The distance scale of this case is negative.
#[test]
fn isomax_plus_agrees_with_pytorch() {
    let parameters = [("prototypes", "p"), ("distance_scale", "s")];
    check(LossKind::IsomaxPlus, "isomax_plus", &parameters);
}

#[test]
fn heads_start_as_the_authors_do() {
    let start = |kind: LossKind| {
        let mut builder = Builder::new(3, &Device::Cpu);
        kind.build(&mut builder, "classifier", 400, 50).unwrap();
        let params = builder.finish().named().unwrap();
        params.into_iter().map(|(n, t)| (n, values(&t))).collect::<BTreeMap<_, _>>()
    };
    let softmax = start(LossKind::Softmax);
    let bound = (1.0f32 / 400.0).sqrt();
    let weight = &softmax["classifier.weight"];
    assert!(weight.iter().all(|w| w.abs() <= bound));
    assert!(weight.iter().any(|w| *w > 0.99 * bound) && weight.iter().any(|w| *w < -0.99 * bound));
    assert!(softmax["classifier.bias"].iter().all(|b| *b == 0.0));

    assert!(start(LossKind::Isomax)["classifier.prototypes"].iter().all(|p| *p == 0.0));

    let plus = start(LossKind::IsomaxPlus);
    assert_eq!(plus["classifier.distance_scale"], [1.0]);
    let prototypes = &plus["classifier.prototypes"];
    let mean = prototypes.iter().sum::<f32>() / 20_000.0;
    let variance = prototypes.iter().map(|p| p * p).sum::<f32>() / 20_000.0;
    // Five standard errors of 20,000 draws: 5/√20000 = 0.035, 5·√(2/20000) = 0.05.
    assert!(mean.abs() < 0.035 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
}

/// The entropic scale multiplies the logits in the loss alone: the same loss of ten times smaller
/// logits at scale 10.
#[test]
fn the_entropic_scale_is_in_the_loss_and_not_in_the_logits() {
    let (head, _) = head(&Device::Cpu, LossKind::Isomax, "isomax", &[("prototypes", "p")]);
    let logits = Tensor::new(&[[-0.1f32, -0.2], [-0.3, 0.0]], &Device::Cpu).unwrap();
    let targets = Tensor::new(&[0u32, 1], &Device::Cpu).unwrap();
    let loss = head.loss(&logits, &targets).unwrap();
    let scaled = (&logits * 10.0).unwrap();
    let plain = cross_entropy(&scaled, &targets).unwrap();
    assert_close("scale", &loss.reshape(1).unwrap(), &plain.reshape(1).unwrap(), 1e-6);
}

#[test]
fn underflow_gives_a_bounded_loss_and_the_true_gradient() {
    let targets = Tensor::new(&[1u32], &Device::Cpu).unwrap();
    for gap in [1e2f32, 1e4, 1e30] {
        let z = candle_core::Var::new(&[[0f32, -gap]], &Device::Cpu).unwrap();
        let loss = probability_then_log(&z, &targets).unwrap();
        let value: f32 = loss.to_scalar().unwrap();
        assert!(value > 86.0 && value < 87.5, "{value}");
        let gradients = loss.backward().unwrap();
        assert_eq!(values(gradients.get(&z).unwrap()), [1.0, -1.0]);

        let joint = cross_entropy(&z, &targets).unwrap();
        assert_close("joint", &joint.reshape(1).unwrap(), &Tensor::new(&[gap], &Device::Cpu).unwrap(), 1e-6);
    }
}

#[test]
fn a_nan_logit_is_a_nan_loss() {
    let targets = Tensor::new(&[1u32], &Device::Cpu).unwrap();
    for at in 0..2 {
        let mut z = [0f32; 2];
        z[at] = f32::NAN;
        let z = Tensor::new(&[z], &Device::Cpu).unwrap();
        for loss in [cross_entropy, probability_then_log] {
            let value: f32 = loss(&z, &targets).unwrap().to_scalar().unwrap();
            assert!(value.is_nan());
        }
    }
}

#[test]
fn a_target_that_is_no_class_is_an_error() {
    let z = Tensor::new(&[[0f32, 1.0]], &Device::Cpu).unwrap();
    let targets = Tensor::new(&[2u32], &Device::Cpu).unwrap();
    assert!(cross_entropy(&z, &targets).is_err());
    assert!(probability_then_log(&z, &targets).is_err());
}

/// 3-4-5 triangles, a point on a prototype, and the direction of zero.
#[test]
fn distances_and_directions_by_hand() {
    let x = candle_core::Var::new(&[[3f32, 4.0], [0.0, 0.0]], &Device::Cpu).unwrap();
    let p = candle_core::Var::new(&[[0f32, 0.0]], &Device::Cpu).unwrap();
    let d = distances(&x, &p).unwrap();
    assert_eq!(values(&d), [5.0, 0.0]);
    let gradients = d.sum_all().unwrap().backward().unwrap();
    assert_eq!(values(gradients.get(&x).unwrap()), [0.6, 0.8, 0.0, 0.0]);
    assert_eq!(values(gradients.get(&p).unwrap()), [-0.6, -0.8]);

    let unit = unit_rows(&x).unwrap();
    assert_eq!(values(&unit), [0.6, 0.8, 0.0, 0.0]);
    let gradients = unit.sum_all().unwrap().backward().unwrap();
    let expected = Tensor::new(&[[0.032f32, -0.024], [0.0, 0.0]], &Device::Cpu).unwrap();
    assert_close("unit", gradients.get(&x).unwrap(), &expected, 1e-6);
}
