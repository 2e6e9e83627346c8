//! A file that another program cuts while it is read, which the system reports by a signal.

use std::io;
use std::path::PathBuf;
use std::process;

use oodbench::output::discard_pending;
use oodbench::rows::fault;
use oodbench::rows::watch::changed;

use crate::screen::terminal;

/// Ends the program with one line, this exit code and without half-written files when a file that is being read loses bytes.
pub(crate) fn install(code: u8) -> io::Result<()> {
    fault::install(move |file| end(file, code))
}

#[expect(clippy::exit, reason = "the thread that was reading can neither go on nor hand an error back")]
fn end(file: Option<PathBuf>, code: u8) {
    discard_pending();
    let Some(file) = file else {
        terminal::say(
            "error: a bus error (SIGBUS) outside of the files that were being read: memory or disk may be damaged",
        );
        process::abort();
    };
    terminal::say(&format!("error: {}: {}", file.display(), cause(changed().contains(&file))));
    process::exit(code.into());
}

/// Why pages of a file are lost: the system reports both causes by the same signal.
fn cause(was_changed: bool) -> &'static str {
    if was_changed {
        "became shorter while it was read, expected the same file from beginning to end; run the command again once nothing writes to it"
    } else {
        "could not be read to its end: its disk or network reported an error; copy the file elsewhere and run the command again"
    }
}
