//! Options that several commands take, and that they mean the same in each.

use std::fs;
use std::path::Path;

use crate::common::{oodbench, small_run};

/// Exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn out(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

/// Two runs in `dumps`, two in `more`.
fn four_runs() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for run in ["dumps/a", "dumps/b", "more/c", "more/d"] {
        small_run(&root.path().join(run));
    }
    root
}

#[test]
fn several_folders_are_read_in_their_order_and_each_run_once() {
    let root = four_runs();
    for command in ["score", "compare"] {
        let text =
            out(root.path(), &[command, "more/d", "dumps", "dumps/../dumps/a", "--score", "mds", "--format", "csv"]);
        let mut runs: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        let mut seen = Vec::new();
        runs.retain(|run| {
            !seen.contains(run) && {
                seen.push(*run);
                true
            }
        });
        assert_eq!(runs, ["d", "a", "b"], "{command}");
    }
    let text = out(root.path(), &["inspect", "more/d", "dumps", "dumps/../dumps/a"]);
    let first_lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert_eq!(first_lines, ["d (more/d)", "a (dumps/a)", "b (dumps/b)"]);
    let (_, _, said) = run(root.path(), &["plot", "more", "dumps/a", "--hist", "mds", "--out", "plots"]);
    assert_eq!(said.matches("wrote plots/hist-").count(), 6, "{said}");
}

#[test]
fn a_fit_and_a_file_of_parameters_mean_the_same_to_every_command() {
    let root = four_runs();
    let at = root.path();
    fs::write(at.join("scores.toml"), "[knn]\nk = 3\n").unwrap();
    out(at, &["fit", "dumps/a", "--score", "knn,mahalanobis", "--config", "scores.toml", "--out", "a.fit"]);
    let json = ["dumps/a", "--score", "mahalanobis,knn", "--format", "json"];
    for command in ["score", "compare"] {
        let now = out(at, &[&[command], &json[..], &["--config", "scores.toml"]].concat());
        assert_eq!(now, out(at, &[&[command], &json[..], &["--fit", "a.fit"]].concat()), "{command}");
        assert_eq!(now, out(at, &[&[command], &json[..], &["--set", "knn.k=3"]].concat()), "{command}");
        assert_ne!(now, out(at, &[&[command], &json[..], &["--set", "knn.k=9"]].concat()), "{command}");
    }
    // The order of the file of fits is not that of the curves.
    let plot = |folder: &str, more: &[&str]| {
        out(at, &[&["plot", "dumps/a", "--roc", "mahalanobis,knn", "--out", folder, "-q"], more].concat());
        fs::read_to_string(at.join(folder).join("roc-a-near.svg")).unwrap()
    };
    let now = plot("now", &["--config", "scores.toml"]);
    assert_eq!(now, plot("fitted", &["--fit", "a.fit"]));
    assert_ne!(now, plot("other", &["--set", "knn.k=9"]));
    for command in ["score", "compare", "plot"] {
        let (code, _, said) = run(at, &[command, "dumps/a", "--fit", "a.fit", "--set", "knn.k=3"]);
        assert_eq!((code, said.contains("cannot be used with")), (Some(2), true), "{command}: {said}");
    }
}

#[test]
fn names_may_have_spaces_around_them() {
    let root = four_runs();
    let at = root.path();
    let plain = out(at, &["score", "dumps/a", "--score", "energy,mps", "--procedure", "lee,openood"]);
    assert_eq!(plain, out(at, &["score", "dumps/a", "--score", " energy, mps ", "--procedure", "lee , openood"]));
    out(at, &["compare", "dumps/a", "--score", "energy, mps"]);
    out(at, &["plot", "dumps/a", "--roc", "mds, es", "-q"]);
    let (code, _, said) = run(at, &["score", "dumps/a", "--score", "mps,"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("expected a name between the commas"), "{said}");
}

#[test]
fn only_near_names_are_suggested() {
    let root = four_runs();
    for (name, said) in
        [("enrgy", "did you mean energy?"), ("softmax", "`oodbench list` shows all"), ("xy", "`oodbench list`")]
    {
        let (code, _, stderr) = run(root.path(), &["score", "dumps/a", "--score", name]);
        assert_eq!(code, Some(2));
        assert!(stderr.contains(said), "{stderr}");
    }
}

#[test]
fn a_plot_says_what_a_table_of_the_same_scores_says() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("dumps/a"));
    fs::write(root.path().join("dumps/a/run.toml"), "loss = \"softmax\"").unwrap();
    let remarks = |said: &str| -> Vec<String> {
        said.lines().filter(|line| line.starts_with("warning") || line.starts_with("note")).map(str::to_owned).collect()
    };
    for scores in ["mds", "mps", "mahalanobis"] {
        let (_, _, table) = run(root.path(), &["score", "dumps/a", "--score", scores]);
        let (_, _, plot) = run(root.path(), &["plot", "dumps/a", "--hist", scores]);
        assert_eq!(remarks(&table), remarks(&plot), "{scores}");
        assert!(scores != "mds" || !remarks(&plot).is_empty(), "{plot}");
    }
}

#[test]
fn the_examples_of_the_repository_are_read_in_a_clone_only() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("fixtures/dumps/example"));
    let (code, _, said) = run(root.path(), &["score", "--score", "mps"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("found no folder dumps/ here") && said.contains("`oodbench explain layout`"), "{said}");
    assert_eq!(said.contains("`oodbench demo`"), cfg!(feature = "train"), "{said}");
    fs::write(root.path().join("Cargo.toml"), "[package]\nname = \"another\"\n").unwrap();
    assert_eq!(run(root.path(), &["score", "--score", "mps"]).0, Some(2));
    fs::write(root.path().join("Cargo.toml"), "[package]\nname = \"oodbench\"\n").unwrap();
    let (code, _, said) = run(root.path(), &["score", "--score", "mps"]);
    assert_eq!((code, said.starts_with("reading fixtures/dumps/\n")), (Some(0), true), "{said}");
}

#[test]
fn a_misspelt_key_of_run_toml_stops_every_command() {
    let root = tempfile::tempdir().unwrap();
    small_run(&root.path().join("a"));
    fs::write(root.path().join("a/run.toml"), "in-distribution = \"digits\"\n").unwrap();
    for arguments in [&["score", "a"][..], &["inspect", "a"], &["plot", "a", "--roc"], &["fit", "a", "--out", "x.fit"]]
    {
        let (code, _, said) = run(root.path(), arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        let expected =
            "error: a/run.toml: found the key \"in-distribution\", expected in_distribution; correct the key";
        assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn shells_complete_names_from_the_lists() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("dumps")).unwrap();
    let complete = |words: &[&str]| -> Vec<String> {
        let output = oodbench(root.path())
            .env("OODBENCH_COMPLETE", "bash")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
            .args(["--", "oodbench"])
            .args(words)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(complete(&["score", "--score", "energ"]), ["energy"]);
    assert_eq!(complete(&["compare", "--score", "mds,maha"]).first().unwrap(), "mds,mahalanobis");
    assert_eq!(complete(&["score", "--procedure", "lee,id_"]), ["lee,id_positive"]);
    assert_eq!(complete(&["fit", "--set", "knn.k"]), ["knn.k="]);
    assert_eq!(complete(&["plot", "--hist", "relative"]), ["relative_mahalanobis", "relative_mahalanobis_pp"]);
    assert_eq!(complete(&["explain", "layo"]), ["layout"]);
    assert_eq!(complete(&["inspect", "du"]), ["dumps/"]);
    #[cfg(feature = "train")]
    {
        assert_eq!(complete(&["train", "--ood", "embedded:kmnist,unif"]), ["embedded:kmnist,uniform-noise"]);
        assert!(complete(&["extract", "--data", "cifar"]).contains(&"cifar10:".to_owned()));
    }
    let script = out(root.path(), &["completions", "bash"]);
    assert!(script.contains("OODBENCH_COMPLETE=\"bash\""), "{script}");
}
