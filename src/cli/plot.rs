//! `oodbench plot`: figures.

use clap::Args;

use super::args::Common;

/// Draw figures
#[derive(Args)]
pub(crate) struct Command {}

/// Runs the command.
pub(super) fn run(_: &Command, _: &Common) -> anyhow::Result<()> {
    Ok(())
}
