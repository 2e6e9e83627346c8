//! The tables of README.md and docs/ say what the program says. `OODBENCH_BLESS=1` writes them.

use std::path::Path;

use oodbench::metric::PROCEDURES;
use oodbench::table::Record;

/// Compares what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->` with `table`, or writes it.
fn check(file: &str, name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("OODBENCH_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(found, table, "{file}: run this test with OODBENCH_BLESS=1");
    }
}

/// The table of scores is the registry's: `oodbench list --format markdown`.
#[test]
fn table_of_scores() {
    let output = super::common::oodbench(Path::new(".")).args(["list", "--format", "markdown"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    check("docs/scores.md", "scores", &table);
    // Without the two lines of the head.
    let count = table.lines().count() - 2;
    let readme = std::fs::read_to_string(super::common::fixture("../README.md")).unwrap();
    assert!(readme.contains(&format!("It computes {count} scores")), "{count}");
}

#[test]
fn table_of_procedures() {
    let rows = PROCEDURES.iter().map(|procedure| {
        let metrics: Vec<String> = procedure.metrics.iter().map(|metric| format!("`{}`", metric.id)).collect();
        format!("| `{}` | {} | {} |\n", procedure.id, metrics.join(" "), procedure.title)
    });
    let table = format!("| procedure | metrics | conventions |\n|---|---|---|\n{}", rows.collect::<String>());
    check("README.md", "procedures", &table);
}

#[test]
fn list_of_record_fields() {
    let names: Vec<String> = Record::FIELDS.iter().map(|(name, _)| format!("`{name}`")).collect();
    check("README.md", "record", &format!("{}\n", names.join(" ")));
}

/// The path from a dump to decisions, as the program prints it; what a decision takes differs from machine to machine.
#[cfg(unix)]
#[test]
fn from_a_dump_to_decisions() {
    const RUN: &str = "fixtures/dumps/smallcnn-cifar10-isomax-plus-seed1";
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(super::common::fixture(""), folder.path().join("fixtures")).unwrap();
    let mut text = "```\n".to_owned();
    for line in [
        format!("compare {RUN} --score mds,energy,knn"),
        format!("calibrate {RUN} --score knn --false-alarms 5% --confidence 90% --out my.detector"),
        format!("apply my.detector {RUN}/ood/svhn --out decisions.csv"),
        format!("monitor my.detector {RUN}/ood/svhn"),
    ] {
        let output = super::common::oodbench(folder.path()).args(line.split(' ')).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let shown = String::from_utf8(output.stdout).unwrap();
        let shown = shown.lines().map(|line| match line.strip_prefix("a decision takes ") {
            Some(_) => "a decision takes ...".to_owned(),
            None => line.trim_end().to_owned(),
        });
        text.push_str(&format!("$ oodbench {line}\n{}\n\n", shown.collect::<Vec<_>>().join("\n")));
    }
    let decisions = std::fs::read_to_string(folder.path().join("decisions.csv")).unwrap();
    let first: Vec<&str> = decisions.lines().take(4).collect();
    text.push_str(&format!("$ head -4 decisions.csv\n{}\n```\n", first.join("\n")));
    check("README.md", "production", &text);
}

/// What the program says of procedures comes from the library's list.
#[test]
fn help_and_pages_name_every_procedure() {
    let stdout = |arguments: &[&str]| {
        let output = super::common::oodbench(Path::new(".")).args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let (score, explain) = (stdout(&["score", "--help"]), stdout(&["explain", "--help"]));
    for procedure in PROCEDURES {
        assert!(explain.contains(procedure.id), "{}: {explain}", procedure.id);
        let page = stdout(&["explain", procedure.id]);
        assert!(page.contains(procedure.page), "{page}");
        for metric in procedure.metrics {
            assert!(score.contains(metric.id) && page.contains(metric.id), "{}: {page}", metric.id);
        }
    }
}
