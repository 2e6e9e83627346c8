//! `oodbench completions`: completion scripts for shells.

use anyhow::Context;
use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use crate::option::complete::VARIABLE;
use crate::screen::terminal;

/// Print a shell's completion script: commands, options, scores, parameters, procedures, image sets
#[derive(Args)]
#[command(after_help = "Examples:
  oodbench completions bash > ~/.local/share/bash-completion/completions/oodbench
  oodbench completions zsh > ~/.zfunc/_oodbench

The script asks the program itself, so names are those of the installed version.")]
pub(crate) struct Command {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let (shells, name) = (Shells::builtins(), command.shell.to_string());
    let shell = shells.completer(&name).with_context(|| format!("no completion script for shell {name}"))?;
    shell.write_registration(VARIABLE, "oodbench", "oodbench", "oodbench", &mut script)?;
    terminal::print(&String::from_utf8(script)?)?;
    Ok(())
}
