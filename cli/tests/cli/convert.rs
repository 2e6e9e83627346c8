//! Dumps in another form, and scores of other tools as dumps: the values are the same.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::common::{fixture, oodbench, small_run};

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Values by set, score and metric, of the scores that need no training rows.
fn values(folder: &Path, dump: &str) -> Vec<(String, String, String, String)> {
    let (code, stdout, said) =
        run(folder, &["score", dump, "-q", "--format", "json", "--score", "energy,msp,max_logit"]);
    assert_eq!(code, Some(0), "{said}");
    let records: Value = serde_json::from_str(&stdout).unwrap();
    let text = |record: &Value, key: &str| record[key].to_string();
    let records = records.as_array().unwrap().iter();
    records.map(|r| (text(r, "ood"), text(r, "score"), text(r, "metric"), text(r, "value"))).collect()
}

#[test]
fn forms_of_a_dump_have_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("own"));
    let expected = values(at, "own");
    for (from, to, out) in
        [("own", "safetensors", "a"), ("a", "npy", "b"), ("b", "parquet", "p"), ("p", "safetensors", "c")]
    {
        let (code, stdout, said) = run(at, &["convert", from, "--to", to, "--out", out]);
        assert_eq!((code, stdout), (Some(0), format!("wrote {out}\n")), "{said}");
        assert_eq!(values(at, out), expected, "{out}");
    }
    assert!(at.join("a/id/test.safetensors").is_file() && at.join("b/id/test/logits.npy").is_file());
    // Bit for bit, there and back.
    for file in ["id/test.safetensors", "id/train.safetensors", "ood/far.safetensors"] {
        assert_eq!(fs::read(at.join("a").join(file)).unwrap(), fs::read(at.join("c").join(file)).unwrap(), "{file}");
    }
    let own = fs::read(at.join("own/ood/far/logits.npy")).unwrap();
    let back = fs::read(at.join("b/ood/far/logits.npy")).unwrap();
    assert_eq!(own[own.len() - 200..], back[back.len() - 200..]);
    let (code, _, said) = run(at, &["convert", "own", "--to", "npy", "--out", "d", "--dtype", "f64"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        fs::metadata(at.join("d/id/test/logits.npy")).unwrap().len()
            > fs::metadata(at.join("own/id/test/logits.npy")).unwrap().len()
    );
    assert_eq!(values(at, "d").len(), expected.len());
    for (arguments, message) in [
        (&["convert", "own", "--to", "npy"][..], "expected --out DIR"),
        (&["convert", "own", "--to", "npy", "--out", "a"], "already exists"),
        (&["convert", "own", "--to", "json", "--out", "e"], "expected --to npy, safetensors or parquet"),
        (&["convert", "own", "--to", "csv", "--layout", "l.toml"], "expected --to npy, safetensors or parquet"),
        (&["convert", "own", "--to", "npy", "--out", "e", "--in-distribution", "c"], "expected --to openood"),
        (&["convert", "own", "--to", "json", "--in-distribution", "c"], "expected --to openood"),
    ] {
        let (code, _, said) = run(at, arguments);
        assert!(code == Some(2) && said.contains(message) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_layout_of_others_becomes_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let source = fixture("formats/layouts/two_files");
    let (code, _, said) = run(folder.path(), &["convert", source.to_str().unwrap(), "--to", "npy", "--out", "dump"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("guess:") && folder.path().join("dump/ood/ood/features.npy").is_file(), "{said}");
    assert_eq!(values(folder.path(), "dump"), values(folder.path(), source.to_str().unwrap()));
}

#[test]
fn scores_of_others_are_imported() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let place = at.join("resnet/s0/scores");
    fs::create_dir_all(&place).unwrap();
    fs::copy(fixture("formats/pickle/openood.pkl"), place.join("scale.pkl")).unwrap();
    let (code, stdout, said) = run(at, &["import", "resnet", "--out", "dump", "--dry-run"]);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains("ood/near/tin/scores@scale") && !at.join("dump").exists(), "{said}");
    let (code, stdout, said) = run(at, &["import", "resnet", "--out", "dump", "-q"]);
    assert_eq!((code, stdout.as_str(), said.as_str()), (Some(0), "wrote dump\n", ""));
    let (code, table, said) = run(at, &["score", "dump", "--procedure", "openood"]);
    assert!(code == Some(0) && table.contains("scores@scale") && table.contains("near/tin"), "{table}{said}");
    let (code, _, said) = run(at, &["import", "resnet", "--out", "other", "--lower", "sclae"]);
    assert!(code == Some(2) && said.contains("expected one of scale"), "{said}");
    let (code, _, said) = run(at, &["import", "nowhere", "--out", "other"]);
    assert!(code == Some(2) && said.lines().count() == 1, "{said}");
}

/// A rate means what its program computed: the procedure says which.
#[test]
fn tables_of_results_are_records() {
    let folder = tempfile::tempdir().unwrap();
    let header =
        "EXECUTION,MODEL,IN-DATA,OUT-DATA,LOSS,AD-HOC,SCORE,INFER-LEARN,INFER-TRANS,TNR,AUROC,DTACC,AUIN,AUOUT";
    fs::write(
        folder.path().join("results_odd.csv"),
        format!("{header}\n1,densenet,cifar10,svhn,isomaxplus,NONE,MDS,NO,NO,96.8,99.1,95.7,98.9,99.2\n"),
    )
    .unwrap();
    let (code, json, said) = run(folder.path(), &["convert", "results_odd.csv", "--to", "json"]);
    assert_eq!(code, Some(0), "{said}");
    let records: Value = serde_json::from_str(&json).unwrap();
    let first = &records[0];
    assert_eq!(
        (&first["procedure"], &first["metric"], first["value"].as_f64()),
        (&"lee".into(), &"tnr_at_tpr95".into(), Some(0.968))
    );
}

/// Names in run.toml are somebody else's, and --replace removes what is at a place.
#[test]
fn runs_are_written_below_the_folder_alone_and_each_at_its_own_place() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let names = |one: &str, other: &str| {
        for (run, name) in [("a", one), ("b", other)] {
            small_run(&at.join("runs").join(run));
            fs::write(at.join("runs").join(run).join("run.toml"), format!("name = {name:?}\n")).unwrap();
        }
    };
    fs::create_dir_all(at.join("kept")).unwrap();
    fs::write(at.join("kept/thesis"), "all of it").unwrap();
    let absolute = at.join("kept").display().to_string();
    for (one, other, message) in [
        ("one", "../kept", "found the name \"../kept\", expected one without separators"),
        ("one", absolute.as_str(), "expected one without separators"),
        ("one", "one", "found several runs of the name \"one\", expected distinct names"),
    ] {
        names(one, other);
        let (code, stdout, said) = run(at, &["convert", "runs", "--to", "npy", "--out", "out", "--replace"]);
        assert!(code == Some(2) && said.contains(message) && said.lines().count() == 1, "{said}");
        assert!(stdout.is_empty() && !at.join("out").exists() && at.join("kept/thesis").is_file());
    }
    names("one", "two");
    let (code, stdout, said) = run(at, &["convert", "runs", "--to", "npy", "--out", "out"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "wrote out/one\nwrote out/two\n"), "{said}");
}

/// Two models of one name in two places.
#[test]
fn imported_runs_of_one_name_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for place in ["all/a/resnet/s0/scores", "all/b/resnet/s0/scores"] {
        fs::create_dir_all(at.join(place)).unwrap();
        fs::copy(fixture("formats/pickle/openood.pkl"), at.join(place).join("scale.pkl")).unwrap();
    }
    let (code, stdout, said) = run(at, &["import", "all", "--out", "out", "--replace", "-q"]);
    assert!(code == Some(2) && said.contains("found several runs of the name \"resnet-s0\""), "{said}");
    assert!(stdout.is_empty() && !at.join("out").exists());
}
