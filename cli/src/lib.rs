//! The command line of oodbench: `arguments` is what may be typed, `command` has one file per subcommand, `paper` the published values and the demo.
//!
//! [`main`] is all of it; the program `oodbench` calls it, and so does the console script of the Python package.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::print_stdout))]

mod arguments;
mod command;
mod option;
mod paper;
mod screen;

use std::ffi::OsString;

use clap::CommandFactory;
use clap_complete::CompleteEnv;

use arguments::{Arguments, Command};
use oodbench::eval::PlanError;
use oodbench::output::discard_pending;
use oodbench::score::registry::UnknownScore;
use option::command_line;
use option::complete::VARIABLE;
use screen::failed::Failed;
use screen::interrupt::{self, INTERRUPTED, Interrupted};
use screen::{help, lost_file, terminal};

/// The command was done, and its answer is no.
const NO: u8 = 1;

/// The exit code of a command that could not be done.
pub const FAILED: u8 = 2;

/// The exit code of a command that was done.
const DONE: u8 = 0;

/// Runs what was typed, the name of the program first, and gives the exit code: 0 done, 1 done and the answer is no (`diff --fail-if`, `apply --fail-above`, `monitor --fail-on-alarm`, `verify`), 2 could not be done, 130 stopped by a signal; a reader that closes the pipe is no failure.
///
/// To be called once in a process, which it treats as its own: signals end it, and threads are started for good. A program with the trainer in it sets
/// `CANDLE_NUM_THREADS=1` before, by `oodbench_train::device::prepare_cpu` or in its environment: here threads may be running already, so that it is
/// too late for that.
pub fn main(typed: impl IntoIterator<Item = OsString>) -> u8 {
    let typed = command_line::keep(typed);
    CompleteEnv::with_factory(Arguments::command).var(VARIABLE).complete();
    let arguments: Arguments = match help::parse(typed) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let done = run(arguments);
    interrupt::give_way();
    if done.is_err() {
        discard_pending();
    }
    match done {
        Ok(()) => DONE,
        Err(error) if terminal::is_broken_pipe(&error) => DONE,
        Err(error) if error.is::<Interrupted>() => {
            terminal::say(&format!("{error}"));
            INTERRUPTED
        }
        Err(error) if error.is::<Failed>() => {
            terminal::say(&format!("{error}"));
            NO
        }
        Err(error) => {
            let text = format!("error: {error:#}");
            // A composition has the place of the error marked below it.
            if is_of_composition(&error) {
                terminal::say_lines(&format!("{text}\n"))
            } else {
                terminal::say(&text)
            }
            FAILED
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    interrupt::install()?;
    lost_file::install(FAILED)?;
    option::threads::start(arguments.common.threads)?;
    let common = &arguments.common;
    match arguments.command {
        #[cfg(feature = "train")]
        Command::Demo(command) => command::demo::run(&command, common),
        #[cfg(feature = "train")]
        Command::Train(command) => command::train::run(&command, common),
        #[cfg(any(feature = "train", feature = "onnx"))]
        Command::Extract(command) => command::extract::run(&command, common),
        #[cfg(feature = "train")]
        Command::Data(command) => command::data::run(&command),
        Command::Score(command) => command::score::run(&command, common),
        Command::Measure(command) => command::measure::run(&command, common),
        Command::Compare(command) => command::compare::run(&command, common),
        Command::Diff(command) => command::diff::run(&command, common),
        Command::Convert(command) => command::convert::run(&command, common),
        Command::Import(command) => command::import::run(&command, common),
        Command::Verify(command) => command::verify::run(&command, common),
        Command::Reliability(command) => command::reliability::run(&command, common),
        Command::Fit(command) => command::fit::run(&command, common),
        Command::Calibrate(command) => command::calibrate::run(&command, common),
        Command::Apply(command) => command::apply::run(&command, common),
        Command::Monitor(command) => command::monitor::run(&command, common),
        Command::Plot(command) => command::plot::run(&command, common),
        Command::Report(command) => command::report::run(&command, common),
        Command::Leaderboard(command) => command::leaderboard::run(&command, common),
        Command::Latency(command) => command::latency::run(&command, common),
        Command::Inspect(command) => command::inspect::run(&command, common),
        Command::List(command) => command::list::run(&command),
        Command::Explain(command) => command::explain::run(&command),
        Command::Completions(command) => command::completions::run(&command),
    }
}

fn is_of_composition(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_plan = cause.downcast_ref::<PlanError>();
        let of_plan = of_plan.and_then(|error| if let PlanError::Unknown(name) = error { Some(name) } else { None });
        matches!(of_plan.or_else(|| cause.downcast_ref()), Some(UnknownScore::Composed(_)))
    })
}
