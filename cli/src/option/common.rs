//! Options of every command.

use std::num::NonZeroUsize;

use clap::Args;

/// Options of every command.
#[derive(Args)]
pub(crate) struct Common {
    /// Print only results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print more, such as which scores were left out and why
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Threads to use [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", global = true)]
    pub(crate) threads: Option<NonZeroUsize>,
}
