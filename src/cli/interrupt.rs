//! Ctrl-C: unfinished files go, finished ones stay.

use oodbench::output::discard_pending;

/// What shells report for a program ended by SIGINT.
const INTERRUPTED: i32 = 130;

/// Ends the program on SIGINT and SIGTERM without leaving half-written files.
#[expect(clippy::exit, reason = "a signal ends the program wherever it is")]
pub(super) fn install() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        discard_pending();
        std::process::exit(INTERRUPTED);
    })?;
    Ok(())
}
