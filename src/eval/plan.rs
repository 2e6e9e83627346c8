//! Which scores run on which run, settled before anything is computed.

use std::collections::BTreeSet;

use super::error::PlanError;
use super::fits::{FitsError, FitsFile};
use super::identity::identity;
use super::selection::Selection;
use crate::dump::layout::RunFiles;
use crate::dump::{Dump, DumpError};
use crate::numeric::checksum::Checksum;
use crate::progress::{Progress, Silent};
use crate::rows::{ArrayKind, Role, Split, Texts};
use crate::score::need::Splits;
use crate::score::{Chosen, Need};
use crate::table::{ArrayRead, Skipped};

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
    /// Scores that some of the OOD sets do not allow, those that others do.
    pub missing: Vec<Missing>,
    /// The arrays that were read, with their checksums.
    pub arrays: Vec<ArrayRead>,
    /// Whether a score that turns out not to be applicable is left out rather than refused.
    pub lenient: bool,
    /// What was noticed while planning, one line each.
    pub notes: Vec<String>,
    /// Whether id/val is scored as well, for callers that keep the scores of rows.
    pub scores_val: bool,
    /// Whether predictions of id/test are told even if no score reads logits.
    predicts: bool,
    purpose: Purpose,
}

/// A score that an OOD set does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The score's id.
    pub score: &'static str,
    /// The OOD set.
    pub role: Role,
    /// What it lacks.
    pub why: String,
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

    /// As [`Plan::of_fit`], of a run whose rows are in memory.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with it.
    pub fn of_fit_in_memory(dump: Dump, selection: &'s Selection) -> Result<Self, PlanError> {
        let mut plan = Self::opened(dump, selection, Purpose::Fit)?;
        plan.check_values(&Silent)?;
        Ok(plan)
    }

    /// Opens and checks a run that a detector is to be made from: rows are fitted on and scored, id/val too, and there need be no OOD set.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with it.
    pub fn of_detector(files: &RunFiles, selection: &'s Selection, progress: &dyn Progress) -> Result<Self, PlanError> {
        let mut plan = Self::new(files, selection, Purpose::Both)?;
        plan.check_values(progress)?;
        Ok(plan)
    }

    /// Plans the scores of a run whose rows are in memory.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong with it.
    pub fn of_dump(dump: Dump, selection: &'s Selection) -> Result<Self, PlanError> {
        let mut plan = Self::opened(dump, selection, Purpose::Both)?;
        plan.check_values(&Silent)?;
        Ok(plan)
    }

    fn new(files: &RunFiles, selection: &'s Selection, purpose: Purpose) -> Result<Self, PlanError> {
        Self::opened(Dump::open(files)?, selection, purpose)
    }

    fn opened(mut dump: Dump, selection: &'s Selection, purpose: Purpose) -> Result<Self, PlanError> {
        if let Some(file) = &selection.fits {
            file.check_model(&dump)?;
        }
        let mut scores = Vec::new();
        let mut skipped = Vec::new();
        let mut missing = Vec::new();
        for chosen in &selection.scores {
            let score = chosen.entry.id;
            let in_part = if selection.lenient { lacking_in_part(chosen, &dump) } else { Vec::new() };
            let is_scored = |need: &Need| need.reads(&dump).is_some_and(|(rows, _)| rows == Splits::Scored);
            let mut needs = chosen.score.needs().iter().filter(|need| {
                // What only some OOD sets lack is missing there and nowhere else.
                purpose.has(need, &dump) && (in_part.is_empty() || !is_scored(need))
            });
            let of_fit = || Some((selection.fits.as_ref()?.lacking(chosen, &dump)?, None));
            let lacking = needs.find_map(|need| {
                let file = need.lacking(&dump)?;
                let instead = need.instead(&dump).or_else(|| dump.instead_of(&file));
                Some((file, instead))
            });
            let lacking = lacking.or_else(of_fit);
            // What is there and cannot be used is no reason to leave a score out.
            if let Some(fault) = lacking.as_ref().and_then(|(file, _)| dump.take_fault(file)) {
                return Err(fault.into());
            }
            match (lacking, selection.lenient) {
                (None, _) => {
                    scores.push(chosen);
                    missing.extend(in_part);
                }
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
        let mut plan = Self {
            dump,
            scores,
            fits,
            skipped,
            missing,
            arrays: Vec::new(),
            lenient,
            notes,
            scores_val: false,
            predicts: false,
            purpose,
        };
        plan.arrays = plan.read_of_head().collect();
        if let Some((file, texts)) = plan.fits.zip(plan.texts_read()) {
            file.check_texts(texts, &plan.dump)?;
        }
        Ok(plan)
    }

    /// The head, and embeddings of texts where they are read, as records tell of them.
    fn read_of_head(&self) -> impl Iterator<Item = ArrayRead> {
        let read = |array: &str, rows, checksum| ArrayRead {
            split: "head".to_owned(),
            array: array.to_owned(),
            rows,
            checksum,
        };
        let head = self.dump.head.as_ref().map(|head| read("head", head.shape().0, head.checksum()));
        let texts = self.texts_read().map(|texts| read("text", texts.classes.nrows(), texts.checksum()));
        head.into_iter().chain(texts)
    }

    /// The embeddings of texts of the run, if some score reads them: of others, records and fits are silent.
    #[must_use]
    pub fn texts_read(&self) -> Option<&Texts> {
        let is_of_texts = |need: &Need| matches!(need, Need::ClassTexts | Need::NegativeTexts);
        let reads = self.scores.iter().flat_map(|chosen| chosen.score.needs()).any(is_of_texts);
        self.dump.texts.as_ref().filter(|_| reads)
    }

    /// Has id/val scored as well, if there is one.
    ///
    /// # Errors
    /// [`PlanError`] if its values do not pass the gate.
    pub fn with_val(&mut self, progress: &dyn Progress) -> Result<(), PlanError> {
        if let Some(val) = self.dump.split(&Role::Val) {
            let mut arrays = self.arrays(&Splits::Scored);
            arrays.insert(ArrayKind::Labels);
            check(val, arrays, progress, &mut self.arrays)?;
            self.scores_val = true;
        }
        Ok(())
    }

    /// Has the predictions of id/test and of the sets in csid told, where it has labels to compare them with; for procedures that
    /// [need them](crate::metric::Procedure::needs_predictions).
    ///
    /// # Errors
    /// [`PlanError`] if the logits do not pass the gate.
    pub fn with_predictions(&mut self, progress: &dyn Progress) -> Result<(), PlanError> {
        let has_all = |split: &Split| self.lacking_of_predictions(split).is_none();
        if !self.dump.split(&Role::Test).is_some_and(has_all) {
            return Ok(());
        }
        self.predicts = true;
        let is_told = |split: &&Split| is_classified(split) && self.lacking_of_predictions(split).is_none();
        let told: Vec<_> =
            self.dump.splits.iter().filter(is_told).map(|split| (split, self.arrays_of(split))).collect();
        for (split, arrays) in told {
            check(split, arrays, progress, &mut self.arrays)?;
        }
        Ok(())
    }

    /// What a split lacks to tell which of its rows are classified rightly, if anything.
    #[must_use]
    pub fn lacking_of_predictions(&self, split: &Split) -> Option<String> {
        let labels = split.labels.is_none().then(|| ArrayKind::Labels.file_stem());
        let labels = labels.map(|stem| self.dump.origin.array(&split.role.to_string(), &stem));
        labels.or_else(|| Need::Logits.lacking_in(split, &self.dump))
    }

    /// The arrays that are read of a split that is scored.
    #[must_use]
    pub fn arrays_of(&self, split: &Split) -> BTreeSet<ArrayKind> {
        let mut arrays = self.arrays(&Splits::Scored);
        if self.predicts && is_classified(split) {
            arrays.insert(if split.logits.is_some() { ArrayKind::Logits } else { ArrayKind::Features });
        }
        arrays
    }

    /// What was read of arrays of a split.
    pub fn read_of(&self, split: &Split, arrays: BTreeSet<ArrayKind>) -> impl Iterator<Item = ArrayRead> {
        let role = split.role.to_string();
        arrays.into_iter().filter_map(move |kind| {
            let name = kind.file_stem();
            self.arrays.iter().find(|read| read.split == role && read.array == name).cloned()
        })
    }

    /// A checksum of what tells one network from another: of the logits of id/test, where there are none of its features, where there are none either of all
    /// its other matrices. Neither the scores nor the procedures that were chosen change it, nor do labels, which networks have in common.
    #[must_use]
    pub fn identity(&self) -> Option<Checksum> {
        let test = self.dump.split(&Role::Test)?;
        let mut kinds = test.arrays();
        for first in [ArrayKind::Logits, ArrayKind::Features] {
            if kinds.contains(&first) {
                kinds = BTreeSet::from([first]);
            }
        }
        let role = Role::Test.to_string();
        let mut all = Vec::with_capacity(kinds.len());
        for kind in &kinds {
            let name = kind.file_stem();
            let read = self.arrays.iter().find(|read| read.split == role && read.array == name);
            all.push((kind, read.map(|read| read.checksum).or_else(|| test.checksum(kind))?));
        }
        (!kinds.is_empty()).then(|| identity(all))
    }

    /// What a split lacks of what a score reads of the rows to be scored, be it a split that is scored or another.
    #[must_use]
    pub fn lacking_in(&self, chosen: &Chosen, split: &Split) -> Option<String> {
        lacking_in(chosen, split, &self.dump)
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

    /// Whether predictions can be told of a split.
    #[must_use]
    pub fn has_logits(&self, split: &Split) -> bool {
        let reads_logits = || self.needs().any(|need| *need == Need::Logits);
        Need::Logits.lacking_in(split, &self.dump).is_none()
            && (self.predicts && is_classified(split) || reads_logits())
    }

    /// The last step of the gate: no NaN, no infinity in anything that will be read. Labels of rows to be scored are read for the accuracy.
    fn check_values(&mut self, progress: &dyn Progress) -> Result<(), PlanError> {
        for rows in self.rows() {
            let arrays = self.arrays(&rows);
            for split in rows.of(&self.dump) {
                let mut arrays = arrays.clone();
                if rows == Splits::Scored {
                    arrays.insert(ArrayKind::Labels);
                }
                check(split, arrays, progress, &mut self.arrays)?;
            }
        }
        if let Some(file) = self.fits {
            self.notes.extend(file.check_rows(&self.dump, self.texts_read().is_some())?);
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

/// Whether predictions of its rows are compared with labels.
fn is_classified(split: &Split) -> bool {
    matches!(split.role, Role::Test | Role::Csid { .. })
}

/// Checks the values of arrays that have not been read before and adds them to those that have.
fn check(
    split: &Split,
    mut arrays: BTreeSet<ArrayKind>,
    progress: &dyn Progress,
    read: &mut Vec<ArrayRead>,
) -> Result<(), DumpError> {
    let role = split.role.to_string();
    arrays.retain(|kind| !read.iter().any(|read| read.split == role && read.array == kind.file_stem()));
    let matrices = arrays.iter().filter(|kind| split.matrix(kind).is_some()).count();
    progress.begin(&format!("checking {role}"), matrices * split.rows);
    let found = split.check_with_checksums(&arrays, &|rows| progress.advance(rows));
    progress.end();
    read.extend(found?.into_iter().map(|(kind, checksum)| ArrayRead {
        split: role.clone(),
        array: kind.file_stem(),
        rows: split.rows,
        checksum,
    }));
    Ok(())
}

fn lacking_in(chosen: &Chosen, split: &Split, dump: &Dump) -> Option<String> {
    let scored = |need: &&Need| need.reads(dump).is_some_and(|(rows, _)| rows == Splits::Scored);
    chosen.score.needs().iter().filter(scored).find_map(|need| need.lacking_in(split, dump))
}

/// The OOD sets that do not allow a score, if id/test and at least one other OOD set do.
fn lacking_in_part(chosen: &Chosen, dump: &Dump) -> Vec<Missing> {
    if dump.split(&Role::Test).is_none_or(|test| lacking_in(chosen, test, dump).is_some()) {
        return Vec::new();
    }
    let missing = |split: &Split| {
        let file = lacking_in(chosen, split, dump)?;
        Some(Missing { score: chosen.entry.id, role: split.role.clone(), why: format!("it needs {file}") })
    };
    let missing: Vec<Missing> = dump.ood().filter_map(missing).collect();
    if missing.len() == dump.ood().count() { Vec::new() } else { missing }
}
