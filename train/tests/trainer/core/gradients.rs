//! The gradients that images are moved along, against PyTorch's in double precision (fixtures/train/gradients.safetensors, written by make_gradients.py with
//! torch 2.11.0): of every network with weights by a formula and, where the variable `OODBENCH_WEIGHTS` names the folder of them, of DenseNet-BC-100 with
//! the weights that Lee et al. 2018 published.

use super::model::{design, network_by_formula};
use super::networks_of_images;
use super::reference::values;
use candle_core::{DType, Device, Tensor};
use ndarray::Array2;
use oodbench::fit::NearestMean;
use oodbench::numeric::linalg::{Factor, Whitening};
use oodbench_train::attack::{Victim, fgsm};
use oodbench_train::data::Published;
use oodbench_train::device;
use oodbench_train::loss::likelihood::cross_entropy;
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Network, densenet};
use oodbench_train::nn::Mode;
use oodbench_train::perturb::mahalanobis::{FEATURES, FittedLayer};
use oodbench_train::perturb::{image_gradient, moved, odin, unit_step};
use std::collections::HashMap;
use std::path::PathBuf;

/// Of an image every fifth entry is stored.
const EVERY: usize = 5;

/// The share of an image's largest entry that may lie between the two. PyTorch in single precision is at worst 1e-5 of it away from itself in double.
const TOLERANCE: f32 = 2e-4;

/// Directions that the distance looks along.
const RANK: usize = 16;

type Stored = HashMap<String, Tensor>;

fn stored() -> Stored {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/gradients.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

/// Every entry is near, and every pixel whose gradient is above rounding was moved along its sign.
fn compare(what: &str, gradient: &Tensor, step: &Tensor, expected: &Tensor) {
    let (found, step) = (values(gradient), values(step));
    let expected: Vec<Vec<f32>> = expected.to_vec2().unwrap();
    let size = found.len() / expected.len();
    for (image, expected) in expected.into_iter().enumerate() {
        let sampled = |all: &[f32]| -> Vec<f32> {
            all[image * size..(image + 1) * size].iter().copied().step_by(EVERY).collect()
        };
        let (found, step) = (sampled(&found), sampled(&step));
        assert_eq!(found.len(), expected.len(), "{what}");
        let allowed = TOLERANCE * expected.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
        let mut moved = 0;
        for (at, expected) in expected.iter().enumerate() {
            let (found, step) = (found[at], step[at]);
            assert!(
                (found - expected).abs() <= allowed,
                "{what}, image {image}, entry {at}: {found} is not {expected}"
            );
            if expected.abs() > allowed {
                assert!(step * expected > 0.0, "{what}, image {image}, entry {at}: moved by {step} along {expected}");
                moved += 1;
            }
        }
        // Networks by the formula see little of some pixels, and most of each image.
        assert!(moved * 3 > expected.len(), "{what}, image {image}: {moved} of {} are above rounding", expected.len());
    }
}

/// Class means and a whitening by the formulas of make_gradients.py.
fn nearest(features: usize, classes: usize) -> NearestMean {
    let matrix = Array2::from_shape_fn((features, RANK), |(at, rank)| {
        let (at, rank) = (at as f64, rank as f64);
        (0.9 * at + 1.7 * rank + 0.013 * at * rank).sin()
    });
    let means = Array2::from_shape_fn((classes, features), |(class, at)| {
        let (class, at) = (class as f64, at as f64);
        0.5 + 0.5 * (0.7 * at + 2.1 * class + 0.017 * at * class).sin()
    });
    NearestMean::new(&means, Whitening { matrix, factor: Factor::Full, rank: RANK, log_det: 0.0 })
}

/// What ODIN, FGSM and Mahalanobis move images along, of one network.
fn check(case: &str, network: &Network, stored: &Stored, side: usize) {
    let expected = |kind: &str| &stored[&format!("{case}.{kind}")];
    let normalisation = Published::LeeDenseNet.normalisation(3).unwrap();
    let pixels = (stored[&format!("images.{side}")].to_dtype(DType::F32).unwrap() / 255.0).unwrap();
    let row = |values: &[f32]| Tensor::from_slice(values, (1, 3, 1, 1), &Device::Cpu).unwrap();
    let centred = pixels.broadcast_sub(&row(&normalisation.mean)).unwrap();
    let images = centred.broadcast_div(&row(&normalisation.std)).unwrap();
    let unit = unit_step(&normalisation, &images).unwrap();
    let step = |gradient: &Tensor| (moved(&images, gradient, &unit, 0.01).unwrap() - &images).unwrap();

    let predicted = network.logits(&images, Mode::Eval).unwrap().detach().argmax(1).unwrap();
    let classes: Vec<i64> = predicted.to_dtype(DType::I64).unwrap().to_vec1().unwrap();
    assert_eq!(classes, expected("predicted").to_vec1::<i64>().unwrap(), "{case}");

    let gradient = odin::gradient(network, &images, 1000.0).unwrap();
    compare(&format!("{case}, ODIN"), &gradient, &step(&gradient), expected("odin"));

    let victim = Victim::new(network, &normalisation).unwrap();
    let images_in_all = classes.len() as f64;
    let gradient = victim.gradient(&pixels, |logits| cross_entropy(logits, &predicted)? * images_in_all).unwrap();
    let attacked = fgsm::attacked(&victim, &pixels, &predicted).unwrap();
    compare(&format!("{case}, FGSM"), &gradient, &(attacked - &pixels).unwrap(), expected("fgsm"));

    let nearest = nearest(network.backbone().features(), network.design().classes);
    let layer = FittedLayer::new(FEATURES, &nearest, &Device::Cpu).unwrap();
    let gradient = image_gradient(&images, |images| layer.score(network, images)?.sum_all()).unwrap();
    compare(&format!("{case}, Mahalanobis"), &gradient, &step(&gradient), expected("mahalanobis"));
}

#[test]
fn image_gradients_of_every_network_equal_pytorch() {
    let stored = stored();
    for entry in networks_of_images() {
        let side = if entry.id == "strided-cnn" { 28 } else { 16 };
        // Logits about 1 apart; of the usual formula some softmax would be 1 up to rounding, with nothing left of its gradient.
        let height: Vec<f32> = stored[&format!("{}.head", entry.id)].to_vec1().unwrap();
        let design = design(Architecture::of(entry));
        let network = network_by_formula(&design, |wave| f64::from(height[0]) * wave);
        check(entry.id, &network, &stored, side);
    }
}

#[test]
fn image_gradients_of_published_weights_equal_pytorch() {
    let Some(folder) = std::env::var_os("OODBENCH_WEIGHTS").map(PathBuf::from) else {
        println!("not checked: OODBENCH_WEIGHTS names no folder of published weights");
        return;
    };
    let stored = stored();
    for case in ["densenet_cifar10", "densenet_svhn"] {
        let network = Network::new(&design(Architecture::of(&densenet::ENTRY)), 0, &device::Device::cpu()).unwrap();
        let weights = Weights::read(&folder.join(format!("{case}.safetensors")));
        weights.and_then(|weights| weights.load(&network)).unwrap_or_else(|error| panic!("{error}"));
        check(case, &network, &stored, 32);
    }
}
