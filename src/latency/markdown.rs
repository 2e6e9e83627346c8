//! The measurements as GitHub-flavoured Markdown.

use std::fmt::Write;

use super::report::{Measurement, Report, nanoseconds, percent};

/// The score whose claim to be free the report is about.
const CLAIMANT: &str = "mds";

/// The report: conditions, the claim, a table per number of classes, what was not measured.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = String::from("# Detection cost\n\n");
    // Writing into a String cannot fail.
    for line in report.conditions() {
        let _ = writeln!(out, "- {line}");
    }
    claim(&mut out, report);
    for classes in report.classes() {
        let _ = writeln!(out, "\n## {classes} classes\n");
        let headings = report.batches().into_iter().map(|b| format!("batch {b}: alone | × arg max | added"));
        let columns = headings.collect::<Vec<_>>().join(" | ");
        let _ = writeln!(out, "| score | {columns} |\n|---|{}", "---:|---:|---:|".repeat(report.batches().len()));
        for row in report.rows(classes) {
            let Some(first) = row.first() else { continue };
            let cells = row.iter().map(|m| cells(m).join(" | ")).collect::<Vec<_>>().join(" | ");
            let _ = writeln!(out, "| {} (`{}`) | {cells} |", first.title, first.id);
        }
    }
    if !report.unmeasured.is_empty() {
        out.push_str("\n## Not measured\n\n");
        for unmeasured in &report.unmeasured {
            let _ = writeln!(out, "- `{}`, {} classes: {}", unmeasured.score, unmeasured.classes, unmeasured.reason);
        }
    }
    out
}

/// Alone with its 95th percentile, its ratio to the arg max, and added with its 95th percentile.
#[must_use]
pub fn cells(measurement: &Measurement) -> [String; 3] {
    let both = |p50: f64, p95: f64| format!("{} ({})", nanoseconds(p50), nanoseconds(p95));
    let added = measurement.added_p50_ns.zip(measurement.added_p95_ns);
    [
        both(measurement.p50_ns, measurement.p95_ns),
        nanoseconds(measurement.per_arg_max),
        added.map_or_else(String::new, |(p50, p95)| both(p50, p95)),
    ]
}

/// What the minimum distance adds to the classifier.
fn claim(out: &mut String, report: &Report) {
    let find = |of: &Measurement, id: &str| {
        report.measurements.iter().find(|m| m.id == id && m.classes == of.classes && m.batch == of.batch)
    };
    let mut rows = String::new();
    for mds in report.measurements.iter().filter(|m| m.id == CLAIMANT) {
        let classifier = ["arg_max", "prototype_head"].map(|id| find(mds, id).map(|m| m.p50_ns));
        let ([Some(arg_max), Some(head)], Some(added)) = (classifier, mds.added_p50_ns) else { continue };
        let _ = writeln!(
            rows,
            "| {} | {} | {} | {} | {} | {} | {} |",
            mds.classes,
            mds.batch,
            nanoseconds(added),
            nanoseconds(arg_max),
            percent(added / arg_max),
            nanoseconds(head),
            percent(added / (arg_max + head))
        );
    }
    if !rows.is_empty() {
        out.push_str(
            "\n## What the minimum distance adds to a classifier\n\n\
             | classes | batch | `mds` added | arg max | share of it | IsoMax+ head | share of head and arg max |\n\
             |---:|---:|---:|---:|---:|---:|---:|\n",
        );
        out.push_str(&rows);
    }
}
