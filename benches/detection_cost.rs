//! `cargo bench`: what detection costs beside classification, the paper's claim that the minimum distance adds nothing.
//!
//! The scores of logits that learn nothing, and Mahalanobis and k-NN as what they replace, measured as `oodbench latency` does. Other scores:
//! `cargo bench --bench detection_cost -- vim react`, or `-- all`, which takes longer.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its result")]

use std::process::ExitCode;

use oodbench::latency::markdown::cells;
use oodbench::latency::report::{Measurement, nanoseconds, percent};
use oodbench::latency::{Report, Request, measure};
use oodbench::progress::Silent;
use oodbench::score::registry::{self, UnknownScore};
use oodbench::score::{Need, REGISTRY, ScoreEntry};

/// Scores that learn from training rows, to compare those with that learn nothing.
const LEARNERS: [&str; 2] = ["mahalanobis", "knn"];

fn main() -> ExitCode {
    // cargo adds an argument of its own.
    let names: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let scores = match entries(&names) {
        Ok(scores) => scores,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let request = Request {
        scores,
        classes: vec![10, 100, 1000],
        batches: vec![1, 256],
        features: 512,
        train_rows: 20_000,
        rounds: 300,
    };
    match measure(&request, &Silent) {
        Ok(report) => print(&report),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn entries(names: &[String]) -> Result<Vec<&'static ScoreEntry>, UnknownScore> {
    let of_logits = |entry: &&ScoreEntry| entry.with_defaults().needs() == [Need::Logits];
    if names.is_empty() {
        return Ok(REGISTRY.iter().filter(|entry| of_logits(entry) || LEARNERS.contains(&entry.id)).collect());
    }
    Ok(registry::entries(names)?.0)
}

fn print(report: &Report) {
    println!("Detection cost\n");
    for line in report.conditions() {
        println!("{line}");
    }
    for classes in report.classes() {
        let batches = report.batches();
        println!();
        print!("{:16}", format!("{classes} classes"));
        for batch in &batches {
            print!("{:>24} {:>9} {:>17}", format!("batch {batch}: alone"), "× arg max", "added");
        }
        println!();
        for row in report.rows(classes) {
            print!("{:16}", row.first().map_or("", |first| first.id));
            for [alone, ratio, added] in row.iter().map(|measurement| cells(measurement)) {
                print!("{alone:>24} {ratio:>9} {added:>17}");
            }
            println!();
        }
    }
    println!("\nWhat the minimum distance adds to the classifier, whose predicted class is known\n");
    for mds in report.measurements.iter().filter(|measurement| measurement.id == "mds") {
        let of = |id: &str| {
            let same = |m: &&Measurement| m.id == id && m.classes == mds.classes && m.batch == mds.batch;
            report.measurements.iter().find(same).map_or(f64::NAN, |m| m.p50_ns)
        };
        let (added, arg_max, head) = (mds.added_p50_ns.unwrap_or(f64::NAN), of("arg_max"), of("prototype_head"));
        println!(
            "{:5} classes, batch {:3}: {:>6} ns, {:>8} of the arg max, {:>8} of IsoMax+ head and arg max",
            mds.classes,
            mds.batch,
            nanoseconds(added),
            percent(added / arg_max),
            percent(added / (arg_max + head))
        );
    }
    for unmeasured in &report.unmeasured {
        println!("not measured: {} with {} classes: {}", unmeasured.score, unmeasured.classes, unmeasured.reason);
    }
}
