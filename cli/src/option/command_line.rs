//! The command as it was typed, for what is written down beside results.

/// The program and its arguments; bytes that are not UTF-8 are shown as replacement characters.
pub(crate) fn typed() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}
