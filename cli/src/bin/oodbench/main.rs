//! The program: its allocator, and the command line with what was typed.

#[cfg(feature = "train")]
mod memory;

use std::process::ExitCode;

#[cfg(feature = "train")]
#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

fn main() -> ExitCode {
    #[cfg(feature = "train")]
    // SAFETY: this is the first thing that the program does, and nothing has started a thread yet.
    unsafe {
        oodbench_train::device::prepare_cpu();
    }
    ExitCode::from(oodbench_cli::main(std::env::args_os()))
}
