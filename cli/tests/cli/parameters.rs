//! Parameters of scores on the command line and in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

fn score(arguments: &[&str]) -> Output {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/dumps/smallcnn-cifar10-softmax-seed1");
    let mut command = Command::cargo_bin("oodbench").unwrap();
    command.arg("score").arg(run).args(["--score", "energy", "--format", "json", "--quiet"]).args(arguments);
    command.output().unwrap()
}

fn records(arguments: &[&str]) -> String {
    let output = score(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line that a refused call says; nothing else may have been printed.
fn refusal(arguments: &[&str]) -> String {
    let output = score(arguments);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.trim_end().to_owned()
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scores.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn a_file_sets_what_the_command_line_sets_and_is_overruled_by_it() {
    let (_folder, path) = file("[ebo]\ntemperature = 2\n[vra]\nlow = 0.5\n");
    let config = path.to_str().unwrap();
    let (plain, set) = (records(&[]), records(&["--set", "energy.temperature=2"]));
    assert_ne!(plain, set);
    assert_eq!(records(&["--config", config]), set);
    assert_eq!(records(&["--config", config, "--set", "energy.temperature=1"]), plain);
}

#[test]
fn mistakes_in_the_file_are_refused_with_its_name() {
    let (_folder, path) = file("[vra]\nlwo = 0.5\n");
    let config = path.to_str().unwrap();
    let expected = format!("error: {config}: vra.lwo: unknown parameter; did you mean vra.low?");
    assert_eq!(refusal(&["--config", config]), expected);
}

#[test]
fn mistakes_on_the_command_line_are_refused_even_of_scores_that_do_not_run() {
    let name = refusal(&["--set", "vim.dmi=3"]);
    assert_eq!(name, "error: vim.dmi: unknown parameter; did you mean vim.dim?");
    let value = refusal(&["--set", "react.percentile=90"]);
    assert_eq!(value, "error: react.percentile=90: found \"90\", expected a number from 0 to 1");
    assert_eq!(refusal(&["--set", "raect.percentile=0.9"]), "error: unknown score \"raect\"; did you mean react?");
    assert!(refusal(&["--set", "react"]).contains("expected SCORE.NAME=VALUE"));
}
