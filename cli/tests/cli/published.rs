//! The published values of kai422/SCALE (CIFAR-10, CIFAR-100 and ImageNet-200 of OpenOOD v1.5, three seeds each), recomputed from its score files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::common::oodbench;

/// The columns of the published tables, and what the program calls them.
const COLUMNS: [(&str, &str); 4] =
    [("FPR@95", "FPR@TPR95 (OOD pos.)"), ("AUROC", "AUROC"), ("AUPR_IN", "AUPR-IN"), ("AUPR_OUT", "AUPR-OUT")];

fn published(benchmark: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../reports/published/scale-{benchmark}.csv"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let headings = lines.next().unwrap();
    let row = |cells: Vec<String>| (cells[0].clone(), headings.iter().cloned().zip(cells).skip(1).collect());
    lines.map(row).collect()
}

/// Cells by OOD set and heading of the tables of mean ± std, as Markdown shows them.
fn shown(markdown: &str, family: &str) -> BTreeMap<(String, String), String> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let mut headings = Vec::new();
    let mut found = BTreeMap::new();
    for line in markdown.lines().filter(|line| line.starts_with('|')) {
        let row = cells(line);
        if row[1] == "run" {
            headings = row;
        } else if row[1] == format!("{family} ? (3 seeds)") {
            for (heading, cell) in headings.iter().zip(&row).skip(3) {
                found.insert((row[0].clone(), heading.clone()), cell.clone());
            }
        }
    }
    found
}

/// All 92 cells, to the last printed digit, by one command.
#[test]
#[ignore = "needs the score files of kai422/SCALE: OODBENCH_PUBLISHED=FOLDER, see reports/published"]
fn every_published_cell_is_recomputed() {
    let folder = PathBuf::from(std::env::var_os("OODBENCH_PUBLISHED").expect("OODBENCH_PUBLISHED=FOLDER"));
    let arguments = ["--ddof", "0", "--procedure", "openood", "--name", "scale", "--format", "markdown", "-q"];
    let output = oodbench(Path::new(".")).arg("measure").arg(&folder).args(arguments).output().unwrap();
    let markdown = String::from_utf8(output.stdout).unwrap();
    let mut compared = 0;
    for benchmark in ["cifar10", "cifar100", "imagenet200"] {
        let found = shown(&markdown, &format!("scale-{benchmark}"));
        for (set, cells) in published(benchmark) {
            let names = |place: &str| match set.as_str() {
                "nearood" => place.starts_with("near/mean of "),
                "farood" => place.starts_with("far/mean of "),
                set => place.split_once('/').is_some_and(|(_, name)| name == set),
            };
            for (theirs, ours) in COLUMNS {
                let matching = found.iter().filter(|((place, heading), _)| names(place) && heading == ours);
                let cells_found: Vec<&String> = matching.map(|(_, cell)| cell).collect();
                assert_eq!(cells_found, [&cells[theirs]], "{benchmark} {set} {theirs}");
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 92);
}
