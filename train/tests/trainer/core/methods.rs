//! Every method on the images inside the program: it learns, goes on to the same bits after a stop, and its dump is scored.

use super::reference::values;
use super::run::{start_with, stopped_after};
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::eval::{Measures, Plan, Selection, evaluate};
use oodbench::progress::Silent as Nobody;
use oodbench::rows::Role;
use oodbench_train::data::{ImageSet, Published, embedded};
use oodbench_train::device::Device;
use oodbench_train::job::{DumpPlan, FromWeights, Workplace};
use oodbench_train::loss::{LOSSES, LossChoice, LossEntry, softmax};
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, Network, strided_cnn};
use oodbench_train::observer::Silent;
use oodbench_train::perturb::Perturbation;
use oodbench_train::recipe::Recipe;
use oodbench_train::run::weights_file;
use oodbench_train::schedule::{Schedule, Shape, Steps};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

const EPOCHS: usize = 5;

fn recipe(loss: &'static LossEntry, dropout: f64) -> Recipe {
    let network = Design {
        architecture: Architecture::of(&strided_cnn::ENTRY),
        loss: LossChoice::of(loss),
        channels: 1,
        classes: 10,
        dropout,
    };
    let mut recipe = Recipe::paper(network, &Published::FashionMnist.normalisation(1).unwrap(), 5);
    recipe.batch_size = 16;
    recipe.augmentation.padding = 0;
    recipe.augmentation.flip = false;
    recipe.schedule = Schedule { epochs: EPOCHS, rate: 0.05, shape: Shape::Steps(Steps::after(Vec::new())) };
    if loss.id == "logit-norm" {
        // Its slopes are 1/τ = 25 times as steep.
        recipe.schedule.rate /= 25.0;
    }
    if loss.id == "acet" {
        // 40 steps would take 20 times as long; and six hundred images are learnt in five epochs only where that counts for more than doubt.
        recipe.network.loss = "acet(lambda=0.1,epsilon=0.1,steps=2)".parse().unwrap();
    }
    recipe
}

fn first(set: ImageSet, count: usize) -> ImageSet {
    set.take(count).unwrap()
}

fn bits(network: &Network) -> Vec<u32> {
    let named = network.params().named().unwrap();
    named.values().flat_map(values).map(f32::to_bits).collect()
}

/// Trains, stops and goes on, and for each score dumps what it reads and measures it.
fn whole_life(loss: &'static LossEntry, (dropout, samples): (f64, usize), scores: &[&str]) {
    let name = format!("{} {dropout} {scores:?}", loss.id);
    let folder = tempfile::tempdir().unwrap();
    let [straight, halted] = ["straight", "halted"].map(|part| folder.path().join(part));
    let recipe = recipe(loss, dropout);
    let training = first(embedded::fashion_mnist_train().unwrap(), 600);
    let outliers = loss.outliers.then(|| Arc::new(first(embedded::mnist().unwrap(), 600)));
    let outcome = start_with(&recipe, (&training, outliers.as_ref()), &straight, false).unwrap();
    let last = outcome.history.last().unwrap();
    // By chance it would be 0.1.
    assert!(last.train_accuracy > 0.3, "{name}: {last:?}");
    stopped_after(&recipe, (&training, outliers.as_ref()), &halted, 1);
    let resumed = start_with(&recipe, (&training, outliers.as_ref()), &halted, true).unwrap();
    assert!(bits(&resumed.network) == bits(&outcome.network), "{name}: other bits after a stop");
    for score in scores {
        let out = folder.path().join(score);
        dump(&recipe, &straight, &out, (samples, score));
        scored(&name, &out, score);
    }
}

fn dump(recipe: &Recipe, run: &Path, out: &Path, (samples, score): (usize, &str)) {
    let ood = Role::Ood { group: None, name: "kmnist".to_owned() };
    let train = first(embedded::fashion_mnist_train().unwrap(), 300);
    let test = embedded::fashion_mnist_test().unwrap();
    let sets = vec![
        (Role::Train, Arc::new(train)),
        (Role::Val, Arc::new(test.subset(500..600).unwrap())),
        (Role::Test, Arc::new(first(test, 200))),
        (ood, Arc::new(first(embedded::kmnist().unwrap(), 200))),
    ];
    let job = FromWeights {
        weights: Weights::read(&weights_file(run)).unwrap(),
        design: recipe.network.clone(),
        seed: Some(recipe.seed),
        normalisation: recipe.normalisation().unwrap(),
        dump: DumpPlan {
            out: out.to_owned(),
            replace: false,
            name: "run".to_owned(),
            in_distribution: "fashion-mnist".to_owned(),
            note: None,
            sets,
            layers: Vec::new(),
            grams: if score == "gram" { vec!["all".to_owned()] } else { Vec::new() },
            samples,
            perturbation: (score == "odin")
                .then(|| Perturbation::Odin { temperatures: vec![1000.0], epsilons: vec![0.0, 0.002] }),
            attacks: Vec::new(),
        },
    };
    job.run(Workplace { device: &Device::cpu(), stop: &AtomicBool::new(false), observer: &Silent }).unwrap();
}

fn scored(name: &str, dump: &Path, score: &str) {
    let files = discover(dump).unwrap();
    assert!(Dump::open(&files[0]).unwrap().test_accuracy().unwrap() > 0.3, "{name}");
    let selection = Selection::parse(&[score.to_owned()], &[]).unwrap();
    let plans = Plan::all(&files, &selection).unwrap();
    let results = evaluate(&plans, &[], None, &Measures::default(), &Nobody).unwrap();
    let auroc = results.records.iter().find(|record| record.metric == "auroc").unwrap();
    assert!(auroc.value.is_some_and(|value| value > 0.0 && value <= 1.0), "{name}: {:?}", auroc.value);
}

#[test]
fn every_loss_learns_resumes_and_is_scored() {
    let left = Mutex::new(LOSSES.into_iter());
    let next = || left.lock().unwrap().next();
    let work = || {
        while let Some(loss) = next() {
            whole_life(loss, (0.0, 0), scores_of(loss));
        }
    };
    // The longest of all tests, so that it is shared out.
    std::thread::scope(|scope| {
        scope.spawn(work);
        work();
    });
}

fn scores_of(loss: &LossEntry) -> &'static [&'static str] {
    match loss.id {
        "softmax" => &["energy", "odin", "gram"],
        "scaled-cosine" => &["scores@cosine"],
        "generalized-odin" => &["scores@h"],
        "isomax-plus" => &["mds"],
        "dismax" => &["mmles"],
        "isomax" => &["es"],
        "outlier-exposure" => &["mps"],
        _ => &["energy"],
    }
}

#[test]
fn dropout_learns_resumes_and_is_scored() {
    whole_life(&softmax::ENTRY, (0.1, 5), &["mutual_information"]);
}
