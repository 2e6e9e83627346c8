//! Somebody's values, recomputed.

use std::path::Path;

use super::common::{fixture, oodbench, small_run};

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn values_are_recomputed_with_their_parameters() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    let score = ["score", "-q", "--score", "energy,knn,mps", "--set", "energy.temperature=3", "--set", "knn.k=7"];
    for format in ["json", "csv"] {
        let (_, records, said) = run(at, &[&score[..], &["--procedure", "all", "--format", format]].concat());
        assert!(said.is_empty(), "{said}");
        std::fs::write(at.join("records"), &records).unwrap();
        let (code, found, said) = run(at, &["verify", "records", "dumps", "-q"]);
        assert!(code == Some(0) && found.contains("values recomputed, all the same"), "{found}{said}");
    }
    // One value is another one.
    let records = std::fs::read_to_string(at.join("records")).unwrap();
    let line = records.lines().find(|line| line.contains(",energy,lee,auroc,")).unwrap();
    let (before, after) = line.split_once(",auroc,").unwrap();
    let changed = format!("{before},auroc,0.123{}", &after[after.find(',').unwrap()..]);
    std::fs::write(at.join("records"), records.replace(line, &changed)).unwrap();
    let (code, found, said) = run(at, &["verify", "records", "dumps", "-q"]);
    assert!(code == Some(1) && found.contains("12.300000") && found.contains("energy"), "{found}{said}");
    assert!(said.starts_with("failed: 1 of ") && said.lines().count() == 1, "{said}");
    let (code, ..) = run(at, &["verify", "records", "dumps", "-q", "--tolerance", "100"]);
    assert_eq!(code, Some(0));
    // Other arrays under the same name are found and named.
    std::fs::rename(at.join("dumps/run/ood/near"), at.join("near")).unwrap();
    std::fs::rename(at.join("dumps/run/ood/far"), at.join("dumps/run/ood/near")).unwrap();
    std::fs::rename(at.join("near"), at.join("dumps/run/ood/far")).unwrap();
    let (code, _, said) = run(at, &["verify", "records", "dumps", "-q"]);
    assert!(code == Some(1) && said.starts_with("failed: "), "{said}");
}

/// A score that one of the sets does not allow is recomputed on the others.
#[test]
fn a_set_may_lack_what_a_score_reads() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    std::fs::remove_file(at.join("dumps/run/ood/far/logits.npy")).unwrap();
    let (_, records, _) = run(at, &["score", "-q", "--score", "all", "--format", "json"]);
    std::fs::write(at.join("records.json"), records).unwrap();
    let (code, found, said) = run(at, &["verify", "records.json", "dumps", "-q"]);
    assert!(code == Some(0) && found.contains("all the same"), "{found}{said}");
}

#[test]
fn the_records_of_another_run_are_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    let (_, records, _) = run(at, &["score", "-q", "--score", "mps", "--format", "json"]);
    std::fs::write(at.join("records.json"), records).unwrap();
    let other = fixture("dumps/smallcnn-cifar10-isomax-plus-seed1");
    let (code, _, said) = run(at, &["verify", "-q", "records.json", other.to_str().unwrap()]);
    assert!(code == Some(2) && said.contains("found run \"run\", expected one of smallcnn"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    std::fs::write(at.join("records.json"), "[]").unwrap();
    let (code, _, said) = run(at, &["verify", "-q", "records.json", "dumps"]);
    assert!(code == Some(2) && said.contains("found no value"), "{said}");
}
