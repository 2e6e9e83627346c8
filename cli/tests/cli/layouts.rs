//! One run in every layout gives the same values.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::common::{noise, oodbench, small_run, write};
use ndarray::s;
use serde_json::Value;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The records of a folder without the names of run, set and group.
fn values(folder: &Path) -> Vec<(String, String, String)> {
    let output = oodbench(folder).args(["score", ".", "--format", "json", "-q"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let records: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |record: &Value, key: &str| record[key].to_string();
    records
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["mean_over"].is_null())
        .map(|r| (text(r, "ood"), text(r, "score") + &text(r, "metric"), text(r, "value")))
        .collect()
}

fn native(folder: &Path) -> Vec<(String, String, String)> {
    small_run(folder);
    values(folder)
}

fn sorted(mut values: Vec<(String, String, String)>) -> Vec<(String, String, String)> {
    values.sort();
    values
}

#[test]
fn openood_notebook_layout() {
    let folder = tempfile::tempdir().unwrap();
    let expected = sorted(native(&folder.path().join("native")));
    let other = folder.path().join("openood");
    for (split, place) in
        [("id/train", "id/train"), ("id/test", "id/test"), ("ood/near", "nearood/near"), ("ood/far", "farood/far")]
    {
        fs::create_dir_all(other.join(place).parent().unwrap()).unwrap();
        for (array, theirs) in [("logits", "logits"), ("features", "feature"), ("labels", "labels")] {
            let source = folder.path().join("native").join(split).join(format!("{array}.npy"));
            if source.exists() {
                fs::copy(source, other.join(format!("{place}_{theirs}.npy"))).unwrap();
            }
        }
    }
    assert_eq!(sorted(values(&other)), expected);
    let output = oodbench(&other).args(["score", ".", "--score", "mds", "--format", "json", "-q"]).output().unwrap();
    let records: Value = serde_json::from_slice(&output.stdout).unwrap();
    let group_of = |name: &str| records.as_array().unwrap().iter().find(|r| r["ood"] == name).unwrap()["group"].clone();
    assert_eq!((group_of("near"), group_of("far")), ("near".into(), "far".into()));
}

#[test]
fn groups_archives_and_shards() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let expected = sorted(native(&run));
    // A group of OOD sets.
    fs::create_dir_all(run.join("ood/some-group")).unwrap();
    fs::rename(run.join("ood/far"), run.join("ood/some-group/far")).unwrap();
    assert_eq!(sorted(values(&run)), expected);
    // A split as one deflated archive.
    let archive = File::create(run.join("ood/near.npz")).unwrap();
    let mut zip = ZipWriter::new(archive);
    for array in ["logits", "features"] {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(format!("{array}.npy"), options).unwrap();
        zip.write_all(&fs::read(run.join(format!("ood/near/{array}.npy"))).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    fs::remove_dir_all(run.join("ood/near")).unwrap();
    assert_eq!(sorted(values(&run)), expected);
    // An array in shards, cut in the middle of a block.
    let logits: ndarray::Array2<f32> = ndarray_npy::read_npy(run.join("id/test/logits.npy")).unwrap();
    write(&run.join("id/test/logits-00000.npy"), &logits.slice(s![..13, ..]).to_owned());
    write(&run.join("id/test/logits-00001.npy"), &logits.slice(s![13.., ..]).to_owned());
    fs::remove_file(run.join("id/test/logits.npy")).unwrap();
    assert_eq!(sorted(values(&run)), expected);
}

/// val_ood is there to choose parameters on: no metric is computed on it, in whatever form it comes.
#[test]
fn rows_to_choose_on_are_not_measured() {
    let folder = tempfile::tempdir().unwrap();
    let expected = native(folder.path());
    write(&folder.path().join("val_ood/near/features.npy"), &noise(30, 5, 31));
    write(&folder.path().join("val_ood/other_features.npy"), &noise(30, 5, 32));
    assert_eq!(values(folder.path()), expected);
    let inspect = oodbench(folder.path()).args(["inspect", ".", "-q"]).output().unwrap();
    let text = String::from_utf8(inspect.stdout).unwrap();
    assert!(text.contains("val_ood/near\n") && text.contains("val_ood/other\n"), "{text}");
}

#[test]
fn a_folder_of_runs_is_like_each_run() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        small_run(&folder.path().join(name));
    }
    let one = values(&folder.path().join("a"));
    let both = values(folder.path());
    assert_eq!(both.len(), 2 * one.len());
    assert_eq!(both[..one.len()], one[..]);
    // Two runs of one name cannot be told apart.
    for name in ["a", "b"] {
        fs::write(folder.path().join(name).join("run.toml"), "name = \"same\"").unwrap();
    }
    let output = oodbench(folder.path()).args(["score", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("run \"same\" a second time"));
}

/// Logits that were not dumped come from features and head.
#[test]
fn logits_from_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let features = noise(40, 5, 12);
    let (weight, bias) = (noise(4, 5, 7), noise(1, 4, 8));
    for (split, rows) in [("id/test", features.clone()), ("ood/far", noise(20, 5, 14))] {
        write(&folder.path().join("without").join(split).join("features.npy"), &rows);
        let rows = rows.mapv(f64::from);
        let logits = rows.dot(&weight.mapv(f64::from).t()) + &bias.mapv(f64::from);
        write(&folder.path().join("with").join(split).join("logits.npy"), &logits);
    }
    write(&folder.path().join("without/head/weight.npy"), &weight);
    ndarray_npy::write_npy(folder.path().join("without/head/bias.npy"), &bias.row(0).to_owned()).unwrap();
    let logit_scores = |run: &str| {
        let all = values(&folder.path().join(run));
        let ids = ["mds", "es", "mps", "max_logit", "energy"];
        all.into_iter()
            .filter(|(_, key, _)| ids.iter().any(|id| key.starts_with(&format!("\"{id}\""))))
            .collect::<Vec<_>>()
    };
    assert_eq!(logit_scores("without"), logit_scores("with"));
    assert_eq!(logit_scores("with").len(), 5 * 12);
}
