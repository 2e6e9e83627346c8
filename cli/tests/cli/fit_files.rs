//! `oodbench fit` and `score --fit`: the same values as without, and every way in which a fit may not belong to a run.

use std::fs;
use std::path::Path;

use super::common::{copied, layered_run, noise, oodbench, small_run, write};
use ndarray::Array1;
use ndarray_npy::write_npy;
use tempfile::TempDir;

/// A small run with a linear head, and its fits in `run.fit`.
fn fitted() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    small_run(&run);
    write(&run.join("head/weight.npy"), &noise(4, 5, 9));
    write_npy(run.join("head/bias.npy"), &Array1::from(vec![0.5_f32, 0.0, -0.5, 1.0])).unwrap();
    done(folder.path(), &["fit", "dumps/run", "--score", "all", "--set", "knn.k=3", "--out", "run.fit", "--quiet"]);
    folder
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const JSON: [&str; 5] = ["score", "dumps/run", "--format", "json", "--quiet"];

fn score(folder: &Path, arguments: &[&str]) -> String {
    done(folder, &[&JSON, arguments].concat())
}

/// The one line that a refused call says; nothing else may have been printed.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.trim_end().to_owned()
}

fn refused_score(folder: &Path) -> String {
    refusal(folder, &[&JSON[..], &["--fit", "run.fit"]].concat())
}

#[test]
fn values_are_those_of_a_fit_at_once_with_training_rows_and_without() {
    let folder = fitted();
    let expected = score(folder.path(), &["--score", "all", "--set", "knn.k=3"]);
    assert!(expected.contains("\"knn\"") && expected.contains("\"vim\""), "{expected}");
    assert!(score(folder.path(), &["--fit", "run.fit"]) == expected, "with training rows");
    fs::remove_dir_all(folder.path().join("dumps/run/id/train")).unwrap();
    assert!(score(folder.path(), &["--fit", "run.fit"]) == expected, "without");
    let one = score(folder.path(), &["--fit", "run.fit", "--score", "knn"]);
    assert!(one.contains("\"knn\"") && !one.contains("\"vim\""), "{one}");
    let output = oodbench(folder.path()).args(["score", "dumps/run", "--fit", "run.fit"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("note: run: no id/train/logits, id/train/features, id/train/labels here to compare"),
        "{said}"
    );
}

#[test]
fn fit_says_what_it_read_and_what_it_left_out() {
    let folder = fitted();
    let output = oodbench(folder.path()).args(["fit", "dumps/run", "--out", "new/run.fit"]).output().unwrap();
    let (table, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(table.ends_with("run fitted on id/train (40 rows): new/run.fit\n"), "{table}");
    // 40 rows of 5 features as pairs of f32, half their squares, their largest norm and their exponent.
    let bank = table.lines().find(|line| line.starts_with(" nnguide")).unwrap();
    assert!(bank.trim_end().ends_with(&(40 * 5 * 8 + 40 * 4 + 2 * 8).to_string()), "{bank}");
    assert!(notes.contains("note: knn left out: k = 50 of 40 training rows; set knn.k lower"), "{notes}");
}

#[test]
fn other_rows_or_another_model_are_refused() {
    let folder = fitted();
    let run = folder.path().join("dumps/run");
    let path = run.join("id/train/features.npy");
    let before = fs::read(&path).unwrap();
    let mut features = noise(40, 5, 11);
    features[[39, 4]] += 1e-5;
    write(&path, &features);
    let message = refused_score(folder.path());
    assert!(message.starts_with("error: dumps/run/id/train/features: found 40 rows with checksum "), "{message}");
    assert!(message.ends_with("those that run.fit was fitted on; fit this run, or score the one that was fitted"));
    fs::write(&path, before).unwrap();
    score(folder.path(), &["--fit", "run.fit"]);

    let path = run.join("head/weight.npy");
    let before = fs::read(&path).unwrap();
    write(&path, &noise(4, 5, 10));
    assert!(refused_score(folder.path()).starts_with("error: dumps/run/head: found a head with checksum "));
    fs::write(&path, before).unwrap();

    fs::remove_dir_all(run.join("head")).unwrap();
    for (split, rows) in [("id/train", 40), ("id/test", 40), ("ood/near", 30), ("ood/far", 20)] {
        write(&run.join(split).join("features.npy"), &noise(rows, 6, 1));
    }
    let expected =
        "error: dumps/run: found 6 columns of features, expected 5, as run.fit was fitted on; fit this model";
    assert_eq!(refused_score(folder.path()), expected);
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = fitted();
    let file = folder.path().join("run.fit");
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let text = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let mut changed = whole.clone();
        changed[at..at + to.len()].copy_from_slice(to.as_bytes());
        changed
    };
    let cases = [
        (Vec::new(), "found a file that is not valid safetensors"),
        (whole[..7].to_vec(), "found a file that is not valid safetensors"),
        (whole[..whole.len() - 1].to_vec(), "found a file that is not valid safetensors"),
        (flipped, "found contents that do not have the checksum"),
        (text(r#"\"k\":\"3\""#, r#"\"k\":\"4\""#), "found contents that do not have the checksum"),
        (text(r#"\"format\":2"#, r#"\"format\":1"#), "found format 1 (oodbench"),
        (b"not a file of fits at all".to_vec(), "found a file that is not valid safetensors"),
    ];
    for (bytes, expected) in cases {
        fs::write(&file, bytes).unwrap();
        let message = refused_score(folder.path());
        assert!(message.starts_with(&format!("error: run.fit: {expected}")), "{message}");
        assert!(message.contains("fit again"), "{message}");
    }
    fs::remove_file(&file).unwrap();
    assert!(refused_score(folder.path()).starts_with("error: run.fit: cannot be read"));
}

#[test]
fn layers_are_kept_and_have_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    layered_run(&run);
    let chosen = ["--score", "mahalanobis_layers", "--set", "mahalanobis_layers.fit_on=noise"];
    let expected = score(folder.path(), &chosen);
    done(folder.path(), &[&["fit", "dumps/run", "--out", "run.fit", "-q"], &chosen[..]].concat());
    for split in ["id/train", "id/val", "val_ood"] {
        fs::remove_dir_all(run.join(split)).unwrap();
    }
    assert!(score(folder.path(), &["--fit", "run.fit"]) == expected);
    for split in ["id/test", "ood/near", "ood/far"] {
        fs::remove_file(run.join(split).join("features.npy")).unwrap();
    }
    let message = refusal(folder.path(), &[&JSON[..], &["--fit", "run.fit", "--score", "mahalanobis_layers"]].concat());
    let expected = "error: dumps/run/id/test/features.npy: missing, expected by score mahalanobis_layers; ";
    assert!(message.starts_with(expected), "{message}");
}

const SETS: [&str; 4] = ["id/val", "val_ood/near", "id/test", "ood/far"];

/// Gives the logits of images moved at T = 1000 by ε = 0.01 another spelling in some sets.
fn respelt(run: &Path, sets: &[&str]) {
    for set in sets {
        let folder = run.join(set);
        let (from, to) = ("logits@odin_1000_0.01.npy", "logits@odin_1000.0_0.010.npy");
        fs::rename(folder.join(from), folder.join(to)).unwrap();
    }
}

/// A fit reads the array that it has chosen, as it is spelt; where rows have it otherwise or not at all, one line says so.
#[test]
fn what_a_fit_has_chosen_has_to_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    let chosen = ["--score", "odin", "--set", "odin.epsilon=0.01"];
    copied("members/moved", &run);
    done(folder.path(), &[&["fit", "dumps/run", "--out", "run.fit", "-q"], &chosen[..]].concat());
    let expected = score(folder.path(), &chosen);
    assert!(score(folder.path(), &["--fit", "run.fit"]) == expected);
    // What it has not chosen need not be there.
    for set in SETS {
        fs::remove_file(run.join(set).join("logits@odin_10_0.05.npy")).unwrap();
    }
    assert!(score(folder.path(), &["--fit", "run.fit", "--score", "odin"]) == expected);
    ["id/val", "val_ood"].iter().for_each(|set| fs::remove_dir_all(run.join(set)).unwrap());
    respelt(&run, &SETS[2..]);
    let expected = "error: dumps/run/id/test/logits@odin_1000_0.01.npy: missing, expected by score odin as run.fit was fitted; \
         dump it, or fit again on arrays that are there";
    assert_eq!(refusal(folder.path(), &[&JSON[..], &["--fit", "run.fit", "--score", "odin"]].concat()), expected);
    assert_eq!(refused_score(folder.path()), expected);
}

#[test]
fn another_spelling_is_kept_in_a_fit() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("dumps/run");
    let chosen = ["--score", "odin", "--set", "odin.epsilon=0.01"];
    copied("members/moved", &run);
    let expected = score(folder.path(), &chosen);
    respelt(&run, &SETS);
    done(folder.path(), &[&["fit", "dumps/run", "--out", "run.fit", "-q"], &chosen[..]].concat());
    // What an array is called changes no value.
    assert!(score(folder.path(), &["--fit", "run.fit"]) == expected && score(folder.path(), &chosen) == expected);
    let both = [&JSON[..], &["--score", "odin", "--set", "odin.epsilon=0.01", "--set", "odin.t=1000"]].concat();
    let said = refusal(folder.path(), &both);
    assert!(said.contains("logits@odin_1000_0.01.npy: missing"), "{said}");
    assert!(said.ends_with("; there is logits@odin_1000.0_0.010; give it this name"), "{said}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = fitted();
    small_run(&folder.path().join("dumps/second"));
    let message = refusal(folder.path(), &["score", "dumps", "--fit", "run.fit", "-q"]);
    assert_eq!(message, "error: dumps: found 2 runs, expected one: a fit belongs to one run; name its folder");
    let message = refusal(folder.path(), &["fit", "dumps", "--out", "x", "-q"]);
    assert_eq!(message, "error: dumps: found 2 runs, expected one: a fit belongs to one run; name its folder");
    done(folder.path(), &["fit", "dumps/run", "--score", "knn,ssd", "--set", "knn.k=3", "--out", "two.fit", "-q"]);
    let message = refusal(folder.path(), &["score", "dumps/run", "--fit", "two.fit", "--score", "vim", "-q"]);
    assert_eq!(message, "error: two.fit: found fits of knn, ssd, expected one of vim; fit it too");
    let output = oodbench(folder.path()).args(["score", "--fit", "run.fit", "--set", "knn.k=4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!folder.path().join("x").exists());
}
