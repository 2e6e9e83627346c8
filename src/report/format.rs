//! The formats that a command can print: one list for all of them. Each is a file of this room; a command that lacks one does not compile.

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For reading on a terminal, [`super::text`].
    Table,
    /// An array of objects, [`super::json`].
    Json,
    /// Comma-separated values, [`super::csv`].
    Csv,
    /// GitHub-flavoured Markdown, [`super::markdown`].
    Markdown,
}

impl Format {
    /// All formats, the one that is printed unless another is asked for first.
    pub const ALL: [Self; 4] = [Self::Table, Self::Json, Self::Csv, Self::Markdown];

    /// Its name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
        }
    }

    /// What it is for, in one line.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::Table => "For reading on a terminal",
            Self::Json => "JSON for programs; values are fractions and never rounded",
            Self::Csv => "Comma-separated values, the same fields as JSON",
            Self::Markdown => "GitHub-flavoured Markdown",
        }
    }

    /// Whether it is for programs rather than for readers.
    #[must_use]
    pub fn is_data(self) -> bool {
        matches!(self, Self::Json | Self::Csv)
    }
}
