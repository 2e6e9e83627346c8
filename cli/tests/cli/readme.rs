//! The README says what the program says.

/// The table of scores is the registry's: `oodbench list --format markdown`. `OODBENCH_BLESS=1` writes it.
#[test]
fn table_of_scores() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let output =
        super::common::oodbench(path.parent().unwrap()).args(["list", "--format", "markdown"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let (begin, end) = ("<!-- scores: begin -->\n", "<!-- scores: end -->");
    let (before, rest) = readme.split_once(begin).unwrap();
    let (found, after) = rest.split_once(end).unwrap();
    if std::env::var_os("OODBENCH_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{table}{end}{after}")).unwrap();
    } else {
        assert_eq!(found, table, "run this test with OODBENCH_BLESS=1");
    }
}
