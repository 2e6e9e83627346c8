//! The loop: it learns, repeats itself, resumes bit by bit, stops, and refuses.

use super::reference::values;
use oodbench::progress::Progress;
use oodbench_train::checkpoint::{CheckpointError, recipe_of_weights};
use oodbench_train::data::{ImageSet, Normalisation};
use oodbench_train::device::Device;
use oodbench_train::error::TrainError;
use oodbench_train::evaluate::evaluate;
use oodbench_train::history::read_history;
use oodbench_train::loss::{LOSSES, LossChoice, LossEntry, isomax_plus, outlier_exposure, softmax};
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, Network, small_cnn};
use oodbench_train::nn::Mode;
use oodbench_train::observer::{Event, Observer, Silent};
use oodbench_train::recipe::Recipe;
use oodbench_train::run::{Options, Outcome, checkpoint_file, history_file, train, weights_file};
use oodbench_train::schedule::{Cosine, OneCycle, Schedule, Shape, Steps};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Noise images of 8 × 8 pixels; labels that no rule explains.
pub(crate) fn noise(count: usize, classes: u32) -> ImageSet {
    let byte = |i: usize| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[1];
    let images = (0..count * 64).map(byte).collect();
    let labels = (0..count as u32).map(|i| i % classes).collect();
    ImageSet::new("noise", images, Some(labels), [1, 8, 8], Some(classes as usize)).unwrap()
}

pub(crate) fn recipe(loss: &'static LossEntry, classes: usize, epochs: usize) -> Recipe {
    let architecture = Architecture::of(&small_cnn::ENTRY);
    let network = Design { architecture, loss: LossChoice::of(loss), channels: 1, classes, dropout: 0.0 };
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    Recipe {
        batch_size: 8,
        schedule: Schedule { shape: Shape::Steps(Steps::after(vec![])), ..Schedule::scaled(epochs) },
        ..Recipe::paper(network, &normalisation, 5)
    }
}

fn without_augmentation(mut recipe: Recipe) -> Recipe {
    recipe.augmentation.padding = 0;
    recipe.augmentation.flip = false;
    recipe
}

pub(crate) fn start(recipe: &Recipe, set: &ImageSet, folder: &Path, resume: bool) -> Result<Outcome, TrainError> {
    let inverted = || ImageSet { images: set.images.iter().map(|byte| !byte).collect(), ..noise(set.len(), 4) };
    let outliers = recipe.network.loss.entry().outliers.then(|| Arc::new(inverted()));
    start_with(recipe, (set, outliers.as_ref()), folder, resume)
}

/// The same with outliers of one's own.
pub(crate) fn start_with(
    recipe: &Recipe,
    (set, outliers): (&ImageSet, Option<&Arc<ImageSet>>),
    folder: &Path,
    resume: bool,
) -> Result<Outcome, TrainError> {
    let (device, stop) = (Device::cpu(), AtomicBool::new(false));
    let options = Options { name: "run", outliers, start: None, folder, resume, device: &device, stop: &stop };
    train(recipe, &Arc::new(set.clone()), options, &Silent)
}

fn bits(network: &Network) -> BTreeMap<String, Vec<u32>> {
    let named = network.params().named().unwrap().into_iter();
    named.map(|(name, tensor)| (name, values(&tensor).iter().map(|v| v.to_bits()).collect())).collect()
}

#[test]
fn eight_samples_are_learnt_by_heart_with_each_loss() {
    for loss in LOSSES {
        let folder = tempfile::tempdir().unwrap();
        let mut recipe = without_augmentation(recipe(loss, 4, 60));
        if loss.id == "logit-norm" {
            // Its slopes are 1/τ = 25 times as steep.
            recipe.schedule.rate /= 25.0;
        }
        let outcome = start(&recipe, &noise(8, 4), folder.path(), false).unwrap();
        let last = outcome.history.last().unwrap();
        assert_eq!(last.train_accuracy, 1.0, "{}: {last:?}", loss.id);
        // Of uniform probabilities λ·log 4 is left, of energies what their bounds are missed by.
        let least = match loss.id {
            "outlier-exposure" => 0.5 * 4f64.ln(),
            "energy-bounded" => 0.1 * 23f64.powi(2),
            // Half of the loss is of mosaics of noise, whose order is another in each epoch.
            "dismax" => 0.5,
            // The scale of cosines grows slowly; of equal logits log 4 = 1.39 is left.
            "scaled-cosine" | "generalized-odin" => 0.5,
            _ => 0.0,
        };
        assert!(last.train_loss < least + 0.1, "{}: {last:?}", loss.id);
        let constants = recipe.normalisation().unwrap();
        let (_, accuracy) = evaluate(&outcome.network, &Arc::new(noise(8, 4)), &constants).unwrap();
        assert_eq!(accuracy, 1.0, "{} in evaluation mode", loss.id);
    }
}

/// The weights tell which images were held out, of the set that they were trained on and of no other.
#[test]
fn weights_know_what_was_held_out_of_which_images() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { held_out: 6, ..recipe(&softmax::ENTRY, 4, 1) };
    let set = noise(40, 4);
    start(&recipe, &set, folder.path(), false).unwrap();
    let kept = recipe_of_weights(&Weights::read(&weights_file(folder.path())).unwrap()).unwrap().unwrap();
    assert_eq!(kept.hold_out(&set).unwrap(), set.hold_out(6, recipe.seed).unwrap());
    let others = ImageSet { images: set.images.iter().map(|byte| !byte).collect(), ..set.clone() };
    let fewer = set.take(30).unwrap();
    for (recipe, set, expected) in [
        (&kept, &fewer, "found 30 images, expected the 40 of the training; give the same --data and --images"),
        (&kept, &others, "found 40 other images, expected those of the training; give the same --data and --images"),
        // As weights of earlier versions have it.
        (&kept.without_images(), &set, "found weights that do not say which images they were trained on"),
        (&Recipe { held_out: 0, ..kept.clone() }, &set, "found weights that know of no held-out images"),
    ] {
        let error = recipe.hold_out(set).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn outliers_become_uncertain_and_are_wanted_by_their_loss_alone() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = without_augmentation(recipe(&outlier_exposure::ENTRY, 4, 60));
    let network = start(&recipe, &noise(8, 4), folder.path(), false).unwrap().network;
    let confidence = |invert: bool| {
        let pixel = |byte: &u8| (f32::from(if invert { !byte } else { *byte }) / 255.0 - 0.5) / 0.25;
        let images: Vec<f32> = noise(8, 4).images.iter().map(pixel).collect();
        let images = candle_core::Tensor::from_vec(images, (8, 1, 8, 8), &candle_core::Device::Cpu).unwrap();
        let rows = values(&network.logits(&images, Mode::Eval).unwrap());
        let top = |row: &[f32]| {
            1.0 / row.iter().map(|z| (z - row.iter().fold(f32::MIN, |a, b| a.max(*b))).exp()).sum::<f32>()
        };
        rows.chunks(4).map(top).sum::<f32>() / 8.0
    };
    let (inside, outside) = (confidence(false), confidence(true));
    assert!(inside > 0.9 && outside < 0.5, "{inside} {outside}");

    let refuse = |loss: &'static LossEntry, outliers: Option<&Arc<ImageSet>>| {
        let recipe = self::recipe(loss, 4, 1);
        let (device, stop) = (Device::cpu(), AtomicBool::new(false));
        let options = Options {
            name: "run",
            outliers,
            start: None,
            folder: folder.path(),
            resume: false,
            device: &device,
            stop: &stop,
        };
        train(&recipe, &Arc::new(noise(8, 4)), options, &Silent).err().unwrap().to_string()
    };
    let set = Arc::new(noise(8, 4));
    assert!(refuse(&outlier_exposure::ENTRY, None).contains("found none, expected a set of outliers"));
    assert!(refuse(&softmax::ENTRY, Some(&set)).contains("found a set of outliers, expected none"));
    let error = start(&recipe, &noise(16, 4), folder.path(), true).err().unwrap().to_string();
    assert!(error.contains("another training set"), "{error}");
}

/// Energies, −log Σ exp z, of images that belong to a class and of their negatives.
#[test]
fn energies_of_outliers_are_pushed_above_those_of_classes() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = without_augmentation(recipe(&softmax::ENTRY, 4, 60));
    recipe.network.loss = "energy-bounded(m_in=-8,m_out=-3)".parse().unwrap();
    let network = start(&recipe, &noise(8, 4), folder.path(), false).unwrap().network;
    let energy = |invert: bool| {
        let pixel = |byte: &u8| (f32::from(if invert { !byte } else { *byte }) / 255.0 - 0.5) / 0.25;
        let images: Vec<f32> = noise(8, 4).images.iter().map(pixel).collect();
        let images = candle_core::Tensor::from_vec(images, (8, 1, 8, 8), &candle_core::Device::Cpu).unwrap();
        let rows = values(&network.logits(&images, Mode::Eval).unwrap());
        rows.chunks(4).map(|row| -row.iter().map(|z| z.exp()).sum::<f32>().ln()).sum::<f32>() / 8.0
    };
    let (inside, outside) = (energy(false), energy(true));
    assert!(inside < -6.0 && outside > -5.0, "{inside} {outside}");
}

#[test]
fn a_seed_repeats_a_run_and_another_does_not() {
    let run = |seed| {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe { seed, ..recipe(&isomax_plus::ENTRY, 4, 2) };
        bits(&start(&recipe, &noise(20, 4), folder.path(), false).unwrap().network)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// Stops a run at a step, as Ctrl-C would.
struct StopAt<'a> {
    epoch: usize,
    stop: &'a AtomicBool,
}

impl Progress for StopAt<'_> {
    fn begin(&self, _: &str, _: usize) {}

    fn advance(&self, _: usize) {}

    fn end(&self) {}
}

impl Observer for StopAt<'_> {
    fn training(&self, event: Event<'_>) {
        if matches!(event, Event::Progress { epoch, .. } if epoch == self.epoch) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// Trains and is stopped in the epoch behind so many.
pub(crate) fn stopped_after(
    recipe: &Recipe,
    (set, outliers): (&ImageSet, Option<&Arc<ImageSet>>),
    folder: &Path,
    epochs: usize,
) {
    let (device, stop) = (Device::cpu(), AtomicBool::new(false));
    let options = Options { name: "run", outliers, start: None, folder, resume: false, device: &device, stop: &stop };
    let halted = train(recipe, &Arc::new(set.clone()), options, &StopAt { epoch: epochs, stop: &stop }).unwrap();
    assert!(halted.stopped);
    assert_eq!(halted.history.len(), epochs);
}

/// Whatever the schedule: the rate and the momentum of a step are those of its number in the whole run.
#[test]
fn a_stopped_run_resumes_to_the_same_bits() {
    let steps = Schedule { shape: Shape::Steps(Steps::after(vec![2])), ..Schedule::scaled(4) };
    for schedule in [steps, Schedule::one_cycle(4), Schedule::cosine(4)] {
        resumes_to_the_same_bits(schedule);
    }
}

fn resumes_to_the_same_bits(schedule: Schedule) {
    let set = noise(100, 4);
    let recipe = Recipe { held_out: 10, schedule, ..recipe(&isomax_plus::ENTRY, 4, 4) };
    let straight = tempfile::tempdir().unwrap();
    let expected = start(&recipe, &set, straight.path(), false).unwrap();

    let folder = tempfile::tempdir().unwrap();
    stopped_after(&recipe, (&set, None), folder.path(), 1);
    assert!(!weights_file(folder.path()).exists());

    let resumed = start(&recipe, &set, folder.path(), true).unwrap();
    assert!(!resumed.stopped);
    assert_eq!(bits(&resumed.network), bits(&expected.network));
    let figures = |outcome: &Outcome| -> Vec<_> {
        let epochs = outcome.history.iter();
        epochs.map(|e| (e.epoch, e.rate, e.train_loss, e.train_accuracy, e.validation_loss)).collect()
    };
    assert_eq!(figures(&resumed), figures(&expected));
    assert_eq!(read_history(&history_file(folder.path())).unwrap(), resumed.history);

    let copy = Network::new(&recipe.network, 0, &Device::cpu()).unwrap();
    let weights = Weights::read(&weights_file(folder.path())).unwrap();
    weights.load(&copy).unwrap();
    assert_eq!(bits(&copy), bits(&expected.network));
    // The training adds which images it was of.
    let found = recipe_of_weights(&weights).unwrap().unwrap();
    assert_eq!(found.images.as_ref().map(|images| images.count), Some(100));
    assert_eq!(found, Recipe { images: found.images.clone(), ..recipe });
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(&softmax::ENTRY, 4, 1);
    start(&recipe, &noise(16, 4), folder.path(), false).unwrap();
    let refused = |recipe: &Recipe, set: &ImageSet| match start(recipe, set, folder.path(), true) {
        Err(TrainError::Checkpoint(CheckpointError::OtherRun { what, .. })) => what,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was resumed"),
    };
    assert_eq!(refused(&recipe, &noise(24, 4)), "training set");
    assert_eq!(refused(&Recipe { batch_size: 4, ..recipe.clone() }, &noise(16, 4)), "recipe");

    let file = checkpoint_file(folder.path());
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let error = start(&recipe, &noise(16, 4), folder.path(), true).err().unwrap();
    assert!(matches!(error, TrainError::Checkpoint(CheckpointError::Malformed { .. })), "{error}");
}

/// One bit in each of four places: three of the tensors, and the history in the header.
#[test]
fn a_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(&softmax::ENTRY, 4, 1);
    start(&recipe, &noise(16, 4), folder.path(), false).unwrap();
    let file = checkpoint_file(folder.path());
    let whole = std::fs::read(&file).unwrap();
    let header = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    // The lowest bit of the first tensor, of one in the middle and of the last; then a digit of the history in the header.
    let digit = whole.windows(12).position(|window| window == b"train_loss\\\"").unwrap() + 15;
    for place in [header, (header + whole.len()) / 2, whole.len() - 1, digit] {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        std::fs::write(&file, &flipped).unwrap();
        let error = start(&recipe, &noise(16, 4), folder.path(), true).err().unwrap();
        assert!(matches!(error, TrainError::Checkpoint(CheckpointError::Damaged { .. })), "byte {place}: {error}");
    }
    std::fs::write(&file, &whole).unwrap();
    assert!(!start(&recipe, &noise(16, 4), folder.path(), true).unwrap().stopped);

    let weights = weights_file(folder.path());
    let mut flipped = std::fs::read(&weights).unwrap();
    *flipped.last_mut().unwrap() ^= 1;
    std::fs::write(&weights, flipped).unwrap();
    let weights = Weights::read(&weights).unwrap();
    assert!(matches!(recipe_of_weights(&weights), Err(CheckpointError::Damaged { .. })));
}

#[test]
fn a_diverging_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe(&softmax::ENTRY, 4, 3);
    recipe.schedule.rate = 1e30;
    let error = start(&recipe, &noise(64, 4), folder.path(), false).err().unwrap();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert!(!weights_file(folder.path()).exists());
}

#[test]
fn recipes_and_data_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = recipe(&softmax::ENTRY, 4, 1);
    let refuse = |recipe: &Recipe, set: &ImageSet| start(recipe, set, folder.path(), false).err().unwrap().to_string();
    let message = refuse(&Recipe { batch_size: 1, ..good.clone() }, &noise(16, 4));
    assert!(message.starts_with("batch_size: found 1"), "{message}");
    let message = refuse(&Recipe { momentum: 1.0, ..good.clone() }, &noise(16, 4));
    assert!(message.starts_with("momentum: found 1"), "{message}");
    let cycle = |cycle: OneCycle| Schedule { shape: Shape::OneCycle(cycle), ..Schedule::one_cycle(1) };
    let cosine = Schedule { shape: Shape::Cosine(Cosine { lowest: 0.2 }), ..Schedule::cosine(1) };
    for (schedule, expected) in [
        (Schedule { rate: f64::NAN, ..good.schedule.clone() }, "schedule.rate: found NaN, expected a number above 0"),
        (
            Schedule { shape: Shape::Steps(Steps::after(vec![2, 2])), ..Schedule::paper() },
            "schedule.milestones: found [2, 2]",
        ),
        (cycle(OneCycle { rise: 1.0, ..OneCycle::TORCH }), "schedule.one_cycle.rise: found 1, expected 0 or more"),
        (cycle(OneCycle { first_divisor: 0.5, ..OneCycle::TORCH }), "schedule.one_cycle.first_divisor: found 0.5"),
        (
            cycle(OneCycle { last_divisor: f64::INFINITY, ..OneCycle::TORCH }),
            "schedule.one_cycle.last_divisor: found inf",
        ),
        (cycle(OneCycle { momentum_swing: 0.1, ..OneCycle::TORCH }), "schedule.one_cycle.momentum_swing: found 0.1"),
        (cosine, "schedule.cosine.lowest: found 0.2, expected 0 or more and at most the rate"),
    ] {
        let message = refuse(&Recipe { schedule, ..good.clone() }, &noise(16, 4));
        assert!(message.starts_with(expected), "{message}");
    }
    let message = refuse(&good, &noise(16, 5));
    assert!(message.starts_with("noise: found 1 channels and 5 classes"), "{message}");
    let unlabelled = ImageSet { labels: None, ..noise(16, 4) };
    assert!(refuse(&good, &unlabelled).contains("no labels"));
}

/// A number per image cannot be normalised over one image; losses that do so say it before they train, the others learn from it.
#[test]
fn a_last_batch_of_one_image_is_refused_where_it_cannot_be_learnt_from() {
    for loss in LOSSES {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let recipe = recipe(loss, 4, 1);
        match start(&recipe, &noise(17, 4), &run, false) {
            Err(error) => {
                let message =
                    format!("loss {}: found 17 training images in batches of 8, the last of 1, expected", loss.id);
                assert!(loss.normalises && error.to_string().starts_with(&message), "{error}");
                assert!(!run.exists());
            }
            Ok(outcome) => assert!(!loss.normalises && outcome.history.len() == 1, "{}", loss.id),
        }
        assert!(start(&recipe, &noise(18, 4), &run, false).is_ok(), "{}", loss.id);
    }
}

/// candle puts a backtrace behind its first line, and programs print the sources of an error, too.
#[test]
fn an_error_of_candle_is_one_line_without_a_source() {
    let wrong = candle_core::Error::Msg("first\n   0: backtrace".to_owned());
    let error = TrainError::from(wrong);
    assert_eq!(error.to_string(), "first");
    assert!(std::error::Error::source(&error).is_none());
}

/// A recipe is what `recipe.toml` says.
#[test]
fn a_recipe_comes_back_from_toml() {
    let recipe = recipe(&isomax_plus::ENTRY, 4, 7);
    let text = toml::to_string(&recipe).unwrap();
    assert!(text.contains("architecture = \"small-cnn\"") && text.contains("loss = \"isomax-plus\""), "{text}");
    assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe);
    let cycle = Recipe { schedule: Schedule::one_cycle(15), ..recipe.clone() };
    let of_cycle = toml::to_string(&cycle).unwrap();
    assert!(of_cycle.contains("[schedule.one_cycle]\nrise = 0.3\n"), "{of_cycle}");
    assert_eq!(toml::from_str::<Recipe>(&of_cycle).unwrap(), cycle);
    assert!(toml::from_str::<Recipe>(&text.replace("momentum", "momentun")).is_err());
}
