//! Terminals of any width: tables fold, words and commands stay whole.

use std::path::Path;

use super::common::{fixture, oodbench, small_run};

fn at_width(folder: &Path, width: &str, arguments: &[&str]) -> String {
    let output = oodbench(folder).env("COLUMNS", width).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()).collect();
    words.sort();
    words.dedup();
    words
}

/// Every word of the widest table is in the narrower ones, and lines fit where words do.
#[test]
fn tables_fold_and_lose_no_word() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = fixture("dumps");
    let run = dumps.join("smallcnn-cifar10-isomax-plus-seed1");
    let (dumps, run) = (dumps.to_str().unwrap(), run.to_str().unwrap());
    for arguments in [
        &["score", dumps, "-q", "--score", "mds,es"][..],
        &["score", run, "-q", "--score", "mds,mahalanobis_pp", "--bootstrap", "50"],
        &["compare", dumps, "-q", "--score", "mds,es,mps"],
        &["list"],
    ] {
        let wide = at_width(folder.path(), "1000", arguments);
        for width in [10, 40, 80, 100, 120] {
            let narrow = at_width(folder.path(), &width.to_string(), arguments);
            let found = words(&narrow);
            let lost: Vec<String> = words(&wide).into_iter().filter(|word| !found.contains(word)).collect();
            // A row on lines of its own says what it is of without the headings of its keys.
            let lost: Vec<&String> =
                lost.iter().filter(|word| !["id", "run", "score"].contains(&word.as_str())).collect();
            assert!(lost.is_empty(), "{width}: {lost:?}\n{narrow}");
            let table =
                |text: &str| text.lines().filter(|line| line.starts_with(' ')).map(str::to_owned).collect::<Vec<_>>();
            let longest = table(&narrow).iter().map(|line| line.chars().count()).max().unwrap();
            assert!(width < 80 || longest <= width, "{arguments:?}, {width}: {longest}\n{narrow}");
        }
    }
}

#[test]
fn no_columns_are_an_unknown_width() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    for arguments in [&["score", "-q", "--score", "mps"][..], &["list"], &["score", "--help"]] {
        assert_eq!(at_width(folder.path(), "0", arguments), {
            let output = oodbench(folder.path()).env_remove("COLUMNS").args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        });
    }
}

/// What is copied from the screen is the whole command, on one line.
#[test]
fn no_example_is_wrapped_inside_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let commands: Vec<String> = at_width(folder.path(), "100", &["--help"])
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    assert!(commands.len() >= 9, "{commands:?}");
    for command in std::iter::once(None).chain(commands.iter().map(Some)) {
        let arguments: Vec<&str> = command.map(String::as_str).into_iter().chain(["--help"]).collect();
        let typed = |width: &str| -> Vec<String> {
            let help = at_width(folder.path(), width, &arguments);
            assert!(!help.contains('\u{a0}'), "{arguments:?}");
            let lines = help.lines().filter(|line| line.starts_with("  oodbench "));
            lines.map(|line| line.trim().split("  ").next().unwrap_or_default().to_owned()).collect()
        };
        let whole = typed("100");
        for width in ["1", "40", "60", "80"] {
            assert_eq!(typed(width), whole, "{arguments:?} at {width} columns");
        }
    }
}

#[test]
fn equal_rows_have_no_star() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/a"));
    small_run(&folder.path().join("dumps/b"));
    let table = at_width(folder.path(), "200", &["score", "-q", "--score", "mps"]);
    assert!(!table.contains('*'), "{table}");
}
