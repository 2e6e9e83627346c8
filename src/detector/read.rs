//! Reading a detector from a file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::calibration::Calibration;
use super::decide::Detector;
use super::description::{Description, FORMAT, KeptInput};
use super::error::DetectorError;
use super::head;
use super::input::{Input, MOST_COLUMNS};
use super::threshold::{Guarantee, per_class};
use super::write::{CALIBRATION, FIT, HEAD, THRESHOLD};
use crate::caught::caught;
use crate::eval::fits::sealed::{SealError, SealedFile};
use crate::rows::{ArrayKind, Head};
use crate::score::registry::find;
use crate::score::{Chosen, Fit, FittedScore, State, StateError};

impl Detector {
    /// Reads a file that `oodbench calibrate` or [`Detector::write`] wrote. All of it is checked: checksum, format, that calibration scores are sorted
    /// numbers, and that the threshold is the one that they give.
    ///
    /// # Errors
    /// [`DetectorError`] in one line if it cannot be read, is damaged, or of another format.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, DetectorError> {
        File { path: path.as_ref() }.load()
    }
}

/// A file being read.
struct File<'a> {
    path: &'a Path,
}

impl File<'_> {
    fn load(&self) -> Result<Detector, DetectorError> {
        let file = SealedFile::<Description>::open(self.path).map_err(|error| self.refusal(error))?;
        let score = Arc::new(self.score(&file)?);
        let description = file.description.clone();
        let head = self.head(&file, &description)?;
        let calibration = self.calibration(&file, &description)?;
        let thresholds = self.part(&file, THRESHOLD, |state| Ok(state.vector("scores")?.to_vec()))?;
        self.check_thresholds(&description, &calibration, &thresholds)?;
        let inputs = self.inputs(&description)?;
        if description.makes_logits && head.is_none() {
            return Err(self.damaged("logits to be made without a head"));
        }
        let detector = Detector { description, score, head, inputs, calibration, thresholds };
        self.try_out(&detector)?;
        Ok(detector)
    }

    /// That a row of the widths described can be decided. A score that has arrays of other widths breaks off; whether the row has a finite score is no
    /// matter.
    fn try_out(&self, detector: &Detector) -> Result<(), DetectorError> {
        caught(|| detector.decide_zeros())
            .ok_or_else(|| self.damaged("inputs of other widths than the fit or the head"))
    }

    fn damaged(&self, found: &str) -> DetectorError {
        DetectorError::damaged(self.path, found)
    }

    fn refusal(&self, error: SealError) -> DetectorError {
        match error {
            SealError::File(error) => error.into(),
            SealError::Damaged(found) => self.damaged(&found),
            SealError::Format { found, version } => {
                DetectorError::Format { file: self.path.to_owned(), found, version, expected: FORMAT }
            }
        }
    }

    /// What `restore` makes of the arrays of a part, all of which it has to take.
    fn part<T>(
        &self,
        file: &SealedFile<Description>,
        part: &str,
        restore: impl FnOnce(&mut State<'static>) -> Result<T, StateError>,
    ) -> Result<T, DetectorError> {
        let mut state = file.part(part).map_err(|error| self.refusal(error))?;
        let other = |error: StateError| self.damaged(&format!("in {part}/: {error}"));
        let restored = restore(&mut state).map_err(other)?;
        state.finish().map_err(other)?;
        Ok(restored)
    }

    fn score(&self, file: &SealedFile<Description>) -> Result<FittedScore, DetectorError> {
        let kept = &file.description.score;
        let entry = find(&kept.id).map_err(|error| self.damaged(&format!("an {error}")))?;
        let setting = |error| DetectorError::Setting { file: self.path.to_owned(), error: Box::new(error) };
        let mut settings = entry.settings();
        kept.parameters.iter().try_for_each(|(name, value)| settings.set(name, value)).map_err(setting)?;
        let chosen = Chosen::new(entry, settings).map_err(setting)?;
        let other =
            |error| DetectorError::State { file: self.path.to_owned(), score: entry.id, error: Box::new(error) };
        let mut state = file.part(FIT).map_err(|error| self.refusal(error))?;
        let scorer = chosen.score.restore(&mut state).map_err(other)?;
        state.finish().map_err(other)?;
        let fit = Fit { scorer, notes: kept.notes.clone(), alternatives: Vec::new() };
        Ok(chosen.fitted(fit, Duration::ZERO))
    }

    fn head(&self, file: &SealedFile<Description>, description: &Description) -> Result<Option<Head>, DetectorError> {
        let Some(kept) = description.head else { return Ok(None) };
        let head = self.part(file, HEAD, |state| head::restore(kept.kind, state))?;
        let (classes, columns) = head.shape();
        let other = |own: Option<usize>, head: usize| own.is_some_and(|own| own != head);
        let features = description.inputs.get(&ArrayKind::Features.file_stem()).map(|input| input.columns);
        if head.checksum() != kept.checksum || other(description.classes, classes) || other(features, columns) {
            return Err(self.damaged("a head that is not the one described"));
        }
        Ok(Some(head))
    }

    fn calibration(&self, file: &SealedFile<Description>, said: &Description) -> Result<Calibration, DetectorError> {
        let (scores, ends) = self
            .part(file, CALIBRATION, |state| Ok((state.vector("scores")?.to_vec(), state.vector("ends")?.to_vec())))?;
        let groups = if said.per_class { said.classes } else { Some(1) };
        let whole = |end: f64| (end >= 0.0 && end.fract() == 0.0).then_some(end as usize);
        let ends = ends.into_iter().map(whole).collect::<Option<Vec<usize>>>();
        ends.filter(|ends| Some(ends.len()) == groups && scores.len() == said.calibration.rows)
            .and_then(|ends| Calibration::restored(scores, ends))
            .ok_or_else(|| self.damaged("calibration scores that are not the sorted ones described"))
    }

    /// That the thresholds are those that the calibration scores give. Those of the selective risk were chosen with labels, which are not kept.
    fn check_thresholds(
        &self,
        said: &Description,
        calibration: &Calibration,
        thresholds: &[f64],
    ) -> Result<(), DetectorError> {
        let other = || self.damaged("a threshold that is not the one its calibration scores give");
        if !said.guarantee.is_valid() || thresholds.len() != calibration.ends().len() {
            return Err(other());
        }
        if matches!(said.guarantee, Guarantee::SelectiveRisk { .. }) {
            return if thresholds.iter().any(|threshold| threshold.is_nan()) { Err(other()) } else { Ok(()) };
        }
        let rows: Vec<usize> = calibration.groups().map(<[f64]>::len).collect();
        let ranks = per_class::ranks(said.guarantee, &rows).map_err(|_| other())?;
        let given = calibration.groups().zip(&ranks).map(|(group, rank)| group[rank - 1]);
        if given.eq(thresholds.iter().copied()) { Ok(()) } else { Err(other()) }
    }

    fn inputs(&self, said: &Description) -> Result<Vec<Input>, DetectorError> {
        let input = |(name, kept): (&String, &KeptInput)| {
            let kind = ArrayKind::parse(name).filter(|kind| *kind != ArrayKind::Labels)?;
            let sound = (1..=MOST_COLUMNS).contains(&kept.columns) && kept.roundoff > 0.0 && kept.roundoff < 1.0;
            let sound = sound && kept.members > 0 && kept.columns.is_multiple_of(kept.members);
            let dtype = crate::printable::line(&kept.dtype).into_owned();
            let KeptInput { columns, members, roundoff, required, .. } = *kept;
            sound.then_some(Input { kind, columns, members, dtype, roundoff, required })
        };
        let inputs: Option<Vec<Input>> = said.inputs.iter().map(input).collect();
        inputs
            .filter(|inputs| inputs.iter().any(|input| input.required))
            .ok_or_else(|| self.damaged("inputs that no rows can have"))
    }
}
