//! The trainer's commands as a user meets them, on images inside the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::common::oodbench;
use serde_json::Value;

/// A training of seconds: 200 images of each set.
const TINY: [&str; 9] =
    ["train", "--data", "embedded", "--ood", "embedded:kmnist,uniform-noise", "--images", "200", "--device", "cpu"];

fn run(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {err}");
    (out, err)
}

/// The one line of a refusal.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    error
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&TINY[..], more].concat()
}

fn files(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn same(folder: &Path, file: &str, other: &str) -> bool {
    fs::read(folder.join(file)).unwrap() == fs::read(folder.join(other)).unwrap()
}

#[test]
fn a_trained_network_is_scored_and_extracted_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (out, err) = run(
        here,
        &with(&["--epochs", "1", "--out", "dumps/a", "--val", "50", "--val-ood", "uniform-noise", "--layers", "all"]),
    );
    assert!(err.contains("1 epoch of 3 steps"), "{err}");
    assert!(out.is_empty() && err.contains("validation accuracy") && err.contains("images/s"), "{err}");
    let expected =
        ["accuracy.png", "checkpoint.safetensors", "history.csv", "loss.png", "recipe.toml", "weights.safetensors"];
    assert_eq!(files(&here.join("runs/a")), expected.map(str::to_owned).into());
    assert_eq!(files(&here.join("dumps/a/id")), ["test", "train", "val"].map(str::to_owned).into());

    let (json, _) = run(here, &["score", "dumps/a", "--score", "mds", "--format", "json"]);
    let records: Value = serde_json::from_str(&json).unwrap();
    let of_sets = records.as_array().unwrap().iter().filter(|record| record["mean_over"].is_null());
    let sets: BTreeSet<&str> = of_sets.map(|record| record["ood"].as_str().unwrap()).collect();
    assert_eq!(sets, BTreeSet::from(["kmnist", "uniform-noise"]));

    let (_, err) = run(here, &["score", "dumps/a", "--score", "mahalanobis_layers"]);
    assert!(err.contains("fitted on id/val and val_ood/uniform-noise") && err.contains("features@stage1"), "{err}");
    assert!(!same(here, "dumps/a/val_ood/uniform-noise/features.npy", "dumps/a/ood/uniform-noise/features.npy"));

    let error = refused(here, &with(&["--out", "dumps/a"]));
    assert!(error.contains("--resume") && error.contains("--replace"), "{error}");
    assert!(
        refused(here, &with(&["--epochs", "1", "--out", "dumps/a", "--resume", "--seed", "2"]))
            .contains("another recipe")
    );

    let weights = "runs/a/weights.safetensors";
    run(
        here,
        &[
            "extract",
            "--weights",
            weights,
            "--data",
            "embedded",
            "--images",
            "200",
            "--layers",
            "all",
            "--out",
            "dumps/b",
        ],
    );
    assert!(same(here, "dumps/a/id/test/logits.npy", "dumps/b/id/test/logits.npy"));
    assert!(files(&here.join("dumps/b/id/test")).contains("features@stage1.npy"));
    let error = refused(
        here,
        &["extract", "--weights", weights, "--model", "resnet-18", "--data", "embedded", "--out", "dumps/c"],
    );
    assert!(error.contains("small-cnn trained with isomax-plus"), "{error}");
}

/// The recipe has the schedule that was asked for: its shape outlives --epochs, and --lr is its peak.
#[test]
fn a_preset_is_in_the_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    run(here, &with(&["--preset", "one-cycle-15", "--epochs", "1", "--lr", "0.05", "-q", "--out", "dumps/a"]));
    let recipe = fs::read_to_string(here.join("runs/a/recipe.toml")).unwrap();
    assert!(recipe.contains("[schedule]\nepochs = 1\nrate = 0.05\n\n[schedule.one_cycle]\nrise = 0.3\n"), "{recipe}");
    let history = fs::read_to_string(here.join("runs/a/history.csv")).unwrap();
    let rate: f64 = history.lines().nth(1).unwrap().split(',').nth(1).unwrap().parse().unwrap();
    assert!((rate - 0.05 / 25.0 / 1e4).abs() < 1e-15, "{history}");

    let output = oodbench(here).args(with(&["--preset", "one-cycle", "--out", "dumps/b"])).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("expected paper, or paper-N, one-cycle-N or cosine-N with N epochs"), "{error}");
}

/// Gram matrices of all layers or of some, whose size is told before the training.
#[test]
fn gram_matrices_are_dumped_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (_, err) =
        run(here, &with(&["--epochs", "1", "--loss", "softmax", "--val", "50", "--gram", "all", "--out", "dumps/a"]));
    // 800 images of 10 · (32 + 64 + 128) numbers of 4 bytes.
    assert!(err.contains("Gram matrices of the dump: up to 7.17 MB on disk"), "{err}");
    assert!(err.find("Gram").unwrap() < err.find("epoch").unwrap(), "{err}");
    let of_gram = |folder: &str| -> BTreeSet<String> {
        files(&here.join(folder)).into_iter().filter(|name| name.starts_with("gram")).collect()
    };
    let all = ["gram@stage1.npy", "gram@stage2.npy", "gram@stage3.npy"].map(str::to_owned);
    for split in ["id/train", "id/val", "id/test", "ood/kmnist", "ood/uniform-noise"] {
        assert_eq!(of_gram(&format!("dumps/a/{split}")), all.clone().into(), "{split}");
    }
    let (json, _) = run(here, &["score", "dumps/a", "--score", "gram", "--format", "json"]);
    let records: Value = serde_json::from_str(&json).unwrap();
    assert!(records.as_array().unwrap().iter().all(|record| record["score"] == "gram"), "{json}");
    let extract = ["extract", "--weights", "runs/a/weights.safetensors", "--data", "embedded", "--images", "200"];
    run(here, &[&extract[..], &["--split", "val,train,test", "--gram", "stage3", "--out", "dumps/b"]].concat());
    assert_eq!(of_gram("dumps/b/id/val"), BTreeSet::from([all[2].clone()]));
    assert!(same(here, "dumps/a/id/test/gram@stage3.npy", "dumps/b/id/test/gram@stage3.npy"));
    let error = refused(here, &[&extract[..], &["--gram", "stage9", "--out", "dumps/c"]].concat());
    assert!(error.contains("stage9") && error.contains("stage1, stage2, stage3"), "{error}");
}

/// An extraction of moved images, with held-out ones and others to choose on.
fn moved<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let own = ["extract", "--weights", "runs/a/weights.safetensors", "--data", "embedded", "--images", "200"];
    [&own[..], &["--ood", "embedded:kmnist", "--val-ood", "uniform-noise", "--split", "val,test"], more].concat()
}

/// ODIN: T and ε of the grid chosen on id/val alone, or with a set of val_ood.
#[test]
fn moved_images_are_dumped_and_scored() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let tiny = with(&["--epochs", "2", "--val", "60", "--loss", "generalized-odin"]);
    run(here, &[&tiny[..], &["--out", "dumps/a", "--perturb", "godin", "--val-ood", "uniform-noise"]].concat());
    assert!(files(&here.join("dumps/a/id/test")).iter().any(|file| file.starts_with("scores@godin_")));
    let odin = ["--perturb", "odin", "--epsilon", "0,0.002,0.01", "--temperature", "1,1000", "--out", "dumps/b"];
    run(here, &moved(&odin));
    assert!(same(here, "dumps/a/id/val/logits.npy", "dumps/b/id/val/logits.npy"));
    let score =
        |set: &[&str]| run(here, &[&["score", "dumps/b", "--score", "odin,odin_t", "--format", "json"], set].concat());
    let (json, err) = score(&[]);
    assert!(err.contains("T = 1000, the largest in the dump") && err.contains("id/val; no OOD row"), "{err}");
    let auroc = |json: &str, score: &str| {
        let records: Value = serde_json::from_str(json).unwrap();
        let own = |r: &&Value| {
            r["score"] == score && r["procedure"] == "lee" && r["metric"] == "auroc" && r["mean_over"].is_null()
        };
        records.as_array().unwrap().iter().find(own).unwrap()["value"].as_f64().unwrap()
    };
    assert!((0.0..=1.0).contains(&auroc(&json, "odin")));
    let (_, err) = score(&["--set", "odin.fit_on=uniform-noise"]);
    assert!(err.contains("rows of val_ood/uniform-noise are taken for in-distribution"), "{err}");
    // Without a step it is the score of plain logits.
    let (json, _) = score(&["--set", "odin.t=1000", "--set", "odin.epsilon=0"]);
    assert_eq!(auroc(&json, "odin"), auroc(&json, "odin_t"));

    let error = refused(here, &moved(&["--perturb", "mahalanobis", "--out", "dumps/c"]));
    assert!(error.contains("missing id/train"), "{error}");
    only_held_out_images_are_dumped_as_val(here);
}

/// Of other images none were held out.
fn only_held_out_images_are_dumped_as_val(here: &Path) {
    let weights = ["extract", "--weights", "runs/a/weights.safetensors", "--split", "val", "--out", "dumps/c"];
    let error = |more: &[&str]| refused(here, &[&weights[..], more].concat());
    let same = "; give the same --data and --images\n";
    assert_eq!(
        error(&["--data", "embedded", "--images", "100"]),
        format!("error: --split val: found 100 images, expected the 200 of the training{same}")
    );
    assert!(!here.join("dumps/c").exists());
}

/// Every step and temperature is an array of its own; what cannot be written after the training is refused before it.
#[test]
fn steps_and_temperatures_are_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        |more: &[&str]| refused(folder.path(), &with(&[&["--perturb", "odin", "--out", "dumps/a"], more].concat()));
    for (option, value, found) in
        [("--epsilon", "0.01,0.010", "0.01"), ("--epsilon", "0,-0", "0"), ("--temperature", "10,1000,10.0", "10")]
    {
        let expected = format!("error: {option}: found {found} twice, expected every value once\n");
        assert_eq!(error(&[&format!("{option}={value}")]), expected);
    }
}

/// MC-dropout, and an ensemble of two runs that a run.toml names.
#[test]
fn members_of_dropout_and_of_runs_are_scored() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let dropout = ["--dropout", "0.2", "--mc-samples", "4", "--epochs", "2", "--model", "strided-cnn"];
    for (seed, name) in [("1", "dumps/a"), ("2", "dumps/b")] {
        run(here, &with(&[&dropout[..], &["--seed", seed, "--out", name]].concat()));
    }
    fs::create_dir(here.join("dumps/both")).unwrap();
    fs::write(here.join("dumps/both/run.toml"), "members = [\"../a\", \"../b\"]\n").unwrap();
    let scores = "ensemble_mps,ensemble_energy,predictive_entropy,expected_entropy,mutual_information,variation_ratio";
    let (json, err) = run(here, &["score", "dumps", "--score", scores, "--format", "json"]);
    let records: Value = serde_json::from_str(&json).unwrap();
    let of = |run: &str, score: &str| {
        let own = |record: &&Value| {
            record["run"] == run
                && record["score"] == score
                && record["ood"] == "uniform-noise"
                && record["procedure"] == "lee"
                && record["metric"] == "auroc"
        };
        records.as_array().unwrap().iter().find(own).unwrap_or_else(|| panic!("{run} {score}: {err}"))["value"].clone()
    };
    for score in scores.split(',') {
        let found = ["a", "b", "both"].map(|run| of(run, score).as_f64().unwrap());
        assert!(found.iter().all(|auroc| (0.0..=1.0).contains(auroc)), "{score}: {found:?}");
        assert!(found[0] != found[1] && found[2] != found[0], "{score}: {found:?}");
    }
    // The mean logit is what scores of logits see of an ensemble.
    let (json, _) = run(here, &["score", "dumps/both", "--score", "energy,ensemble_energy", "--format", "json"]);
    let records: Value = serde_json::from_str(&json).unwrap();
    let values = |score: &str| {
        let own = records.as_array().unwrap().iter().filter(|record| record["score"] == score);
        own.map(|record| record["value"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(values("energy"), values("ensemble_energy"));
    let error = refused(here, &with(&["--mc-samples", "4", "--epochs", "1", "--out", "dumps/c"]));
    assert!(error.contains("found a network without dropout"), "{error}");
    let error = refused(here, &with(&["--dropout", "1", "--epochs", "1", "--out", "dumps/c"]));
    assert!(error.contains("network.dropout: found 1, expected 0 or more and below 1"), "{error}");
}

#[test]
fn a_run_that_was_ended_before_its_dump_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let arguments = with(&["--epochs", "2", "--out", "dumps/whole"]);
    run(here, &arguments);
    let logits = "dumps/whole/id/test/logits.npy";
    let before = fs::read(here.join(logits)).unwrap();
    // As if it had been ended during the extraction: everything is trained, nothing dumped.
    fs::remove_dir_all(here.join("dumps/whole")).unwrap();
    let (_, err) = run(here, &[&arguments[..], &["--resume"]].concat());
    assert!(err.contains("from epoch 3 on"), "{err}");
    assert_eq!(fs::read(here.join(logits)).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_epochs_and_says_how_to_go_on() {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["train", "--data", "embedded", "--images", "200", "--epochs", "500", "--out", "dumps/a"];
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oodbench"));
    command.current_dir(folder.path()).args(arguments).env("RAYON_NUM_THREADS", "1").stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("epoch 1/500") {
        line.clear();
        assert!(err.read_line(&mut line).unwrap() > 0, "it ended");
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.contains("of 500 epochs") && rest.contains("kept; the same command with --resume goes on"), "{rest}");
    assert!(folder.path().join("runs/a/checkpoint.safetensors").exists());
    assert!(!folder.path().join("dumps/a").exists());
}

/// Extraction has nothing to save: it ends soon, whatever it is doing, and leaves nothing. Ten seconds are for machines that do much else.
#[cfg(unix)]
#[test]
fn a_signal_ends_an_extraction_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    run(here, &with(&["--epochs", "1", "-q", "--out", "dumps/a"]));
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oodbench"));
        let arguments =
            ["extract", "--weights", "runs/a/weights.safetensors", "--data", "embedded", "--out", "new/folder/b"];
        command.current_dir(here).args(arguments).env("RAYON_NUM_THREADS", "1").stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let start = Instant::now();
        while !here.join("new/folder").exists() {
            assert!(start.elapsed() < Duration::from_secs(60), "it never began");
            std::thread::sleep(Duration::from_millis(10));
        }
        let killed = Instant::now();
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(killed.elapsed() < Duration::from_secs(10), "{signal}: {:?}", killed.elapsed());
        assert_eq!(output.status.code(), Some(130), "{signal}: {err}");
        assert!(err.contains("stopped; what was not finished is removed"), "{signal}: {err}");
        assert!(!here.join("new").exists(), "{signal}");
    }
}

/// A batch of 5,000 images takes more than the memory there is.
#[cfg(target_os = "linux")]
#[test]
fn no_memory_left_is_one_line() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let program = assert_cmd::cargo::cargo_bin!("oodbench");
    let train =
        "train --data embedded --model resnet-18 --images 5000 --batch 5000 --epochs 1 --quiet --device cpu --out d";
    let limited = format!("ulimit -v 2500000; exec {} {train}", program.display());
    let output = Command::new("sh").args(["-c", &limited]).current_dir(folder.path()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.starts_with("error: found no memory for") && error.lines().count() == 1, "{error}");
}

#[test]
fn what_cannot_be_trained_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (data, expected) in [
        ("nothing-here", "neither a known name nor a path"),
        ("embedded:mnist", "no training split"),
        ("cifar10:nowhere", "get CIFAR-10 from"),
    ] {
        let error = refused(here, &["train", "--data", data, "--out", "dumps/a"]);
        assert!(error.contains(expected), "{error}");
    }
    let error = refused(here, &with(&["--val-ood", "embedded:kmnist", "--out", "dumps/a"]));
    assert!(
        error.contains("--val-ood embedded:kmnist: found ") && error.contains(" of ood/kmnist, which is measured"),
        "{error}"
    );
    let error = refused(here, &with(&["--layers", "stage1,stag2", "--out", "dumps/a"]));
    assert!(error.contains("found layer \"stag2\", expected one of stage1, stage2"), "{error}");
    let output =
        oodbench(here).args(with(&["--loss", "isomax(entropic_scale=0)", "--out", "dumps/a"])).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("entropic_scale") && error.contains("expected a number above 0"), "{error}");
    let error = refused(here, &with(&["--epochs", "1", "--lr", "1e30", "-q", "--out", "dumps/a"]));
    assert!(error.contains("training diverged"), "{error}");
    assert!(!here.join("dumps/a").exists());
    let error = refused(here, &["train", "--data", "embedded", "--device", "cpu", "--tf32", "--out", "dumps/a"]);
    assert!(error.contains("--tf32: found device cpu"), "{error}");
    if !cfg!(feature = "cuda") {
        assert!(
            refused(here, &["train", "--data", "embedded", "--device", "cuda:0", "--out", "dumps/a"])
                .contains("--features")
        );
    }
}

#[test]
fn data_lists_and_checks() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (list, _) = run(here, &["data"]);
    for name in ["cifar10", "svhn", "fashion-mnist", "embedded:kmnist", "gaussian-noise", "www.cs.toronto.edu"] {
        assert!(list.contains(name), "{list}");
    }
    fs::write(here.join("train_32x32.mat"), b"not it").unwrap();
    let output = oodbench(here).args(["data", "svhn", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("wrong: md5 sum") && lines.contains("test_32x32.mat: missing"), "{lines}");
    assert!(refused(here, &["data", "svnh", "."]).contains("expected one of cifar10"));
}

/// Names of folders on Linux are bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_demo_goes_into_a_folder_whose_name_is_not_utf_8() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let out = std::ffi::OsStr::from_bytes(b"a\xff");
    let arguments = ["demo", "--images", "60", "--epochs", "1", "--quiet", "--device", "cpu", "--out"];
    let output = oodbench(folder.path()).args(arguments).arg(out).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let table = fs::read_to_string(folder.path().join(out).join("reports/demo/table.md")).unwrap();
    assert!(table.contains("--device cpu --out a\u{fffd}`"), "{table}");
}

#[test]
fn the_demo_leaves_a_page_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (out, err) = run(here, &["demo", "--images", "150", "--epochs", "1", "--seeds", "1,2", "--device", "cpu"]);
    assert!(out.contains("mean ± standard deviation over seeds"), "{out}");
    // What does not hold of the paper is said before any value, and no pair of loss and score is left out.
    let statements = out.find("statements of the paper").unwrap();
    let table = out.find("Every loss with every score").unwrap();
    assert!(statements < table, "{out}");
    let verdicts: Vec<&str> = out[statements..table].lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(verdicts.len(), 10, "{out}");
    let order =
        |line: &&str| ["does not hold here", "in part", "holds here;"].iter().position(|v| line.contains(v)).unwrap();
    assert!(verdicts.iter().map(order).is_sorted(), "{out}");
    assert!(err.contains("wrote reports/demo/index.html"), "{err}");
    let losses = ["softmax", "isomax", "isomax-plus"];
    let runs = losses.iter().flat_map(|loss| [1, 2].map(|seed| format!("demo-{loss}-seed{seed}")));
    assert_eq!(files(&here.join("dumps")), runs.clone().collect());
    let mut expected: BTreeSet<String> = runs.map(|run| format!("history-{run}.csv")).collect();
    expected.extend(["index.html", "table.md", "fig1.png"].map(str::to_owned));
    assert_eq!(files(&here.join("reports/demo")), expected);

    let page = fs::read_to_string(here.join("reports/demo/index.html")).unwrap();
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let count = |tag: &str| document.descendants().filter(|node| node.tag_name().name() == tag).count();
    assert_eq!((count("svg"), count("h1"), count("title")), (2, 1, 1));
    assert!(count("table") >= 4, "{}", count("table"));
    for tag in ["script", "link", "img", "iframe", "object", "use", "image"] {
        assert_eq!(count(tag), 0, "{tag}");
    }
    let fetched =
        document.descendants().flat_map(|node| node.attributes()).find(|a| ["src", "href"].contains(&a.name()));
    assert!(fetched.is_none() && !page.contains("url(") && !page.contains("@import"), "{fetched:?}");
    assert!(page.contains("oodbench demo --images 150 --epochs 1 --seeds 1,2 --device cpu"));
    // Every run that the page shows is one that `score` finds in the dumps.
    let table = fs::read_to_string(here.join("reports/demo/table.md")).unwrap();
    let rows = |run: &str, score: &str| {
        let row = format!("| {run} | {score} |");
        table.lines().filter(|line| line.contains(&row)).count()
    };
    for (loss, score) in losses.iter().flat_map(|loss| ["mps", "es", "mds"].map(|score| (loss, score))) {
        // Four OOD sets and their mean.
        assert_eq!(rows(&format!("demo-{loss}-seed1"), score), 5, "{loss} {score}");
    }
    let (json, _) = run(here, &["score", "dumps", "--score", "mds", "--procedure", "lee", "--format", "json"]);
    let records: Value = serde_json::from_str(&json).unwrap();
    let of_sets = records.as_array().unwrap().iter().filter(|record| record["mean_over"].is_null());
    assert_eq!(of_sets.count(), 6 * 4 * 5);
}

/// Vectors of a file and sequences of tokens become dumps that scores read, by the network that is usual for them.
#[test]
fn vectors_and_tokens_are_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let write = |path: &str, rows: usize, is_far: bool| {
        let place = here.join(path);
        fs::create_dir_all(&place).unwrap();
        let class = |row: usize| row % 2;
        let value = |(row, column): (usize, usize)| {
            let far = if is_far { 5.0 } else { 0.0 };
            far + if column % 2 == class(row) { 1.0 } else { 0.0 } + (row * 5 + column * 3 % 7) as f32 * 1e-3
        };
        ndarray_npy::write_npy(place.join("features.npy"), &ndarray::Array2::from_shape_fn((rows, 6), value)).unwrap();
        let labels: ndarray::Array1<i64> = (0..rows).map(|row| class(row) as i64).collect();
        ndarray_npy::write_npy(place.join("labels.npy"), &labels).unwrap();
        let tokens = place.with_file_name(format!("{}-tokens", place.file_name().unwrap().to_string_lossy()));
        fs::create_dir_all(&tokens).unwrap();
        let token = |(row, column): (usize, usize)| match column {
            7 => 0u16,
            column if column == row % 5 => 1 + class(row) as u16,
            column => 3 + ((row + column) % if is_far { 2 } else { 5 }) as u16,
        };
        ndarray_npy::write_npy(tokens.join("any.npy"), &ndarray::Array2::from_shape_fn((rows, 8), token)).unwrap();
        ndarray_npy::write_npy(tokens.join("labels.npy"), &labels).unwrap();
    };
    write("id/train", 200, false);
    write("id/test", 60, false);
    write("far", 40, true);
    for split in ["train", "test"] {
        fs::create_dir_all(here.join("text")).unwrap();
        fs::rename(here.join(format!("id/{split}-tokens")), here.join(format!("text/{split}"))).unwrap();
    }
    for (data, ood, name) in [("npy:id", "npy:far", "vectors"), ("npy:text", "npy:far-tokens", "tokens")] {
        let out = format!("dumps/{name}");
        let arguments =
            ["train", "--data", data, "--ood", ood, "--epochs", "8", "--batch", "20", "--val", "40", "--out", &out];
        run(here, &arguments);
        run(here, &["score", &out, "--score", "mds,mahalanobis", "--format", "json", "-q"]);
        let refused = |more: &[&str]| refused(here, &[&arguments[..], &["--replace"], more].concat());
        let kind = if name == "vectors" { "vectors of 6 values" } else { "sequences of 8 tokens" };
        let cnn = refused(&["--model", "resnet-20"]);
        assert!(cnn.contains(&format!("found {kind} and 2 classes, expected ")), "{cnn}");
        let flips = refused(&["--augmentation", "flip"]);
        assert!(flips.contains("--augmentation: found crops or flips of "), "{flips}");
        let attacked = refused(&["--val-ood", "fgsm"]);
        assert!(attacked.contains("expected images, whose pixels fgsm changes"), "{attacked}");
        let noise = refused(&["--ood", "gaussian-noise"]);
        assert!(noise.contains("found noise images, expected"), "{noise}");
        if name == "tokens" {
            let moved = refused(&["--perturb", "odin"]);
            assert!(moved.contains("found sequences of tokens, expected images or vectors"), "{moved}");
        }
    }
}
