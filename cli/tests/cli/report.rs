//! `oodbench report`: from dumps and from records, to a page, LaTeX and Markdown.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::common::{noise, oodbench, small_run, write, write_labels};

/// What was printed and said.
fn run(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = oodbench(folder).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

/// Three seeds of one model and loss.
fn seeds(folder: &Path) {
    for seed in 1..=3_u32 {
        let run = folder.join(format!("dumps/r{seed}"));
        small_run(&run);
        write(&run.join("id/test/logits.npy"), &(noise(40, 4, 90 + seed) * 2.0));
        write_labels(&run.join("id/test/labels.npy"), &(0..40).map(|row| row % 4).collect::<Vec<i64>>());
        fs::write(run.join("run.toml"), format!("model = \"m\"\nloss = \"softmax\"\nseed = {seed}")).unwrap();
    }
}

const FILES: [&str; 3] = ["index.html", "tables.md", "tables.tex"];

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn two_commands_lead_from_dumps_to_latex() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    run(folder.path(), &["score", "-q", "--score", "mps,es,energy", "--out", "out"]);
    let (lead, said) = run(folder.path(), &["report", "out"]);
    assert!(
        lead.contains("over 3 seeds") && said.contains("wrote to report: index.html, tables.md, tables.tex"),
        "{lead}{said}"
    );
    assert_eq!(listing(&folder.path().join("report")), FILES);
    let latex = fs::read_to_string(folder.path().join("report/tables.tex")).unwrap();
    for part in ["\\toprule", "S[table-format=", "$\\pm$", "\\bfseries", "\\scriptsize [", "paired t tests over seeds"]
    {
        assert!(latex.contains(part), "{part}");
    }
    let page = fs::read_to_string(folder.path().join("report/index.html")).unwrap();
    assert!(page.contains("need the scores of rows") && page.contains("XXH3") && !page.contains("<svg"), "{page}");
    // Where LaTeX is installed, it compiles.
    let compiled = Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "tables.tex"])
        .current_dir(folder.path().join("report"))
        .stdout(Stdio::null())
        .status();
    match compiled {
        Ok(status) => assert!(status.success()),
        Err(_) => println!("not compiled: there is no pdflatex here"),
    }
}

#[test]
fn dumps_give_plots_and_the_same_values_as_their_records() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    let arguments = ["--score", "mps,es,energy", "--bootstrap", "50"];
    run(folder.path(), &[&["report", "dumps", "-q", "--out", "a"], &arguments[..]].concat());
    run(folder.path(), &[&["report", "dumps", "-q", "--out", "b", "--threads", "2"], &arguments[..]].concat());
    run(folder.path(), &[&["score", "dumps", "-q", "--out", "out"], &arguments[..]].concat());
    run(folder.path(), &["report", "out", "-q", "--out", "c"]);
    let read = |place: &str| fs::read_to_string(folder.path().join(place)).unwrap();
    let page = read("a/index.html");
    for plot in [
        "Histograms of",
        "ROC on",
        "Precision–recall on",
        "Detection error trade-off on",
        "Errors among the ID rows",
        "come true",
    ] {
        assert!(page.contains(plot), "{plot}");
    }
    assert!(page.len() < 1_500_000, "{}", page.len());
    let of_tables = |text: &str| text.lines().filter(|line| !line.starts_with('%')).collect::<Vec<_>>().join("\n");
    assert_eq!(of_tables(&read("a/tables.tex")), of_tables(&read("c/tables.tex")));
    assert_eq!(read("a/tables.md"), read("c/tables.md"));
    // The command is in the page, and nothing else differs.
    let without_command =
        |page: &str| page.lines().filter(|line| !line.contains("--out")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_command(&page), without_command(&read("b/index.html")));
}

#[test]
fn one_run_is_tested_by_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    let (lead, _) = run(folder.path(), &["report", "-q", "--score", "mps,es,energy", "--bootstrap", "50"]);
    assert!(lead.contains("one run of each training only"), "{lead}");
    let page = fs::read_to_string(folder.path().join("report/index.html")).unwrap();
    assert!(page.contains("by tests on the rows of the set") && page.contains("its bootstrap interval"), "{page}");
}

#[test]
fn what_is_wrong_is_one_line_and_leaves_the_old_report() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    run(folder.path(), &["score", "-q", "--score", "mps,es", "--out", "out"]);
    run(folder.path(), &["report", "out", "-q"]);
    let before = fs::read_to_string(folder.path().join("report/index.html")).unwrap();
    let refused = |arguments: &[&str], expected: &str| {
        let output = oodbench(folder.path()).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(fs::read_to_string(folder.path().join("report/index.html")).unwrap(), before);
    };
    refused(&["report", "out", "out/records.csv", "-q"], "found a second record of");
    refused(&["report", "out", "dumps", "-q"], "expected records or dumps, not both");
    refused(&["report", "nowhere", "-q"], "nowhere");
    refused(&["report", "out", "-q", "--score", "knn"], "found no record of a single run");
    refused(&["report", "out", "-q", "--procedure", "oscr"], "found no record of a single run");
    fs::write(folder.path().join("out/records.json"), "[{\"schema\": 1}]").unwrap();
    refused(&["report", "out", "-q"], "schema version 1, expected 2");
    fs::write(folder.path().join("file"), "").unwrap();
    refused(&["report", "out/records.csv", "-q", "--out", "file"], "file: cannot be written");
    assert_eq!(listing(folder.path()), ["dumps", "file", "out", "report"]);
}
