//! Records on the command line: what is missing, what is one run twice, what comes back.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use super::common::{layered_run, noise, oodbench, small_run, write};
use oodbench::metric::lee;
use oodbench::report::Format;
use oodbench::table::provenance::Provenance;
use oodbench::table::read::read;
use oodbench::table::{Comparison, MeanOver, Record};
use polars_parquet::read::{infer_schema, read_metadata};

/// Standard output and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

/// Runs `r1`, `r2`, ... of one model and loss, with arrays of their own.
fn seeds(folder: &Path, seeds: &[u32]) {
    for (number, seed) in seeds.iter().enumerate() {
        let run = folder.join(format!("dumps/r{}", number + 1));
        small_run(&run);
        write(&run.join("id/test/logits.npy"), &(noise(40, 4, 90 + number as u32) * 2.0));
        fs::write(run.join("run.toml"), format!("model = \"m\"\nloss = \"softmax\"\nseed = {seed}")).unwrap();
    }
}

#[test]
fn an_ood_set_without_logits_takes_no_score_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    let (before, _) = run(folder.path(), &["score", "-q", "--format", "json"]);
    fs::remove_file(dump.join("ood/far/logits.npy")).unwrap();
    let (json, _) = run(folder.path(), &["score", "-q", "--format", "json", "--out", "out"]);
    let parse = |text: &str| serde_json::from_str::<Vec<Record>>(text).unwrap();
    let (before, after) = (parse(&before), parse(&json));
    let near = |records: &[Record]| -> Vec<(String, String, Option<f64>)> {
        let of = records.iter().filter(|r| r.ood == "near" && r.mean_over.is_none());
        of.map(|r| (r.score.clone(), r.metric.clone(), r.value)).collect()
    };
    assert_eq!(near(&after), near(&before));
    let far: Vec<&Record> = after.iter().filter(|r| r.ood == "far" && r.score == "energy").collect();
    assert_eq!(far.len(), 12);
    assert!(far.iter().all(|r| r.value.is_none() && r.missing.as_deref() == Some("it needs ood/far/logits.npy")));
    // Features are there, so what reads them alone is not missing.
    assert!(after.iter().any(|r| r.ood == "far" && r.score == "mahalanobis" && r.value.is_some()));
    let mean = after.iter().find(|r| r.mean_over == Some(MeanOver::Ood) && r.score == "energy").unwrap();
    assert!(mean.value.is_none() && mean.missing.as_deref() == Some("it has values on 1 of 2 OOD sets"), "{mean:?}");
    let (table, _) = run(folder.path(), &["score", "-q"]);
    assert!(
        table.contains("run on far: it needs ood/far/logits.npy (") && table.contains("on every one of them"),
        "{table}"
    );
    // A score asked for by name is still an error.
    let output = oodbench(folder.path()).args(["score", "-q", "--score", "energy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    // The comparison goes on without it.
    let (_, said) = run(folder.path(), &["compare"]);
    assert!(said.contains("left out on ood/far: it needs ood/far/logits.npy"), "{said}");
}

#[test]
fn a_seed_twice_and_a_copy_are_said_and_not_averaged() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path(), &[1, 1]);
    let (table, said) = run(folder.path(), &["score", "--score", "mps"]);
    assert!(said.contains("r1 and r2 are both m SoftMax, seed 1") && !table.contains('±'), "{said}{table}");
    seeds(folder.path(), &[1, 2]);
    let (table, said) = run(folder.path(), &["score", "--score", "mps"]);
    assert!(!said.contains("seed") && table.contains("m SoftMax (2 seeds)"), "{said}{table}");
    fs::copy(folder.path().join("dumps/r1/id/test/logits.npy"), folder.path().join("dumps/r2/id/test/logits.npy"))
        .unwrap();
    let (table, said) = run(folder.path(), &["score", "--score", "mps"]);
    assert!(said.contains("r1 and r2 hold the same logits") && !table.contains('±'), "{said}{table}");
}

#[test]
fn a_seed_that_lacks_a_set_stays_in_the_table() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path(), &[1, 2, 3]);
    fs::remove_dir_all(folder.path().join("dumps/r3/ood/far")).unwrap();
    let (table, _) = run(folder.path(), &["score", "-q", "--score", "mps"]);
    assert!(table.contains("m SoftMax (2 of 3 seeds)") && table.contains("m SoftMax (3 seeds)"), "{table}");
    assert!(table.contains("r3 on far: the run has no ood/far (mps)"), "{table}");
}

#[test]
fn a_note_is_said_once_with_the_runs_it_holds_for() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path(), &[1, 2, 3]);
    let (_, said) = run(folder.path(), &["score", "--score", "all"]);
    let left_out: Vec<&str> = said.lines().filter(|line| line.contains("left out")).collect();
    assert_eq!(left_out.len(), 1, "{said}");
    assert!(left_out[0].starts_with("note: r1, r2, r3: left out"), "{said}");
    let mut lines: Vec<&str> = said.lines().collect();
    let all = lines.len();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), all, "{said}");
}

#[test]
fn what_out_writes_comes_back_and_says_where_it_is_from() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path(), &[1, 2]);
    let (json, _) = run(folder.path(), &["score", "-q", "--score", "mps,energy", "--format", "json", "--out", "out"]);
    let out = folder.path().join("out");
    let expected: Vec<Record> = serde_json::from_str(&json).unwrap();
    for name in ["records.csv", "records.json", "records.parquet"] {
        assert_eq!(read(&[out.join(name)]).unwrap(), expected, "{name}");
    }
    let both = read(&[out.join("records.csv"), out.join("records.json")]).unwrap_err().to_string();
    assert!(both.contains("found a second record of r1, far, mps, lee tnr_at_tpr95, expected one"), "{both}");
    let first = &expected[0];
    assert_eq!((first.model.as_deref(), first.loss.as_deref(), first.seed), (Some("m"), Some("SoftMax"), Some(1)));
    let tables = Comparison::of_records(&expected, &lee::PROCEDURE);
    assert_eq!(tables[0].seed_blocks.len(), 3);
    let provenance: Provenance = serde_json::from_slice(&fs::read(out.join("provenance.json")).unwrap()).unwrap();
    assert_eq!(provenance.runs.len(), 2);
    let arrays = provenance.runs[0].arrays.iter().map(|array| (array.split.as_str(), array.array.as_str()));
    // The accuracy is of these labels.
    let expected_arrays = [("id/test", "logits"), ("id/test", "labels"), ("ood/far", "logits"), ("ood/near", "logits")];
    assert_eq!(BTreeSet::from_iter(arrays), BTreeSet::from(expected_arrays));
    assert!(provenance.command.unwrap().iter().any(|word| word == "mps,energy"));
    assert!(expected.iter().filter(|r| r.score == "energy").all(|r| r.parameters.as_deref() == Some("temperature=1")));
}

#[test]
fn a_name_that_a_spreadsheet_would_run_is_disarmed_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dumps/run");
    small_run(&dump);
    let name = "=HYPERLINK(\"x\"),|<b>";
    fs::write(dump.join("run.toml"), format!("name = '{name}'")).unwrap();
    run(folder.path(), &["score", "-q", "--score", "mps", "--out", "out"]);
    let text = fs::read_to_string(folder.path().join("out/records.csv")).unwrap();
    assert!(text.lines().skip(1).all(|line| line.starts_with("\"'=HYPERLINK")), "{text}");
    assert!(read(&[folder.path().join("out/records.csv")]).unwrap().iter().all(|record| record.run == name));
    let (markdown, _) = run(folder.path(), &["score", "-q", "--score", "mps", "--format", "markdown"]);
    assert!(markdown.contains("=HYPERLINK(\"x\"),\\|&lt;b&gt;"), "{markdown}");
}

/// Names of the columns and number of rows.
fn scores(folder: &Path) -> (Vec<String>, usize) {
    let metadata = read_metadata(&mut File::open(folder.join("scores.parquet")).unwrap()).unwrap();
    (infer_schema(&metadata).unwrap().iter_names().map(ToString::to_string).collect(), metadata.num_rows)
}

#[test]
fn scores_of_id_val_are_written_too() {
    let folder = tempfile::tempdir().unwrap();
    layered_run(&folder.path().join("dumps/run"));
    run(folder.path(), &["score", "-q", "--score", "mahalanobis", "--out", "out"]);
    // 35 rows of id/val, 40 of id/test, 30 and 20 of the OOD sets.
    assert_eq!(scores(&folder.path().join("out")).1, 35 + 40 + 30 + 20);
}

#[test]
fn fits_from_a_file_give_the_same_columns() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    run(folder.path(), &["fit", "dumps/run", "-q", "--out", "run.fit"]);
    run(folder.path(), &["score", "dumps/run", "-q", "--out", "plain"]);
    run(folder.path(), &["score", "dumps/run", "-q", "--fit", "run.fit", "--out", "fitted"]);
    assert_eq!(scores(&folder.path().join("fitted")), scores(&folder.path().join("plain")));
}

#[test]
fn every_command_that_prints_a_table_has_every_format() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    let latency =
        ["latency", "--classes", "3", "--batch", "4", "--features", "8", "--train-rows", "90", "--rounds", "1"];
    let commands: [&[&str]; 4] = [&["score"], &["compare"], &["list"], &latency];
    for command in commands {
        let choice: &[&str] = if command[0] == "list" { &[] } else { &["--score", "mps,energy"] };
        for format in Format::ALL {
            let arguments = [command, choice, &["-q", "--format", format.id()]].concat();
            let (stdout, _) = run(folder.path(), &arguments);
            let fits = match format {
                Format::Table => stdout.contains("energy") || stdout.contains("Energy"),
                Format::Json => serde_json::from_str::<serde_json::Value>(&stdout).is_ok(),
                Format::Csv => {
                    stdout.lines().skip(1).count() >= 2 && stdout.starts_with(|c: char| c.is_ascii_lowercase())
                }
                Format::Markdown => stdout.lines().any(|line| line.starts_with("|---")),
            };
            assert!(fits, "{arguments:?}: {stdout}");
        }
    }
}

/// OpenOOD's leaderboard comes in and goes out, and is compared like other records.
#[test]
fn tables_of_openoods_leaderboard() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let header =
        "Training,Postprocessor,Near-OOD_AUROC,Far-OOD_AUROC,ID_Accuracy,Outlier_Data,Arch,Additional_Description";
    let table = |near: &str| {
        format!(
            "{header}
CrossEntropy,SCALE,{near} ± 0.36,86.39 ± 1.86,95.06 ± 0.30,No,ResNet18,100 epochs
"
        )
    };
    std::fs::write(at.join("cifar10.csv"), table("82.55")).unwrap();
    std::fs::create_dir(at.join("new")).unwrap();
    std::fs::write(at.join("new/cifar10.csv"), table("81.55")).unwrap();
    let run = |arguments: &[&str]| {
        let output = super::common::oodbench(at).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, found, said) = run(&["diff", "cifar10.csv", "new/cifar10.csv", "--fail-if", "auroc<-0.5pp"]);
    assert!(code == Some(1) && found.contains("81.550") && !found.contains("86.390"), "{found}{said}");
    let (_, json, _) = run(&["convert", "cifar10.csv", "--to", "json"]);
    std::fs::write(at.join("records.json"), &json).unwrap();
    let (code, again, said) = run(&["convert", "records.json", "--to", "openood"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(again.contains("CrossEntropy,SCALE,82.55 ± 0.36,86.39 ± 1.86,/,/,ResNet18,"), "{again}");
    for (arguments, expected) in [
        (vec!["diff", "cifar10.csv", "bad.csv"], "bad.csv: found \"x\" in column Near-OOD_AUROC of line 2"),
        (
            vec!["convert", "records.json", "--to", "openood", "--in-distribution", "svhn"],
            "found in-distribution sets cifar10, expected svhn",
        ),
        (vec!["diff", "/dev/zero", "cifar10.csv"], "/dev/zero: found a pipe or device"),
    ] {
        std::fs::write(at.join("bad.csv"), table("82.55").replace("82.55 ± 0.36", "x")).unwrap();
        let (code, _, said) = run(&arguments);
        assert!(code == Some(2) && said.contains(expected) && said.lines().count() == 1, "{said}");
    }
}
