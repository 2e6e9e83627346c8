//! The loop: it learns, repeats itself, resumes bit by bit, stops, and refuses.

use super::reference::values;
use candle_core::Device;
use oodbench_train::checkpoint::{CheckpointError, recipe_of_weights};
use oodbench_train::data::{ImageSet, Normalisation};
use oodbench_train::error::TrainError;
use oodbench_train::evaluate::evaluate;
use oodbench_train::history::read_history;
use oodbench_train::loss::LossKind;
use oodbench_train::model::weights::load_weights;
use oodbench_train::model::{Architecture, Design, Network};
use oodbench_train::observer::{Event, Observer, Silent};
use oodbench_train::recipe::Recipe;
use oodbench_train::run::{Options, Outcome, checkpoint_file, history_file, train, weights_file};
use oodbench_train::schedule::Schedule;
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

pub(crate) fn recipe(loss: LossKind, classes: usize, epochs: usize) -> Recipe {
    let network = Design { architecture: Architecture::SmallCnn, loss, channels: 1, classes };
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    Recipe {
        batch_size: 8,
        schedule: Schedule { milestones: vec![], ..Schedule::scaled(epochs) },
        ..Recipe::paper(network, &normalisation, 5)
    }
}

fn without_augmentation(mut recipe: Recipe) -> Recipe {
    recipe.augmentation.padding = 0;
    recipe.augmentation.flip = false;
    recipe
}

pub(crate) fn start(recipe: &Recipe, set: &ImageSet, folder: &Path, resume: bool) -> Result<Outcome, TrainError> {
    let stop = AtomicBool::new(false);
    train(recipe, set, Options { folder, resume, device: &Device::Cpu, stop: &stop }, &mut Silent)
}

fn bits(network: &Network) -> BTreeMap<String, Vec<u32>> {
    let named = network.params().named().unwrap().into_iter();
    named.map(|(name, tensor)| (name, values(&tensor).iter().map(|v| v.to_bits()).collect())).collect()
}

#[test]
fn eight_samples_are_learnt_by_heart_with_each_loss() {
    for loss in LossKind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let recipe = without_augmentation(recipe(loss, 4, 60));
        let outcome = start(&recipe, &noise(8, 4), folder.path(), false).unwrap();
        let last = outcome.history.last().unwrap();
        assert_eq!(last.train_accuracy, 1.0, "{loss:?}: {last:?}");
        assert!(last.train_loss < 0.1, "{loss:?}: {last:?}");
        let constants = recipe.normalisation().unwrap();
        let (_, accuracy) = evaluate(&outcome.network, &Arc::new(noise(8, 4)), &constants, &Device::Cpu).unwrap();
        assert_eq!(accuracy, 1.0, "{loss:?} in evaluation mode");
    }
}

#[test]
fn a_seed_repeats_a_run_and_another_does_not() {
    let run = |seed| {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe { seed, ..recipe(LossKind::IsomaxPlus, 4, 2) };
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

impl Observer for StopAt<'_> {
    fn notice(&mut self, event: Event<'_>) {
        if matches!(event, Event::Progress { epoch, .. } if epoch == self.epoch) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_stopped_run_resumes_to_the_same_bits() {
    let set = noise(100, 4);
    let recipe = Recipe {
        held_out: 10,
        schedule: Schedule { milestones: vec![2], ..Schedule::scaled(4) },
        ..recipe(LossKind::IsomaxPlus, 4, 4)
    };
    let straight = tempfile::tempdir().unwrap();
    let expected = start(&recipe, &set, straight.path(), false).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let options = Options { folder: folder.path(), resume: false, device: &Device::Cpu, stop: &stop };
    let halted = train(&recipe, &set, options, &mut StopAt { epoch: 1, stop: &stop }).unwrap();
    assert!(halted.stopped);
    assert_eq!(halted.history.len(), 1);
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

    let copy = Network::new(recipe.network, 0, &Device::Cpu).unwrap();
    load_weights(&copy, &weights_file(folder.path())).unwrap();
    assert_eq!(bits(&copy), bits(&expected.network));
    assert_eq!(recipe_of_weights(&weights_file(folder.path())).unwrap(), Some(recipe));
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(LossKind::Softmax, 4, 1);
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

#[test]
fn a_diverging_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe(LossKind::Softmax, 4, 3);
    recipe.schedule.rate = 1e30;
    let error = start(&recipe, &noise(64, 4), folder.path(), false).err().unwrap();
    assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
    assert!(!weights_file(folder.path()).exists());
}

#[test]
fn recipes_and_data_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = recipe(LossKind::Softmax, 4, 1);
    let refuse = |recipe: &Recipe, set: &ImageSet| start(recipe, set, folder.path(), false).err().unwrap().to_string();
    let message = refuse(&Recipe { batch_size: 1, ..good.clone() }, &noise(16, 4));
    assert!(message.starts_with("batch_size: found 1"), "{message}");
    let message = refuse(&Recipe { momentum: 1.0, ..good.clone() }, &noise(16, 4));
    assert!(message.starts_with("momentum: found 1"), "{message}");
    let message = refuse(&good, &noise(16, 5));
    assert!(message.starts_with("noise: found 1 channels and 5 classes"), "{message}");
    let unlabelled = ImageSet { labels: None, ..noise(16, 4) };
    assert!(refuse(&good, &unlabelled).contains("no labels"));
}

/// A recipe is what `recipe.toml` says.
#[test]
fn a_recipe_comes_back_from_toml() {
    let recipe = recipe(LossKind::IsomaxPlus, 4, 7);
    let text = toml::to_string(&recipe).unwrap();
    assert!(text.contains("architecture = \"small-cnn\"") && text.contains("loss = \"isomax-plus\""), "{text}");
    assert_eq!(toml::from_str::<Recipe>(&text).unwrap(), recipe);
    assert!(toml::from_str::<Recipe>(&text.replace("momentum", "momentun")).is_err());
}
