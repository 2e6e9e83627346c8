//! `oodbench import`: scores that other tools keep in files, as a dump.

use std::path::PathBuf;

use anyhow::bail;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueHint};

use crate::option::common::Common;
use crate::option::places::{places, refuse_to_replace};
use crate::screen::terminal;
use oodbench::dump::import::{Imported, read};
use oodbench::dump::{DumpWriter, RunInfo};

/// Write scores that other tools keep in files as a dump, which every command reads
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench import results/cifar10_resnet18 --out dumps/scale    OpenOOD's s0/scores/*.pkl or *.npz, a run for each seed
  oodbench import lee/ --out dumps/lee --dry-run                confidence_Base_In.txt, confidence_Base_Out.txt: what would be written
  oodbench import raw_logits.npz --out dumps/study              FD-Shifts

Values are taken as they are, as scores@NAME of the dump. Files with logits and features need no import: `oodbench score` reads them where they are. Tables of
results (OpenOOD's <model>/ood/<postprocessor>.csv and leaderboard, Macêdo's results_odd.csv) are read wherever records are: `oodbench convert results_odd.csv --to json`.")]
pub(crate) struct Command {
    /// A file, or the folder that holds the files of a run or of several
    #[arg(value_name = "SRC", value_hint = ValueHint::AnyPath)]
    source: PathBuf,
    /// The dump, or the folder of dumps if there are several runs
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: PathBuf,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Scores that are lower on in-distribution rows, comma-separated: they are noted as such in run.toml
    #[arg(long, value_name = "SCORES", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    lower: Vec<String>,
    /// Replace what is there
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let (title, mut runs) = read(&command.source)?;
    if !common.quiet || command.dry_run {
        terminal::say(&format!("{}: {title}", command.source.display()));
    }
    for run in &mut runs {
        let known: Vec<String> = run.splits.iter().flat_map(|split| split.scores.keys().cloned()).collect();
        if let Some(unknown) = command.lower.iter().find(|name| !known.contains(name)) {
            bail!("--lower {unknown}: found no such score in {}, expected one of {}", run.info.name, known.join(", "));
        }
        run.info.lower.clone_from(&command.lower);
    }
    let names: Vec<&str> = runs.iter().map(|run| run.info.name.as_str()).collect();
    for (run, out) in runs.iter().zip(places(&command.out, &names)?) {
        if !common.quiet || command.dry_run {
            for taken in &run.taken {
                terminal::say(&format!("{}/{:<24} {} ({})", out.display(), taken.what, taken.from, taken.why));
            }
            run.left_out.iter().for_each(|what| terminal::say(&format!("left out: {what}")));
        }
        if !command.dry_run {
            refuse_to_replace(&out, [command.source.as_path()])?;
            write(run, &out, command.replace)?;
            terminal::print(&format!("wrote {}\n", out.display()))?;
        }
    }
    Ok(())
}

fn write(run: &Imported, out: &std::path::Path, replace: bool) -> anyhow::Result<()> {
    let writer = DumpWriter::create(out, replace)?;
    writer.info(&RunInfo { note: Some("imported by oodbench".to_owned()), ..run.info.clone() })?;
    for split in &run.splits {
        writer.split(split)?;
    }
    writer.commit()?;
    Ok(())
}
