//! A score asked for.

use crate::score::{Score, ScoreEntry, SettingError, Settings};

/// A score with its parameters.
pub struct Chosen {
    /// What is known of it.
    pub entry: &'static ScoreEntry,
    /// Its parameters.
    pub settings: Settings,
    /// The score made of them.
    pub score: Box<dyn Score>,
}

impl Chosen {
    /// A score of these parameters.
    ///
    /// # Errors
    /// [`SettingError::Value`].
    pub fn new(entry: &'static ScoreEntry, settings: Settings) -> Result<Self, SettingError> {
        let score = (entry.build)(&settings)?;
        Ok(Self { entry, settings, score })
    }

    /// The same score once more.
    pub(super) fn again(&self) -> Self {
        let score = (self.entry.build)(&self.settings).expect("these settings have built the score before");
        Self { entry: self.entry, settings: self.settings.clone(), score }
    }
}
