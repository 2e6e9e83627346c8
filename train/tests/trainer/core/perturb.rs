//! Images moved along gradients: gradients against finite differences for every network, and what is dumped of moved images.

use super::networks_of_images;
use super::reference::values;
use super::run::{noise, recipe, start};
use candle_core::{Device, Tensor};
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::fit::Training;
use oodbench::rows::{ArrayKind, Role};
use oodbench::score::registry::find;
use oodbench_train::data::{ImageSet, Normalisation};
use oodbench_train::device;
use oodbench_train::error::TrainError;
use oodbench_train::job::{DumpPlan, FromWeights, Workplace};
use oodbench_train::loss::likelihood::cross_entropy;
use oodbench_train::loss::{Ascent, LossChoice, LossEntry, generalized_odin, softmax};
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, NETWORKS, Network};
use oodbench_train::nn::Mode;
use oodbench_train::observer::Silent;
use oodbench_train::perturb::ascent::climb;
use oodbench_train::perturb::{Perturbation, godin, moved, odin, unit_step};
use oodbench_train::run::weights_file;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn waves(shape: (usize, usize, usize, usize), step: f32) -> Tensor {
    let count = shape.0 * shape.1 * shape.2 * shape.3;
    let values: Vec<f32> = (0..count).map(|i| (i as f32 * step).sin()).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

/// A network whose running moments are those of some images, so that its activations neither vanish nor explode.
fn settled(entry: &'static oodbench_train::model::NetworkEntry, loss: &'static LossEntry, side: usize) -> Network {
    let design = Design {
        architecture: Architecture::of(entry),
        loss: LossChoice::of(loss),
        channels: 1,
        classes: 3,
        dropout: 0.0,
    };
    let network = Network::new(&design, 3, &device::Device::cpu()).unwrap();
    for _ in 0..30 {
        network.logits(&waves((4, 1, side, side), 0.37), Mode::Train).unwrap();
    }
    network
}

fn dot(a: &Tensor, b: &Tensor) -> f64 {
    values(a).iter().zip(values(b)).map(|(a, b)| f64::from(*a) * f64::from(b)).sum()
}

/// Along itself a gradient is as steep as it is long; between itself and waves, as steep as its share of the direction, which is more than half of it.
fn check(name: &str, images: &Tensor, gradient: &Tensor, value: impl Fn(&Tensor) -> f64) {
    let length = dot(gradient, gradient).sqrt();
    assert!(length > 0.0, "{name}: no gradient");
    let along = (gradient / length).unwrap();
    let across = {
        let unit = |tensor: &Tensor| (tensor / dot(tensor, tensor).sqrt()).unwrap();
        unit(&(&along + unit(&waves(images.dims4().unwrap(), 1.9))).unwrap())
    };
    assert!(dot(&along, &across) > 0.5, "{name}: waves against the gradient");
    for direction in [along, across] {
        // Short, since a network of ReLUs bends; f32 leaves errors of a thousandth.
        let h = 0.002;
        let at = |step: f64| value(&(images + (&direction * step).unwrap()).unwrap());
        let numeric = (at(h) - at(-h)) / (2.0 * h);
        let expected = dot(gradient, &direction);
        assert!((numeric - expected).abs() < 0.05 * length, "{name}: {numeric} is not {expected} of {length}");
    }
}

#[test]
fn image_gradients_of_every_network_equal_finite_differences() {
    for entry in networks_of_images() {
        let side = if entry.id == "strided-cnn" { 28 } else { 16 };
        let network = settled(entry, &softmax::ENTRY, side);
        let images = waves((1, 1, side, side), 0.29);
        let predicted = network.logits(&images, Mode::Eval).unwrap().argmax(1).unwrap();
        let gradient = odin::gradient(&network, &images, 2.0).unwrap();
        check(entry.id, &images, &gradient, |images| {
            let logits = (network.logits(images, Mode::Eval).unwrap() / 2.0).unwrap();
            -f64::from(cross_entropy(&logits, &predicted).unwrap().to_scalar::<f32>().unwrap())
        });
    }
}

#[test]
fn the_gradient_of_a_loss_s_own_score_equals_finite_differences() {
    let network = settled(NETWORKS[0], &generalized_odin::ENTRY, 16);
    let images = waves((1, 1, 16, 16), 0.29);
    let gradient = godin::gradient(&network, &images).unwrap();
    check("h", &images, &gradient, |images| {
        f64::from(godin::score(&network, images).unwrap().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap())
    });
}

/// ε = 0.02 of images with deviation 0.25 are 0.08 of the network's own scale, up or down with the sign.
#[test]
fn a_step_is_on_the_scale_0_to_1() {
    let constants = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    let images = Tensor::zeros((1, 1, 1, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
    let gradient = Tensor::new(&[[[[1e-20f32, 0.0, -5.0]]]], &Device::Cpu).unwrap();
    let found = moved(&images, &gradient, &unit_step(&constants, &images).unwrap(), 0.02).unwrap();
    assert_eq!(values(&found), [0.08, 0.0, -0.08]);
}

fn extract(
    loss: &'static LossEntry,
    folder: &Path,
    perturbation: Perturbation,
    roles: &[Role],
) -> Result<Dump, TrainError> {
    extract_with(loss, folder, perturbation, (roles, "stage2"))
}

/// The same with layer `stage1` and another.
fn extract_with(
    loss: &'static LossEntry,
    folder: &Path,
    perturbation: Perturbation,
    (roles, layer): (&[Role], &str),
) -> Result<Dump, TrainError> {
    let recipe = recipe(loss, 4, 3);
    let runs = folder.join(loss.id);
    if !runs.exists() {
        start(&recipe, &noise(200, 4), &runs, false).unwrap();
    }
    let out = folder.join("dump");
    let sets = roles.iter().map(|role| {
        let inverted = |set: ImageSet| ImageSet { images: set.images.iter().map(|byte| !byte).collect(), ..set };
        let set = if matches!(role, Role::Train) { noise(200, 4) } else { inverted(noise(60, 4)) };
        (role.clone(), Arc::new(set))
    });
    let job = FromWeights {
        weights: Weights::read(&weights_file(&runs)).unwrap(),
        design: recipe.network.clone(),
        seed: None,
        normalisation: Normalisation::new(vec![0.5], vec![0.25]).unwrap(),
        dump: DumpPlan {
            out: out.clone(),
            replace: true,
            name: "run".to_owned(),
            in_distribution: "noise".to_owned(),
            note: None,
            sets: sets.collect(),
            grams: Vec::new(),
            layers: vec!["stage1".to_owned(), layer.to_owned()],
            samples: 0,
            perturbation: Some(perturbation),
            attacks: Vec::new(),
        },
    };
    job.run(Workplace { device: &device::Device::cpu(), stop: &AtomicBool::new(false), observer: &Silent })?;
    Ok(Dump::open(&discover(&out).unwrap()[0]).unwrap())
}

fn column(dump: &Dump, kind: &ArrayKind) -> Vec<Vec<f64>> {
    let test = dump.split(&Role::Test).unwrap();
    test.matrix(kind).unwrap().block(0..test.rows).to_f64().rows().into_iter().map(|row| row.to_vec()).collect()
}

#[test]
fn moved_images_are_more_of_their_predicted_class() {
    let folder = tempfile::tempdir().unwrap();
    let perturbation = Perturbation::Odin { temperatures: vec![1.0, 1000.0], epsilons: vec![0.0, 0.01] };
    let dump = extract(&softmax::ENTRY, folder.path(), perturbation, &[Role::Val, Role::Test]).unwrap();
    let variant = |name: &str| column(&dump, &ArrayKind::Variant(name.to_owned()));
    assert_eq!(variant("odin_1_0"), column(&dump, &ArrayKind::Logits));
    assert_eq!(variant("odin_1000_0"), variant("odin_1_0"));
    let top = |rows: &[Vec<f64>]| -> f64 {
        let p = |row: &Vec<f64>| {
            1.0 / row.iter().map(|z| (z - row.iter().copied().fold(f64::MIN, f64::max)).exp()).sum::<f64>()
        };
        rows.iter().map(p).sum::<f64>() / rows.len() as f64
    };
    let (plain, moved) = (variant("odin_1_0"), variant("odin_1_0.01"));
    assert!(top(&moved) > top(&plain), "{} {}", top(&moved), top(&plain));
    // The score finds them.
    let fit = find("odin").unwrap().with_defaults().fit(&Training::new(&dump)).unwrap();
    assert!(fit.notes[0].contains("T = 1000, the largest in the dump"), "{:?}", fit.notes);
}

/// M_l of unmoved images is what the score `mahalanobis` makes of the dumped layer, and a step brings images nearer.
#[test]
fn mahalanobis_scores_of_layers_are_those_of_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let perturbation = Perturbation::Mahalanobis { epsilons: vec![0.0, 0.005] };
    let dump = extract(&softmax::ENTRY, folder.path(), perturbation.clone(), &[Role::Train, Role::Test]).unwrap();
    let training = Training::new(&dump);
    for (name, layer) in [("stage1", "stage1"), ("stage2", "stage2"), ("features", "")] {
        let entry = find("mahalanobis").unwrap();
        let mut settings = entry.settings();
        settings.set("layer", layer).unwrap();
        let fit = (entry.build)(&settings).unwrap().fit(&training).unwrap();
        let test = dump.split(&Role::Test).unwrap();
        let wanted: BTreeSet<ArrayKind> = dump.feature_arrays();
        let mut expected = vec![f64::NAN; test.rows];
        fit.scorer.score_block(&test.block(0..test.rows, &wanted, None), &mut expected);
        let score = |epsilon: &str| -> Vec<f64> {
            column(&dump, &ArrayKind::Score(format!("mahalanobis_{name}_{epsilon}"))).concat()
        };
        let (plain, near) = (score("0"), score("0.005"));
        for (found, expected) in plain.iter().zip(&expected) {
            assert!((found - expected).abs() < 5e-3 * expected.abs().max(1.0), "{name}: {found} {expected}");
        }
        assert!(near.iter().sum::<f64>() > plain.iter().sum::<f64>(), "{name}");
    }
    let error = extract(&softmax::ENTRY, folder.path(), perturbation, &[Role::Test]).err().unwrap().to_string();
    assert!(error.starts_with("--perturb: missing id/train"), "{error}");
}

/// Of several ε the one with the largest mean of max_j h_j on id/val is dumped.
#[test]
fn the_step_of_generalized_odin_is_chosen_on_held_out_images() {
    let folder = tempfile::tempdir().unwrap();
    let steps = |epsilons: &[f64]| Perturbation::Godin { epsilons: epsilons.to_vec() };
    let both = [Role::Val, Role::Test];
    let mean = |epsilon: f64| {
        let dump = extract(&generalized_odin::ENTRY, folder.path(), steps(&[epsilon]), &both).unwrap();
        // id/val holds the images of id/test.
        let scores = column(&dump, &ArrayKind::Score(format!("godin_{epsilon}"))).concat();
        scores.iter().sum::<f64>() / scores.len() as f64
    };
    let tried = [0.0, 0.01, 0.3];
    let means = tried.map(mean);
    assert!(means[1] > means[0], "{means:?}");
    let best = (0..3).max_by(|a, b| means[*a].total_cmp(&means[*b])).unwrap();
    let dump = extract(&generalized_odin::ENTRY, folder.path(), steps(&tried), &both).unwrap();
    let chosen: Vec<String> = dump.split(&Role::Test).unwrap().scores.keys().cloned().collect();
    assert!(chosen.contains(&format!("godin_{}", tried[best])), "{chosen:?} {means:?}");
    assert_eq!(chosen.iter().filter(|name| name.starts_with("godin")).count(), 1);

    let error = |loss, roles: &[Role]| extract(loss, folder.path(), steps(&tried), roles).err().unwrap().to_string();
    assert!(error(&generalized_odin::ENTRY, &[Role::Test]).contains("missing id/val"));
    assert!(error(&softmax::ENTRY, &both).contains("missing a score of the loss itself"));

    // Before anything is prepared, which could not be: there are no held-out images.
    let layer = extract_with(&generalized_odin::ENTRY, folder.path(), steps(&tried), (&[Role::Test], "stage9"));
    let layer = layer.err().unwrap();
    assert!(matches!(&layer, TrainError::Layer { found, .. } if found == "stage9"), "{layer}");
}

/// The confidence rises, no pixel leaves the box around it or the scale from black to white, and no step leaves the images as they are.
#[test]
fn an_ascent_makes_a_network_surer_within_its_box() {
    let network = settled(&oodbench_train::model::small_cnn::ENTRY, &softmax::ENTRY, 8);
    let (mean, std) = (0.5_f32, 0.25_f32);
    let normalisation = Normalisation::new(vec![mean], vec![std]).unwrap();
    // From black to white: −2 to 2.
    let images = (waves((6, 1, 8, 8), 0.7) * 2.0).unwrap();
    let end = |epsilon: f64, steps: usize| climb(Ascent { epsilon, steps }, &network, &images, &normalisation).unwrap();
    assert_eq!(values(&end(0.3, 0)), values(&images));
    let confidence = |images: &Tensor| {
        let logits = network.logits(images, Mode::Eval).unwrap();
        -cross_entropy(&logits, &logits.argmax(1).unwrap()).unwrap().to_scalar::<f32>().unwrap()
    };
    let found = end(0.1, 10);
    assert!(confidence(&found) > confidence(&images), "{} {}", confidence(&found), confidence(&images));
    let away = values(&found).iter().zip(values(&images)).map(|(new, old)| (new - old).abs()).fold(0.0, f32::max);
    assert!((away - 0.1 / std).abs() < 1e-5, "{away}");
    assert!(values(&end(1.0, 3)).iter().all(|value| value.abs() <= 2.0 + 1e-5));
}
