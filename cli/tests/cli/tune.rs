//! `--tune`: what it takes, what it may not look at, and the criterion against its definition.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::common::{noise, oodbench, write, write_labels};
use ndarray::{Array1, Array2, array, s};
use ndarray_npy::write_npy;
use oodbench::dump::Dump;
use oodbench::dump::layout::discover;
use oodbench::eval::tune::outliers::{Outliers, StandIn};
use oodbench::eval::tune::{Search, Trial};
use oodbench::eval::{Selection, tune};
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Role};

/// Rows about three points, in turn.
fn three_classes(rows: usize, seed: u32) -> Array2<f32> {
    let mut features = noise(rows, 3, seed) * 0.05;
    (0..rows).for_each(|row| features[[row, row % 3]] += 1.0);
    features
}

/// 18 training rows of each of three classes and 7 strays halfway between any two: up to the 7th neighbour the strays mislead k-NN, from the 18th on
/// neighbours are of another class, so of the values tried k = 10 is right.
fn strays(folder: &Path) {
    let strays = Array2::from_shape_fn((21, 3), |(row, column)| if row % 3 == column { 0.0 } else { 0.5 });
    let strays = strays + noise(21, 3, 4) * 0.005;
    let train = ndarray::concatenate![ndarray::Axis(0), three_classes(54, 1), strays];
    write(&folder.join("id/train/features.npy"), &train);
    for (split, seed) in [("id/val", 2), ("id/test", 3), ("ood/far", 5)] {
        write(&folder.join(split).join("features.npy"), &three_classes(50, seed));
    }
    write_labels(&folder.join("id/val/labels.npy"), &(0..50).map(|row| row % 3).collect::<Vec<_>>());
}

fn search(folder: &Path, scores: &[&str]) -> Result<(Vec<String>, Search), String> {
    let names: Vec<String> = scores.iter().map(|name| (*name).to_owned()).collect();
    let selection = Selection::parse(&names, &[]).unwrap();
    let (_, search, skipped) =
        tune(&discover(folder).unwrap()[0], &selection, &Silent).map_err(|error| error.to_string())?;
    Ok((skipped.into_iter().map(|skipped| format!("{}: {}", skipped.score, skipped.why)).collect(), search))
}

fn taken(trials: &[Trial]) -> Vec<&str> {
    trials.iter().filter(|trial| trial.chosen).map(|trial| trial.parameters.as_str()).collect()
}

#[test]
fn the_best_parameter_is_taken_and_no_other_row_has_a_say() {
    let folder = tempfile::tempdir().unwrap();
    strays(folder.path());
    let (_, before) = search(folder.path(), &["knn"]).unwrap();
    assert_eq!(taken(&before.scores[0].trials), ["k=10"], "{before:#?}");
    assert_eq!((before.rows, before.scores[0].trials[0].parameters.as_str()), (50, "k=50"));
    for split in ["ood/far", "id/test"] {
        write(&folder.path().join(split).join("features.npy"), &(noise(70, 3, 8) * 10.0));
    }
    assert_eq!(search(folder.path(), &["knn"]).unwrap().1, before);
    fs::remove_dir_all(folder.path().join("ood")).unwrap();
    assert_eq!(search(folder.path(), &["knn"]).unwrap().1, before);
}

/// k-NN, AUROC and the ties by their definitions, over all pairs, in plain f64.
#[test]
fn the_criterion_is_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    strays(folder.path());
    let (_, search) = search(folder.path(), &["knn"]).unwrap();
    let dump = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap();
    let val = dump.split(&Role::Val).unwrap();
    let unit = |mut rows: Array2<f64>| {
        rows.rows_mut().into_iter().for_each(|mut row| row /= row.dot(&row).sqrt());
        rows
    };
    let features = |role: &Role| {
        let split = dump.split(role).unwrap();
        unit(split.features.as_ref().unwrap().block(0..split.rows).to_f64())
    };
    let wanted = BTreeSet::from([ArrayKind::Features]);
    let outliers = Outliers::new(&dump, val).unwrap();
    let made = |kind| unit(outliers.block(kind, 0..val.rows, &wanted).features().clone());
    let (mixed, shuffled) = (made(StandIn::Mixed), made(StandIn::Shuffled));
    let (train, id) = (features(&Role::Train), features(&Role::Val));
    let score = |rows: &Array2<f64>, k: usize| -> Vec<f64> {
        let distances = |row| {
            train.rows().into_iter().map(move |other| {
                let difference: Array1<f64> = &row - &other;
                difference.dot(&difference).sqrt()
            })
        };
        let of = |row| {
            let mut all: Vec<f64> = distances(row).collect();
            all.sort_by(f64::total_cmp);
            -all[k - 1]
        };
        rows.rows().into_iter().map(of).collect()
    };
    for trial in &search.scores[0].trials {
        let k: usize = trial.parameters.strip_prefix("k=").unwrap().parse().unwrap();
        if k > 75 {
            assert!(trial.failure.as_ref().unwrap().contains("of 75 training rows"), "{trial:?}");
            continue;
        }
        let id = score(&id, k);
        let auroc = |other: Vec<f64>| {
            let wins = id.iter().flat_map(|a| other.iter().map(move |b| f64::from(u8::from(a > b))));
            wins.sum::<f64>() / 2500.0
        };
        let (mixed, shuffled) = (auroc(score(&mixed, k)), auroc(score(&shuffled, k)));
        let expected = [mixed, shuffled, (mixed.max(0.5) + shuffled.max(0.5)) / 2.0];
        let found = [trial.mixed, trial.shuffled, trial.criterion].map(Option::unwrap);
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 1e-12), "{trial:?}: {expected:?}");
    }
}

/// (0, 2) and (4, 0) meet in (2, 1), whose logits under W = I, b = (1, 0) are (3, 1), whether by the head or as the mean of (1, 2) and (5, 0).
#[test]
fn mixtures_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    let features = array![[0.0_f32, 2.0], [4.0, 0.0]];
    for split in ["id/val", "id/test", "ood/far"] {
        write(&run.join(split).join("features.npy"), &features);
    }
    write(&run.join("id/val/logits.npy"), &array![[1.0_f32, 2.0], [5.0, 0.0]]);
    write_labels(&run.join("id/val/labels.npy"), &[0, 1]);
    write(&run.join("head/weight.npy"), &Array2::<f32>::eye(2));
    write_npy(run.join("head/bias.npy"), &array![1.0_f32, 0.0]).unwrap();
    let wanted = BTreeSet::from([ArrayKind::Features, ArrayKind::Logits]);
    for with_head in [true, false] {
        if !with_head {
            fs::remove_dir_all(run.join("head")).unwrap();
        }
        let dump = Dump::open(&discover(run).unwrap()[0]).unwrap();
        let outliers = Outliers::new(&dump, dump.split(&Role::Val).unwrap()).unwrap();
        let block = outliers.block(StandIn::Mixed, 0..2, &wanted);
        assert_eq!(block.features(), array![[2.0, 1.0], [2.0, 1.0]]);
        assert_eq!(block.logits().to_f64(), array![[3.0, 1.0], [3.0, 1.0]]);
        assert_eq!(outliers.lacking(StandIn::Mixed, &wanted), None);
        assert_eq!(outliers.lacking(StandIn::Shuffled, &wanted).is_none(), with_head);
    }
    fs::write(run.join("run.toml"), "loss = \"isomax-plus\"").unwrap();
    let dump = Dump::open(&discover(run).unwrap()[0]).unwrap();
    let outliers = Outliers::new(&dump, dump.split(&Role::Val).unwrap()).unwrap();
    assert!(outliers.lacking(StandIn::Mixed, &wanted).unwrap().contains("id/val/features.npy and head/"));
}

/// Each feature of the shuffled rows is that of the rows in another order, and not all in one order.
#[test]
fn shuffling_keeps_each_feature_and_breaks_their_bond() {
    let folder = tempfile::tempdir().unwrap();
    strays(folder.path());
    let dump = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap();
    let val = dump.split(&Role::Val).unwrap();
    let outliers = Outliers::new(&dump, val).unwrap();
    let wanted = BTreeSet::from([ArrayKind::Features]);
    let whole = outliers.block(StandIn::Shuffled, 0..50, &wanted).features().clone();
    assert_eq!(outliers.block(StandIn::Shuffled, 7..9, &wanted).features(), whole.slice(s![7..9, ..]));
    let rows = val.features.as_ref().unwrap().block(0..50).to_f64();
    let sorted = |array: &Array2<f64>, column: usize| {
        let mut values = array.column(column).to_vec();
        values.sort_by(f64::total_cmp);
        values
    };
    assert!((0..3).all(|column| sorted(&whole, column) == sorted(&rows, column)));
    assert!(whole.rows().into_iter().all(|row| !rows.rows().into_iter().any(|other| other == row)));
}

#[test]
fn the_command_says_what_it_tried_and_uses_what_it_took() {
    let folder = tempfile::tempdir().unwrap();
    strays(&folder.path().join("dumps/run"));
    let call = |arguments: &[&str]| {
        let output = oodbench(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let json = ["score", "dumps", "--score", "knn", "--format", "json"];
    let (tuned, said) = call(&[&json[..], &["--tune", "--out", "out"]].concat());
    assert_eq!(tuned, call(&[&json[..], &["--set", "knn.k=10"]].concat()).0);
    assert!(said.contains("run: parameters searched on 50 rows of id/val"), "{said}");
    let found: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/search.json")).unwrap()).unwrap();
    assert_eq!(found[0]["scores"][0]["trials"][3]["parameters"], "k=10");
    assert_eq!(found[0]["scores"][0]["trials"][3]["chosen"], true);
    let (table, _) = call(&["score", "dumps", "-q", "--score", "knn", "--tune"]);
    assert!(table.contains("k=50 (as it was)") && table.contains(" k=10"), "{table}");
    let (table, _) = call(&["score", "dumps", "-q", "--score", "knn", "--set", "knn.k=5", "--tune"]);
    assert!(table.starts_with("run: none of the scores has a parameter to search\n"), "{table}");
    call(&["fit", "dumps", "-q", "--score", "knn", "--tune", "--out", "run.fit"]);
    assert_eq!(call(&["score", "dumps", "--format", "json", "--fit", "run.fit"]).0, tuned);
    assert!(call(&["explain", "knn"]).0.ends_with("- `k`: 1, 5, 10, 20, 50, 100, 200, 500\n"));
}

#[test]
fn a_search_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path();
    strays(run);
    let refusal = |scores: &[&str]| search(run, scores).unwrap_err().replace(&run.display().to_string(), "RUN");
    assert!(refusal(&["gen"]).starts_with("RUN/id/val: no search for score gen: it needs id/val/logits.npy"));
    let (skipped, all) = search(run, &["all"]).unwrap();
    assert!(skipped.contains(&"gen: it needs id/val/logits.npy".to_owned()), "{skipped:?}");
    assert!(all.scores.iter().any(|tried| tried.score == "knn"));
    write_labels(&run.join("id/val/labels.npy"), &[1; 50]);
    assert!(refusal(&["knn"]).starts_with("RUN/id/val: found rows of one class, expected several"));
    fs::remove_file(run.join("id/val/labels.npy")).unwrap();
    assert!(refusal(&["knn"]).starts_with("RUN/id/val: found neither labels nor logits"));
    fs::remove_dir_all(run.join("id/val")).unwrap();
    assert!(refusal(&["knn"]).starts_with("RUN/id/val: missing, expected by --tune"));
}
