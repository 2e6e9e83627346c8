//! Help as wide as the terminal, in which no example is wrapped inside its command: what is copied from the screen runs.

use std::ffi::OsString;
use std::io::IsTerminal as _;

use clap::{Command, CommandFactory, FromArgMatches};

use super::terminal;

/// Lines longer than this are hard to read.
const WIDEST: usize = 100;

/// Narrower than this clap leaves no room for what options mean.
const NARROWEST: usize = 40;

/// A space that clap does not wrap at; a common one when it is printed.
const KEPT: char = '\u{a0}';

/// What was typed, or the code to exit with after help, a version or an error was printed.
pub(crate) fn parse<A: CommandFactory + FromArgMatches>(typed: &[OsString]) -> Result<A, u8> {
    let width = terminal::style().width.map_or(WIDEST, |width| usize::from(width).clamp(NARROWEST, WIDEST));
    let mut command = with_whole_examples(A::command(), width);
    let typed = command.try_get_matches_from_mut(typed);
    let parsed = typed.and_then(|matches| A::from_arg_matches(&matches).map_err(|error| error.format(&mut command)));
    parsed.map_err(|error| {
        if error.use_stderr() {
            // What was typed is repeated in it.
            terminal::say_lines(&error.render().to_string());
        } else {
            let coloured = std::io::stdout().is_terminal() && terminal::style().bold;
            let text = if coloured { error.render().ansi().to_string() } else { error.render().to_string() };
            // A closed pipe is no failure.
            let _ = terminal::write(&text.replace(KEPT, " "));
        }
        error.exit_code() as u8
    })
}

fn with_whole_examples(command: Command, width: usize) -> Command {
    let mut command = command.term_width(width);
    if let Some(text) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(examples(&text, width));
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |sub| with_whole_examples(sub, width)))
}

/// Commands in one piece; what is said of one goes to a line of its own where it does not fit beside.
fn examples(text: &str, width: usize) -> String {
    let one = |line: &str| {
        let typed = line.trim_start();
        let indent = &line[..line.len() - typed.len()];
        if !typed.starts_with("oodbench ") {
            return line.to_owned();
        }
        let (command, said) =
            typed.split_once("  ").map_or((typed, ""), |(command, said)| (command, said.trim_start()));
        let command = command.replace(' ', &KEPT.to_string());
        if said.is_empty() {
            format!("{indent}{command}")
        } else if line.chars().count() <= width {
            let gap = typed.len() - command.replace(KEPT, " ").len() - said.len();
            format!("{indent}{command}{}{said}", " ".repeat(gap))
        } else {
            format!("{indent}{command}\n{indent}    {said}")
        }
    };
    text.lines().map(one).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stay_whole_and_remarks_go_below() {
        let text = "Examples:\n  oodbench score dumps/ --score mds    one score\n\nSee also.";
        assert_eq!(examples(text, 100).replace(KEPT, " "), text);
        let narrow = examples(text, 40);
        assert_eq!(
            narrow.replace(KEPT, " "),
            "Examples:\n  oodbench score dumps/ --score mds\n      one score\n\nSee also."
        );
        assert!(narrow.lines().nth(1).is_some_and(|line| !line.trim_start().contains(' ')));
    }
}
