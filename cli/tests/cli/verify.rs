//! Somebody's values, recomputed.

use std::path::Path;

use super::common::{fixture, noise, oodbench, small_run, write};

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
    // Other OOD sets under the same names: the values differ, the network does not.
    std::fs::rename(at.join("dumps/run/ood/near"), at.join("near")).unwrap();
    std::fs::rename(at.join("dumps/run/ood/far"), at.join("dumps/run/ood/near")).unwrap();
    std::fs::rename(at.join("near"), at.join("dumps/run/ood/far")).unwrap();
    let (code, _, said) = run(at, &["verify", "records", "dumps"]);
    assert!(code == Some(1) && said.contains("failed: ") && !said.contains("note: run: id/test"), "{said}");
}

/// What `score --out` wrote is named by its folder, as everywhere else.
#[test]
fn folders_of_records_are_verified_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    let (code, _, said) = run(at, &["score", "-q", "--score", "energy,mps", "--out", "out"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, found, said) = run(at, &["verify", "out", "dumps", "-q"]);
    assert!(code == Some(0) && found.contains("values recomputed, all the same"), "{found}{said}");
    let (code, found, said) = run(at, &["diff", "out", "out/records.csv", "--fail-if", "auroc<-0.5pp"]);
    assert!(code == Some(0) && found.contains("no differences in "), "{found}{said}");
    let (code, _, said) = run(at, &["diff", "out", "dumps"]);
    assert!(code == Some(2) && said.contains("dumps: found a folder, expected records"), "{said}");
}

/// Another network is named, by what the dump holds and not by what was chosen to be scored.
#[test]
fn the_arrays_of_another_network_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    small_run(&at.join("dumps/run"));
    let note = "note: run: id/test of the dump differs from that of the records";
    // What is scored of the records does not matter: all of them have the same checksum.
    let (_, records, _) = run(
        at,
        &["score", "-q", "--score", "energy,knn,mps", "--set", "knn.k=5", "--procedure", "all", "--format", "csv"],
    );
    let of_knn: Vec<&str> = records.lines().filter(|l| !l.contains(",energy,") && !l.contains(",mps,")).collect();
    let (before, after) = of_knn[1].split_once(",lee,tnr_at_tpr95,").unwrap();
    let changed = format!("{before},lee,tnr_at_tpr95,0.123{}", &after[after.find(',').unwrap()..]);
    std::fs::write(at.join("knn.csv"), [of_knn[0], &changed].join("\n")).unwrap();
    let (code, _, said) = run(at, &["verify", "knn.csv", "dumps"]);
    assert!(code == Some(1) && said.contains("failed: 1 of 1 values differ") && !said.contains(note), "{said}");
    write(&at.join("dumps/run/id/test/logits.npy"), &(noise(40, 4, 90) * 2.0));
    let (code, _, said) = run(at, &["verify", "knn.csv", "dumps"]);
    assert!(code == Some(1) && said.contains(note), "{said}");
}

#[test]
fn two_runs_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["a", "b"] {
        small_run(&at.join("dumps").join(name));
        std::fs::write(at.join("dumps").join(name).join("run.toml"), "name = \"same\"").unwrap();
    }
    let (_, records, _) = run(at, &["score", "dumps/a", "-q", "--score", "mps", "--format", "json"]);
    std::fs::write(at.join("records.json"), records).unwrap();
    let (code, _, said) = run(at, &["verify", "records.json", "dumps", "-q"]);
    assert!(code == Some(2) && said.contains("found run \"same\" a second time, expected distinct names"), "{said}");
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
    // A score that is not known is the records' mistake, and their file is named.
    let records = std::fs::read_to_string(at.join("records.json")).unwrap().replace("\"mps\"", "\"mspp\"");
    std::fs::write(at.join("records.json"), records).unwrap();
    let (code, _, said) = run(at, &["verify", "-q", "records.json", "dumps"]);
    assert!(code == Some(2) && said.contains("records.json: unknown score \"mspp\""), "{said}");
    std::fs::write(at.join("records.json"), "[]").unwrap();
    let (code, _, said) = run(at, &["verify", "-q", "records.json", "dumps"]);
    assert!(code == Some(2) && said.contains("found no value"), "{said}");
}
