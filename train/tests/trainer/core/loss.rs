//! Heads and losses against PyTorch, finite differences, and at the points where formulas break.

use super::device::{devices, tolerance, var_on};
use super::reference::{Reference, assert_close, finite_differences, values};
use candle_core::{Device, Tensor};
use oodbench_train::loss::distance::{distances, unit_rows};
use oodbench_train::loss::likelihood::{
    cross_entropy, cross_entropy_to_uniform, divergence, log_sum_exp, probability_then_log,
};
use oodbench_train::loss::mosaic::{mosaics, shares};
use oodbench_train::loss::{LOSSES, LossChoice, LossEntry, LossHead, isomax, isomax_plus, softmax};
use oodbench_train::nn::{Builder, Mode, Params};
use oodbench_train::optim::Sgd;
use std::collections::BTreeMap;

/// A head with the parameters of a reference case, by (name in the network, name in the case).
fn head(
    device: &Device,
    loss: &'static LossEntry,
    case: &str,
    parameters: &[(&str, &str)],
) -> (Box<dyn LossHead>, Params) {
    let reference = Reference::load();
    let mut builder = Builder::new(1, device);
    let head = LossChoice::of(loss).head(&mut builder, "classifier", [6, 5]).unwrap();
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

fn check(loss: &'static LossEntry, case: &str, parameters: &[(&str, &str)]) {
    for device in devices() {
        check_on(&device, loss, case, parameters);
    }
}

fn check_on(device: &Device, loss: &'static LossEntry, case: &str, parameters: &[(&str, &str)]) {
    let reference = Reference::load();
    let get = |name: &str| reference.get(&format!("{case}.{name}")).to_device(device).unwrap();
    let (head, params) = head(device, loss, case, parameters);
    let features = var_on(device, &get("f"));
    let logits = head.logits(&features, Mode::Train).unwrap();
    assert_close(case, &logits, &get("logits"), tolerance(device, 2e-6));
    let loss = head.loss(&logits, &get("t"), None).unwrap();
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
        let logits = head.logits(features, Mode::Train).unwrap();
        head.loss(&logits, &get("t"), None).unwrap().to_scalar().unwrap()
    };
    let smooth = values(&get("logits")).iter().all(|&z| z != 0.0);
    if smooth {
        let numeric = finite_differences(&get("f"), 2e-3, f);
        assert_close("numeric", gradients.get(&features).unwrap(), &numeric, 5e-3);
    }
}

#[test]
fn softmax_agrees_with_pytorch() {
    check(&softmax::ENTRY, "softmax", &[("weight", "w"), ("bias", "b")]);
}

/// One feature vector of this case lies on a prototype.
#[test]
fn isomax_agrees_with_pytorch() {
    check(&isomax::ENTRY, "isomax", &[("prototypes", "p")]);
}

#[test]
fn isomax_agrees_with_pytorch_at_its_start() {
    check(&isomax::ENTRY, "isomax.start", &[("prototypes", "p")]);
}

/// The distance scale of this case is negative.
#[test]
fn isomax_plus_agrees_with_pytorch() {
    let parameters = [("prototypes", "p"), ("distance_scale", "s")];
    check(&isomax_plus::ENTRY, "isomax_plus", &parameters);
}

#[test]
fn heads_start_as_the_authors_do() {
    let start = |loss: &'static LossEntry| {
        let mut builder = Builder::new(3, &Device::Cpu);
        LossChoice::of(loss).head(&mut builder, "classifier", [400, 50]).unwrap();
        let params = builder.finish().named().unwrap();
        params.into_iter().map(|(n, t)| (n, values(&t))).collect::<BTreeMap<_, _>>()
    };
    let softmax = start(&softmax::ENTRY);
    let bound = (1.0f32 / 400.0).sqrt();
    let weight = &softmax["classifier.weight"];
    assert!(weight.iter().all(|w| w.abs() <= bound));
    assert!(weight.iter().any(|w| *w > 0.99 * bound) && weight.iter().any(|w| *w < -0.99 * bound));
    assert!(softmax["classifier.bias"].iter().all(|b| *b == 0.0));

    assert!(start(&isomax::ENTRY)["classifier.prototypes"].iter().all(|p| *p == 0.0));

    let plus = start(&isomax_plus::ENTRY);
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
    let (head, _) = head(&Device::Cpu, &isomax::ENTRY, "isomax", &[("prototypes", "p")]);
    let logits = Tensor::new(&[[-0.1f32, -0.2], [-0.3, 0.0]], &Device::Cpu).unwrap();
    let targets = Tensor::new(&[0u32, 1], &Device::Cpu).unwrap();
    let loss = head.loss(&logits, &targets, None).unwrap();
    let scaled = (&logits * 10.0).unwrap();
    let plain = cross_entropy(&scaled, &targets).unwrap();
    assert_close("scale", &loss.reshape(1).unwrap(), &plain.reshape(1).unwrap(), 1e-6);
}

/// E_s is a parameter of the loss: at 1 it is the plain cross-entropy of the same logits.
#[test]
fn the_entropic_scale_is_what_was_asked_for() {
    for name in ["isomax", "isomax-plus"] {
        let loss: LossChoice = format!("{name}(entropic_scale=1)").parse().unwrap();
        let head = loss.head(&mut Builder::new(1, &Device::Cpu), "classifier", [6, 2]).unwrap();
        let logits = Tensor::new(&[[-0.1f32, -0.2], [-0.3, 0.0]], &Device::Cpu).unwrap();
        let targets = Tensor::new(&[0u32, 1], &Device::Cpu).unwrap();
        let loss = head.loss(&logits, &targets, None).unwrap().reshape(1).unwrap();
        assert_close(name, &loss, &cross_entropy(&logits, &targets).unwrap().reshape(1).unwrap(), 1e-6);
    }
}

/// By hand: −(1/2)(log 1/4 + log 3/4) of logits (0, log 3), and log 2 of equal ones; slopes (p − 1/2)/2.
#[test]
fn outliers_are_pulled_to_uniform_probabilities() {
    let o = candle_core::Var::new(&[[0f32, 3f32.ln()], [7.0, 7.0]], &Device::Cpu).unwrap();
    let by_hand = (0.5 * (4f32.ln() + (4f32 / 3.0).ln()) + 2f32.ln()) / 2.0;
    let uniform = cross_entropy_to_uniform(&o).unwrap();
    assert!((uniform.to_scalar::<f32>().unwrap() - by_hand).abs() < 1e-6);
    let gradients = uniform.backward().unwrap();
    let slopes = Tensor::new(&[[-0.125f32, 0.125], [0.0, 0.0]], &Device::Cpu).unwrap();
    assert_close("slopes", gradients.get(&o).unwrap(), &slopes, 1e-6);

    let loss: LossChoice = "outlier-exposure(lambda=2)".parse().unwrap();
    let head = loss.head(&mut Builder::new(1, &Device::Cpu), "classifier", [6, 2]).unwrap();
    let targets = Tensor::new(&[0u32], &Device::Cpu).unwrap();
    let z = Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap();
    let scalar = |outliers| head.loss(&z, &targets, outliers).unwrap().to_scalar::<f32>().unwrap();
    assert!((scalar(Some(o.as_tensor())) - scalar(None) - 2.0 * by_hand).abs() < 1e-5);
}

/// A head of 6 features and 5 classes, eight rows of features, their classes, and logits of outliers.
fn made_up(text: &str) -> (Box<dyn LossHead>, Params, Tensor, Tensor, Tensor) {
    let loss: LossChoice = text.parse().unwrap();
    let mut builder = Builder::new(7, &Device::Cpu);
    let head = loss.head(&mut builder, "classifier", [6, 5]).unwrap();
    let wave = |rows: usize, columns: usize, step: f32| {
        let values: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * step).sin() * 1.5).collect();
        Tensor::from_vec(values, (rows, columns), &Device::Cpu).unwrap()
    };
    let targets = Tensor::new(&[0u32, 1, 2, 3, 4, 0, 1, 2], &Device::Cpu).unwrap();
    (head, builder.finish(), wave(8, 6, 0.7), targets, wave(3, 5, 1.3))
}

/// In training mode: the scale of the features is normalised by its batch.
#[test]
fn gradients_of_the_methods_equal_finite_differences() {
    for text in [
        "dismax",
        "scaled-cosine",
        "generalized-odin",
        "generalized-odin(h=inner)",
        "generalized-odin(h=euclidean)",
        "logit-norm(tau=0.5)",
        "energy-bounded(m_in=-3,m_out=-1)",
        "acet(lambda=0.5)",
    ] {
        let (head, params, features, targets, outliers) = made_up(text);
        let value = |features: &Tensor| {
            let logits = head.logits(features, Mode::Train).unwrap();
            head.loss(&logits, &targets, Some(&outliers)).unwrap()
        };
        let var = candle_core::Var::from_tensor(&features).unwrap();
        let gradients = value(&var).backward().unwrap();
        let numeric = finite_differences(&features, 2e-3, |features| value(features).to_scalar().unwrap());
        assert_close(text, gradients.get(&var).unwrap(), &numeric, 5e-3);
        for (name, parameter) in params.trainable() {
            let start = parameter.as_tensor().copy().unwrap();
            let numeric = finite_differences(&start, 2e-3, |moved| {
                parameter.set(moved).unwrap();
                value(&features).to_scalar().unwrap()
            });
            parameter.set(&start).unwrap();
            assert_close(&format!("{text}: {name}"), gradients.get(parameter).unwrap(), &numeric, 5e-3);
        }
    }
}

/// By hand: of (3, 4) the direction is (0.6, 0.8), whose cross-entropy at τ = 1 for class 0 is log(1 + e^0.2).
#[test]
fn losses_of_the_methods_by_hand() {
    let targets = Tensor::new(&[0u32], &Device::Cpu).unwrap();
    let loss = |text: &str, logits: &[f32; 2], outliers: Option<&Tensor>| {
        let loss: LossChoice = text.parse().unwrap();
        let head = loss.head(&mut Builder::new(1, &Device::Cpu), "classifier", [6, 2]).unwrap();
        let logits = Tensor::new(&[*logits], &Device::Cpu).unwrap();
        head.loss(&logits, &targets, outliers).unwrap().to_scalar::<f32>().unwrap()
    };
    assert!((loss("logit-norm(tau=1)", &[3.0, 4.0], None) - 0.2f32.exp().ln_1p()).abs() < 1e-6);
    // Energies are −log 2 on both sides; 0.1 · ((−0.693 + 2)² + (1 + 0.693)²) on top of the cross-entropy log 2.
    let outliers = Tensor::new(&[[0f32, 0.0]], &Device::Cpu).unwrap();
    let log_2 = 2f32.ln();
    let bounds = 0.1 * ((2.0 - log_2).powi(2) + (1.0 + log_2).powi(2));
    let found = loss("energy-bounded(m_in=-2,m_out=1)", &[0.0, 0.0], Some(&outliers));
    assert!((found - log_2 - bounds).abs() < 1e-6, "{found}");
    // log ½ is the confidence of two equal logits.
    assert!(loss("acet", &[0.0, 0.0], Some(&outliers)).abs() < 1e-6);
    // Within both bounds nothing is added.
    assert_eq!(
        loss("energy-bounded(m_in=0,m_out=-1)", &[0.0, 0.0], Some(&outliers)),
        loss("softmax", &[0.0, 0.0], None)
    );
    let sums = log_sum_exp(&Tensor::new(&[[0f32, 0.0], [1000.0, 1000.0]], &Device::Cpu).unwrap()).unwrap();
    assert_close("sums", &sums, &Tensor::new(&[log_2, 1000.0 + log_2], &Device::Cpu).unwrap(), 1e-6);
}

/// Logits from features and parameters by the formulas, in double precision; moments of the batch norm are those of the start, 0 and 1.
#[test]
fn logits_of_the_methods_are_those_of_the_formulas() {
    for text in ["scaled-cosine", "generalized-odin", "generalized-odin(h=inner)", "generalized-odin(h=euclidean)"] {
        let (head, params, features, ..) = made_up(text);
        let found = values(&head.logits(&features, Mode::Eval).unwrap());
        let named = params.named().unwrap();
        let get = |name: &str| -> Vec<f64> {
            values(&named[&format!("classifier.{name}")]).into_iter().map(f64::from).collect()
        };
        let is_cosine = text == "scaled-cosine";
        let (weight, to_one) =
            if is_cosine { (get("weight"), get("scale.weight")) } else { (get("h.weight"), get("g.weight")) };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (row, found) in values(&features).chunks(6).zip(found.chunks(5)) {
            let f: Vec<f64> = row.iter().map(|f| f64::from(*f)).collect();
            let linear = dot(&f, &to_one) / (1.0 + 1e-5_f64).sqrt();
            let factor = if is_cosine { linear.exp() } else { 1.0 + (-linear).exp() };
            for (w, found) in weight.chunks(6).zip(found) {
                let near = match text {
                    "generalized-odin(h=inner)" => dot(&f, w),
                    "generalized-odin(h=euclidean)" => {
                        -f.iter().zip(w).map(|(f, w)| (f - w).powi(2)).sum::<f64>() / 6.0
                    }
                    _ => dot(&f, w) / (dot(&f, &f) * dot(w, w)).sqrt(),
                };
                assert!((near * factor - f64::from(*found)).abs() < 1e-5 * factor, "{text}: {near} {factor} {found}");
            }
        }
    }
}

/// By hand: of f = (3, 4) and prototypes along the axes the distances are √0.8 and √0.4, D = 2/√2 of them, and their mean is added to both.
#[test]
fn logits_of_dismax_sink_with_the_mean_distance() {
    let loss: LossChoice = "dismax".parse().unwrap();
    let mut builder = Builder::new(1, &Device::Cpu);
    let head = loss.head(&mut builder, "classifier", [2, 2]).unwrap();
    for (name, parameter) in builder.finish().trainable() {
        let value = match name.as_str() {
            "classifier.prototypes" => Tensor::new(&[[5f32, 0.0], [0.0, 0.1]], &Device::Cpu),
            _ => Tensor::new(&[-2f32], &Device::Cpu),
        };
        parameter.set(&value.unwrap()).unwrap();
    }
    let features = Tensor::new(&[[3f32, 4.0]], &Device::Cpu).unwrap();
    let d = [1.6_f32.sqrt(), 0.8_f32.sqrt()];
    let mean = (d[0] + d[1]) / 2.0;
    let expected = Tensor::new(&[[-d[0] - mean, -d[1] - mean]], &Device::Cpu).unwrap();
    assert_close("dismax", &head.logits(&features, Mode::Train).unwrap(), &expected, 1e-6);
    assert!(head.mosaics() && head.head().unwrap().is_none());
    let without: LossChoice = "dismax(alpha=0)".parse().unwrap();
    assert!(!without.head(&mut Builder::new(1, &Device::Cpu), "classifier", [2, 2]).unwrap().mosaics());
}

/// By hand: q = (½, ½, 0) against p = (¼, ¼, ½) is log 2, with slopes p − q; at its own probabilities it is 0. And the gradients of a whole head.
#[test]
fn mosaics_are_pulled_to_the_shares_of_their_classes() {
    let z = candle_core::Var::new(&[[0f32, 0.0, 2f32.ln()]], &Device::Cpu).unwrap();
    let share = |q: [f32; 3]| Tensor::new(&[q], &Device::Cpu).unwrap();
    let value = divergence(&z, &share([0.5, 0.5, 0.0])).unwrap();
    assert!((value.to_scalar::<f32>().unwrap() - 2f32.ln()).abs() < 1e-6);
    let slopes = Tensor::new(&[[-0.25f32, -0.25, 0.5]], &Device::Cpu).unwrap();
    assert_close("slopes", value.backward().unwrap().get(&z).unwrap(), &slopes, 1e-6);
    assert!(divergence(&z, &share([0.25, 0.25, 0.5])).unwrap().to_scalar::<f32>().unwrap().abs() < 1e-6);
    // A class that the network rules out costs no more than a likelihood may.
    let far = Tensor::new(&[[0f32, -1e4, -1e4]], &Device::Cpu).unwrap();
    let bounded = divergence(&far, &share([0.0, 1.0, 0.0])).unwrap().to_scalar::<f32>().unwrap();
    assert!(bounded > 86.0 && bounded < 87.5, "{bounded}");

    let (head, _, features, targets, _) = made_up("dismax(alpha=0.5)");
    let shares = shares(&targets, 5).unwrap();
    let value = |features: &Tensor| head.mosaic_loss(&head.logits(features, Mode::Train).unwrap(), &shares).unwrap();
    let var = candle_core::Var::from_tensor(&features).unwrap();
    let gradients = value(&var).backward().unwrap();
    let numeric = finite_differences(&features, 2e-3, |features| value(features).to_scalar().unwrap());
    assert_close("mosaics", gradients.get(&var).unwrap(), &numeric, 5e-3);
    let (whole, ..) = made_up("dismax");
    let logits = head.logits(&features, Mode::Train).unwrap();
    let [half, whole] =
        [&head, &whole].map(|head| head.mosaic_loss(&logits, &shares).unwrap().to_scalar::<f32>().unwrap());
    assert!((2.0 * half - whole).abs() < 1e-5, "{half} {whole}");
}

/// Images of 2 × 2 pixels whose pixels are 10 · image + place: upper left of itself, upper right of two before, lower left of the one before, lower right of
/// three before.
#[test]
fn quarters_of_mosaics_are_of_four_images() {
    let images = |count: u32| {
        let values: Vec<f32> = (0..count).flat_map(|i| (0..4).map(move |place| (10 * i + place) as f32)).collect();
        Tensor::from_vec(values, (count as usize, 1, 2, 2), &Device::Cpu).unwrap()
    };
    let expected = [0, 31, 42, 23, 10, 41, 2, 33, 20, 1, 12, 43, 30, 11, 22, 3, 40, 21, 32, 13].map(|v| v as f32);
    assert_eq!(values(&mosaics(&images(5)).unwrap()), expected);
    assert_eq!(values(&mosaics(&images(1)).unwrap()), [0.0, 1.0, 2.0, 3.0]);
    let odd = Tensor::zeros((3, 2, 5, 7), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert_eq!(mosaics(&odd).unwrap().dims(), [3, 2, 5, 7]);
}

/// As the quarters: of the classes 0, 1, 2, 2, 0 the first mosaic has those of images 0, 4, 3 and 2, the third those of 2, 1, 0 and 4.
#[test]
fn classes_of_mosaics_share_the_probability() {
    let targets = Tensor::new(&[0u32, 1, 2, 2, 0], &Device::Cpu).unwrap();
    let found = values(&shares(&targets, 4).unwrap());
    assert_eq!(found.len(), 20);
    assert_eq!((&found[..4], &found[8..12]), (&[0.5, 0.0, 0.5, 0.0][..], &[0.5, 0.25, 0.25, 0.0][..]));
    assert_eq!(values(&shares(&Tensor::new(&[2u32], &Device::Cpu).unwrap(), 3).unwrap()), [0.0, 0.0, 1.0]);
}

/// The same step with and without weight decay from parameters that are all 1: what is decayed ends η·λ lower.
#[test]
fn weight_decay_leaves_alone_what_the_authors_leave_alone() {
    for (text, undecayed) in [
        ("softmax", &[][..]),
        ("isomax-plus", &[]),
        ("dismax", &[]),
        ("scaled-cosine", &["classifier.weight"]),
        ("generalized-odin(h=inner)", &["classifier.h.weight", "classifier.h.bias"]),
    ] {
        let step = |weight_decay: f64| {
            let (head, params, features, targets, _) = made_up(text);
            for (_, parameter) in params.trainable() {
                parameter.set(&parameter.ones_like().unwrap()).unwrap();
            }
            let logits = head.logits(&features, Mode::Train).unwrap();
            let gradients = head.loss(&logits, &targets, None).unwrap().backward().unwrap();
            Sgd::new(&params, 0.0, weight_decay).unwrap().step(&gradients, 0.1).unwrap();
            let after = params.trainable().iter().map(|(name, value)| (name.clone(), values(value)));
            after.collect::<Vec<(String, Vec<f32>)>>()
        };
        for ((name, without), (_, with)) in step(0.0).into_iter().zip(step(0.5)) {
            let lower = if undecayed.contains(&name.as_str()) { 0.0 } else { 0.05 };
            let worst = without.iter().zip(&with).map(|(a, b)| (a - b - lower).abs()).fold(0.0, f32::max);
            assert!(worst < 1e-6, "{text}: {name}: {worst}");
        }
    }
}

/// A file with an entry is in its list: of losses here, of networks beside it.
#[test]
fn every_entry_of_a_file_is_in_its_list() {
    let entries = |folder: &str, kind: &str| -> usize {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
        let files =
            std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        files.map(|text| text.matches(&format!(": {kind} = {kind} {{")).count()).sum()
    };
    assert_eq!(entries("loss", "LossEntry"), LOSSES.len());
    assert_eq!(entries("model", "NetworkEntry"), oodbench_train::model::NETWORKS.len());
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
