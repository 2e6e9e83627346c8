//! Networks against PyTorch: parameter counts, and features with weights given by a formula
//! (fixtures/train/networks.safetensors, written by make_networks.py with torch 2.11.0).

use super::networks_of_images;
use super::reference::assert_close;
use candle_core::{Device, Tensor};
use oodbench_train::device;
use oodbench_train::loss::LossChoice;
use oodbench_train::model::weights::{Weights, WeightsError};
use oodbench_train::model::{
    Architecture, Design, Network, NetworkEntry, Taps, densenet, mlp, resnet_9, resnet_cifar, small_cnn, strided_cnn,
    transformer, wide_resnet,
};
use oodbench_train::nn::{LoadError, Mode};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub(super) fn design(architecture: Architecture) -> Design {
    Design { architecture, loss: LossChoice::default(), channels: 3, classes: 10, dropout: 0.0 }
}

fn network(design: &Design, seed: u64) -> Network {
    Network::new(design, seed, &device::Device::cpu()).unwrap()
}

/// A parameter whose entries are made of a wave that its name shifts.
fn wave(name: &str, dims: &[usize], amplitude: impl Fn(f64) -> f64) -> Tensor {
    let count = dims.iter().product::<usize>();
    let values: Vec<f32> = (0..count).map(|i| amplitude((0.37 * i as f64 + name.len() as f64).sin()) as f32).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

/// The formula of make_networks.py and waves.py: a matrix is as a convolution, but the head, which features do not see.
fn weights(network: &Network) -> BTreeMap<String, Tensor> {
    let named = network.params().named().unwrap();
    let fill = |(name, tensor): (String, Tensor)| {
        let dims = tensor.dims().to_vec();
        let fan = dims.iter().skip(1).product::<usize>() as f64;
        let amplitude = |wave: f64| match name.rsplit_once('.').unwrap().1 {
            "weight" if [2, 4].contains(&dims.len()) && !name.starts_with("classifier") => {
                wave * (2.0 / fan).sqrt() * 1.4
            }
            "running_mean" | "bias" => 0.2 * wave,
            "running_var" => 1.0 + 0.5 * wave,
            _ if name.contains(".bn2.") => 0.05 + 0.02 * wave,
            _ => 0.6 + 0.2 * wave,
        };
        let filled = wave(&name, &dims, amplitude);
        (name, filled)
    };
    named.into_iter().map(fill).collect()
}

/// A network with weights by the formula, but those of its head by another.
pub(super) fn network_by_formula(design: &Design, head: impl Fn(f64) -> f64) -> Network {
    let network = network(design, 0);
    let mut weights = weights(&network);
    if let Some(own) = weights.get_mut("classifier.weight") {
        *own = wave("classifier.weight", own.dims(), head);
    }
    network.params().load(&weights).unwrap();
    network
}

fn images() -> Tensor {
    images_of(16)
}

fn images_of(side: usize) -> Tensor {
    let values: Vec<f32> = (0..2 * 3 * side as u32 * side as u32)
        .map(|i| (0.11 * f64::from(i) + 0.0007 * f64::from(i) * f64::from(i)).cos() as f32)
        .collect();
    Tensor::from_vec(values, (2, 3, side, side), &Device::Cpu).unwrap()
}

#[test]
fn features_and_parameter_counts_agree_with_pytorch() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/networks.safetensors");
    let stored = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    for entry in networks_of_images() {
        let (name, architecture) = (entry.id, Architecture::of(entry));
        let Some(expected) = stored.get(&format!("{name}.features")) else {
            assert!(
                ["densenet-bc-100", "resnet-20", "resnet-9", "strided-cnn", "wrn-40-2"].contains(&name),
                "{name} is compared with nothing"
            );
            continue;
        };
        let network = network(&design(architecture), 0);
        network.params().load(&weights(&network)).unwrap();
        let layers = network.backbone().layers();
        let mut taps = Taps::of(&layers);
        let features = network.backbone().forward(&images(), Mode::Eval, &mut taps).unwrap();
        assert_close(name, &features, expected, 1e-4);
        let recorded: Vec<_> = taps.into_recorded().into_iter().map(|(n, _)| n).collect();
        assert_eq!(recorded, layers);

        let head = (network.backbone().features() + 1) * 10;
        let backbone: Vec<i64> = stored[&format!("{name}.parameters")].to_vec1().unwrap();
        assert_eq!(network.params().count() as i64, backbone[0] + head as i64);
    }
}

/// Every network records the maps that it names, the last one among them, with ten orders of each channel.
#[test]
fn every_network_records_gram_matrices() {
    for entry in networks_of_images() {
        let network = network(&design(Architecture::of(entry)), 0);
        let (layers, maps) = (network.backbone().layers(), network.backbone().maps());
        assert!(layers.iter().all(|layer| maps.contains(layer)), "{}", entry.id);
        let mut taps = Taps::of(&maps).with_grams(&maps);
        network.backbone().forward(&images_of(32), Mode::Eval, &mut taps).unwrap();
        let grams = taps.take_grams();
        let means = taps.into_recorded();
        assert_eq!(grams.len(), maps.len(), "{}", entry.id);
        for (((name, rows), (_, mean)), expected) in grams.iter().zip(&means).zip(&maps) {
            assert_eq!(name, expected);
            assert_eq!(rows.dim(), (2, 10 * mean.dim(1).unwrap()), "{} {name}", entry.id);
            assert!(rows.iter().all(|value| value.is_finite()), "{} {name}", entry.id);
        }
    }
}

/// fixtures/train/strided_cnn.json is written by make_strided_cnn.py, which knows NumPy alone.
#[test]
fn the_strided_network_agrees_with_numpy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/strided_cnn.json");
    let expected: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let network = network(&design(Architecture::of(&strided_cnn::ENTRY)), 0);
    network.params().load(&weights(&network)).unwrap();
    // 3·32·9 + 32·64·9 + 64·128·9 + 2·(32 + 64 + 128) + 2048·128 + 128, and the head's 128·10 + 10.
    assert_eq!(network.params().count(), 355_744 + 1_290);
    let layers = network.backbone().layers();
    for side in [28, 32] {
        let check = |name: &str, found: &Tensor| {
            let rows: Vec<Vec<f32>> = serde_json::from_value(expected[side.to_string()][name].clone()).unwrap();
            assert_close(name, found, &Tensor::new(rows, &Device::Cpu).unwrap(), 1e-5);
        };
        let mut taps = Taps::of(&layers);
        check("features", &network.backbone().forward(&images_of(side), Mode::Eval, &mut taps).unwrap());
        let recorded = taps.into_recorded();
        assert_eq!(recorded.len(), 3);
        recorded.iter().for_each(|(name, means)| check(name, means));
    }
    let error = network.logits(&images_of(24), Mode::Eval).unwrap_err().to_string();
    assert!(error.contains("found images of 24 x 24 pixels, expected 25 to 32 pixels a side"), "{error}");
}

/// fixtures/train/resnet_20.json is written by make_resnet_20.py, which knows NumPy alone.
#[test]
fn resnet_20_agrees_with_numpy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/resnet_20.json");
    let expected: Vec<Vec<f32>> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let network = network(&design(Architecture::of(&resnet_cifar::RESNET_20)), 0);
    network.params().load(&weights(&network)).unwrap();
    // Convolutions 3·16·9 + 6·16²·9 + 16·32·9 + 5·32²·9 + 32·64·9 + 5·64²·9, batch norms 2·(7·16 + 6·32 + 6·64), the head 64·10 + 10.
    assert_eq!(network.params().count(), 267_696 + 1_376 + 650);
    let features = network.backbone().forward(&images(), Mode::Eval, &mut Taps::none()).unwrap();
    assert_close("resnet-20", &features, &Tensor::new(expected, &Device::Cpu).unwrap(), 1e-4);
}

/// fixtures/train/wrn_40_2.json is written by make_wrn_40_2.py, which knows NumPy alone. The count is that of the authors' network, 2.2 M in their table.
#[test]
fn wrn_40_2_agrees_with_numpy() {
    // Stem 432, stages 107,232, 427,456 and 1,706,880, the last batch norm 256, the head 128·10 + 10.
    agrees_with_numpy(&wide_resnet::ENTRY, "wrn_40_2.json", 2_242_256 + 1_290);
}

/// fixtures/train/resnet_9.json is written by make_resnet_9.py, which knows NumPy alone.
#[test]
fn resnet_9_agrees_with_numpy() {
    // Convolutions 9·(3·16 + 16·32 + 2·32² + 32·96 + 96·192 + 2·192²), batch norms 2·(16 + 3·32 + 96 + 3·192), the head 192·10 + 10.
    agrees_with_numpy(&resnet_9::ENTRY, "resnet_9.json", 880_560 + 1_568 + 1_930);
}

/// Features and layers are those of the file.
fn agrees_with_numpy(entry: &'static NetworkEntry, file: &str, parameters: usize) {
    let path = format!("{}/../fixtures/train/{file}", env!("CARGO_MANIFEST_DIR"));
    let expected: BTreeMap<String, Vec<Vec<f32>>> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let network = network(&design(Architecture::of(entry)), 0);
    network.params().load(&weights(&network)).unwrap();
    assert_eq!(network.params().count(), parameters);
    let mut taps = Taps::of(&network.backbone().layers());
    let features = network.backbone().forward(&images(), Mode::Eval, &mut taps).unwrap();
    let recorded = taps.into_recorded().into_iter().chain([("features".to_owned(), features)]);
    let found: BTreeMap<String, Tensor> = recorded.collect();
    assert!(found.keys().eq(expected.keys()));
    for (name, rows) in expected {
        assert_close(&name, &found[&name], &Tensor::new(rows, &Device::Cpu).unwrap(), 1e-4);
    }
}

/// fixtures/train/rows.json is written by make_rows.py, which knows NumPy alone.
#[test]
fn networks_of_rows_agree_with_numpy() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/rows.json");
    let expected: BTreeMap<String, BTreeMap<String, Vec<Vec<f32>>>> =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let numbers: Vec<f32> = (0..14).map(|i| (0.11 * f64::from(i) + 0.0007 * f64::from(i * i)).cos() as f32).collect();
    let vectors = Tensor::from_vec(numbers, (2, 7, 1, 1), &Device::Cpu).unwrap();
    let tokens = Tensor::new(&[[3f32, 1.0, 10.0, 4.0, 4.0], [7.0, 2.0, 0.0, 0.0, 0.0]], &Device::Cpu).unwrap();
    let rows = [(&mlp::ENTRY, 7, vectors), (&transformer::ENTRY, 11, tokens.reshape((2, 1, 1, 5)).unwrap())];
    for (entry, channels, rows) in rows {
        let network = network(&Design { channels, ..design(Architecture::of(entry)) }, 0);
        network.params().load(&weights(&network)).unwrap();
        let mut taps = Taps::of(&network.backbone().layers());
        let features = network.backbone().forward(&rows, Mode::Eval, &mut taps).unwrap();
        let recorded = taps.into_recorded().into_iter().chain([("features".to_owned(), features)]);
        let found: BTreeMap<String, Tensor> = recorded.collect();
        let expected = &expected[entry.id];
        assert!(found.keys().eq(expected.keys()), "{:?}", found.keys());
        for (name, rows) in expected {
            assert_close(name, &found[name], &Tensor::new(rows.clone(), &Device::Cpu).unwrap(), 1e-4);
        }
    }
}

/// 769,162: the count of the published network (Huang et al. 2017 give 0.8 M; the sum over the
/// tensors of the weights published by Lee et al., without running moments).
#[test]
fn densenet_has_the_published_number_of_parameters() {
    let network = network(&design(Architecture::of(&densenet::ENTRY)), 0);
    assert_eq!(network.params().count(), 769_162);
    assert_eq!(network.backbone().features(), 342);
    let features = network.backbone().forward(&images(), Mode::Eval, &mut Taps::none()).unwrap();
    assert_eq!(features.dims(), [2, 342]);
}

#[test]
fn the_seed_decides_the_weights() {
    let first = |seed| {
        let network = network(&design(Architecture::of(&small_cnn::ENTRY)), seed);
        let conv = &network.params().named().unwrap()["conv1.weight"];
        conv.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    assert_eq!(first(7), first(7));
    assert_ne!(first(7), first(8));
}

/// user_model.pth is written by make_user_model.py (torch 2.11.0): entry i is i / 1024.
#[test]
fn weights_of_others_load_from_a_state_dict_and_from_safetensors() {
    let pth = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/user_model.pth");
    let folder = tempfile::tempdir().unwrap();
    let safetensors = folder.path().join("user_model.safetensors");
    let tensors = candle_core::pickle::read_all(pth).unwrap();
    let parallel: HashMap<_, _> =
        (tensors.into_iter()).map(|(name, tensor)| (format!("module.{name}"), tensor)).collect();
    candle_core::safetensors::save(&parallel, &safetensors).unwrap();

    let steps = |shape: &[usize], first: f32| {
        let count: usize = shape.iter().product();
        let values = (0..count).map(|i| first + i as f32 / 1024.0).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    for file in [Path::new(pth), &safetensors] {
        let small = Design { channels: 1, classes: 4, ..design(Architecture::of(&small_cnn::ENTRY)) };
        let network = network(&small, 0);
        Weights::read(file).unwrap().load(&network).unwrap();
        let named = network.params().named().unwrap();
        let check = |name: &str, expected| assert_close(name, &named[name], &expected, 0.0);
        check("conv2.weight", steps(&[64, 32, 3, 3], 0.0));
        check("classifier.bias", steps(&[4], 0.0));
        check("bn3.running_var", steps(&[128], 1.0));

        let rgb = self::network(&design(Architecture::of(&small_cnn::ENTRY)), 0);
        let error = Weights::read(file).unwrap().load(&rgb).unwrap_err();
        let shape = |e: &WeightsError| matches!(e, WeightsError::Fit { reason: LoadError::Shape { .. }, .. });
        assert!(shape(&error), "{error}");
    }
}

/// What was read is what is loaded, whatever becomes of the file.
#[test]
fn a_file_of_weights_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.safetensors");
    let small = Design { channels: 1, ..design(Architecture::of(&small_cnn::ENTRY)) };
    let (one, other) = (network(&small, 1), network(&small, 2));
    candle_core::safetensors::save(&one.params().named().unwrap().into_iter().collect::<HashMap<_, _>>(), &file)
        .unwrap();
    let weights = Weights::read(&file).unwrap();
    assert_eq!(weights.safetensors(), Some(std::fs::read(&file).unwrap().as_slice()));
    std::fs::write(&file, b"another file").unwrap();
    weights.load(&other).unwrap();
    let (expected, found) = (one.params().named().unwrap(), other.params().named().unwrap());
    for (name, tensor) in &found {
        assert_close(name, tensor, &expected[name], 0.0);
    }
}

#[test]
fn a_file_that_holds_no_weights_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["broken.safetensors", "broken.pth", "broken.txt", "absent.pt"] {
        let file = folder.path().join(name);
        if !name.starts_with("absent") {
            std::fs::write(&file, b"not weights").unwrap();
        }
        let message = Weights::read(&file).unwrap_err().to_string();
        assert!(message.contains(name) && !message.contains('\n'), "{message}");
    }
}
