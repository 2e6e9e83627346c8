//! Dumps with embeddings of texts and of patches: what is wrong with them is one line, and fits and detectors keep what they read of them.

use std::fs;
use std::path::Path;

use ndarray::{Array2, Array3, s};
use ndarray_npy::{read_npy, write_npy};

use super::common::{copied, oodbench, refused_changed, run_changed, write};

const SCORE: [&str; 4] = ["score", ".", "--score", "mcm,gl_mcm,neglabel"];

fn run(change: impl FnOnce(&Path), arguments: &[&str]) -> (Option<i32>, String) {
    run_changed("clip", change, arguments)
}

fn refused(change: impl FnOnce(&Path), parts: &[&str]) {
    refused_changed("clip", change, &SCORE, parts);
}

/// What a command says in a folder, which ends with this status.
fn said(folder: &Path, arguments: &[&str], expected: i32) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {text}");
    text
}

/// A matrix with a change.
fn changed(file: &Path, change: impl Fn(Array2<f32>) -> Array2<f32>) {
    let rows: Array2<f32> = read_npy(file).unwrap();
    fs::remove_file(file).unwrap();
    write(file, &change(rows));
}

/// Patches with a change.
fn changed_patches(file: &Path, change: impl Fn(Array3<f32>) -> Array3<f32>) {
    let patches: Array3<f32> = read_npy(file).unwrap();
    write_npy(file, &change(patches).as_standard_layout()).unwrap();
}

#[test]
fn what_is_wrong_with_texts_is_one_line() {
    assert_eq!(run(|_| (), &SCORE).0, Some(0));
    let remove = |file: &'static str| move |run: &Path| fs::remove_file(run.join(file)).unwrap();
    refused(remove("head/text.npy"), &["head/text.npy", "missing"]);
    refused(remove("head/negatives.npy"), &["head/negatives.npy", "missing", "neglabel"]);
    let columns = |rows: Array2<f32>| rows.slice(s![.., ..7]).to_owned();
    refused(
        |run| changed(&run.join("head/text.npy"), columns),
        &["head/negatives.npy: found 16 columns, expected 7, as ", "head/text.npy has; embed all texts with one model"],
    );
    refused(
        |run| {
            changed(&run.join("head/text.npy"), columns);
            changed(&run.join("head/negatives.npy"), columns);
        },
        &["head/text.npy: found 7 columns, expected 16, as the features have; embed texts and images with one model"],
    );
    refused(
        |run| {
            changed(&run.join("head/text.npy"), |mut rows| {
                rows[[2, 1]] = f32::NAN;
                rows
            });
        },
        &["head/text.npy: found 1 rows with NaN or infinite values, the first is row 2"],
    );
    refused(
        |run| write(&run.join("id/test/logits.npy"), &Array2::<f32>::zeros((60, 4))),
        &["head/text.npy: found 5 rows, expected 4, one per class; average"],
    );
}

/// Negatives alone are none of the layout, and a warning names them.
#[test]
fn negatives_without_texts_are_left_out_aloud() {
    let alone = |run: &Path| fs::remove_file(run.join("head/text.npy")).unwrap();
    let (code, text) = run(alone, &["inspect", "."]);
    assert!(code == Some(0) && text.contains("head/negatives.npy") && text.contains("no text.npy beside it"), "{text}");
}

#[test]
fn what_is_wrong_with_patches_is_one_line() {
    let patches = |change: fn(Array3<f32>) -> Array3<f32>| {
        move |run: &Path| changed_patches(&run.join("ood/far/features@patches.npy"), change)
    };
    refused(
        |run| fs::remove_file(run.join("ood/far/features@patches.npy")).unwrap(),
        &["ood/far/features@patches.npy", "missing"],
    );
    refused(
        patches(|all| all.slice(s![.., ..3, ..]).to_owned()),
        &["ood/far/features@patches.npy", "found 48 columns, expected 64"],
    );
    // As many numbers, otherwise shaped.
    refused(
        patches(|all| all.into_shape_with_order((40, 8, 8)).unwrap()),
        &["ood/far/features@patches.npy: found 8 patches, expected 4 patches, as in "],
    );
    refused(
        patches(|mut all| {
            all[[3, 2, 1]] = f32::INFINITY;
            all
        }),
        &["ood/far/features@patches.npy", "row 3"],
    );
    refused(
        |run| {
            for split in ["id/val", "id/test", "ood/near", "ood/far"] {
                changed_patches(&run.join(split).join("features@patches.npy"), |all| {
                    all.slice(s![.., .., ..9]).to_owned()
                });
            }
        },
        &[
            "features@patches.npy: found 4 patches of 9 columns, expected 16 columns, as the features have; project patches",
        ],
    );
}

/// Patches are several vectors per row, so no layer for scores of layers.
#[test]
fn patches_are_no_layer() {
    let (code, text) = run(|_| (), &["inspect", ".", "--format", "csv"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("clip,run,texts,\"class names (5, 16), negatives (230, 16)\""), "{text}");
    assert!(text.contains("features@patches,") && text.contains("(60, 4, 16)"), "{text}");
    assert!(
        text.contains("clip,scores,gl_mcm,ready") && text.contains("clip,scores,mahalanobis_layers,lacks"),
        "{text}"
    );
}

#[test]
fn fits_detectors_and_other_forms_keep_the_texts() {
    let folder = tempfile::tempdir().unwrap();
    copied("clip", folder.path());
    let out = |arguments: &[&str], expected: i32| said(folder.path(), arguments, expected);
    let json = [&SCORE[..], &["--format", "json"]].concat();
    out(&["fit", ".", "--score", "mcm,gl_mcm,neglabel", "--out", "a.fit"], 0);
    assert_eq!(out(&json, 0), out(&[&json[..], &["--fit", "a.fit"]].concat(), 0));
    for score in ["gl_mcm", "neglabel"] {
        let (detector, decisions) = (format!("{score}.detector"), format!("{score}.csv"));
        out(&["calibrate", ".", "--score", score, "--false-alarms", "20%", "--out", &detector], 0);
        let said = out(&["apply", &detector, "ood/far", "--out", &decisions], 0);
        assert!(fs::read_to_string(folder.path().join(&decisions)).unwrap().lines().count() == 41, "{said}");
    }
    let copy = tempfile::tempdir().unwrap();
    let place = copy.path().join("copy");
    out(&["convert", ".", "--to", "npy", "--out", place.to_str().unwrap()], 0);
    for file in ["head/text.npy", "head/negatives.npy"] {
        let read = |run: &Path| -> Array2<f32> { read_npy(run.join(file)).unwrap() };
        assert_eq!(read(&place), read(folder.path()), "{file}");
    }
    let patches = |run: &Path| -> Array3<f32> { read_npy(run.join("ood/far/features@patches.npy")).unwrap() };
    assert_eq!(patches(&place), patches(folder.path()));
    changed(&folder.path().join("head/text.npy"), |rows| rows * 2.0);
    let said = out(&[&SCORE[..], &["--fit", "a.fit"]].concat(), 2);
    assert!(said.contains("head: found texts with checksum") && said.trim_end().lines().count() == 1, "{said}");
}

/// Texts are of a fit if a score of it reads them, and are compared where such a score is asked for.
#[test]
fn fits_are_silent_of_texts_that_no_score_reads() {
    let folder = tempfile::tempdir().unwrap();
    copied("clip", folder.path());
    let out = |arguments: &[&str], expected: i32| said(folder.path(), arguments, expected);
    let says_texts = |file: &str| fs::read(folder.path().join(file)).unwrap().windows(5).any(|part| part == b"texts");
    out(&["fit", ".", "--score", "feature_norm", "--out", "one.fit"], 0);
    out(&["fit", ".", "--score", "feature_norm,mcm", "--out", "both.fit"], 0);
    assert!(!says_texts("one.fit") && says_texts("both.fit"));
    changed(&folder.path().join("head/text.npy"), |rows| rows * 2.0);
    for file in ["one.fit", "both.fit"] {
        out(&["score", ".", "--score", "feature_norm", "--fit", file], 0);
    }
    let said = out(&["score", ".", "--score", "mcm", "--fit", "both.fit"], 2);
    assert!(said.contains("head: found texts with checksum"), "{said}");
}
