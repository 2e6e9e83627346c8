//! What `inspect` says of a score is what `score` does with it.

use std::fs;
use std::path::Path;

use ndarray::{Array2, s};

use super::common::{noise, oodbench, small_run, write, write_labels};

/// What a command prints, on both channels, and its exit code.
fn run(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8(text).unwrap(), output.status.code())
}

fn line_of<'t>(text: &'t str, score: &str) -> &'t str {
    text.lines().find(|line| line.split_whitespace().next() == Some(score)).unwrap_or_default()
}

#[test]
fn one_column_of_logits_is_not_ready_for_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    for (split, rows) in [("id/train", 40), ("id/test", 40), ("ood/near", 30), ("ood/far", 20)] {
        write(&folder.path().join(split).join("logits.npy"), &noise(rows, 1, 5));
        if split.starts_with("id") {
            write_labels(&folder.path().join(split).join("labels.npy"), &vec![0; rows]);
        }
    }
    let (inspect, _) = run(folder.path(), &["inspect", "."]);
    assert!(line_of(&inspect, "logit_gap").contains("not applicable: there is one class"), "{inspect}");
    assert!(line_of(&inspect, "max_logit").ends_with("ready"), "{inspect}");
    let (score, code) = run(folder.path(), &["score", ".", "--score", "all", "-v"]);
    assert_eq!(code, Some(0), "{score}");
    assert!(score.contains("logit_gap: left out: there is one class"), "{score}");
    assert_eq!(run(folder.path(), &["score", ".", "--score", "logit_gap"]).1, Some(2));
}

#[test]
fn one_row_per_class_is_said_beforehand_and_takes_no_other_score() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let train = folder.path().join("id/train");
    for name in ["logits", "features"] {
        let rows: Array2<f32> = ndarray_npy::read_npy(train.join(name).with_extension("npy")).unwrap();
        write(&train.join(name).with_extension("npy"), &rows.slice(s![..4, ..]).to_owned());
    }
    write_labels(&train.join("labels.npy"), &[0, 1, 2, 3]);
    let (inspect, _) = run(folder.path(), &["inspect", "."]);
    assert!(line_of(&inspect, "mahalanobis").contains("not applicable: no class has two training rows"), "{inspect}");
    for arguments in [&["score", ".", "--score", "all"][..], &["compare", "."], &["fit", ".", "--out", "x.fit"]] {
        let (text, code) = run(folder.path(), arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {text}");
    }
    assert!(fs::metadata(folder.path().join("x.fit")).unwrap().len() > 0);
    assert_eq!(run(folder.path(), &["score", ".", "--score", "mahalanobis"]).1, Some(2));
}

/// Ten rows per class, fifty neighbours.
#[test]
fn more_neighbours_than_a_class_has_rows_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let train = folder.path().join("id/train");
    write(&train.join("features.npy"), &noise(80, 5, 9));
    write(&train.join("logits.npy"), &noise(80, 4, 9));
    write_labels(&train.join("labels.npy"), &(0..80).map(|row| row % 4).collect::<Vec<i64>>());
    let warned = |text: &str| text.contains("knn.k = 50") && text.contains("set knn.k to at most 20");
    let (text, _) = run(folder.path(), &["score", ".", "--score", "knn"]);
    assert!(warned(&text), "{text}");
    let (text, _) = run(folder.path(), &["inspect", "."]);
    assert!(warned(&text), "{text}");
    let (text, _) = run(folder.path(), &["score", ".", "--score", "knn", "--set", "knn.k=10"]);
    assert!(!text.contains("knn.k ="), "{text}");
}

#[test]
fn log_probabilities_are_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    small_run(folder.path());
    let mut rows = noise(40, 4, 2);
    for mut row in rows.rows_mut() {
        let sum = row.iter().map(|z| z.exp()).sum::<f32>().ln();
        row.mapv_inplace(|z| z - sum);
    }
    write(&folder.path().join("id/test/logits.npy"), &rows);
    let (text, code) = run(folder.path(), &["score", ".", "--score", "energy"]);
    assert!(text.contains("id/test/logits.npy") && text.contains("look like log-probabilities"), "{text}");
    assert_eq!(code, Some(0));
}
