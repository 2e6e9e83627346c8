//! A score with its parameters, and the same score fitted.

use std::time::{Duration, Instant};

use super::{Alternative, Fit, Fitted, Need, Score, ScoreEntry, SettingError, Settings};
use crate::fit::{FitError, Training};

/// A score with its parameters.
pub struct Chosen {
    /// What is known of it.
    pub entry: &'static ScoreEntry,
    /// Its parameters.
    pub settings: Settings,
    /// The score made of them.
    pub score: Box<dyn Score>,
}

/// A fitted score: what it is a fit of, what scores rows, and what its user should know.
pub struct FittedScore {
    /// What is known of it.
    pub entry: &'static ScoreEntry,
    /// Its parameters.
    pub settings: Settings,
    /// What it reads; of rows to be scored, what the fit has chosen of it.
    pub needs: Vec<Need>,
    /// What scores rows.
    pub scorer: Box<dyn Fitted>,
    /// Facts about the fit, such as a singular covariance; one line each.
    pub notes: Vec<String>,
    /// What could have been learnt with the same right.
    pub alternatives: Vec<Alternative>,
    /// How long the fit took. What several scores share counts for the first of them.
    pub took: Duration,
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

    /// A score with its default parameters.
    #[must_use]
    pub fn with_defaults(entry: &'static ScoreEntry) -> Self {
        Self { entry, settings: entry.settings(), score: entry.with_defaults() }
    }

    /// The same score once more.
    pub(crate) fn again(&self) -> Self {
        let score = (self.entry.build)(&self.settings).expect("these settings have built the score before");
        Self { entry: self.entry, settings: self.settings.clone(), score }
    }

    /// Fits it.
    ///
    /// # Errors
    /// [`FitError`] if the training rows do not allow it.
    pub fn fit(&self, training: &Training<'_>) -> Result<FittedScore, FitError> {
        let start = Instant::now();
        training.refuse(self.entry.id, self.score.obstacle(training.rows()))?;
        let fit = self.score.fit(training)?;
        Ok(self.fitted(fit, start.elapsed()))
    }

    /// It with a fit that took so long.
    pub(crate) fn fitted(&self, fit: Fit, took: Duration) -> FittedScore {
        let Fit { scorer, notes, alternatives } = fit;
        let (settings, needs) = (self.settings.clone(), Need::narrowed(self.score.needs(), scorer.needs()));
        FittedScore { entry: self.entry, settings, needs, scorer, notes, alternatives, took }
    }
}
