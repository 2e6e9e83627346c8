//! Groups of OOD sets, and in-distribution classes under a covariate shift.

use std::path::Path;

use ndarray::{Array1, Array2, Axis, concatenate};
use ndarray_npy::read_npy;
use serde_json::Value;

use super::common::{noise, oodbench, small_run, write, write_labels};

fn records(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = oodbench(folder).args(arguments).args(["-q", "--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Values by all that names them but the in-distribution set.
fn values(records: &[Value], in_distribution: Option<&str>) -> Vec<(String, f64)> {
    let own = records.iter().filter(|record| record["in_distribution"].as_str() == in_distribution);
    let name = |r: &Value| format!("{} {} {} {} {}", r["ood"], r["group"], r["score"], r["procedure"], r["metric"]);
    own.map(|record| (name(record), record["value"].as_f64().unwrap())).collect()
}

/// The full spectrum is what a run has whose id/test holds the rows of csid as well.
#[test]
fn the_full_spectrum_is_id_and_csid_together() {
    let folder = tempfile::tempdir().unwrap();
    let (run, merged) = (folder.path().join("a/run"), folder.path().join("b/run"));
    small_run(&run);
    small_run(&merged);
    let labels = |rows: i64| (0..rows).map(|row| row * 3 % 4).collect::<Vec<_>>();
    for (name, rows, seed) in [("fog", 24, 31), ("snow", 16, 32)] {
        let place = run.join("csid").join(name);
        write(&place.join("logits.npy"), &(noise(rows, 4, seed) * 1.5));
        write(&place.join("features.npy"), &noise(rows, 5, seed + 10));
        write_labels(&place.join("labels.npy"), &labels(rows as i64));
    }
    for array in ["logits", "features"] {
        let parts = ["id/test", "csid/fog", "csid/snow"];
        let parts =
            parts.map(|place| read_npy::<_, Array2<f32>>(run.join(place).join(format!("{array}.npy"))).unwrap());
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        write(&merged.join("id/test").join(format!("{array}.npy")), &concatenate(Axis(0), &views).unwrap());
    }
    let own: Array1<i64> = read_npy(run.join("id/test/labels.npy")).unwrap();
    write_labels(&merged.join("id/test/labels.npy"), &[own.to_vec(), labels(24), labels(16)].concat());
    let arguments = ["--score", "mps,knn", "--set", "knn.k=5", "--procedure", "all"];
    let found = records(folder.path(), &[&["score", "a"][..], &arguments].concat());
    let expected = records(folder.path(), &[&["score", "b"][..], &arguments].concat());
    assert_eq!(values(&found, Some("in-distribution, full spectrum")), values(&expected, None));
    // Without csid the other values are the same.
    let with = values(&found, None);
    std::fs::rename(run.join("csid"), folder.path().join("csid")).unwrap();
    assert_eq!(values(&records(folder.path(), &[&["score", "a"][..], &arguments].concat()), None), with);
    std::fs::rename(folder.path().join("csid"), run.join("csid")).unwrap();
    // Without labels of one set it is that file that is missing, not one of id/test.
    std::fs::rename(run.join("csid/snow/labels.npy"), folder.path().join("labels.npy")).unwrap();
    let of_errors = ["score", "a", "--score", "mps", "--procedure", "oscr,misclassification"];
    for record in records(folder.path(), &of_errors).iter().filter(|record| record["mean_over"].is_null()) {
        let is_full = record["in_distribution"].as_str().is_some_and(|name| name.ends_with("full spectrum"));
        let expected = is_full.then_some("it needs csid/snow/labels.npy");
        assert_eq!((record["missing"].as_str(), record["value"].is_null()), (expected, is_full), "{record}");
    }
    std::fs::rename(folder.path().join("labels.npy"), run.join("csid/snow/labels.npy")).unwrap();
    let output = oodbench(folder.path()).args(["score", "a", "--score", "mps", "--out", "out"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("% on 24 of csid/fog; ") && text.contains("full spectrum vs"), "{text}");
}

#[test]
fn run_toml_names_groups_whose_sets_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    small_run(&run);
    for (name, seed) in [("nearer", 41), ("elsewhere", 42)] {
        write(&run.join("ood").join(name).join("logits.npy"), &noise(25, 4, seed));
    }
    let toml = |text: &str| std::fs::write(run.join("run.toml"), text).unwrap();
    let score = ["score", "run", "--score", "mps", "--procedure", "openood"];
    toml("[groups]\nnear = [\"near\", \"nearer\"]\nfar = [\"far\", \"elsewhere\"]\n");
    let found = records(folder.path(), &score);
    let of = |ood: &str, group: Option<&str>| {
        let is = |r: &&Value| r["ood"] == ood && r["group"].as_str() == group && r["metric"] == "auroc";
        found.iter().find(is).unwrap_or_else(|| panic!("{ood} {group:?}"))["value"].as_f64().unwrap()
    };
    let near = (of("near", Some("near")) + of("nearer", Some("near"))) / 2.0;
    let far = (of("far", Some("far")) + of("elsewhere", Some("far"))) / 2.0;
    assert!((of("mean of 2", Some("near")) - near).abs() < 1e-15);
    assert!((of("mean of 2", Some("far")) - far).abs() < 1e-15);
    assert!((of("mean of 4", None) - (near + far) / 2.0).abs() < 1e-15);
    // Records with such means are read back, and plots and comparisons know the groups.
    let out = oodbench(folder.path()).args(score).args(["--out", "out"]).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stdout).contains("near/mean of 2"));
    assert!(oodbench::table::read::read(&[folder.path().join("out/records.json")]).unwrap().len() >= found.len());
    for (text, expected) in [
        ("[groups]\nnear = [\"naer\"]\n", "found the set \"naer\" in group \"near\", expected near; correct the name"),
        (
            "[groups]\na = [\"near\"]\nb = [\"near\"]\n",
            "found the set \"near\" in group \"b\", expected \"a\", where it",
        ),
        (
            "groups = { \"../up\" = [\"near\"] }\n",
            "run.toml: found the group \"../up\", expected a name without separators",
        ),
        ("groups = { \".near\" = [\"near\"] }\n", "run.toml: found the group \".near\", expected a name without"),
    ] {
        toml(text);
        let output = oodbench(folder.path()).args(score).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
