//! `oodbench completions`: completion scripts for shells.

use clap::Args;
use clap_complete::Shell;

use crate::screen::terminal;

/// Print a shell's completion script
#[derive(Args)]
#[command(after_help = "Example:
  oodbench completions bash > ~/.local/share/bash-completion/completions/oodbench")]
pub(crate) struct Command {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(command: &Command, mut program: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut program, "oodbench", &mut script);
    terminal::print(&String::from_utf8(script)?)?;
    Ok(())
}
