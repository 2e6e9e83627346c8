//! Arrays in memory give what the same arrays in files give, and are refused for the same reasons.

use ndarray::{Array2, arr2, array};
use oodbench::detector::{Guarantee, Request, calibrate, calibrate_rows};
use oodbench::dump::{Dump, RunInfo, layout::discover};
use oodbench::eval::fits::{describe, fit, write};
use oodbench::eval::{FittedInMemory, InMemoryError, Model, Plan, Selection, score_run};
use oodbench::fit::Training;
use oodbench::progress::Silent;
use oodbench::rows::matrix::Rows;
use oodbench::rows::role::PATCHES;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RowsError, RunRows, Split};
use oodbench::score::registry::find;
use oodbench::score::{Need, REGISTRY};
use oodbench::table::Results;

use super::common::fixture;

/// The same values in the same type, in memory.
fn copy(matrix: &Matrix) -> Matrix {
    let copy = match matrix.block(0..matrix.rows()) {
        Rows::F32(rows) => Matrix::of("copy", rows.view().to_owned()),
        Rows::F64(rows) => Matrix::of("copy", rows.view().to_owned()),
    };
    copy.unwrap().with_members(matrix.members()).unwrap()
}

fn copies(dump: &Dump) -> RunRows {
    let split = |from: &Split| {
        let mut split = Split::new(from.role.clone(), "copy");
        for kind in from.arrays() {
            split = split.with(kind.clone(), copy(from.matrix(&kind).unwrap())).unwrap();
        }
        match &from.labels {
            Some(labels) => split.with_labels(Labels::of("labels", labels.block(0..labels.len()))).unwrap(),
            None => split,
        }
    };
    let rows = RunRows::new("copies", dump.splits.iter().map(split).collect(), dump.head.clone()).unwrap();
    match &dump.texts {
        Some(texts) => rows.with_texts(texts.clone()).unwrap(),
        None => rows,
    }
}

#[test]
fn every_score_gives_the_same_bits_from_memory_as_from_files() {
    for (run, least) in [
        ("dumps/densenet-cifar10-softmax", 30),
        ("dumps/smallcnn-cifar10-isomax-plus-seed1", 30),
        ("members/dropout", 12),
        ("members/moved", 6),
        ("clip", 4),
    ] {
        let files = discover(&fixture(run)).unwrap();
        let selection = Selection::new(&["all".to_owned()], &[]).unwrap();
        let plan = Plan::each(files.iter().map(|files| (files, &selection)), &Silent).unwrap().remove(0);
        let from_files = score_run(&plan, &mut Results::default(), &Silent).unwrap();
        let rows = copies(&plan.dump);
        let mut column = 0;
        for chosen in &plan.scores {
            let Ok(fitted) = FittedInMemory::fit(chosen.entry, &chosen.entry.settings(), &rows) else { continue };
            for expected in &from_files {
                let found = fitted.score(rows.split(&expected.role).unwrap()).unwrap();
                let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(expected.scores[column].0, chosen.entry.id);
                assert_eq!(bits(&found), bits(&expected.scores[column].1), "{run}: {}", chosen.entry.id);
            }
            column += 1;
        }
        assert_eq!(column, from_files[0].scores.len());
        assert!(column >= least, "{run}: {column} scores");
    }
}

/// What is read of members, and of the images moved as the fit has chosen, is read of rows in memory too.
#[test]
fn a_model_reads_logits_under_a_name() {
    for (run, score) in [("dropout", "mutual_information"), ("dropout", "ensemble_energy"), ("moved", "odin")] {
        let files = discover(&fixture("members").join(run)).unwrap();
        let dump = Dump::open(&files[0]).unwrap();
        let entry = find(score).unwrap();
        let expected = FittedInMemory::fit(entry, &entry.settings(), &dump).unwrap();
        let model = Model::fit(RunInfo::default(), copies(&dump), &Selection::new(&[score.to_owned()], &[]).unwrap());
        let (model, test) = (model.unwrap(), dump.split(&Role::Test).unwrap());
        assert_eq!(model.score(test).unwrap(), [expected.score(test).unwrap()], "{run}: {score}");
        let [kind] = <[ArrayKind; 1]>::try_from(Vec::from_iter(model.arrays(test).unwrap())).unwrap();
        // Six classes; others, be they as wide, are refused by both.
        let matrix = test.matrix(&kind).unwrap();
        let others = if matrix.members() == 1 { 2 } else { 6 };
        let exchanged = copy(matrix).with_members(others).unwrap();
        let exchanged = Split::new(Role::Test, "new").with(kind, exchanged).unwrap();
        for refused in [model.score(&exchanged).err(), expected.score(&exchanged).err()] {
            let refused = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(&format!("found {others} members of ")), "{run}: {score}: {refused}");
            assert!(refused.contains("expected 6 classes"), "{run}: {score}: {refused}");
        }
        let without = model.score(&new(array![[0.0]])).unwrap_err().to_string();
        assert!(without.contains("logits@"), "{without}");
    }
}

/// Patches of other images, and of another space though as wide together, are refused by both.
#[test]
fn patches_are_of_the_same_rows_and_of_the_space_of_the_features() {
    let dump = Dump::open(&discover(&fixture("clip")).unwrap()[0]).unwrap();
    let (entry, rows) = (find("gl_mcm").unwrap(), copies(&dump));
    let fitted = FittedInMemory::fit(entry, &entry.settings(), &rows).unwrap();
    let selection = Selection::new(&["gl_mcm".to_owned()], &[]).unwrap();
    let model = Model::fit(RunInfo::default(), copies(&dump), &selection).unwrap();
    let test = dump.split(&Role::Test).unwrap();
    let own = || copy(test.matrix(&ArrayKind::Layer(PATCHES.to_owned())).unwrap());
    let new = |patches: Matrix| {
        let features = copy(test.matrix(&ArrayKind::Features).unwrap());
        let mut split = Split::new(Role::Test, "new").with(ArrayKind::Features, features).unwrap();
        // Past what the split itself checks.
        split.layers.insert(PATCHES.to_owned(), patches);
        split
    };
    assert_eq!(model.score(&new(own())).unwrap(), [fitted.score(test).unwrap()]);
    let fewer = Matrix::of("copy", Array2::<f32>::zeros((3, 64))).unwrap().with_members(4).unwrap();
    for (patches, expected) in [
        (
            own().with_members(8).unwrap(),
            "copy: found 8 patches of 8 columns, expected 16 columns, as the features have",
        ),
        (fewer, "copy: found 3 rows, expected 60, as the split has"),
    ] {
        let split = new(patches);
        for refused in [model.score(&split).err(), fitted.score(&split).err()] {
            let refused = refused.map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.starts_with(expected), "{refused}");
        }
    }
}

fn small(features: Array2<f64>) -> RunRows {
    let train = Split::new(Role::Train, "train").with(ArrayKind::Features, Matrix::of("features", features).unwrap());
    let train = train.unwrap().with_labels(Labels::of("labels", vec![0, 0, 1, 1])).unwrap();
    RunRows::new("arrays", vec![train], None).unwrap()
}

fn new(features: Array2<f64>) -> Split {
    Split::new(Role::Test, "new").with(ArrayKind::Features, Matrix::of("new", features).unwrap()).unwrap()
}

const TRAIN: [[f64; 2]; 4] = [[-1.0, 0.1], [1.0, 0.0], [4.0, 5.1], [6.0, 4.9]];

#[test]
fn a_score_is_refused_rows_it_cannot_read() {
    let entry = find("mahalanobis").unwrap();
    let rows = small(arr2(&TRAIN));
    let fitted = FittedInMemory::fit(entry, &entry.settings(), &rows).unwrap();
    assert!(matches!(
        fitted.score(&new(array![[0.0, 0.0, 0.0]])),
        Err(InMemoryError::Rows(RowsError::Malformed { .. }))
    ));
    assert!(matches!(
        fitted.score(&new(array![[0.0, f64::NAN]])),
        Err(InMemoryError::Rows(RowsError::NotFinite { first: 0, rows: 1, .. }))
    ));
    let logits = Matrix::of("logits", array![[0.0, 1.0]]).unwrap();
    let without = Split::new(Role::Test, "new").with(ArrayKind::Logits, logits).unwrap();
    assert!(matches!(fitted.score(&without), Err(InMemoryError::Lacking { .. })));
}

#[test]
fn a_fit_is_refused_rows_it_cannot_learn_from() {
    let entry = find("mahalanobis").unwrap();
    let mut broken = arr2(&TRAIN);
    broken[[2, 1]] = f64::INFINITY;
    let refused = FittedInMemory::fit(entry, &entry.settings(), &small(broken)).err();
    assert!(matches!(refused, Some(InMemoryError::Rows(RowsError::NotFinite { first: 2, rows: 1, .. }))));
    let empty = RunRows::new("arrays", Vec::new(), None).unwrap();
    let refused = FittedInMemory::fit(entry, &entry.settings(), &empty).err();
    assert!(matches!(refused, Some(InMemoryError::Lacking { .. })));
}

/// A file that does not exist helps nobody who has arrays.
#[test]
fn what_is_missing_in_memory_is_named_as_an_array() {
    let features = Matrix::of("features", arr2(&TRAIN)).unwrap();
    let train = Split::new(Role::Train, "train").with(ArrayKind::Features, features).unwrap();
    let rows = RunRows::new("arrays", vec![train], None).unwrap();
    let training = Training::new(&rows);
    let labels = training.labels().err().unwrap().to_string();
    assert_eq!(labels, "arrays: no labels to fit on, expected labels of id/train; add it to the rows");
    let head = training.linear_head().err().unwrap().to_string();
    assert_eq!(head, "arrays: no linear head to fit on, expected weight of head; add it to the rows");
    let layer = training.features_of(&ArrayKind::Layer("block1".to_owned())).err().unwrap().to_string();
    assert_eq!(layer, "arrays: no features to fit on, expected features@block1 of id/train; add it to the rows");
    assert_eq!(Need::LinearHead.lacking(&rows), Some("weight of head".to_owned()));
    assert_eq!(Need::TrainLogits.lacking(&rows), Some("logits of id/train".to_owned()));
    let alone = Split::new(Role::Train, "train").with_labels(Labels::of("labels", vec![0])).err().unwrap().to_string();
    assert_eq!(
        alone,
        "train: missing, expected logits or features of id/train; give them to the split before its labels"
    );
    for entry in REGISTRY {
        let refused = FittedInMemory::fit(entry, &entry.settings(), &rows).err().map(|error| error.to_string());
        assert!(refused.as_ref().is_none_or(|text| !text.contains(".npy")), "{}: {refused:?}", entry.id);
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_model_of_rows_in_memory_is_the_file_of_the_run() {
    let files = discover(&fixture("dumps").join("densenet-cifar10-softmax")).unwrap();
    let selection = Selection::new(&["all".to_owned()], &[]).unwrap();
    let plan = Plan::of_fit(&files[0], &selection).unwrap();
    let fits = fit(&plan).unwrap();
    let (mut expected, mut found) = (Vec::new(), Vec::new());
    write(&mut expected, &fits, describe(&plan, &fits)).unwrap();
    let rows = copies(&plan.dump);
    let model = Model::fit(plan.dump.info.clone(), copies(&plan.dump), &selection).unwrap();
    model.write(&mut found).unwrap();
    assert!(found == expected && found.len() > 100_000, "{} and {} bytes", found.len(), expected.len());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.fit");
    std::fs::write(&file, found).unwrap();
    let again = Model::open(&file, rows.head.clone()).unwrap();
    let test = rows.split(&Role::Test).unwrap();
    let (scores, restored) = (model.score(test).unwrap(), again.score(test).unwrap());
    assert!(scores.len() >= 30 && scores.len() == restored.len());
    for ((score, values), restored) in model.scores().iter().zip(&scores).zip(&restored) {
        let fitted = FittedInMemory::fit(score.entry, &score.settings, &rows).unwrap();
        assert_eq!(bits(values), bits(&fitted.score(test).unwrap()), "{}", score.entry.id);
        assert_eq!(bits(values), bits(restored), "{}", score.entry.id);
    }
    let mut other = rows.head.clone().unwrap();
    if let oodbench::rows::Head::Linear { bias, .. } = &mut other {
        bias[0] += 1.0;
    }
    assert!(matches!(Model::open(&file, Some(other)), Err(InMemoryError::Fits(_))));
    assert!(matches!(Model::open(&file, None).unwrap().score(test), Err(InMemoryError::Lacking { .. })));
}

#[test]
fn a_threshold_of_rows_in_memory_is_that_of_the_run() {
    let files = discover(&fixture("dumps").join("densenet-cifar10-softmax")).unwrap();
    let dump = Dump::open(&files[0]).unwrap();
    let as_val = || {
        let mut rows = copies(&dump);
        rows.splits.retain(|split| split.role == Role::Test);
        let mut val = rows.splits.remove(0);
        val.role = Role::Val;
        val
    };
    let selection = Selection::new(&["mahalanobis".to_owned()], &[]).unwrap();
    let mut rows = copies(&dump);
    rows.splits.insert(1, as_val());
    let plan = Plan::of_dump(Dump::from_parts(dump.info.clone(), rows), &selection).unwrap();
    let model = Model::fit(dump.info.clone(), copies(&dump), &selection).unwrap();
    for (guarantee, per_class) in [
        (Guarantee::Marginal { alpha: 0.05 }, false),
        (Guarantee::TrainingConditional { alpha: 0.1, delta: 0.1 }, false),
        (Guarantee::Marginal { alpha: 0.1 }, true),
        (Guarantee::SelectiveRisk { alpha: 0.2, delta: 0.1 }, false),
    ] {
        let request = Request { guarantee, per_class, held_back: 0.5, seed: 0 };
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        calibrate(&plan, &request, &Silent).unwrap().detector.write(&mut expected).unwrap();
        calibrate_rows(&model, &as_val(), &request).unwrap().detector.write(&mut found).unwrap();
        assert!(found == expected, "{guarantee:?}");
    }
}
