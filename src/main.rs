//! The command line of oodbench.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "talking to the terminal is what a command line is for")]

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
