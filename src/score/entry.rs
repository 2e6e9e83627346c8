//! What the registry knows of a score.

use super::Score;
use super::assumption::Assumption;
use super::settings::{Parameter, SettingError, Settings};
use crate::dump::Dump;

/// What is known of a score without a dump.
#[derive(Clone, Copy)]
pub struct ScoreEntry {
    /// Its name on the command line and in records.
    pub id: &'static str,
    /// Its name in tables.
    pub title: &'static str,
    /// The literature's other names.
    pub aliases: &'static [&'static str],
    /// The paper that defines it.
    pub reference: &'static str,
    /// Its page, Markdown.
    pub page: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Makes the score from its parameters.
    pub build: fn(&Settings) -> Result<Box<dyn Score>, SettingError>,
    /// A reason, known before scoring, not to trust it on this dump.
    pub caution: fn(&Dump) -> Option<String>,
    /// What it takes for granted.
    pub assumes: &'static [Assumption],
}

impl ScoreEntry {
    /// The settings to start from.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings::new(self.id, self.parameters)
    }

    /// The score with its default parameters.
    ///
    /// # Panics
    /// If a default is not a valid value, which a test over the registry excludes.
    #[must_use]
    pub fn with_defaults(&self) -> Box<dyn Score> {
        (self.build)(&self.settings()).expect("defaults are valid values")
    }
}

/// No caution known.
pub(super) fn no_caution(_: &Dump) -> Option<String> {
    None
}
