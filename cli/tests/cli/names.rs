//! Runs and sets may be called anything: nothing they are called acts on a terminal, a table, a page or a folder.

use std::fs;
use std::path::Path;

use super::common::{noise, oodbench, small_run, write};

/// Names of sets that a file system allows.
const NAMES: [&str; 8] = [
    "a|b",
    "<script>alert(1)<-script>",
    "=cmd()",
    "x y",
    "x_y",
    "esc\u{1b}[2J\u{9b}31m",
    "line\nbreak",
    "up..\u{202e}up",
];

fn dump(folder: &Path) {
    let run = folder.join("dumps/run");
    small_run(&run);
    for (seed, name) in NAMES.iter().enumerate() {
        write(&run.join("ood").join(name).join("logits.npy"), &noise(20, 4, 50 + seed as u32));
        write(&run.join("ood").join(name).join("features.npy"), &noise(20, 5, 70 + seed as u32));
    }
    fs::write(run.join("run.toml"), "in_distribution = \"ID|\\u001B[31m\\nset\"\n").unwrap();
}

fn said(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    (text(output.stdout), text(output.stderr))
}

fn assert_harmless(what: &str, text: &str) {
    let harm = text.chars().find(|&letter| letter != '\n' && letter.is_control() || letter == '\u{202e}');
    assert_eq!(harm, None, "{what}: {text}");
}

#[test]
fn nothing_reaches_the_terminal_raw() {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path());
    for arguments in [
        &["score", "--score", "mps"][..],
        &["score", "--score", "mps", "--format", "markdown", "-v"],
        &["compare", "--score", "mps,energy"],
        &["inspect"],
        &["plot", "--roc", "mps", "--out", "plots"],
    ] {
        let (out, err) = said(folder.path(), arguments);
        assert_harmless(&format!("{arguments:?}, standard output"), &out);
        assert_harmless(&format!("{arguments:?}, standard error"), &err);
        let is_table = arguments[0] != "plot" && !arguments.contains(&"markdown");
        assert!(!is_table || out.contains(r"esc\u{1b}"), "{out}");
    }
    // An error is one line, whatever the folder is called.
    let output = oodbench(folder.path()).args(["score", "no\n\u{1b}[2Jfolder"]).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_harmless("error", &text);
    assert_eq!((output.status.code(), text.lines().count()), (Some(2), 1), "{text}");
}

#[test]
fn every_row_of_a_markdown_table_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path());
    let (table, _) = said(folder.path(), &["score", "-q", "--score", "mps,energy", "--format", "markdown"]);
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
    let columns = |row: &&str| row.replace("\\|", "").matches('|').count();
    assert!(rows.len() > 2 * NAMES.len() && rows.iter().all(|row| columns(row) == columns(&rows[0])), "{table}");
    assert!(!table.contains("<script>"), "{table}");
}

#[test]
fn each_set_has_a_plot_of_its_own_inside_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path());
    said(folder.path(), &["plot", "--roc", "mps", "--out", "plots", "-q"]);
    let files: Vec<_> = fs::read_dir(folder.path().join("plots")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 2 * (NAMES.len() + 2), "{files:?}");
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "svg")) {
        let svg = fs::read_to_string(file).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        assert!(!document.descendants().any(|node| node.has_tag_name("script")), "{file:?}");
    }
}

#[test]
fn a_spreadsheet_finds_no_formula() {
    let folder = tempfile::tempdir().unwrap();
    dump(folder.path());
    for command in ["score", "compare"] {
        let (table, _) = said(folder.path(), &[command, "-q", "--score", "mps,energy", "--format", "csv"]);
        assert!(table.contains(",'=cmd(),") && !table.contains(",=cmd(),"), "{command}: {table}");
    }
}

/// A line break in the name of a set or of a file breaks no table.
#[cfg(unix)]
#[test]
fn inspect_has_a_line_for_each_name() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("dump");
    super::common::small_run(&place);
    std::fs::rename(place.join("ood/far"), place.join("ood/fa\nr")).unwrap();
    let (table, _) = said(folder.path(), &["inspect", "dump"]);
    assert!(table.lines().any(|line| line == r"  ood/fa\nr"), "{table}");
}
