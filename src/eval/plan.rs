//! Which scores run on which run, settled before anything is computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::assignment::{Assignment, AssignmentError};
use super::progress::{Progress, Silent};
use crate::dump::layout::{ArrayKind, RunFiles};
use crate::dump::{Dump, DumpError};
use crate::score::need::Rows;
use crate::score::registry::{UnknownScore, find};
use crate::score::{Need, REGISTRY, Score, ScoreEntry, Settings};
use crate::table::Skipped;

/// Something asked for that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The dump is not as it should be.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// There is no such score.
    #[error(transparent)]
    Unknown(#[from] UnknownScore),
    /// A parameter does not fit.
    #[error(transparent)]
    Assignment(#[from] AssignmentError),
    /// A score asked for by name lacks something.
    #[error("{}: missing, expected by score {score}; {remedy}", path.display())]
    Lacking {
        /// What it lacks.
        path: PathBuf,
        /// The score.
        score: &'static str,
        /// What to do.
        remedy: String,
    },
    /// No score at all fits.
    #[error("{}: found nothing that any score can read, expected logits.npy or features.npy in every split", path.display())]
    Nothing {
        /// The run.
        path: PathBuf,
    },
    /// Two runs of one name.
    #[error("{}: found run {name:?} a second time, expected distinct names; change `name` in run.toml", path.display())]
    DuplicateRun {
        /// The name.
        name: String,
        /// The second one.
        path: PathBuf,
    },
    /// A run without OOD sets.
    #[error("{}: found no OOD set, expected ood/<name>/logits.npy; dump at least one", path.display())]
    NoOod {
        /// The run.
        path: PathBuf,
    },
}

/// The scores asked for.
pub struct Selection {
    entries: Vec<(&'static ScoreEntry, Box<dyn Score>)>,
    /// Whether scores that a run does not allow are left out rather than refused.
    lenient: bool,
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
        let lenient = names.iter().any(|name| name.eq_ignore_ascii_case("all"));
        let mut entries: Vec<&'static ScoreEntry> = Vec::new();
        if lenient {
            entries.extend(REGISTRY);
        } else {
            for name in names {
                let entry = find(name)?;
                if !entries.iter().any(|other| other.id == entry.id) {
                    entries.push(entry);
                }
            }
        }
        let parameters = parameters(assignments)?;
        let build = |entry: &'static ScoreEntry| {
            let settings = parameters.get(entry.id).map_or_else(|| entry.settings(), |(_, settings)| settings.clone());
            (entry.build)(&settings).map(|score| (entry, score))
        };
        let entries = entries.into_iter().map(build).collect::<Result<_, _>>().map_err(AssignmentError::from)?;
        Ok(Self { entries, lenient })
    }

    /// Ids of all scores asked for.
    #[must_use]
    pub fn ids(&self) -> Vec<&'static str> {
        self.entries.iter().map(|(entry, _)| entry.id).collect()
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

/// A run and the scores that will run on it; every array they read has passed the gate.
pub struct Plan<'s> {
    /// The run.
    pub dump: Dump,
    /// The scores.
    pub scores: Vec<(&'static ScoreEntry, &'s dyn Score)>,
    /// Scores left out, with what they lack.
    pub skipped: Vec<Skipped>,
    /// Whether a score that turns out not to be applicable is left out rather than refused.
    pub lenient: bool,
}

impl<'s> Plan<'s> {
    /// Opens and checks every run.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with any of them.
    pub fn all(runs: &[RunFiles], selection: &'s Selection) -> Result<Vec<Self>, PlanError> {
        Self::all_shown(runs, selection, &Silent)
    }

    /// [`Plan::all`], watched.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with any of them.
    pub fn all_shown(
        runs: &[RunFiles],
        selection: &'s Selection,
        progress: &dyn Progress,
    ) -> Result<Vec<Self>, PlanError> {
        let mut plans: Vec<Self> = Vec::with_capacity(runs.len());
        for files in runs {
            let plan = Self::new(files, selection)?;
            if plans.iter().any(|other| other.dump.info.name == plan.dump.info.name) {
                return Err(PlanError::DuplicateRun { name: plan.dump.info.name, path: files.folder.clone() });
            }
            plans.push(plan);
        }
        // Headers of all runs before values of any: what is cheap to refuse is refused at once.
        for plan in &plans {
            plan.check_values(progress)?;
        }
        Ok(plans)
    }

    fn new(files: &RunFiles, selection: &'s Selection) -> Result<Self, PlanError> {
        let dump = Dump::open(files)?;
        if dump.ood().next().is_none() {
            return Err(PlanError::NoOod { path: dump.folder.clone() });
        }
        let mut scores = Vec::new();
        let mut skipped = Vec::new();
        for (entry, score) in &selection.entries {
            let lacking = score.needs().iter().find_map(|need| Some((need.lacking(&dump)?, need.instead(&dump))));
            match (lacking, selection.lenient) {
                (None, _) => scores.push((*entry, score.as_ref())),
                (Some((file, instead)), true) => {
                    let instead = instead.map(|instead| format!("; {instead}")).unwrap_or_default();
                    skipped.push(Skipped { score: entry.id, why: format!("it needs {file}{instead}") });
                }
                (Some((file, instead)), false) => {
                    let all = "dump it, or ask for --score all, which leaves such scores out";
                    let remedy = instead.unwrap_or_else(|| all.to_owned());
                    return Err(PlanError::Lacking { path: dump.folder.join(file), score: entry.id, remedy });
                }
            }
        }
        if scores.is_empty() {
            return Err(PlanError::Nothing { path: dump.folder.clone() });
        }
        Ok(Self { dump, scores, skipped, lenient: selection.lenient })
    }

    fn needs(&self) -> impl Iterator<Item = &Need> {
        self.scores.iter().flat_map(|(_, score)| score.needs())
    }

    /// The arrays that are read of these rows: features too where logits have to be made from them.
    #[must_use]
    pub fn arrays(&self, rows: &Rows) -> BTreeSet<ArrayKind> {
        rows.arrays(self.needs(), &self.dump)
    }

    /// Whether predictions can be told.
    #[must_use]
    pub fn has_logits(&self) -> bool {
        Need::Logits.lacking(&self.dump).is_none() && self.needs().any(|need| *need == Need::Logits)
    }

    /// The last step of the gate: no NaN, no infinity in anything that will be read.
    fn check_values(&self, progress: &dyn Progress) -> Result<(), DumpError> {
        for rows in self.rows() {
            let arrays = self.arrays(&rows);
            for split in rows.of(&self.dump) {
                let matrices = arrays.iter().filter(|kind| split.matrix(kind).is_some()).count();
                progress.begin(&format!("checking {}", split.role), matrices * split.rows);
                let result = split.check_finite(&arrays, &|rows| progress.advance(rows));
                progress.end();
                result?;
            }
        }
        Ok(())
    }

    /// The rows that are read.
    fn rows(&self) -> Vec<Rows> {
        let mut all: Vec<Rows> = Vec::new();
        for (rows, _) in self.needs().filter_map(|need| need.reads(&self.dump)) {
            if !all.contains(&rows) {
                all.push(rows);
            }
        }
        all
    }
}
