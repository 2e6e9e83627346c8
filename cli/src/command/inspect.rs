//! `oodbench inspect`: what a dump holds, what scores lack, what looks wrong.

use clap::Args;

use crate::option::common::Common;
use crate::option::runs::Runs;
use crate::screen::{remarks, terminal};
use oodbench::dump::Dump;
use oodbench::dump::diagnose::{ArrayFacts, ValueFacts, diagnose};
use oodbench::dump::layout::RunFiles;
use oodbench::rows::Head;
use oodbench::rows::array::shape_text;
use oodbench::score::REGISTRY;
use oodbench::score::counts::Counts;

/// Show splits, shapes, types and classes of dumps, what each score lacks, and what looks wrong
#[derive(Args)]
#[command(after_help = "Example:
  oodbench inspect dumps/")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    for (number, files) in command.runs.find(common.quiet)?.iter().enumerate() {
        if number > 0 {
            terminal::print("\n")?;
        }
        terminal::print(&describe(files)?)?;
    }
    Ok(())
}

fn describe(files: &RunFiles) -> anyhow::Result<String> {
    let dump = Dump::open(files)?;
    let info = &dump.info;
    let mut lines = vec![format!("{} ({})", info.name, files.folder.display())];
    let field = |name: &str, value: Option<String>| value.map(|value| format!("  {name:<16}{value}"));
    lines.extend(field("model", info.model.clone()));
    lines.extend(field("loss", info.loss.as_ref().map(ToString::to_string)));
    lines.extend(field("in-distribution", info.in_distribution.clone()));
    lines.extend(field("seed", info.seed.map(|seed| seed.to_string())));
    lines.extend(field("classes", dump.classes.map(|classes| classes.to_string())));
    lines.extend(field("head", dump.head.as_ref().map(head_text)));
    lines.extend(field("ID accuracy", dump.test_accuracy().map(|a| format!("{:.2} %", a * 100.0))));

    let mut suspicions: Vec<String> = dump.warnings.clone();
    for split in diagnose(&dump) {
        lines.push(format!("  {}", split.role));
        // Names of layers are as long as they are.
        let width = split.arrays.iter().map(|array| array.kind.file_stem().len()).fold(13, usize::max);
        for array in &split.arrays {
            let (name, text) = (array.kind.file_stem(), array_text(array));
            lines.push(format!("    {name:<width$} {text}"));
            if let Some(values) = &array.values {
                suspicions.extend(suspicious(values).map(|what| format!("{}/{name}: {what}", split.role)));
            }
        }
    }
    lines.push("  scores".to_owned());
    let counts = Counts::of(&dump);
    for entry in REGISTRY {
        let score = entry.with_defaults();
        let lacking = score.needs().iter().find_map(|need| Some(format!("lacks {}", need.lacking(&dump)?)));
        let state = lacking.or_else(|| Some(format!("not applicable: {}", score.obstacle(&dump)?)));
        if state.is_none() {
            suspicions.extend(counts.remarks(entry, &entry.settings()));
        }
        lines.push(format!("    {:<13} {}", entry.id, state.unwrap_or_else(|| "ready".to_owned())));
    }
    if !suspicions.is_empty() {
        lines.push("  to look at".to_owned());
        lines.extend(suspicions.iter().map(|what| format!("    {what}")));
    }
    remarks::unchanged()?;
    Ok(lines.join("\n") + "\n")
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
            "{} rows with NaN or infinite values, the first is row {first}: no score will read this",
            values.bad.count
        )
    });
    let half = values
        .half_precision
        .then(|| "16-bit floats: rounding ties scores and costs AUROC and AUIN; dump f32".to_owned());
    let repeated = (values.repeated_rows > 0)
        .then(|| format!("{} rows repeat an earlier row: samples twice, or precision lost", values.repeated_rows));
    let constant = (values.constant_columns > 0)
        .then(|| format!("{} columns never change: covariances are singular", values.constant_columns));
    [bad, half, repeated, constant].into_iter().flatten()
}
