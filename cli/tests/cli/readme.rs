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
    check("docs/scores.md", "scores", &String::from_utf8(output.stdout).unwrap());
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
