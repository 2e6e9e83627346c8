//! `oodbench demo`: the paper's claim, trained on this machine.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::option::command_line;
use crate::option::common::Common;
use crate::paper::claims::PROCEDURE;
use crate::paper::settings::{EPOCHS, FULL_EPOCHS, OOD};
use crate::paper::{self, DemoError, Outcome, Settings, report};
use crate::screen::interrupt::{Interrupted, stop_flag};
use crate::screen::terminal;
use crate::screen::training::Watch;
use oodbench::report::text;
use oodbench_train::device::DeviceChoice;
use oodbench_train::job::Workplace;

/// Train SoftMax, IsoMax and IsoMax+ on images inside the program, compare them, and write a page about it
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench demo                                   about five minutes of processor time, no download
  oodbench demo --images 500 --epochs 1           a glance at how it goes; its values mean little
  oodbench demo --full                            all of Fashion-MNIST (Debian package dataset-fashion-mnist), three seeds
  oodbench demo --full --data fashion-mnist:DIR --ood idx:notmnist --seeds 1,2,3,4,5

Writes dumps/demo-LOSS-seedN, which `oodbench score` and `oodbench plot` read, runs/ with checkpoints and weights, and
reports/demo/ with index.html, table.md, fig1.png and the histories. Ctrl-C keeps finished epochs; --resume goes on.")]
pub(crate) struct Command {
    /// Folder for dumps/, runs/ and reports/demo/
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// All of Fashion-MNIST instead of the part inside the program, and three seeds
    #[arg(long)]
    full: bool,
    /// In-distribution images [default: embedded; with --full: fashion-mnist]
    #[arg(long, value_name = "DATA")]
    data: Option<String>,
    /// More OOD sets, comma-separated, of images of the same size
    #[arg(long, value_name = "DATA", value_delimiter = ',')]
    ood: Vec<String>,
    /// Seeds, comma-separated [default: 1; with --full: 1,2,3]
    #[arg(long, value_name = "SEEDS", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// Epochs of each network [default: fitted to the number of images]
    #[arg(long, value_name = "N")]
    epochs: Option<NonZeroUsize>,
    /// Only the first N images of each set
    #[arg(long, value_name = "N")]
    images: Option<NonZeroUsize>,
    /// Go on from checkpoints that are there
    #[arg(long)]
    resume: bool,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: DeviceChoice,
}

/// Runs the command.
pub(crate) fn run(command: &Command, common: &Common) -> anyhow::Result<()> {
    let device = command.device.open()?;
    let settings = Settings {
        data: command
            .data
            .clone()
            .unwrap_or_else(|| if command.full { "fashion-mnist" } else { "embedded" }.to_owned()),
        ood: OOD.into_iter().map(str::to_owned).chain(command.ood.iter().cloned()).collect(),
        seeds: match (&command.seeds[..], command.full) {
            ([], true) => vec![1, 2, 3],
            ([], false) => vec![1],
            (seeds, _) => seeds.to_vec(),
        },
        epochs: command.epochs.map_or(if command.full { FULL_EPOCHS } else { EPOCHS }, NonZeroUsize::get),
        images: command.images.map(NonZeroUsize::get),
        dumps: place(&command.out, "dumps"),
        runs: place(&command.out, "runs"),
        report: place(&command.out, "reports/demo"),
        resume: command.resume,
        command: command_line(),
    };
    let at = Workplace { device: &device, stop: stop_flag(), observer: &Watch::new(common.quiet) };
    let outcome = match paper::run(&settings, at) {
        Err(stopped @ DemoError::Stopped { .. }) => return Err(Interrupted(stopped.to_string()).into()),
        outcome => outcome?,
    };
    terminal::print(&summary(&outcome))?;
    if !common.quiet {
        terminal::say(&format!("wrote {}", report::page_file(&settings.report).display()));
    }
    Ok(())
}

/// `./dumps` reads worse than `dumps`.
fn place(out: &Path, folder: &str) -> PathBuf {
    if out == Path::new(".") { PathBuf::from(folder) } else { out.join(folder) }
}

fn command_line() -> String {
    format!("oodbench {}", command_line::typed().get(1..).unwrap_or_default().join(" "))
}

/// What does not hold of the paper comes before the values.
fn summary(outcome: &Outcome) -> String {
    let accuracies = outcome.results.runs.iter().map(|run| {
        let accuracy = run.accuracy.map_or_else(String::new, |accuracy| format!("{:.2} %", accuracy * 100.0));
        format!("{}: test accuracy {accuracy}\n", run.info.name)
    });
    format!(
        "What the paper says, and what these networks show\n\n{}\n{}\nEvery loss with every score\n{}\n",
        outcome.findings,
        accuracies.collect::<String>(),
        text::comparisons(PROCEDURE.title, &outcome.tables, terminal::style()),
    )
}
