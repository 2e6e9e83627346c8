//! Ctrl-C and the signals that end a program (SIGTERM, SIGHUP): unfinished files and folders go, finished ones stay. Training is asked to stop first,
//! since its last checkpoint is worth a message.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use oodbench::output::discard_pending;

use crate::screen::terminal;

/// What shells report for a program ended by SIGINT; the other signals end it with the same code.
pub(crate) const INTERRUPTED: u8 = 130;

/// Whether the current work looks at [`STOP`].
static POLITE: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether a signal is ending the program.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Work that the user stopped; the message says how to go on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Interrupted(pub(crate) String);

/// Ends the program on SIGINT, SIGTERM and SIGHUP without leaving half-written files.
#[expect(clippy::exit, reason = "a signal ends the program wherever it is")]
pub(crate) fn install() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if POLITE.load(Ordering::Relaxed) && !STOP.swap(true, Ordering::Relaxed) {
            return;
        }
        ENDING.store(true, Ordering::SeqCst);
        discard_pending();
        terminal::say("stopped; what was not finished is removed");
        std::process::exit(INTERRUPTED.into());
    })?;
    Ok(())
}

/// Never returns while a signal ends the program: what failed because its files were taken away has nothing to say.
pub(crate) fn give_way() {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
}

/// For work that has nothing to save: it need not look, since a signal ends the program at once.
#[cfg(any(feature = "train", feature = "onnx"))]
pub(crate) fn never_stopped() -> &'static AtomicBool {
    static NEVER: AtomicBool = AtomicBool::new(false);
    &NEVER
}

/// From here on the first signal only sets this flag, which the caller promises to look at often; the second one ends the
/// program as ever.
#[cfg(feature = "train")]
pub(crate) fn stop_flag() -> &'static AtomicBool {
    POLITE.store(true, Ordering::Relaxed);
    &STOP
}
