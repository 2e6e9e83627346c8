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
    assert!(page.contains("need the scores of rows") && page.contains("XXH3"), "{page}");
    // Critical differences are of values, all other plots of rows.
    assert_eq!((page.matches("<svg").count(), page.matches("<h2>Critical differences").count()), (1, 1), "{page}");
    // Where LaTeX is installed, it compiles.
    let compiled = Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "tables.tex"])
        .current_dir(folder.path().join("report"))
        .stdout(Stdio::null())
        .status();
    // Without LaTeX its text alone is checked.
    if let Ok(status) = compiled {
        assert!(status.success());
    }
}

#[test]
fn dumps_give_plots_and_the_same_values_as_their_records() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    let arguments = ["--score", "mps,es,energy", "--bootstrap", "50"];
    run(folder.path(), &[&["report", "dumps", "-q", "--out", "a"], &arguments[..]].concat());
    run(folder.path(), &[&["report", "dumps", "-q", "--out", "b", "--threads", "1"], &arguments[..]].concat());
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
    // Intervals and marks count the rows where these are there.
    let values = |text: &str| {
        let lines = text.lines().filter(|line| line.contains(" & ") && !line.contains("scriptsize"));
        lines.map(|line| line.replace("\\bfseries ", "")).collect::<Vec<_>>().join("\n")
    };
    assert!(values(&read("a/tables.tex")).contains("mps"));
    assert_eq!(values(&read("a/tables.tex")), values(&read("c/tables.tex")));
    assert!(page.contains("by tests over its seeds and over the rows of the set"), "{page}");
    // The command is in the page, and nothing else differs.
    let without_command =
        |page: &str| page.lines().filter(|line| !line.contains("--out")).collect::<Vec<_>>().join("\n");
    assert_eq!(without_command(&page), without_command(&read("b/index.html")));
}

#[test]
fn one_run_is_tested_by_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    small_run(&folder.path().join("dumps/run"));
    let arguments = ["report", "-q", "--score", "es,energy", "--procedure", "lee,openood"];
    let (lead, _) = run(folder.path(), &arguments);
    assert!(lead.contains("one run of each training only"), "{lead}");
    let read = |name: &str| fs::read_to_string(folder.path().join("report").join(name)).unwrap();
    let tables = read("tables.md");
    for part in ["by DeLong's tests over the rows of the set", "its 95 % interval by DeLong's variance"] {
        assert!(tables.contains(part), "{part}: {tables}");
    }
    assert!(!tables.contains("over its seeds"), "{tables}");
    // Plots that there are not are said.
    let page = read("index.html");
    assert!(page.contains("Reliability of run: it needs the score mps; add it to --score."), "{page}");
    // The level asked for is that of all intervals, and it is told.
    run(folder.path(), &[&arguments[..], &["--bootstrap", "50", "--level", "80"]].concat());
    let tables = read("tables.md");
    assert!(tables.contains("its 80 % bootstrap interval") && !tables.contains("95 % interval"), "{tables}");
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
    refused(&["report", "out", "dumps", "-q"], "expected dumps alone or records alone");
    refused(&["report", "nowhere", "-q"], "nowhere");
    refused(&["report", "out", "-q", "--score", "knn"], "found no record of a single run");
    refused(&["report", "out", "-q", "--procedure", "oscr"], "found no record of a single run");
    fs::write(folder.path().join("out/records.json"), "[{\"schema\": 1}]").unwrap();
    refused(&["report", "out", "-q"], "schema version 1, expected 3");
    fs::write(folder.path().join("file"), "").unwrap();
    refused(&["report", "out/records.csv", "-q", "--out", "file"], "file: cannot be written");
    assert_eq!(listing(folder.path()), ["dumps", "file", "out", "report"]);
}

#[test]
fn the_papers_tables_stand_beside_ours() {
    let folder = tempfile::tempdir().unwrap();
    let run_folder = folder.path().join("dumps/run");
    small_run(&run_folder);
    for (from, to) in [("near", "svhn"), ("far", "lsun-resize")] {
        fs::rename(run_folder.join("ood").join(from), run_folder.join("ood").join(to)).unwrap();
    }
    let toml = "model = \"DenseNet100\"\nloss = \"isomax-plus\"\nin_distribution = \"cifar10\"\nseed = 1";
    fs::write(run_folder.join("run.toml"), toml).unwrap();
    run(folder.path(), &["report", "dumps", "-q", "--score", "mds,es", "--paper"]);
    let text = fs::read_to_string(folder.path().join("report/tables.md")).unwrap();
    let table = text.split("## Table 3").nth(1).unwrap().split("## Table 4").next().unwrap();
    assert!(table.contains("2105.14399") || text.contains("arXiv:2105.14399"), "{text}");
    assert!(table.contains("97.0 ± 0.7 \\| ours ") && table.contains("(1 seed)"), "{table}");
    assert!(table.contains("no run of ResNet110 trained with SoftMax on CIFAR10"), "{table}");
    for number in 2..=6 {
        assert!(text.contains(&format!("## Table {number} of the paper")), "{number}");
    }
}

#[test]
fn a_leaderboard_ranks_records_of_several_machines() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    run(folder.path(), &["score", "dumps", "-q", "--score", "mps,es", "--out", "machines/a"]);
    for seed in 1..=3 {
        let place = folder.path().join(format!("dumps/r{seed}"));
        fs::write(
            place.join("run.toml"),
            format!("name = \"other-{seed}\"\nmodel = \"n\"\nloss = \"isomax\"\nseed = {seed}"),
        )
        .unwrap();
        fs::remove_dir_all(place.join("ood/far")).unwrap();
    }
    run(folder.path(), &["score", "dumps", "-q", "--score", "mps,es", "--out", "machines/b"]);
    let (_, said) = run(folder.path(), &["leaderboard", "machines", "--out", "site"]);
    assert!(said.contains("wrote to site: index.html, records.csv"), "{said}");
    let page = fs::read_to_string(folder.path().join("site/index.html")).unwrap();
    assert!(
        page.contains("2 of 4 entries have no rank") && page.contains("it has values on 1 of 2 OOD sets"),
        "{page}"
    );
    run(folder.path(), &["leaderboard", "machines", "-q", "--sets", "near"]);
    let page = fs::read_to_string(folder.path().join("site/index.html")).unwrap();
    assert!(page.contains("Every entry has a value of every seed on every OOD set"), "{page}");
    let output = oodbench(folder.path()).args(["leaderboard", "machines", "--sets", "nera"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && error.contains("--sets: found no record of \"nera\""), "{error}");
    let output = oodbench(folder.path()).args(["leaderboard", "dumps"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn trainings_of_one_name_in_two_files_are_no_seeds_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    seeds(folder.path());
    let rename = |seeds: [u32; 3], who: &str| {
        for (run, seed) in (1..).zip(seeds) {
            let toml = format!("name = \"{who}-{seed}\"\nmodel = \"m\"\nloss = \"softmax\"\nseed = {seed}");
            fs::write(folder.path().join(format!("dumps/r{run}/run.toml")), toml).unwrap();
        }
    };
    rename([1, 2, 3], "alice");
    run(folder.path(), &["score", "dumps", "-q", "--score", "energy", "--out", "records/alice"]);
    rename([4, 5, 6], "bob");
    run(
        folder.path(),
        &["score", "dumps", "-q", "--score", "energy", "--set", "energy.temperature=100", "--out", "records/bob"],
    );
    let (_, said) = run(folder.path(), &["leaderboard", "records", "--out", "site"]);
    assert!(
        said.contains("warning: m SoftMax is in alice/records.json, bob/records.json: taken as 2 trainings"),
        "{said}"
    );
    let page = fs::read_to_string(folder.path().join("site/index.html")).unwrap();
    for entry in ["m SoftMax (alice/records.json)</td>", "m SoftMax (bob/records.json)</td>", "<h2>Notes</h2>"] {
        assert!(page.contains(entry), "{entry}: {page}");
    }
    // What was read is written as it was.
    assert!(!fs::read_to_string(folder.path().join("site/records.csv")).unwrap().contains("(alice"));
    // In a report files may hold seeds of one training, but not of other parameters.
    let (_, said) = run(folder.path(), &["report", "records"]);
    assert!(said.contains("bob/records.json with other parameters of its scores: taken as 2 trainings"), "{said}");
    rename([4, 5, 6], "bob");
    run(folder.path(), &["score", "dumps", "-q", "--score", "energy", "--out", "records/bob"]);
    let (_, said) = run(folder.path(), &["report", "records"]);
    assert!(!said.contains("taken as") && said.contains("hold the same logits"), "{said}");
}
