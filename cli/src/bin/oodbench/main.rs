//! The program: its allocator, and the command line with what was typed.

#[cfg(feature = "train")]
mod memory;

use std::process::ExitCode;

#[cfg(feature = "train")]
#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

fn main() -> ExitCode {
    ExitCode::from(oodbench_cli::main(std::env::args_os()))
}
