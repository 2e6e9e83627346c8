//! The command as it was typed, for what is written down beside results.

use std::ffi::OsString;
use std::sync::OnceLock;

static TYPED: OnceLock<Vec<OsString>> = OnceLock::new();

/// Keeps the program and its arguments; those of the first call count.
pub(crate) fn keep(typed: impl IntoIterator<Item = OsString>) -> &'static [OsString] {
    TYPED.get_or_init(|| typed.into_iter().collect())
}

/// The program and its arguments; bytes that are not UTF-8 are shown as replacement characters.
pub(crate) fn typed() -> Vec<String> {
    TYPED.get().into_iter().flatten().map(|argument| argument.to_string_lossy().into_owned()).collect()
}
