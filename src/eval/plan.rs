//! Which scores run on which run, settled before anything is computed.

use std::collections::BTreeSet;

use super::error::PlanError;
use super::fits::{FitsError, FitsFile};
use super::selection::Selection;
use crate::dump::layout::RunFiles;
use crate::dump::{Dump, DumpError};
use crate::progress::{Progress, Silent};
use crate::rows::ArrayKind;
use crate::rows::Split;
use crate::score::need::Splits;
use crate::score::{Chosen, Need};
use crate::table::Skipped;

/// A run and the scores that will run on it; every array they read has passed the gate.
pub struct Plan<'s> {
    /// The run.
    pub dump: Dump,
    /// The scores.
    pub scores: Vec<&'s Chosen>,
    /// Where their fits are, if not made from the run.
    pub fits: Option<&'s FitsFile>,
    /// Scores left out, with what they lack.
    pub skipped: Vec<Skipped>,
    /// Whether a score that turns out not to be applicable is left out rather than refused.
    pub lenient: bool,
    /// What was noticed while planning, one line each.
    pub notes: Vec<String>,
    purpose: Purpose,
}

/// What a plan is for, and so which rows are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Fits to be used at once, and rows to be scored.
    Both,
    /// Fits to be kept.
    Fit,
    /// Rows to be scored by fits that are there.
    Score,
}

impl Purpose {
    fn has(self, need: &Need, dump: &Dump) -> bool {
        match (self, need.reads(dump)) {
            (Self::Both, _) | (_, None) => true,
            (Self::Fit, Some((rows, _))) => rows != Splits::Scored,
            (Self::Score, Some((rows, _))) => rows == Splits::Scored,
        }
    }
}

impl<'s> Plan<'s> {
    /// Opens and checks every run.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with any of them.
    pub fn all(runs: &[RunFiles], selection: &'s Selection) -> Result<Vec<Self>, PlanError> {
        Self::each(runs.iter().map(|files| (files, selection)), &Silent)
    }

    /// Opens and checks every run, each with scores of its own; the check of the values is watched.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with any of them.
    pub fn each<'f>(
        runs: impl IntoIterator<Item = (&'f RunFiles, &'s Selection)>,
        progress: &dyn Progress,
    ) -> Result<Vec<Self>, PlanError> {
        let runs: Vec<_> = runs.into_iter().collect();
        if let [.., (last, Selection { fits: Some(_), .. })] = runs[..]
            && runs.len() > 1
        {
            let folder = last.folder.parent().unwrap_or(&last.folder).to_owned();
            return Err(FitsError::SeveralRuns { folder, runs: runs.len() }.into());
        }
        let mut plans: Vec<Self> = Vec::with_capacity(runs.len());
        for (files, selection) in runs {
            let purpose = if selection.fits.is_some() { Purpose::Score } else { Purpose::Both };
            let plan = Self::new(files, selection, purpose)?;
            if plan.dump.ood().next().is_none() {
                return Err(PlanError::NoOod { path: plan.dump.folder });
            }
            if plans.iter().any(|other| other.dump.info.name == plan.dump.info.name) {
                return Err(PlanError::DuplicateRun { name: plan.dump.info.name, path: files.folder.clone() });
            }
            plans.push(plan);
        }
        // Headers of all runs before values of any: what is cheap to refuse is refused at once.
        for plan in &mut plans {
            plan.check_values(progress)?;
        }
        Ok(plans)
    }

    /// Opens and checks a run that scores are to be fitted on; its rows to be scored are not looked at.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with it.
    pub fn of_fit(files: &RunFiles, selection: &'s Selection) -> Result<Self, PlanError> {
        let mut plan = Self::new(files, selection, Purpose::Fit)?;
        plan.check_values(&Silent)?;
        Ok(plan)
    }

    fn new(files: &RunFiles, selection: &'s Selection, purpose: Purpose) -> Result<Self, PlanError> {
        let dump = Dump::open(files)?;
        if let Some(file) = &selection.fits {
            file.check_model(&dump)?;
        }
        let mut scores = Vec::new();
        let mut skipped = Vec::new();
        for chosen in &selection.scores {
            let score = chosen.entry.id;
            let mut needs = chosen.score.needs().iter().filter(|need| purpose.has(need, &dump));
            let of_fit = || Some((selection.fits.as_ref()?.lacking(chosen, &dump)?, None));
            let lacking = needs.find_map(|need| Some((need.lacking(&dump)?, need.instead(&dump)))).or_else(of_fit);
            match (lacking, selection.lenient) {
                (None, _) => scores.push(chosen),
                (Some((file, instead)), true) => {
                    let instead = instead.map(|instead| format!("; {instead}")).unwrap_or_default();
                    skipped.push(Skipped { score, why: format!("it needs {file}{instead}") });
                }
                (Some((file, instead)), false) => {
                    let all = "dump it, or ask for --score all, which leaves such scores out";
                    let remedy = instead.unwrap_or_else(|| all.to_owned());
                    return Err(PlanError::Lacking { path: dump.folder.join(file), score, remedy });
                }
            }
        }
        if scores.is_empty() {
            return Err(PlanError::Nothing { path: dump.folder.clone() });
        }
        let (fits, lenient, notes) = (selection.fits.as_ref(), selection.lenient, Vec::new());
        Ok(Self { dump, scores, fits, skipped, lenient, notes, purpose })
    }

    fn needs(&self) -> impl Iterator<Item = &Need> {
        let all = self.scores.iter().flat_map(|chosen| chosen.score.needs());
        all.filter(|need| self.purpose.has(need, &self.dump))
    }

    /// The splits that fits are made from, with the arrays that are read of them.
    pub fn fitted_on(&self) -> impl Iterator<Item = (&Split, BTreeSet<ArrayKind>)> {
        let rows: Vec<Splits> = self.rows().into_iter().filter(|rows| *rows != Splits::Scored).collect();
        let arrays = move |split: &Split| -> BTreeSet<ArrayKind> {
            let of = |rows: &&Splits| rows.of(&self.dump).any(|one| one.role == split.role);
            rows.iter().filter(of).flat_map(|rows| self.arrays(rows)).collect()
        };
        self.dump.splits.iter().map(move |split| (split, arrays(split))).filter(|(_, arrays)| !arrays.is_empty())
    }

    /// The arrays that are read of these rows: features too where logits have to be made from them.
    #[must_use]
    pub fn arrays(&self, rows: &Splits) -> BTreeSet<ArrayKind> {
        rows.arrays(self.needs(), &self.dump)
    }

    /// Whether predictions can be told.
    #[must_use]
    pub fn has_logits(&self) -> bool {
        Need::Logits.lacking(&self.dump).is_none() && self.needs().any(|need| *need == Need::Logits)
    }

    /// The last step of the gate: no NaN, no infinity in anything that will be read.
    fn check_values(&mut self, progress: &dyn Progress) -> Result<(), PlanError> {
        for rows in self.rows() {
            let arrays = self.arrays(&rows);
            for split in rows.of(&self.dump) {
                let matrices = arrays.iter().filter(|kind| split.matrix(kind).is_some()).count();
                progress.begin(&format!("checking {}", split.role), matrices * split.rows);
                let result = split.check_finite(&arrays, &|rows| progress.advance(rows));
                progress.end();
                result.map_err(DumpError::from)?;
            }
        }
        if let Some(file) = self.fits {
            self.notes.extend(file.check_rows(&self.dump)?);
        }
        Ok(())
    }

    /// The rows that are read.
    fn rows(&self) -> Vec<Splits> {
        let mut all: Vec<Splits> = Vec::new();
        for (rows, _) in self.needs().filter_map(|need| need.reads(&self.dump)) {
            if !all.contains(&rows) {
                all.push(rows);
            }
        }
        all
    }
}
