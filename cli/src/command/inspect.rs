//! `oodbench inspect`: what a dump holds, what scores lack, what looks wrong.

mod elements;
mod fact;
#[cfg(feature = "onnx")]
mod onnx;

use std::fmt::Write;
use std::path::Path;

use clap::Args;

use fact::{Fact, OF_GUESS, OF_RUN, OF_SCORES, SUSPICIOUS, array_text, head_text, suspicious, texts_text};

use crate::option::common::Common;
use crate::option::elements::Elements;
use crate::option::format::Printed;
#[cfg(feature = "onnx")]
use crate::option::model::{RuntimeName, TensorOptions};
use crate::option::runs::Runs;
use crate::screen::{remarks, terminal};
use oodbench::dump::Dump;
use oodbench::dump::diagnose::diagnose;
use oodbench::dump::layout::RunFiles;
use oodbench::printable::line;
use oodbench::report::Format;
use oodbench::report::grid::Grid;
use oodbench::score::REGISTRY;
use oodbench::score::counts::Counts;

/// Show splits, shapes, types and classes of dumps, what each score lacks, and what looks wrong; of ONNX models what `extract --onnx` would take
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench inspect dumps/
  oodbench inspect model.onnx                its inputs, logits, features and last layer
  oodbench inspect model.onnx --runtime onnxruntime      the same where rten refuses it, and why
  oodbench inspect feat.mmap --dtype float32 --shape N,512    a file of elements alone
  oodbench inspect dumps/ --format json      what was found, an object each")]
pub(crate) struct Command {
    #[command(flatten)]
    runs: Runs,
    #[command(flatten)]
    elements: Elements,
    #[command(flatten)]
    printed: Printed,
    #[cfg(feature = "onnx")]
    #[command(flatten)]
    tensors: TensorOptions,
    /// What runs an ONNX model, as for `extract` [default: rten]
    #[cfg(feature = "onnx")]
    #[arg(long, value_enum, value_name = "RUNTIME")]
    runtime: Option<RuntimeName>,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let mut facts = Vec::new();
    let mut show = |place: &Path, of_run: Vec<Fact>| -> anyhow::Result<()> {
        if command.printed.format == Format::Table {
            // A run may take minutes to read: each is there as soon as it is known.
            let gap = if facts.is_empty() { "" } else { "\n" };
            terminal::print(&format!("{gap}{}", shown(place, &of_run)))?;
        }
        facts.extend(of_run);
        Ok(())
    };
    let (models, runs) = command.runs.without_models();
    #[cfg(feature = "onnx")]
    let of_models = command.tensors.given().or(command.runtime.map(|_| "--runtime"));
    #[cfg(feature = "onnx")]
    if let Some(option) = of_models.filter(|_| models.is_empty()) {
        anyhow::bail!("{option}: found dumps, expected MODEL.onnx; leave it out, as it would change nothing");
    }
    let (models, runs) = match command.elements.are_given() {
        true => {
            for file in command.runs.files_of_elements()? {
                show(file, elements::describe(file, &command.elements)?)?;
            }
            (Vec::new(), None)
        }
        false => (models, runs),
    };
    #[cfg(feature = "onnx")]
    for model in &models {
        show(model, onnx::describe(model, &command.tensors, command.runtime.unwrap_or_default())?)?;
    }
    #[cfg(not(feature = "onnx"))]
    if let Some(model) = models.first() {
        anyhow::bail!(
            "{}: found a model, expected dumps; this program was built without the feature onnx",
            model.display()
        );
    }
    if let Some(runs) = runs {
        for files in runs.find(common.quiet)? {
            show(&files.folder, describe(&files)?)?;
        }
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
fn shown(place: &Path, facts: &[Fact]) -> String {
    // Writing into a String cannot fail.
    let mut out = String::new();
    for part in facts.chunk_by(|one, next| one.part == next.part) {
        // A line stays one, whatever sets, layers and files are called.
        let lines: Vec<_> = part.iter().map(|fact| (line(&fact.name), line(&fact.found))).collect();
        // Names of layers are as long as they are.
        let width = lines.iter().map(|(name, _)| name.len()).fold(13, usize::max);
        match &*part[0].part {
            OF_RUN => {
                let _ = writeln!(out, "{} ({})", line(&part[0].run), line(&place.display().to_string()));
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
        ("texts", dump.texts.as_ref().map(texts_text)),
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
