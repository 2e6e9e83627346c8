//! What the values of a report mean: procedures, scores, where the values come from.

use std::collections::BTreeSet;

use super::content::Report;
use crate::metric::Better;
use crate::report::html::Part;
use crate::table::record::ArrayRead;

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Every procedure with its metrics and its source, and the scores with their parameters.
pub(super) fn conventions(report: &Report) -> Vec<Part> {
    let of_procedure = |procedure: &&'static crate::metric::Procedure| {
        let metric = |metric: &crate::metric::Metric| {
            format!(
                "{} ({})",
                metric.title,
                if metric.better == Better::Higher { "higher is better" } else { "lower is better" }
            )
        };
        let metrics: Vec<String> = procedure.metrics.iter().map(metric).collect();
        (procedure.id.to_owned(), format!("{}. {}. {}", procedure.title, metrics.join(", "), procedure.reference))
    };
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut scores: Vec<(String, String)> = Vec::new();
    for record in &report.records {
        let (score, parameters) = (record.score.as_str(), record.parameters.as_deref().unwrap_or("no parameters"));
        if seen.insert((score, parameters)) {
            scores.push((score.to_owned(), parameters.to_owned()));
        }
    }
    vec![
        Part::Text(
            "Every score is higher = more in-distribution. A mean over OOD sets counts each set the same, whatever its rows, and needs a value on every \
             one; a mean over seeds is of runs that name one model and loss, different seeds, and hold different arrays."
                .to_owned(),
        ),
        Part::Facts(report.procedures().iter().map(of_procedure).collect()),
        Part::Details { summary: "Scores and their parameters".to_owned(), parts: vec![Part::Facts(scores)] },
    ]
}

/// Accuracy of every run.
pub(super) fn accuracy(report: &Report) -> Vec<Part> {
    let runs = || report.provenance.iter().flat_map(|provenance| &provenance.runs);
    let rows: Vec<Vec<String>> = runs()
        .map(|run| {
            let accuracy = run.accuracy.map_or_else(|| "unknown".to_owned(), |share| format!("{:.2}", share * 100.0));
            vec![run.run.clone(), accuracy, run.id_rows.to_string()]
        })
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Part::Table { names: 1, headings: texts(&["run", "accuracy on id/test (%)", "ID test rows"]), rows }]
}

/// How many pairs of an ID and an OOD row have equal scores, the largest share first.
pub(super) fn ties(report: &Report) -> Vec<Part> {
    let mut seen: BTreeSet<(&str, String, &str)> = BTreeSet::new();
    let mut found: Vec<(f64, Vec<String>)> = Vec::new();
    for record in report.records.iter().filter(|record| record.tied_share.is_some_and(|share| share > 0.0)) {
        if seen.insert((&record.run, record.set(), &record.score)) {
            let key = vec![record.run.clone(), record.set(), record.score.clone()];
            found.push((record.tied_share.unwrap_or_default(), key));
        }
    }
    if found.is_empty() {
        return vec![Part::Text("No ID row has the score of an OOD row: ties play no part.".to_owned())];
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let row = |(share, key): (f64, Vec<String>)| [&key[..], &[crate::report::tied(Some(share))]].concat();
    let table = Part::Table {
        names: 3,
        headings: texts(&["run", "OOD set", "score", "tied pairs (%)"]),
        rows: found.into_iter().map(row).collect(),
    };
    let text = "Pairs of an ID and an OOD row with equal scores. Procedures count them differently, so where their share is not small, so are the differences.";
    vec![
        Part::Text(text.to_owned()),
        Part::Details { summary: "Tied pairs by run, set and score".to_owned(), parts: vec![table] },
    ]
}

/// Versions, commands, checksums.
pub(super) fn provenance(report: &Report) -> Vec<Part> {
    let fact = |name: &str, value: String| (name.to_owned(), value);
    let mut facts = vec![fact("report", report.origin())];
    for provenance in &report.provenance {
        let command = provenance.command.as_ref().map(|words| format!(", {}", words.join(" "))).unwrap_or_default();
        facts.push(fact("values", format!("oodbench {}{command}", provenance.version)));
    }
    if report.provenance.is_empty() {
        let mut versions: Vec<&str> = report.records.iter().map(|record| record.version.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        facts.push(fact(
            "values",
            format!("records of oodbench {}; no provenance.json beside them", versions.join(", ")),
        ));
    }
    let runs = report.provenance.iter().flat_map(|provenance| &provenance.runs);
    let arrays: Vec<Vec<String>> = runs
        .flat_map(|run| {
            let row = |array: &ArrayRead| {
                vec![
                    format!("{}: {}/{}", run.run, array.split, array.array),
                    array.checksum.to_string(),
                    array.rows.to_string(),
                ]
            };
            run.arrays.iter().map(row).collect::<Vec<_>>()
        })
        .collect();
    let mut parts = vec![Part::Facts(facts)];
    if !arrays.is_empty() {
        let headings = texts(&["array", "XXH3 (128 bits)", "rows"]);
        let summary = format!("Checksums of the {} arrays that were read", arrays.len());
        parts.push(Part::Details { summary, parts: vec![Part::Table { names: 2, headings, rows: arrays }] });
    }
    parts
}
