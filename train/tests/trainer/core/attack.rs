//! Attacks on the images of id/val: what they do to one of a linear network, and to a trained one.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use super::reference::values;
use super::run::{noise, recipe, start};
use candle_core::{DType, Tensor};
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::fit::Training;
use oodbench::rows::Role;
use oodbench::score::registry::find;
use oodbench_train::attack::{Attack, Victim, bim, cw, deepfool, fgsm};
use oodbench_train::data::{ImageSet, Normalisation};
use oodbench_train::device::Device;
use oodbench_train::error::TrainError;
use oodbench_train::job::{DumpPlan, FromWeights, Workplace};
use oodbench_train::loss::likelihood::cross_entropy;
use oodbench_train::loss::{LossEntry, isomax_plus, softmax};
use oodbench_train::model::Network;
use oodbench_train::model::weights::Weights;
use oodbench_train::observer::Silent;
use oodbench_train::perturb::Perturbation;
use oodbench_train::recipe::Recipe;
use oodbench_train::run::weights_file;

/// How many images are learnt by heart.
const IMAGES: usize = 64;

fn by_heart(loss: &'static LossEntry) -> Recipe {
    let mut recipe = recipe(loss, 4, 60);
    (recipe.augmentation.padding, recipe.augmentation.flip) = (0, false);
    recipe
}

/// A network that has learnt noise images of four classes by heart, those images, and its constants.
type Trained = (Network, Arc<ImageSet>, Normalisation);

/// Trained once for all tests.
static OF_SOFTMAX: LazyLock<Trained> = LazyLock::new(|| trained(&softmax::ENTRY));

fn trained(loss: &'static LossEntry) -> Trained {
    let folder = tempfile::tempdir().unwrap();
    let recipe = by_heart(loss);
    let network = start(&recipe, &noise(IMAGES, 4), folder.path(), false).unwrap().network;
    (network, Arc::new(noise(IMAGES, 4)), recipe.normalisation().unwrap())
}

/// Pixels and classes of the images that the network takes for what they are.
fn rightly_classified(victim: &Victim<'_>, set: &ImageSet) -> (Tensor, Tensor) {
    let pixels: Vec<f32> = set.images.iter().map(|byte| f32::from(*byte) / 255.0).collect();
    let shape = (set.len(), set.channels, set.height, set.width);
    let pixels = Tensor::from_vec(pixels, shape, victim.device()).unwrap();
    let targets = Tensor::new(set.labels.clone().unwrap(), victim.device()).unwrap();
    let predicted = victim.logits(&pixels).unwrap().argmax(1).unwrap();
    let right: Vec<u32> = predicted
        .eq(&targets)
        .unwrap()
        .to_vec1::<u8>()
        .unwrap()
        .iter()
        .zip(0..)
        .filter(|(own, _)| **own == 1)
        .map(|(_, at)| at)
        .collect();
    assert!(right.len() * 10 > IMAGES * 9, "{} learnt", right.len());
    let right = Tensor::new(right, victim.device()).unwrap();
    (pixels.index_select(&right, 0).unwrap(), targets.index_select(&right, 0).unwrap())
}

/// Which images are taken for another class, and how far each was moved.
fn outcome(victim: &Victim<'_>, (before, after): (&Tensor, &Tensor), targets: &Tensor) -> (Vec<bool>, Vec<f32>) {
    let predicted = victim.logits(after).unwrap().argmax(1).unwrap();
    let fooled = predicted.ne(targets).unwrap().to_vec1::<u8>().unwrap().into_iter().map(|own| own == 1).collect();
    let way = (after - before).unwrap().sqr().unwrap().flatten_from(1).unwrap().sum(1).unwrap().sqrt().unwrap();
    assert!(values(after).iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    (fooled, way.to_vec1().unwrap())
}

/// The signs of a gradient move every pixel by ε, or to black or white. The shortest ways are those of DeepFool and Carlini and Wagner, which fool on nearly
/// all images and go a part of the way of FGSM, whose length is 0.05 in each pixel.
#[test]
fn attacks_fool_a_network_by_as_much_as_they_may() {
    let (network, set, normalisation) = &*OF_SOFTMAX;
    let victim = Victim::new(network, normalisation).unwrap();
    let (pixels, targets) = rightly_classified(&victim, set);
    let share = |fooled: &[bool]| fooled.iter().filter(|own| **own).count() as f64 / fooled.len() as f64;
    let largest = |after: &Tensor| values(&(after - &pixels).unwrap().abs().unwrap()).into_iter().fold(0.0, f32::max);

    let fast = fgsm::attacked(&victim, &pixels, &targets).unwrap();
    for (pixel, moved) in values(&pixels).into_iter().zip(values(&fast)) {
        let is_cut = moved == 0.0 || moved == 1.0;
        let step = (moved - pixel).abs();
        assert!(step < 1e-6 || (step - 0.05).abs() < 1e-6 || (is_cut && step < 0.05), "{pixel} to {moved}");
    }
    let (fooled_fast, way_fast) = outcome(&victim, (&pixels, &fast), &targets);
    let small = bim::attacked(&victim, &pixels, &targets).unwrap();
    assert!(largest(&small) < 0.05 + 1e-5);
    let (fooled_small, _) = outcome(&victim, (&pixels, &small), &targets);
    assert!(
        share(&fooled_fast) > 0.2 && share(&fooled_small) >= share(&fooled_fast),
        "{} {}",
        share(&fooled_fast),
        share(&fooled_small)
    );
    for (name, after) in [
        ("deepfool", deepfool::attacked(&victim, &pixels, &targets).unwrap()),
        ("cw", cw::attacked(&victim, &pixels, &targets).unwrap()),
    ] {
        let (fooled, way) = outcome(&victim, (&pixels, &after), &targets);
        assert!(share(&fooled) > 0.9, "{name}: {} fooled", share(&fooled));
        let shorter = way.iter().zip(&way_fast).filter(|(own, fast)| own < fast).count();
        assert!(shorter * 10 > way.len() * 9, "{name}: {shorter} of {} shorter than by FGSM", way.len());
    }
}

/// Whatever the scale of the logits, the attacks that search for a short way find one for most images, and what is kept is of another class as bytes.
#[test]
fn attacks_keep_images_of_every_loss() {
    let of_isomax_plus = trained(&isomax_plus::ENTRY);
    for (loss, (network, set, normalisation)) in [("softmax", &*OF_SOFTMAX), ("isomax-plus", &of_isomax_plus)] {
        let victim = Victim::new(network, normalisation).unwrap();
        let right = rightly_classified(&victim, set).1.elem_count();
        for (attack, least) in Attack::ALL.into_iter().zip([0.05, 0.05, 0.8, 0.8]) {
            let stop = AtomicBool::new(false);
            let kept = attack.on(network, set, normalisation, &stop, &Silent).unwrap();
            let share = kept.len() as f64 / right as f64;
            assert!(share >= least && share <= 1.0, "{loss} {}: {} of {right} kept", attack.name(), kept.len());
        }
    }
}

/// The gradient of the cross-entropy is Σ_k (p_k − [k = t]) ∂z_k/∂x.
#[test]
fn gradients_of_all_logits_make_that_of_the_loss() {
    let (network, set, normalisation) = &*OF_SOFTMAX;
    let victim = Victim::new(network, normalisation).unwrap();
    let (pixels, targets) = rightly_classified(&victim, set);
    let (pixels, targets) = (pixels.narrow(0, 0, 5).unwrap(), targets.narrow(0, 0, 5).unwrap());
    let expected = victim.gradient(&pixels, |logits| cross_entropy(logits, &targets)? * 5.0).unwrap();
    let (logits, gradients) = victim.jacobian(&pixels).unwrap();
    let largest = logits.max_keepdim(1).unwrap();
    let exponentials = logits.broadcast_sub(&largest).unwrap().exp().unwrap();
    let p = exponentials.broadcast_div(&exponentials.sum_keepdim(1).unwrap()).unwrap();
    let mut sum = expected.neg().unwrap();
    for (class, gradient) in gradients.iter().enumerate() {
        let own = targets.eq(class as u32).unwrap().to_dtype(DType::F32).unwrap();
        let slope = (p.narrow(1, class, 1).unwrap().squeeze(1).unwrap() - own).unwrap().reshape((5, 1, 1, 1)).unwrap();
        sum = (sum + gradient.broadcast_mul(&slope).unwrap()).unwrap();
    }
    let scale = values(&expected).into_iter().map(f32::abs).fold(0.0, f32::max);
    assert!(scale > 0.0 && values(&sum).into_iter().all(|rest| rest.abs() < 1e-3 * scale));
}

/// DeepFool goes a little farther than the border: at a third of its way nearly all images are of their class still.
#[test]
fn deepfool_stops_a_little_beyond_the_border() {
    let (network, set, normalisation) = &*OF_SOFTMAX;
    let victim = Victim::new(network, normalisation).unwrap();
    let (pixels, targets) = rightly_classified(&victim, set);
    let after = deepfool::attacked(&victim, &pixels, &targets).unwrap();
    let third = (&pixels + ((&after - &pixels).unwrap() / 3.0).unwrap()).unwrap();
    let (fooled, _) = outcome(&victim, (&pixels, &third), &targets);
    assert!(fooled.iter().filter(|own| **own).count() * 10 <= fooled.len());
}

fn dump(folder: &Path, roles: &[Role], attacks: Vec<Attack>) -> Result<Dump, TrainError> {
    let recipe = by_heart(&softmax::ENTRY);
    let runs = folder.join("run");
    if !runs.exists() {
        start(&recipe, &noise(IMAGES, 4), &runs, false).unwrap();
    }
    let out = folder.join("dump");
    let job = FromWeights {
        weights: Weights::read(&weights_file(&runs)).unwrap(),
        design: recipe.network.clone(),
        seed: None,
        normalisation: recipe.normalisation().unwrap(),
        dump: DumpPlan {
            out: out.clone(),
            replace: true,
            name: "run".to_owned(),
            in_distribution: "noise".to_owned(),
            note: None,
            sets: roles.iter().map(|role| (role.clone(), Arc::new(noise(IMAGES, 4)))).collect(),
            layers: Vec::new(),
            grams: Vec::new(),
            samples: 0,
            perturbation: Some(Perturbation::Mahalanobis { epsilons: vec![0.0, 0.002] }),
            attacks,
        },
    };
    job.run(Workplace { device: &Device::cpu(), stop: &AtomicBool::new(false), observer: &Silent })?;
    Ok(Dump::open(&discover(&out).unwrap()[0]).unwrap())
}

/// What is dumped of attacked images is what `mahalanobis_perturbed` is fitted on, without any OOD image; every kept image is one of another class.
#[test]
fn attacked_images_are_dumped_and_fitted_on() {
    let folder = tempfile::tempdir().unwrap();
    let roles = [Role::Train, Role::Val, Role::Test];
    let run = dump(folder.path(), &roles, vec![Attack::Fgsm]).unwrap();
    let attacked = run.split(&Role::ValOod { name: "fgsm".to_owned() }).unwrap();
    assert!(attacked.rows > 6 && attacked.rows < IMAGES && attacked.labels.is_none(), "{} rows", attacked.rows);
    let fit = find("mahalanobis_perturbed").unwrap().with_defaults().fit(&Training::new(&run)).unwrap();
    assert!(fit.notes[0].contains("of val_ood/fgsm are taken for in-distribution"), "{:?}", fit.notes);

    let without = dump(folder.path(), &[Role::Train, Role::Test], vec![Attack::Cw]).err().unwrap().to_string();
    assert!(without.starts_with("--val-ood cw: missing id/val, whose images are attacked; hold"), "{without}");
    let twice = dump(folder.path(), &roles, vec![Attack::Bim, Attack::Bim]).err().unwrap().to_string();
    assert!(twice.contains("val_ood/bim"), "{twice}");
    assert_eq!(Attack::ALL.map(|attack| Attack::named(attack.name())), Attack::ALL.map(Some));
}
