//! The command line: one file per subcommand.

mod args;
mod choice;
mod compare;
mod completions;
#[cfg(feature = "train")]
mod data;
#[cfg(feature = "train")]
mod demo;
mod explain;
#[cfg(feature = "train")]
mod extract;
mod fit;
#[cfg(feature = "train")]
mod images;
mod input;
mod inspect;
mod interrupt;
mod latency;
mod list;
#[cfg(feature = "train")]
mod named;
mod plot;
mod progress;
mod remarks;
mod score;
mod terminal;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
mod training;
mod tuning;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};
use interrupt::{INTERRUPTED, Interrupted};

/// The command could not do what it was asked for.
const FAILED: u8 = 2;

/// Runs the program. Exit codes: 0 done, 2 could not be done, 130 stopped by Ctrl-C; a reader that closes the pipe is no failure.
pub(crate) fn main() -> ExitCode {
    #[cfg(feature = "train")]
    // SAFETY: nothing has started a thread yet.
    unsafe {
        oodbench::train::device::prepare_cpu();
    }
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("{error}");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    interrupt::install()?;
    if let Some(threads) = arguments.common.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    let common = &arguments.common;
    match arguments.command {
        #[cfg(feature = "train")]
        Command::Demo(command) => demo::run(&command, common),
        #[cfg(feature = "train")]
        Command::Train(command) => train::run(&command, common),
        #[cfg(feature = "train")]
        Command::Extract(command) => extract::run(&command, common),
        #[cfg(feature = "train")]
        Command::Data(command) => data::run(&command),
        Command::Score(command) => score::run(&command, common),
        Command::Compare(command) => compare::run(&command, common),
        Command::Fit(command) => fit::run(&command, common),
        Command::Plot(command) => plot::run(&command, common),
        Command::Latency(command) => latency::run(&command, common),
        Command::Inspect(command) => inspect::run(&command, common),
        Command::List(command) => list::run(&command),
        Command::Explain(command) => explain::run(&command),
        Command::Completions(command) => completions::run(&command),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}
