//! Dropout: masks, that evaluation knows nothing of them, runs that go on, and dumps of passes.

use super::networks_of_images;
use super::reference::values;
use super::run::{noise, recipe, start};
use candle_core::{Device, Tensor, Var};
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::rows::{ArrayKind, Role};
use oodbench_train::data::Normalisation;
use oodbench_train::device;
use oodbench_train::job::{DumpPlan, FromWeights, Workplace};
use oodbench_train::loss::{LossChoice, softmax};
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, Network};
use oodbench_train::nn::{Dropout, Mode};
use oodbench_train::observer::Silent;
use oodbench_train::run::weights_file;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Of 40,000 values a quarter is dropped and the others are 4/3: five standard errors are 0.011.
#[test]
fn a_quarter_is_dropped_and_the_mean_stays() {
    let layer = Dropout::new(0.25);
    let x = Var::ones((200, 200), candle_core::DType::F32, &Device::Cpu).unwrap();
    layer.start(1, 0);
    let y = layer.forward(&x, Mode::Train).unwrap();
    let found = values(&y);
    assert!(found.iter().all(|v| *v == 0.0 || (*v - 4.0 / 3.0).abs() < 1e-6));
    let dropped = found.iter().filter(|v| **v == 0.0).count() as f64 / 40_000.0;
    assert!((dropped - 0.25).abs() < 0.011, "{dropped}");
    // The slope of each value is its factor.
    let slopes = y.sum_all().unwrap().backward().unwrap();
    assert_eq!(values(slopes.get(&x).unwrap()), found);

    assert_ne!(values(&layer.forward(&x, Mode::Sample).unwrap()), found);
    layer.start(1, 0);
    assert_eq!(values(&layer.forward(&x, Mode::Sample).unwrap()), found);
    layer.start(1, 1);
    assert_ne!(values(&layer.forward(&x, Mode::Sample).unwrap()), found);
    assert_eq!(values(&layer.forward(&x, Mode::Eval).unwrap()), values(&x));
}

/// In evaluation a network with dropout is the one without it; in samples it is not, and the same numbers give the same sample.
#[test]
fn every_network_can_be_sampled() {
    let pixels: Vec<f32> = (0..2 * 32 * 32).map(|i| (0.37 * i as f32).sin()).collect();
    let images = Tensor::from_vec(pixels, (2, 1, 32, 32), &Device::Cpu).unwrap();
    for entry in networks_of_images() {
        let network = |dropout| {
            let loss = LossChoice::of(&softmax::ENTRY);
            let design = Design { architecture: Architecture::of(entry), loss, channels: 1, classes: 3, dropout };
            Network::new(&design, 3, &device::Device::cpu()).unwrap()
        };
        let (plain, dropping) = (network(0.0), network(0.3));
        let logits = |network: &Network, mode| values(&network.logits(&images, mode).unwrap());
        let expected = logits(&plain, Mode::Eval);
        assert_eq!(logits(&dropping, Mode::Eval), expected, "{}", entry.id);
        assert_eq!(logits(&plain, Mode::Sample), expected, "{}", entry.id);
        let sample = |part| {
            dropping.dropout().start(9, part);
            logits(&dropping, Mode::Sample)
        };
        let first = sample(0);
        assert!(first != expected && sample(1) != first && sample(0) == first, "{}", entry.id);
    }
}

/// As a run with dropout that is stopped after its first epoch, and one that is not: the same weights, bit by bit.
#[test]
fn a_run_with_dropout_goes_on_with_the_same_masks() {
    let mut recipe = recipe(&softmax::ENTRY, 4, 3);
    recipe.network.dropout = 0.2;
    let whole = tempfile::tempdir().unwrap();
    start(&recipe, &noise(100, 4), whole.path(), false).unwrap();
    let bytes = |folder: &Path| {
        let weights = Weights::read(&weights_file(folder)).unwrap();
        let network = Network::new(&recipe.network, 0, &device::Device::cpu()).unwrap();
        weights.load(&network).unwrap();
        let named = network.params().named().unwrap();
        named.values().flat_map(values).map(f32::to_bits).collect::<Vec<u32>>()
    };
    let without = {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = recipe.clone();
        recipe.network.dropout = 0.0;
        start(&recipe, &noise(100, 4), folder.path(), false).unwrap();
        bytes(folder.path())
    };
    assert_ne!(bytes(whole.path()), without);
    let stopped = tempfile::tempdir().unwrap();
    super::run::stopped_after(&recipe, (&noise(100, 4), None), stopped.path(), 1);
    start(&recipe, &noise(100, 4), stopped.path(), true).unwrap();
    assert_eq!(bytes(stopped.path()), bytes(whole.path()));
}

fn extract(weights: &Path, dropout: f64, out: &Path) -> Result<(), oodbench_train::error::TrainError> {
    let recipe = recipe(&softmax::ENTRY, 4, 1);
    let job = FromWeights {
        weights: Weights::read(weights).unwrap(),
        design: Design { dropout, ..recipe.network },
        seed: None,
        normalisation: Normalisation::new(vec![0.5], vec![0.25]).unwrap(),
        dump: DumpPlan {
            out: out.to_owned(),
            replace: true,
            name: "run".to_owned(),
            in_distribution: "noise".to_owned(),
            note: None,
            sets: vec![
                (Role::Test, Arc::new(noise(300, 4))),
                (Role::Ood { group: None, name: "a".to_owned() }, Arc::new(noise(3, 4))),
            ],
            layers: Vec::new(),
            grams: Vec::new(),
            samples: 5,
            perturbation: None,
            attacks: Vec::new(),
        },
    };
    job.run(Workplace { device: &device::Device::cpu(), stop: &AtomicBool::new(false), observer: &Silent })
}

#[test]
fn passes_with_dropout_are_members_of_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    start(&recipe(&softmax::ENTRY, 4, 1), &noise(40, 4), folder.path(), false).unwrap();
    let weights = weights_file(folder.path());
    let out = folder.path().join("dump");
    extract(&weights, 0.2, &out).unwrap();
    let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
    let members = ArrayKind::Variant("members".to_owned());
    assert_eq!(dump.rows.members(&members), Some((5, 4)));
    let test = dump.split(&Role::Test).unwrap();
    let rows = test.matrix(&members).unwrap().block(0..300).to_f64();
    let distinct = |row: usize| {
        let mut seen: Vec<Vec<u64>> =
            rows.row(row).as_slice().unwrap().chunks(4).map(|one| one.iter().map(|v| v.to_bits()).collect()).collect();
        seen.sort();
        seen.dedup();
        seen.len()
    };
    assert!((0..300).all(|row| distinct(row) == 5));
    // Made again, it is the same.
    let again = folder.path().join("again");
    extract(&weights, 0.2, &again).unwrap();
    let file = "id/test/logits@members.npy";
    assert_eq!(std::fs::read(out.join(file)).unwrap(), std::fs::read(again.join(file)).unwrap());

    let error = extract(&weights, 0.0, &out).unwrap_err().to_string();
    assert!(error.starts_with("--mc-samples 5: found a network without dropout"), "{error}");
}
