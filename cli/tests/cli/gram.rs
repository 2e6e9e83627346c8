//! Dumps with Gram matrices: what is lacking is one line, and fits and detectors read the arrays by their names.

use std::fs;
use std::path::Path;

use ndarray::Array2;
use ndarray_npy::read_npy;

use super::common::{copied, oodbench, refused_changed, run_changed, write};

const SCORE: [&str; 4] = ["score", ".", "--score", "gram"];

fn run(change: impl FnOnce(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    run_changed("gram", change, arguments)
}

fn refused(change: impl FnOnce(&Path), parts: &[&str]) {
    refused_changed("gram", change, &SCORE, parts);
}

/// An array with a change.
fn changed(file: &Path, change: impl Fn(&mut Array2<f32>)) {
    let mut rows: Array2<f32> = read_npy(file).unwrap();
    fs::remove_file(file).unwrap();
    change(&mut rows);
    write(file, &rows);
}

#[test]
fn what_is_wrong_with_gram_matrices_is_one_line() {
    assert_eq!(run(|_| (), &SCORE).0, Some(0));
    let remove = |file: &'static str| move |run: &Path| fs::remove_file(run.join(file)).unwrap();
    refused(remove("id/val/gram@a.npy"), &["id/val/gram@a.npy", "missing"]);
    refused(remove("ood/far/gram@b.npy"), &["ood/far/gram@b.npy", "missing"]);
    refused(remove("id/train/logits.npy"), &["id/train/logits.npy", "missing"]);
    refused(|run| fs::remove_dir_all(run.join("id/val")).unwrap(), &["id/val/", "missing"]);
    refused(
        |run| changed(&run.join("id/test/gram@a.npy"), |rows| rows[[3, 1]] = f32::NAN),
        &["id/test/gram@a.npy", "row 3"],
    );
    refused(
        |run| changed(&run.join("id/val/gram@a.npy"), |rows| rows[[2, 1]] = f32::INFINITY),
        &["id/val/gram@a.npy", "row 2"],
    );
    refused(
        |run| changed(&run.join("ood/far/gram@a.npy"), |rows| *rows = rows.slice(ndarray::s![.., ..7]).to_owned()),
        &["ood/far/gram@a.npy", "found 7 columns", "expected 40"],
    );
    // A dump without any.
    let (code, text) = run(
        |run| {
            for split in ["id/train", "id/val", "id/test", "ood/near", "ood/far"] {
                ["gram@a.npy", "gram@b.npy"]
                    .iter()
                    .for_each(|file| fs::remove_file(run.join(split).join(file)).unwrap());
            }
        },
        &SCORE,
    );
    assert!(code == Some(2) && text.contains("gram@<layer>.npy") && text.contains("missing"), "{text}");
}

/// One row for each class leaves bounds of no width; a class without rows is told.
#[test]
fn few_training_rows_are_enough() {
    let first = |count: usize| {
        move |run: &Path| {
            for file in ["logits.npy", "gram@a.npy", "gram@b.npy"] {
                let first = |rows: &mut Array2<f32>| *rows = rows.slice(ndarray::s![..count, ..]).to_owned();
                changed(&run.join("id/train").join(file), first);
            }
            fs::remove_file(run.join("id/train/labels.npy")).unwrap();
        }
    };
    let (code, text) = run(first(1), &[&SCORE[..], &["-v"]].concat());
    assert!(code == Some(0) && text.contains("no training row is predicted as class"), "{text}");
    assert_eq!(run(first(6), &SCORE).0, Some(0));
}

#[test]
fn fits_and_detectors_read_the_arrays_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    copied("gram", folder.path());
    let out = |arguments: &[&str]| {
        let output = oodbench(folder.path()).args(arguments).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {text}");
        text
    };
    let json = ["score", ".", "--score", "gram", "--format", "json"];
    out(&["fit", ".", "--score", "gram", "--out", "a.fit"]);
    assert_eq!(out(&json), out(&[&json[..], &["--fit", "a.fit"]].concat()));
    out(&["calibrate", ".", "--score", "gram", "--false-alarms", "20%", "--out", "a.detector"]);
    let said = out(&["apply", "a.detector", "ood/far", "--out", "far.csv"]);
    assert!(fs::read_to_string(folder.path().join("far.csv")).unwrap().lines().count() == 31, "{said}");
    let inspect = out(&["inspect", "."]);
    assert!(inspect.contains("gram@a") && inspect.contains("gram@b"), "{inspect}");
}
