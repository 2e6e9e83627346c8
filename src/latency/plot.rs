//! The measurements as a plot.

use super::report::{Measurement, Report};
use super::subject::Reference;
use crate::plot::latency::{CostPair, CostPanel, CostSeries, LatencyPlot};

/// One row per thing, the cheapest in the last panel above.
#[must_use]
pub fn latency_plot(report: &Report) -> LatencyPlot {
    let (classes, batches) = (report.classes(), report.batches());
    let mut things: Vec<(&str, &str)> = Vec::new();
    for row in &report.measurements {
        // The arg max is the line, and the reading of the rows is part of everything.
        let drawn = ![Reference::ArgMax.id(), Reference::ReadBlock.id()].contains(&row.id);
        if drawn && !things.iter().any(|(id, _)| *id == row.id) {
            things.push((row.id, row.title));
        }
    }
    let find = |id: &str, classes: usize, batch: usize| -> Option<&Measurement> {
        report.measurements.iter().find(|row| row.id == id && row.classes == classes && row.batch == batch)
    };
    let order = |id: &str| {
        let last = classes.last().zip(batches.first());
        last.and_then(|(&classes, &batch)| find(id, classes, batch)).map_or(f64::INFINITY, |row| row.p50_ns)
    };
    things.sort_by(|a, b| order(a.0).total_cmp(&order(b.0)));
    let panel = |&classes: &usize| CostPanel {
        title: format!("{classes} classes"),
        series: batches
            .iter()
            .map(|&batch| CostSeries {
                reference: find(Reference::ArgMax.id(), classes, batch).map(|row| row.p50_ns),
                costs: things
                    .iter()
                    .map(|(id, _)| {
                        find(id, classes, batch).map(|row| CostPair { whole: row.p50_ns, added: row.added_p50_ns })
                    })
                    .collect(),
            })
            .collect(),
    };
    LatencyPlot {
        title: format!("Detection cost per sample, {} features, one thread", report.features),
        rows: things.iter().map(|(_, title)| (*title).to_owned()).collect(),
        series: batches.iter().map(|batch| format!("batch {batch}")).collect(),
        reference: "arg max".to_owned(),
        panels: classes.iter().map(panel).collect(),
    }
}
