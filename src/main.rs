//! The command line of oodbench.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "talking to the terminal is what a command line is for")]

mod cli;

// Training allocates every intermediate result anew; the allocator of the C library gives large blocks back to the system
// each time, which costs up to half of the time.
#[cfg(feature = "train")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::main()
}
