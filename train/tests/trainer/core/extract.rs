//! Dumps: what is in them and when they appear.

use super::run::{noise, recipe, start};
use ndarray::{Array1, Array2, Array3, Axis};
use ndarray_npy::read_npy;
use oodbench::dump::layout::discover;
use oodbench::dump::{Dump, RunInfo, WriteError};
use oodbench::progress::Progress;
use oodbench::rows::{Head, Role};
use oodbench_train::classifier::{Classifier, Outputs, Wanted};
use oodbench_train::data::{Batch, ImageSet, Normalisation};
use oodbench_train::error::TrainError;
use oodbench_train::extract::{Extraction, extract};
use oodbench_train::loss::{LOSSES, LossEntry, generalized_odin, isomax, isomax_plus, scaled_cosine, softmax};
use oodbench_train::model::Network;
use oodbench_train::observer::{Event, Observer, Silent};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn network(loss: &'static LossEntry) -> Network {
    let folder = tempfile::tempdir().unwrap();
    start(&recipe(loss, 4, 1), &noise(40, 4), folder.path(), false).unwrap().network
}

fn info() -> RunInfo {
    RunInfo { name: "run".into(), in_distribution: Some("noise".into()), seed: Some(5), ..RunInfo::default() }
}

fn sets() -> Vec<(Role, Arc<ImageSet>)> {
    let unlabelled = ImageSet { labels: None, ..noise(3, 4) };
    let ood = |group: Option<&str>, name: &str| Role::Ood { group: group.map(Into::into), name: name.into() };
    vec![
        (Role::Test, Arc::new(noise(300, 4))),
        (ood(None, "plain"), Arc::new(unlabelled)),
        (ood(Some("near"), "grouped"), Arc::new(noise(2, 4))),
    ]
}

fn dump(classifier: &dyn Classifier, out: &Path, replace: bool) -> Result<(), TrainError> {
    dump_sets(classifier, out, replace, (&sets(), &["stage2".to_owned()]), &Silent, &AtomicBool::new(false))
}

fn dump_sets(
    classifier: &dyn Classifier,
    out: &Path,
    replace: bool,
    (sets, layers): (&[(Role, Arc<ImageSet>)], &[String]),
    observer: &dyn Observer,
    stop: &AtomicBool,
) -> Result<(), TrainError> {
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    let run = &info();
    let normalisation = &normalisation;
    // Those that a classifier without layers has.
    let grams = classifier.maps();
    let extraction =
        Extraction { out, replace, run, sets, normalisation, layers, grams: &grams, samples: 0, moved: None, stop };
    extract(classifier, &extraction, observer)
}

/// The prototypes of a dump, normalised where the loss normalises them.
fn prototypes(dump: &Path) -> Array2<f32> {
    match Dump::open(&discover(dump).unwrap()[0]).unwrap().rows.head {
        Some(Head::Prototypes { prototypes } | Head::NormalisedPrototypes { prototypes, .. }) => {
            prototypes.mapv(|value| value as f32)
        }
        other => panic!("{other:?}"),
    }
}

fn matrix(file: &Path) -> Array2<f32> {
    read_npy(file).unwrap()
}

/// The logits of passes with dropout in `id/test` and `ood/plain`, which hold the same images, of a run of that seed.
fn passes(network: &Network, seed: u64, out: &Path) -> [Vec<f32>; 2] {
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    let images = Arc::new(noise(6, 4));
    let ood = Role::Ood { group: None, name: "plain".into() };
    let extraction = Extraction {
        out,
        replace: true,
        run: &RunInfo { seed: Some(seed), ..info() },
        sets: &[(Role::Test, Arc::clone(&images)), (ood, images)],
        normalisation: &normalisation,
        layers: &[],
        grams: &[],
        samples: 3,
        moved: None,
        stop: &AtomicBool::new(false),
    };
    extract(network, &extraction, &Silent).unwrap();
    ["id/test", "ood/plain"].map(|set| {
        let members: Array3<f32> = read_npy(out.join(set).join("logits@members.npy")).unwrap();
        assert_eq!(members.dim(), (6, 3, 4));
        members.into_raw_vec_and_offset().0
    })
}

/// Else the same pass of every set, and of every run, would drop the same values.
#[test]
fn passes_with_dropout_differ_from_set_to_set_and_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe(&softmax::ENTRY, 4, 1);
    recipe.network.dropout = 0.5;
    let network = start(&recipe, &noise(40, 4), &folder.path().join("run"), false).unwrap().network;
    let out = folder.path().join("dump");
    let [test, ood] = passes(&network, 5, &out);
    assert_eq!(passes(&network, 5, &out), [test.clone(), ood.clone()], "a dump that is made again");
    assert_ne!(test, ood, "two sets of the same images");
    assert_ne!(passes(&network, 6, &out)[0], test, "two runs of the same weights");
}

/// The head in the dump, applied to the features in the dump, gives the logits in the dump.
#[test]
fn features_and_head_give_the_logits() {
    for loss in LOSSES {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dump");
        dump(&network(loss), &out, false).unwrap();
        let features = matrix(&out.join("id/test/features.npy"));
        let logits = matrix(&out.join("id/test/logits.npy"));
        assert_eq!((features.dim(), logits.dim()), ((300, 128), (300, 4)));
        if !out.join("head").exists() {
            assert!(["scaled-cosine", "generalized-odin", "dismax"].contains(&loss.id));
            continue;
        }
        let expected = if out.join("head/weight.npy").exists() {
            let bias: Array1<f32> = read_npy(out.join("head/bias.npy")).unwrap();
            features.dot(&matrix(&out.join("head/weight.npy")).t()) + bias
        } else {
            let unit = |rows: Array2<f32>| {
                let norms = rows.map_axis(Axis(1), |row| row.dot(&row).sqrt()).insert_axis(Axis(1));
                if loss.id == isomax_plus::ENTRY.id { rows / norms } else { rows }
            };
            let scale: Option<Array1<f32>> = read_npy(out.join("head/distance_scale.npy")).ok();
            assert_eq!(scale.is_some(), loss.id == isomax_plus::ENTRY.id);
            let (f, p) = (unit(features), prototypes(&out));
            Array2::from_shape_fn((300, 4), |(i, j)| {
                let difference = &f.row(i) - &p.row(j);
                -scale.as_ref().map_or(1.0, |s| s[0].abs()) * difference.dot(&difference).sqrt()
            })
        };
        let worst = (&logits - &expected).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
        // Nothing bounds the logits of logit-norm.
        let largest = logits.fold(1.0, |a: f32, b| a.max(b.abs()));
        assert!(worst < 2e-5 * largest, "{}: {worst} of {largest}", loss.id);
    }
}

/// Methods that judge by something else than logits dump it: here computed anew from features and weights.
#[test]
fn the_scores_of_a_method_are_in_its_dump() {
    for (loss, files) in [(&scaled_cosine::ENTRY, &["cosine"][..]), (&generalized_odin::ENTRY, &["h", "g"])] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dump");
        let network = network(loss);
        dump(&network, &out, false).unwrap();
        let named = network.params().named().unwrap();
        let weight = ["classifier.weight", "classifier.h.weight"].into_iter().find_map(|name| named.get(name));
        let weight = super::reference::values(weight.unwrap());
        let features = matrix(&out.join("id/test/features.npy"));
        let length = |row: &[f32]| row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let cosine = |f: &[f32], w: &[f32]| {
            f.iter().zip(w).map(|(f, w)| f64::from(*f) * f64::from(*w)).sum::<f64>() / (length(f) * length(w))
        };
        let found = matrix(&out.join(format!("id/test/scores@{}.npy", files[0])));
        assert_eq!(found.dim(), (300, 1));
        for (row, found) in features.rows().into_iter().zip(&found) {
            let row = row.to_vec();
            let largest = weight.chunks(128).map(|w| cosine(&row, w)).fold(f64::NEG_INFINITY, f64::max);
            assert!((largest - f64::from(*found)).abs() < 1e-5, "{}: {largest} {found}", loss.id);
        }
        for file in files {
            let read = Dump::open(&discover(&out).unwrap()[0]).unwrap();
            assert!(read.rows.splits.iter().all(|split| split.scores.contains_key(*file)), "{file}");
        }
    }
}

#[test]
fn a_dump_has_its_layout() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    dump(&network(&isomax_plus::ENTRY), &out, false).unwrap();
    let labels: Array1<i64> = read_npy(out.join("id/test/labels.npy")).unwrap();
    assert_eq!((labels.len(), labels[5]), (300, 1));
    assert!(!out.join("ood/plain/labels.npy").exists());
    assert_eq!(matrix(&out.join("ood/near/grouped/features@stage2.npy")).dim(), (2, 64));
    // A batch and a part of one.
    let grams = matrix(&out.join("id/test/gram@stage3.npy"));
    assert_eq!((grams.dim(), matrix(&out.join("ood/plain/gram@stage1.npy")).dim()), ((300, 1280), (3, 320)));
    let means = matrix(&out.join("id/test/features.npy"));
    // After a ReLU a channel without any activation has no row sum of order 1, and no other has none.
    for (grams, means) in grams.rows().into_iter().zip(means.rows()) {
        assert!(grams.iter().zip(means).all(|(gram, mean)| (*gram > 0.0) == (*mean > 0.0)));
    }
    let run = std::fs::read_to_string(out.join("run.toml")).unwrap();
    let expected = "name = \"run\"\nin_distribution = \"noise\"\nseed = 5\nhead = \"prototypes\"\n";
    assert_eq!(run, expected);
}

/// A row's result depends on that row alone, but for the rounding of a matrix product, whose order of summation
/// depends on the number of rows.
#[test]
fn rows_do_not_depend_on_their_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    dump(&network(&softmax::ENTRY), &out, false).unwrap();
    let (many, few) = (matrix(&out.join("id/test/logits.npy")), matrix(&out.join("ood/plain/logits.npy")));
    let worst = (&many.slice(ndarray::s![..3, ..]) - &few).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
    assert!(worst < 1e-5, "{worst}");
}

/// Raises the flag once all rows are done, before the dump is.
struct StopAtTheEnd<'a> {
    left: AtomicUsize,
    stop: &'a AtomicBool,
}

impl Progress for StopAtTheEnd<'_> {
    fn begin(&self, _: &str, rows: usize) {
        self.left.store(rows, Ordering::Relaxed);
    }

    fn advance(&self, rows: usize) {
        // The last set has two images.
        if self.left.fetch_sub(rows, Ordering::Relaxed) - rows <= 2 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn end(&self) {}
}

impl Observer for StopAtTheEnd<'_> {
    fn training(&self, _: Event<'_>) {}
}

#[test]
fn a_dump_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dumps/run");
    let network = network(&isomax::ENTRY);
    let stop = AtomicBool::new(false);
    let observer = StopAtTheEnd { left: AtomicUsize::new(0), stop: &stop };
    let stopped = dump_sets(&network, &out, false, (&sets(), &[]), &observer, &stop);
    assert!(matches!(stopped, Err(TrainError::Stopped { .. })));
    assert_eq!(std::fs::read_dir(folder.path().join("dumps")).unwrap().count(), 0);

    let layers = ["layer9".to_owned()];
    let error = dump_sets(&network, &out, false, (&sets(), &layers), &Silent, &AtomicBool::new(false)).unwrap_err();
    assert!(error.to_string().contains("stage1, stage2"), "{error}");

    dump(&network, &out, false).unwrap();
    std::fs::write(out.join("stale"), b"").unwrap();
    assert!(matches!(dump(&network, &out, false), Err(TrainError::Dump(WriteError::Exists { .. }))));
    dump(&network, &out, true).unwrap();
    assert!(!out.join("stale").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("dumps")).unwrap().count(), 1);
}

/// A model that is no candle network: what it gives for a batch of images.
struct Function<F>(F);

impl<F: Fn(Batch) -> Outputs> Classifier for Function<F> {
    fn channels(&self) -> usize {
        1
    }

    fn layers(&self) -> Vec<String> {
        Vec::new()
    }

    fn head(&self) -> Result<Option<Head>, TrainError> {
        Ok(None)
    }

    fn outputs(&self, images: Batch, _: &Wanted<'_>) -> Result<Outputs, TrainError> {
        Ok(self.0(images))
    }
}

/// Logits are sums of the pixels of both halves, and there are no features.
fn halves(images: Batch) -> Outputs {
    let pixels = images.shape[2] * images.shape[3];
    let half = |image: &[f32], first: usize| image[first..first + pixels / 2].iter().sum::<f32>();
    let sums = images.images.chunks(pixels).flat_map(|image| [half(image, 0), half(image, pixels / 2)]);
    let logits = Array2::from_shape_vec((images.shape[0], 2), sums.collect()).unwrap();
    Outputs { logits, features: None, layers: Vec::new(), grams: Vec::new(), scores: Vec::new(), variants: Vec::new() }
}

#[test]
fn any_classifier_can_be_extracted() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("halves");
    let two_classes = [(Role::Test, Arc::new(noise(300, 2)))];
    dump_sets(&Function(halves), &out, false, (&two_classes, &[]), &Silent, &AtomicBool::new(false)).unwrap();
    let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
    assert!(dump.head.is_none() && dump.info.head.is_none());
    let test = dump.split(&Role::Test).unwrap();
    assert!(test.features.is_none());
    let set = noise(300, 2);
    let sum: f32 = set.images[..32].iter().map(|&byte| (f32::from(byte) / 255.0 - 0.5) / 0.25).sum();
    let found = test.logits.as_ref().unwrap().block(0..1).to_f64()[[0, 0]];
    assert!((found - f64::from(sum)).abs() < 1e-3, "{found} {sum}");
}

/// Features of the second batch are another shape: wider, or a row short.
fn changing(of_the_second: (usize, usize)) -> impl Classifier {
    Function(move |images: Batch| {
        let first = images.shape[0] > 100;
        let features = if first { (images.shape[0], 2) } else { of_the_second };
        let logits = Array2::zeros((images.shape[0], 2));
        Outputs {
            logits,
            features: Some(Array2::zeros(features)),
            layers: Vec::new(),
            grams: Vec::new(),
            scores: Vec::new(),
            variants: Vec::new(),
        }
    })
}

#[test]
fn rows_of_another_width_are_the_fault_of_the_classifier() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    // Batches of 256 images, and one of 44.
    let test = [(Role::Test, Arc::new(noise(300, 2)))];
    for of_the_second in [(44, 3), (43, 2), (43, 3), (44, 0)] {
        let error = dump_sets(&changing(of_the_second), &out, false, (&test, &[]), &Silent, &AtomicBool::new(false))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "features of noise: found shape {of_the_second:?} in a batch, expected (44, 2); a classifier gives a row per image, all of one width"
            )
        );
        assert!(!out.exists());
    }
    dump_sets(&changing((44, 2)), &out, false, (&test, &[]), &Silent, &AtomicBool::new(false)).unwrap();
}
