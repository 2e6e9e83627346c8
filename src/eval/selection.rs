//! The scores asked for, with their parameters.

use std::collections::{BTreeMap, BTreeSet};

use super::assignment::{Assignment, AssignmentError};
use super::error::PlanError;
use super::fits::FitsFile;
use crate::dump::layout::RunFiles;
use crate::rows::ArrayKind;
use crate::score::REGISTRY;
use crate::score::own;
use crate::score::registry::entries;
use crate::score::{Chosen, ScoreEntry, Settings};

/// The scores asked for.
pub struct Selection {
    pub(super) scores: Vec<Chosen>,
    /// Where their fits are, if not made from the run.
    pub(super) fits: Option<FitsFile>,
    /// Whether scores that a run does not allow are left out rather than refused.
    pub(super) lenient: bool,
}

impl Selection {
    /// Reads names (`mds`, `es`, ..., or `all`) and settings (`energy.temperature=2`).
    ///
    /// # Errors
    /// [`PlanError::Unknown`] and [`PlanError::Assignment`].
    pub fn parse(names: &[String], settings: &[String]) -> Result<Self, PlanError> {
        let assignments = settings.iter().map(|text| Assignment::parse(text)).collect::<Result<Vec<_>, _>>()?;
        Self::new(names, &assignments)
    }

    /// The scores of these names (ids, aliases, or `all`) with parameters as assigned; the last assignment counts.
    ///
    /// # Errors
    /// [`PlanError::Unknown`] and [`PlanError::Assignment`].
    pub fn new(names: &[String], assignments: &[Assignment]) -> Result<Self, PlanError> {
        let (entries, lenient) = entries(names)?;
        let parameters = parameters(assignments)?;
        let build = |entry: &'static ScoreEntry| {
            let settings = parameters.get(entry.id).map_or_else(|| entry.settings(), |(_, settings)| settings.clone());
            Chosen::new(entry, settings)
        };
        let scores = entries.into_iter().map(build).collect::<Result<_, _>>().map_err(AssignmentError::from)?;
        Ok(Self { scores, fits: None, lenient })
    }

    /// The scores of these names as they were fitted, with the parameters they had; all of the file where `names` has `all`.
    ///
    /// # Errors
    /// [`PlanError::Unknown`], and [`PlanError::Fits`] for a score that is not in the file.
    pub fn fitted(names: &[String], file: FitsFile) -> Result<Self, PlanError> {
        let (entries, all) = entries(names)?;
        let mut scores = file.scores()?;
        if !all {
            if let Some(missing) = entries.iter().find(|entry| !scores.iter().any(|one| one.entry.id == entry.id)) {
                return Err(file.lacks(missing).into());
            }
            // In the order they were asked for, each once: `entries` has no entry twice.
            let place = |one: &Chosen| entries.iter().position(|entry| entry.id == one.entry.id);
            scores.retain(|one| place(one).is_some());
            scores.sort_by_key(|one| place(one));
        }
        Ok(Self { scores, fits: Some(file), lenient: all })
    }

    /// The same scores; those that a run or a set does not allow are left out rather than refused.
    #[must_use]
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Adds the scores that somebody else computed and any of the runs has, where all scores are asked for.
    ///
    /// # Panics
    /// Never: such scores have no parameters that could be wrong.
    pub fn add_own(&mut self, runs: &[RunFiles]) {
        let arrays = runs.iter().flat_map(|run| &run.splits).flat_map(|split| split.arrays.keys());
        self.add_own_named(arrays.filter_map(|kind| match kind {
            ArrayKind::Score(name) => Some(name.as_str()),
            _ => None,
        }));
    }

    /// As [`Selection::add_own`], the scores that somebody else computed by their names, `mine` for `scores@mine`.
    ///
    /// ```
    /// use oodbench::eval::Selection;
    /// let ids = |names: &[&str]| {
    ///     let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    ///     let mut selection = Selection::parse(&names, &[]).unwrap();
    ///     selection.add_own_named(["mine"]);
    ///     selection.ids()
    /// };
    /// assert!(ids(&["all"]).contains(&"scores@mine"));
    /// assert_eq!(ids(&["mds"]), ["mds"]);
    /// ```
    ///
    /// # Panics
    /// Never, as above.
    pub fn add_own_named<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        if !self.lenient || self.fits.is_some() {
            return;
        }
        let names: BTreeSet<&str> = names.into_iter().collect();
        let entries = names.into_iter().filter_map(|name| own::entry(&own::id(name)));
        self.scores.extend(entries.map(Chosen::with_defaults));
    }

    /// Adds the scores of another selection that are not among these.
    pub(super) fn add(&mut self, other: Self) {
        let own = self.ids();
        self.scores.extend(other.scores.into_iter().filter(|chosen| !own.contains(&chosen.entry.id)));
    }

    /// Ids of the columns of a file of scores: of all scores there are if `all` were asked for, so that files do not differ by what runs allow.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        if !self.lenient {
            return self.ids();
        }
        let all = REGISTRY.iter().map(|entry| entry.id);
        let own = self.ids().into_iter().filter(|id| REGISTRY.iter().all(|entry| entry.id != *id));
        all.chain(own).collect()
    }

    /// The scores asked for, with their parameters.
    #[must_use]
    pub fn scores(&self) -> &[Chosen] {
        &self.scores
    }

    /// Ids of all scores asked for.
    #[must_use]
    pub fn ids(&self) -> Vec<&'static str> {
        self.scores.iter().map(|chosen| chosen.entry.id).collect()
    }
}

/// The settings of every score that was given any.
fn parameters(
    assignments: &[Assignment],
) -> Result<BTreeMap<&'static str, (&'static ScoreEntry, Settings)>, AssignmentError> {
    let mut parameters = BTreeMap::new();
    for Assignment { entry, name, value } in assignments {
        let (_, settings) = parameters.entry(entry.id).or_insert_with(|| (*entry, entry.settings()));
        settings.set(name, value)?;
    }
    // Even of scores that do not run: a mistake must not pass in silence.
    for (entry, settings) in parameters.values() {
        (entry.build)(settings)?;
    }
    Ok(parameters)
}
