//! `oodbench inspect`: what a dump holds, what scores lack, what looks wrong.

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use crate::option::common::Common;
use crate::option::format::Printed;
use crate::option::runs::Runs;
use crate::screen::words::counted;
use crate::screen::{remarks, terminal};
use oodbench::dump::Dump;
use oodbench::dump::diagnose::{ArrayFacts, ValueFacts, diagnose};
use oodbench::dump::layout::RunFiles;
use oodbench::printable::line;
use oodbench::report::Format;
use oodbench::report::grid::Grid;
use oodbench::rows::Head;
use oodbench::rows::array::shape_text;
use oodbench::score::REGISTRY;
use oodbench::score::counts::Counts;

/// Show splits, shapes, types and classes of dumps, what each score lacks, and what looks wrong
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench inspect dumps/
  oodbench inspect dumps/ --format json      what was found, an object each")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    printed: Printed,
}

/// Something a dump has, lacks, or should not have.
#[derive(Clone, Serialize)]
struct Fact {
    run: String,
    /// What it is about: the run, a split, the scores, or what looks wrong.
    part: String,
    name: String,
    found: String,
}

const OF_RUN: &str = "run";
const OF_GUESS: &str = "taken for";
const OF_SCORES: &str = "scores";
const SUSPICIOUS: &str = "to look at";

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let runs = command.runs.find(common.quiet)?;
    let mut facts = Vec::new();
    for (number, files) in runs.iter().enumerate() {
        let of_run = describe(files)?;
        if command.printed.format == Format::Table {
            // A run may take minutes to read: each is there as soon as it is known.
            let gap = if number > 0 { "\n" } else { "" };
            terminal::print(&format!("{gap}{}", shown(files, &of_run)))?;
        }
        facts.extend(of_run);
    }
    if command.printed.format == Format::Table {
        return Ok(());
    }
    let mut grid = Grid::of_text(3, &["run", "part", "name", "found"]);
    for fact in &facts {
        grid.row([&fact.run, &fact.part, &fact.name, &fact.found]);
    }
    command.printed.print(&facts, &grid, |style| grid.render(style))
}

/// The facts of a run in its own words.
fn shown(files: &RunFiles, facts: &[Fact]) -> String {
    // Writing into a String cannot fail.
    let mut out = String::new();
    for part in facts.chunk_by(|one, next| one.part == next.part) {
        // A line stays one, whatever sets, layers and files are called.
        let lines: Vec<_> = part.iter().map(|fact| (line(&fact.name), line(&fact.found))).collect();
        // Names of layers are as long as they are.
        let width = lines.iter().map(|(name, _)| name.len()).fold(13, usize::max);
        match &*part[0].part {
            OF_RUN => {
                let _ = writeln!(out, "{} ({})", line(&part[0].run), line(&files.folder.display().to_string()));
                for (name, found) in &lines[1..] {
                    let _ = writeln!(out, "  {name:<16}{found}");
                }
            }
            title => {
                let _ = writeln!(out, "  {}", line(title));
                for (name, found) in &lines {
                    let _ = match &**name {
                        "" => writeln!(out, "    {found}"),
                        name => writeln!(out, "    {name:<width$} {found}"),
                    };
                }
            }
        }
    }
    out
}

fn describe(files: &RunFiles) -> anyhow::Result<Vec<Fact>> {
    let dump = Dump::open(files)?;
    let info = &dump.info;
    let mut facts = Vec::new();
    let mut say = |part: &str, name: &str, found: String| {
        facts.push(Fact { run: info.name.clone(), part: part.to_owned(), name: name.to_owned(), found });
    };
    say(OF_RUN, "folder", files.folder.display().to_string());
    for (name, found) in [
        ("model", info.model.clone()),
        ("loss", info.loss.as_ref().map(ToString::to_string)),
        ("in-distribution", info.in_distribution.clone()),
        ("seed", info.seed.map(|seed| seed.to_string())),
        ("classes", dump.classes.map(|classes| classes.to_string())),
        ("head", dump.head.as_ref().map(head_text)),
        ("ID accuracy", dump.test_accuracy().map(|a| format!("{:.2} %", a * 100.0))),
    ] {
        found.into_iter().for_each(|found| say(OF_RUN, name, found));
    }
    for taken in &files.taken {
        say(OF_GUESS, &taken.what, format!("{} ({})", taken.from, taken.why));
    }
    let mut suspicions: Vec<String> = dump.warnings.clone();
    for split in diagnose(&dump) {
        for array in &split.arrays {
            let name = array.kind.file_stem();
            say(&split.role.to_string(), &name, array_text(array));
            if let Some(values) = &array.values {
                suspicions.extend(suspicious(values).map(|what| format!("{}/{name}: {what}", split.role)));
            }
        }
    }
    let counts = Counts::of(&dump);
    for entry in REGISTRY {
        let score = entry.with_defaults();
        let lacking = score.needs().iter().find_map(|need| Some(format!("lacks {}", need.lacking(&dump)?)));
        let state = lacking.or_else(|| Some(format!("not applicable: {}", score.obstacle(&dump)?)));
        if state.is_none() {
            suspicions.extend(counts.remarks(entry, &entry.settings()));
        }
        say(OF_SCORES, entry.id, state.unwrap_or_else(|| "ready".to_owned()));
    }
    suspicions.into_iter().for_each(|what| say(SUSPICIOUS, "", what));
    remarks::unchanged()?;
    Ok(facts)
}

fn head_text(head: &Head) -> String {
    let (classes, features) = head.shape();
    match head {
        Head::Linear { .. } => format!("linear ({classes}, {features})"),
        Head::Prototypes { .. } => format!("prototypes ({classes}, {features})"),
        Head::NormalisedPrototypes { distance_scale, .. } => {
            format!("prototypes ({classes}, {features}), |d_s| = {distance_scale}")
        }
    }
}

fn array_text(array: &ArrayFacts) -> String {
    let mut text = format!("{:<16}{}", shape_text(&array.shape), array.dtype);
    if array.shards > 1 {
        text.push_str(&format!(", {} shards", array.shards));
    }
    if let Some(distinct) = array.distinct_labels {
        text.push_str(&format!(", {distinct} distinct"));
    }
    text
}

fn suspicious(values: &ValueFacts) -> impl Iterator<Item = String> {
    let bad = values.bad.first.map(|first| {
        format!(
            "{} with NaN or infinite values, the first is row {first}: no score will read this",
            counted(values.bad.count, "row")
        )
    });
    let half = values
        .half_precision
        .then(|| "16-bit floats: rounding ties scores and costs AUROC and AUIN; dump f32".to_owned());
    let repeated = (values.repeated_rows > 0).then(|| {
        format!("rows that repeat an earlier one: {}; samples twice, or precision lost", values.repeated_rows)
    });
    let constant = (values.constant_columns > 0)
        .then(|| format!("columns that never change: {}; covariances are singular", values.constant_columns));
    [bad, half, repeated, constant].into_iter().flatten()
}
