//! From a run to a detector: fits the score, chooses the threshold on rows that the fit did not see, and measures on other rows what it does.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arrays::Arrays;
use super::calibration::Calibration;
use super::decide::Detector;
use super::description::{CalibrationRows, DIRECTION, Description, FORMAT, KeptHead, KeptInput};
use super::error::DetectorError;
use super::input::Input;
use super::made_of::MadeOf;
use super::rate::Rate;
use super::scored::Scored;
use super::subset::chosen;
use super::threshold::{Guarantee, per_class, selective};
use crate::eval::fits::description::KeptScore;
use crate::eval::fits::fit;
use crate::eval::{Model, Plan};
use crate::numeric::share::share_of;
use crate::progress::{Progress, Silent};
use crate::rows::{ArrayKind, Role, RowsError, Split};
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
/// [`DetectorError`] if the score cannot be fitted, there are too few rows for what the threshold is to promise, or id/val holds the rows of id/train.
///
/// # Panics
/// If the plan has another number of scores than one.
pub fn calibrate(plan: &Plan<'_>, request: &Request, progress: &dyn Progress) -> Result<Calibrated, DetectorError> {
    request.check()?;
    let (split, why) = rows_for_calibration(plan)?;
    let holds = |role: Role| role != split.role && plan.dump.split(&role).is_some_and(|other| are_same(split, other));
    if holds(Role::Train) {
        let expected = "rows that neither the network nor the fit has seen";
        let remedy = "dump held-out rows there, or remove it: part of id/test is held back then";
        return Err(RowsError::malformed(&split.place, "the rows of id/train", expected, remedy).into());
    }
    let fits = fit(plan)?;
    let [score] = <[FittedScore; 1]>::try_from(fits.scores).ok().expect("a plan of one score");
    let work = Work { of: MadeOf::plan(plan, score), request };
    let mut notes = work.notes();
    notes.extend(plan.notes.iter().cloned());
    let held_back = why.as_ref().map(|_| work.held_back(split.rows));
    let is_used = |row: usize| held_back.as_ref().is_none_or(|rows| rows[row]);
    if let Some(why) = why {
        notes.push(format!(
            "{why}: {} of the {} rows of {} were held back for the calibration (seed {}), the rates are of the rest",
            (0..split.rows).filter(|&row| is_used(row)).count(),
            split.rows,
            split.role,
            request.seed
        ));
    }
    let mut warnings = fits.warnings;
    if holds(Role::Test) {
        let of_test = format!(
            "{} holds the rows of id/test: the rate of id/test is of rows that the threshold was chosen on",
            split.role
        );
        warnings.push(of_test);
    }
    let others: Vec<&Split> = Splits::Scored.of(&plan.dump).collect();
    let (detector, rates) = work.detector(split, held_back.as_deref(), &others, progress)?;
    Ok(Calibrated { detector, rates, notes, warnings })
}

/// Makes a detector of the only score of fits in memory, with a threshold that is chosen on all of some rows, which the fit must not have seen.
///
/// # Errors
/// As [`calibrate`], and if the rows lack what the score reads.
///
/// # Panics
/// If there is another number of scores than one.
pub fn calibrate_rows(model: &Model, split: &Split, request: &Request) -> Result<Calibrated, DetectorError> {
    request.check()?;
    let [score] = model.scores() else { panic!("found {} scores, expected one", model.scores().len()) };
    let kinds = model.arrays(split)?;
    let work = Work { of: MadeOf::model(model, score, split, kinds), request };
    let (detector, rates) = work.detector(split, None, &[], &Silent)?;
    Ok(Calibrated { detector, rates, notes: work.notes(), warnings: model.warnings.clone() })
}

impl Request {
    fn check(&self) -> Result<(), DetectorError> {
        if self.guarantee.is_valid() { Ok(()) } else { Err(DetectorError::Guarantee) }
    }
}

/// The split that the threshold is chosen on, and why not all of its rows may be used if it is id/test.
fn rows_for_calibration<'p>(plan: &'p Plan<'_>) -> Result<(&'p Split, Option<String>), DetectorError> {
    let dump = &plan.dump;
    let fit_saw_val = plan.fitted_on().any(|(split, _)| split.role == Role::Val);
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

/// Whether two splits hold the same rows in the same order, by an array that both have.
fn are_same(one: &Split, other: &Split) -> bool {
    let shared = one.arrays().into_iter().find(|kind| other.matrix(kind).is_some());
    one.rows == other.rows && shared.is_some_and(|kind| one.checksum(&kind) == other.checksum(&kind))
}

/// A calibration being made.
struct Work<'a> {
    of: MadeOf<'a>,
    request: &'a Request,
}

impl Work<'_> {
    fn notes(&self) -> Vec<String> {
        let score = &self.of.score;
        score.notes.iter().map(|note| format!("{}: {note}", score.entry.id)).collect()
    }

    /// The detector whose threshold is chosen on a split, on the rows that are held back for it or on all, and what it does on the rest of the split and
    /// on others.
    fn detector(
        &self,
        split: &Split,
        held_back: Option<&[bool]>,
        others: &[&Split],
        progress: &dyn Progress,
    ) -> Result<(Detector, Vec<Rate>), DetectorError> {
        let arrays = Arrays::of(&self.of, split, self.needs_classes())?;
        let scored = Scored::of(&self.of, &arrays, split, progress)?;
        let is_used = |row: usize| held_back.is_none_or(|rows| rows[row]);
        let used: Vec<usize> = (0..split.rows).filter(|&row| is_used(row)).collect();
        let (calibration, thresholds) = self.thresholds(split, &scored, &used)?;
        let rows = CalibrationRows {
            split: split.role.to_string(),
            rows: used.len(),
            of: split.rows,
            seed: held_back.map(|_| self.request.seed),
        };
        let description = self.describe(split, &arrays, rows);
        let head = description.head.and(self.of.head.cloned());
        let (score, inputs) = (Arc::clone(&self.of.score), arrays.inputs.clone());
        let detector = Detector { description, score, head, inputs, calibration, thresholds };
        let mut rates = Vec::new();
        for other in others {
            let own;
            let (values, kept): (&Scored, Box<dyn Fn(usize) -> bool>) = if other.role == split.role {
                (&scored, Box::new(|row| !is_used(row)))
            } else {
                own = Scored::of(&self.of, &arrays, other, progress)?;
                (&own, Box::new(|_| true))
            };
            let rows = (0..other.rows).filter(|&row| kept(row));
            rates.push(rate(&detector, other, values, rows));
        }
        Ok((detector, rates))
    }

    fn needs_classes(&self) -> bool {
        self.request.per_class || matches!(self.request.guarantee, Guarantee::SelectiveRisk { .. })
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
            remedy: match self.request.guarantee {
                Guarantee::SelectiveRisk { .. } => {
                    "dump more rows of id/val, or ask for less with --wrong-answers or --confidence"
                }
                _ => "dump more rows of id/val, or ask for less with --false-alarms or --confidence",
            },
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
            Calibration::per_class(&scores, &predicted(), self.of.classes.unwrap_or(0))
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

    fn describe(&self, split: &Split, arrays: &Arrays, calibration: CalibrationRows) -> Description {
        let score = &self.of.score;
        let reads_head = score.needs.iter().any(|need| matches!(need, Need::LinearHead | Need::Prototypes));
        let head = self.of.head.filter(|_| reads_head || arrays.makes_logits);
        let mut read = self.of.read.clone();
        read.extend(arrays_read(split, arrays.kinds.clone()));
        let keep = |input: &Input| {
            let Input { columns, members, roundoff, required, .. } = *input;
            (input.kind.file_stem(), KeptInput { columns, members, dtype: input.dtype.clone(), roundoff, required })
        };
        Description {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.of.run.to_owned(),
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
            classes: self.of.classes,
            makes_logits: arrays.makes_logits,
            head: head.map(|head| KeptHead { kind: head.kind(), checksum: head.checksum() }),
            read,
        }
    }
}

fn rate(detector: &Detector, split: &Split, scored: &Scored, rows: impl Iterator<Item = usize>) -> Rate {
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

/// The arrays of a split that are there, with their checksums.
fn arrays_read(split: &Split, arrays: BTreeSet<ArrayKind>) -> impl Iterator<Item = ArrayRead> {
    arrays.into_iter().filter_map(|kind| {
        let checksum = split.checksum(&kind)?;
        Some(ArrayRead { split: split.role.to_string(), array: kind.file_stem(), rows: split.rows, checksum })
    })
}
