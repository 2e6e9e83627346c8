//! From a run to a detector: fits the score, chooses the threshold on rows that the fit did not see, and measures on other rows what it does.

use std::collections::BTreeSet;

use super::arrays::Arrays;
use super::calibration::Calibration;
use super::decide::Detector;
use super::description::{CalibrationRows, DIRECTION, Description, FORMAT, KeptHead, KeptInput};
use super::error::DetectorError;
use super::input::Input;
use super::rate::Rate;
use super::scored::Scored;
use super::subset::chosen;
use super::threshold::{Guarantee, per_class, selective};
use crate::eval::Plan;
use crate::eval::fits::description::KeptScore;
use crate::eval::fits::fit;
use crate::numeric::share::share_of;
use crate::progress::Progress;
use crate::rows::{ArrayKind, Role, Split};
use crate::score::need::Splits;
use crate::score::{FittedScore, Need};
use crate::table::ArrayRead;

/// What is to be chosen, and on which rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// What the threshold is to promise.
    pub guarantee: Guarantee,
    /// Whether every predicted class is to have a threshold of its own.
    pub per_class: bool,
    /// The share of id/test that is held back for the calibration where id/val cannot be used.
    pub held_back: f64,
    /// The seed that chooses these rows.
    pub seed: u64,
}

/// A detector and what it does on rows it was not made from.
pub struct Calibrated {
    /// The detector.
    pub detector: Detector,
    /// Per set of the run what share of it is flagged: the rows of id/test that were not held back, then every OOD set.
    pub rates: Vec<Rate>,
    /// Facts about fit and calibration, one line each.
    pub notes: Vec<String>,
    /// Parameters that do not suit the rows, one line each.
    pub warnings: Vec<String>,
}

/// Makes a detector of the only score of a plan.
///
/// # Errors
/// [`DetectorError`] if the score cannot be fitted, or there are too few rows for what the threshold is to promise.
///
/// # Panics
/// If the plan has another number of scores than one.
pub fn calibrate(plan: &Plan<'_>, request: &Request, progress: &dyn Progress) -> Result<Calibrated, DetectorError> {
    if !request.guarantee.is_valid() {
        return Err(DetectorError::Guarantee);
    }
    let fits = fit(plan)?;
    let [score] = <[FittedScore; 1]>::try_from(fits.scores).ok().expect("a plan of one score");
    let work = Work { plan, request };
    let mut notes: Vec<String> = score.notes.iter().map(|note| format!("{}: {note}", score.entry.id)).collect();
    notes.extend(plan.notes.iter().cloned());
    let (split, why) = work.rows_for_calibration()?;
    let arrays = Arrays::of(plan, &score, split, work.needs_classes())?;
    let scored = Scored::of(plan, &score, &arrays, split, progress)?;
    let held_back = why.as_ref().map(|_| work.held_back(split.rows));
    let is_used = |row: usize| held_back.as_ref().is_none_or(|rows| rows[row]);
    let used: Vec<usize> = (0..split.rows).filter(|&row| is_used(row)).collect();
    if let Some(why) = why {
        notes.push(format!(
            "{why}: {} of the {} rows of {} were held back for the calibration (seed {}), the rates are of the rest",
            used.len(),
            split.rows,
            split.role,
            request.seed
        ));
    }
    let (calibration, thresholds) = work.thresholds(split, &scored, &used)?;
    let rows = CalibrationRows {
        split: split.role.to_string(),
        rows: used.len(),
        of: split.rows,
        seed: held_back.as_ref().map(|_| request.seed),
    };
    let description = work.describe(&score, split, &arrays, rows);
    let head = description.head.and(plan.dump.head.clone());
    let inputs = arrays.inputs.clone();
    let detector = Detector { description, score, head, inputs, calibration, thresholds };
    let mut rates = Vec::new();
    for other in Splits::Scored.of(&plan.dump) {
        let own;
        let (values, kept): (&Scored, Box<dyn Fn(usize) -> bool>) = if other.role == split.role {
            (&scored, Box::new(|row| !is_used(row)))
        } else {
            own = Scored::of(plan, &detector.score, &arrays, other, progress)?;
            (&own, Box::new(|_| true))
        };
        let rows = (0..other.rows).filter(|&row| kept(row));
        rates.push(work.rate(&detector, other, values, rows));
    }
    Ok(Calibrated { detector, rates, notes, warnings: fits.warnings })
}

/// A calibration being made.
struct Work<'a> {
    plan: &'a Plan<'a>,
    request: &'a Request,
}

impl<'a> Work<'a> {
    fn needs_classes(&self) -> bool {
        self.request.per_class || matches!(self.request.guarantee, Guarantee::SelectiveRisk { .. })
    }

    /// The split that the threshold is chosen on, and why not all of its rows may be used if it is id/test.
    fn rows_for_calibration(&self) -> Result<(&'a Split, Option<String>), DetectorError> {
        let dump = &self.plan.dump;
        let fit_saw_val = self.plan.fitted_on().any(|(split, _)| split.role == Role::Val);
        match dump.split(&Role::Val) {
            Some(val) if !fit_saw_val => Ok((val, None)),
            val => {
                let why = if val.is_some() { "the fit reads id/val" } else { "no id/val" };
                let test = dump.split(&Role::Test).ok_or_else(|| DetectorError::Lacking {
                    place: dump.folder.display().to_string(),
                    what: "id/test",
                    by: "the calibration",
                    remedy: "dump the ID test set there",
                })?;
                Ok((test, Some(why.to_owned())))
            }
        }
    }

    fn held_back(&self, rows: usize) -> Vec<bool> {
        let most = rows.saturating_sub(1).max(1);
        chosen(
            (share_of(self.request.held_back, rows).round() as usize).clamp(1, most).min(rows),
            rows,
            self.request.seed,
        )
    }

    /// The calibration scores and the thresholds they give.
    fn thresholds(
        &self,
        split: &Split,
        scored: &Scored,
        used: &[usize],
    ) -> Result<(Calibration, Vec<f64>), DetectorError> {
        let scores: Vec<f64> = used.iter().map(|&row| scored.scores[row]).collect();
        let place = || split.place.display().to_string();
        let refused = |error| DetectorError::Threshold {
            place: place(),
            error,
            remedy: "dump more rows of id/val, or ask for less with --false-alarms or --confidence",
        };
        let predicted = || -> Vec<usize> {
            scored.predicted.as_ref().map(|all| used.iter().map(|&row| all[row]).collect()).unwrap_or_default()
        };
        if let Guarantee::SelectiveRisk { alpha, delta } = self.request.guarantee {
            let labels = split.labels.as_ref().ok_or_else(|| DetectorError::Lacking {
                place: place(),
                what: "labels",
                by: "a threshold that bounds the share of wrong answers",
                remedy: "dump labels.npy there",
            })?;
            let labels = labels.block(0..split.rows);
            let is_wrong = used.iter().zip(predicted()).map(|(&row, class)| class as i64 != labels[row]);
            let rows: Vec<(f64, bool)> = scores.iter().copied().zip(is_wrong).collect();
            let threshold = selective::threshold(&rows, alpha, delta).map_err(refused)?;
            return Ok((Calibration::together(scores), vec![threshold]));
        }
        let calibration = if self.request.per_class {
            Calibration::per_class(&scores, &predicted(), self.plan.dump.classes.unwrap_or(0))
        } else {
            Calibration::together(scores)
        };
        let rows: Vec<usize> = calibration.groups().map(<[f64]>::len).collect();
        let ranks = if self.request.per_class {
            per_class::ranks(self.request.guarantee, &rows).map_err(refused)?
        } else {
            vec![super::threshold::rank(self.request.guarantee, rows[0]).map_err(refused)?]
        };
        let thresholds = calibration.groups().zip(ranks).map(|(group, rank)| group[rank - 1]).collect();
        Ok((calibration, thresholds))
    }

    fn describe(
        &self,
        score: &FittedScore,
        split: &Split,
        arrays: &Arrays,
        calibration: CalibrationRows,
    ) -> Description {
        let dump = &self.plan.dump;
        let reads_head = score.needs.iter().any(|need| matches!(need, Need::LinearHead | Need::Prototypes));
        let head = dump.head.as_ref().filter(|_| reads_head || arrays.makes_logits);
        let mut read: Vec<ArrayRead> =
            self.plan.fitted_on().flat_map(|(split, arrays)| self.plan.read_of(split, arrays)).collect();
        read.extend(arrays_read(split, arrays.kinds.clone()));
        let keep = |input: &Input| {
            let (columns, dtype) = (input.columns, input.dtype.clone());
            (input.kind.file_stem(), KeptInput { columns, dtype, roundoff: input.roundoff, required: input.required })
        };
        Description {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: dump.info.name.clone(),
            score: KeptScore {
                id: score.entry.id.to_owned(),
                parameters: score.settings.all().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                notes: score.notes.clone(),
            },
            direction: DIRECTION.to_owned(),
            guarantee: self.request.guarantee,
            per_class: self.request.per_class,
            calibration,
            inputs: arrays.inputs.iter().map(keep).collect(),
            classes: dump.classes,
            makes_logits: arrays.makes_logits,
            head: head.map(|head| KeptHead { kind: head.kind(), checksum: head.checksum() }),
            read,
        }
    }

    fn rate(&self, detector: &Detector, split: &Split, scored: &Scored, rows: impl Iterator<Item = usize>) -> Rate {
        let labels = split.labels.as_ref().filter(|_| !split.is_ood()).map(|labels| labels.block(0..split.rows));
        let mut rate = Rate::of(split.role.to_string());
        for row in rows {
            let predicted = scored.predicted.as_ref().map(|all| all[row]);
            let flagged = detector.judge(scored.scores[row], predicted).is_none_or(|decision| decision.flagged);
            rate.count(flagged);
            if let (false, Some(class), Some(labels)) = (flagged, predicted, &labels) {
                rate.count_answer(class as i64 == labels[row]);
            }
        }
        rate
    }
}

/// The arrays of a split that are there, with their checksums.
fn arrays_read(split: &Split, arrays: BTreeSet<ArrayKind>) -> impl Iterator<Item = ArrayRead> {
    arrays.into_iter().filter_map(|kind| {
        let checksum = split.checksum(&kind)?;
        Some(ArrayRead { split: split.role.to_string(), array: kind.file_stem(), rows: split.rows, checksum })
    })
}
