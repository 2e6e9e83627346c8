//! How far predictions and scores of a run can be relied on: calibration, both kinds of error together, AUROC by class.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::error::{EvalError, PlanError};
use super::evaluate::fit;
use super::one_run::score_run;
use super::plan::Plan;
use super::scored_sets::classified_rightly;
use super::selection::Selection;
use crate::dump::layout::RunFiles;
use crate::metric::reliability::by_class::{OfClass, Side, aurocs};
use crate::metric::reliability::calibration::{CalibrationValue, Prediction, values};
use crate::metric::reliability::joint::{IdRow, JointReliability, OodRow, exact, sureplus};
use crate::progress::Progress;
use crate::rows::{ArrayKind, Role, Split};
use crate::stats::bootstrap::Bootstrap;
use crate::table::record::set_name;
use crate::table::{Remark, Results};

/// What cannot be told of a run.
#[derive(Debug, thiserror::Error)]
pub enum ReliabilityError {
    /// The run is not what it should be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A score cannot be computed.
    #[error(transparent)]
    Eval(#[from] EvalError),
}

/// The score whose values are the confidences.
const CONFIDENCE: &str = "mps";
/// The score that fits a temperature.
const TEMPERATURE: &str = "temperature";

/// The values of the probabilities of one set at one temperature.
#[derive(Clone, Debug, Serialize)]
pub struct Calibrated {
    /// The run.
    pub run: String,
    /// Its set: id/test, or one of csid.
    pub set: String,
    /// Rows of the set.
    pub rows: usize,
    /// The temperature.
    pub temperature: f64,
    /// Whether it was fitted.
    pub fitted: bool,
    /// The level of intervals, where there are any.
    pub level: Option<f64>,
    /// The id of the metric.
    pub metric: &'static str,
    /// Its heading.
    #[serde(skip)]
    pub title: &'static str,
    /// The value; ECE, gap and accuracy as fractions.
    pub value: f64,
    /// The lower end of its bootstrap interval, if one was asked for and holds.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// The calibration of a run, at temperature 1 and at that which the score `temperature` fits, on id/test and every set of csid that has labels.
///
/// # Errors
/// [`ReliabilityError`] if id/test lacks logits or labels.
pub fn calibration(
    files: &RunFiles,
    bootstrap: Option<&Bootstrap>,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<Calibrated>, ReliabilityError> {
    let names = [CONFIDENCE, TEMPERATURE].map(str::to_owned);
    let selection = Selection::new(&names, &[])?.lenient();
    let mut plan = plan(files, &selection, progress)?;
    plan.with_predictions(progress)?;
    let (scores, skipped) = fit(&plan, results)?;
    let fitted = scores.iter().find(|score| score.entry.id == TEMPERATURE);
    let fitted = fitted.and_then(|score| score.scorer.save().number("temperature").ok());
    let why = skipped.iter().find(|skipped| skipped.score == TEMPERATURE);
    results.notes.extend(
        why.map(|skipped| Remark::of_run(&plan.dump.info.name, format!("no temperature is fitted: {}", skipped.why))),
    );
    let mut all = Vec::new();
    let sets = plan.dump.split(&Role::Test).into_iter().chain(plan.dump.csid());
    for split in sets.filter(|split| plan.lacking_of_predictions(split).is_none()) {
        for (temperature, fitted) in [(Some(1.0), false), (fitted, true)] {
            let Some(temperature) = temperature else { continue };
            let rows = predictions(&plan, split, temperature);
            let of_value = |CalibrationValue { metric, title, value, low, high, .. }| Calibrated {
                run: plan.dump.info.name.clone(),
                set: split.role.to_string(),
                rows: rows.len(),
                temperature,
                fitted,
                level: low.and(bootstrap).map(|bootstrap| bootstrap.level),
                metric,
                title,
                value,
                low,
                high,
            };
            all.extend(values(&rows, bootstrap).into_iter().map(of_value));
        }
    }
    Ok(all)
}

/// The plan of one run whose predictions can be told.
fn plan<'s>(files: &RunFiles, selection: &'s Selection, progress: &dyn Progress) -> Result<Plan<'s>, ReliabilityError> {
    let mut plans = Plan::each([(files, selection)], progress)?;
    let plan = plans.pop().ok_or_else(|| PlanError::NoOod { path: files.folder.clone() })?;
    let lacking = plan.dump.split(&Role::Test).and_then(|test| plan.lacking_of_predictions(test));
    if let Some(file) = lacking {
        let remedy = "dump logits and labels of id/test".to_owned();
        return Err(PlanError::Lacking { path: plan.dump.folder.join(file), score: CONFIDENCE, remedy }.into());
    }
    Ok(plan)
}

/// The predictions of a split with labels, in the order of its rows.
fn predictions(plan: &Plan<'_>, split: &Split, temperature: f64) -> Vec<Prediction> {
    let Some(labels) = &split.labels else { return Vec::new() };
    let kind = if split.logits.is_some() { ArrayKind::Logits } else { ArrayKind::Features };
    let arrays = BTreeSet::from([kind]);
    let of_block = |range: std::ops::Range<usize>| {
        let block = split.block(range.clone(), &arrays, plan.dump.head.as_ref());
        let labels = labels.block(range);
        let mut rows = Vec::with_capacity(labels.len());
        block.logits().for_each(|index, row| {
            // Labels were compared with the number of classes when the dump was opened.
            rows.extend(Prediction::of(row, labels[index], temperature));
        });
        rows
    };
    split.block_ranges().into_par_iter().map(of_block).collect::<Vec<_>>().concat()
}

/// Joint reliability of one score on one OOD set.
#[derive(Clone, Debug, Serialize)]
pub struct Joint {
    /// The run.
    pub run: String,
    /// The OOD set.
    pub ood: String,
    /// The score.
    pub score: String,
    /// `exact` or `sureplus`.
    pub variant: &'static str,
    /// The largest F1 of two thresholds.
    pub ds_f1: f64,
    /// The area under the least risks of two thresholds.
    pub ds_aurc: f64,
    /// The largest F1 of the score's threshold alone.
    pub f1: f64,
    /// The area under the least risks of the score's threshold alone.
    pub aurc: f64,
}

/// The joint reliability of scores of a run on every OOD set, in both variants.
///
/// # Errors
/// [`ReliabilityError`] if a score cannot be computed, or id/test lacks logits or labels.
pub fn joint(
    files: &RunFiles,
    mut selection: Selection,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<Joint>, ReliabilityError> {
    let asked = selection.ids();
    selection.add(Selection::new(&[CONFIDENCE.to_owned()], &[])?);
    let mut plan = plan(files, &selection, progress)?;
    plan.with_predictions(progress)?;
    let scored = score_run(&plan, results, progress)?;
    let Some(test) = scored.first() else { return Ok(Vec::new()) };
    let right = plan.dump.split(&Role::Test).and_then(|split| classified_rightly(&plan, split, progress));
    let (Some(confidences), Some(right)) = (test.of(CONFIDENCE), right) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (score, values) in test.scores.iter().filter(|(score, _)| asked.contains(score)) {
        let id: Vec<IdRow> = (values.iter().zip(confidences).zip(&right))
            .map(|((&score, &confidence), &is_right)| IdRow { score, confidence, is_right })
            .collect();
        for set in &scored {
            let (Some(ood), Some(values), Some(confidences)) = (name(&set.role), set.of(score), set.of(CONFIDENCE))
            else {
                continue;
            };
            let rows = values.iter().zip(confidences);
            let rows: Vec<OodRow> = rows.map(|(&score, &confidence)| OodRow { score, confidence }).collect();
            for (variant, of) in
                [("exact", exact as fn(&[IdRow], &[OodRow]) -> JointReliability), ("sureplus", sureplus)]
            {
                let JointReliability { ds_f1, ds_aurc, f1, aurc } = of(&id, &rows);
                let (run, score) = (plan.dump.info.name.clone(), (*score).to_owned());
                all.push(Joint { run, ood: ood.clone(), score, variant, ds_f1, ds_aurc, f1, aurc });
            }
        }
    }
    Ok(all)
}

/// An OOD set as tables name it; none for rows of another kind.
fn name(role: &Role) -> Option<String> {
    match role {
        Role::Ood { group, name } => Some(set_name(group.as_deref(), name)),
        _ => None,
    }
}

/// The AUROC of one class under one score.
#[derive(Clone, Debug, Serialize)]
pub struct ClassAuroc {
    /// The run.
    pub run: String,
    /// The OOD set.
    pub ood: String,
    /// The score.
    pub score: String,
    /// `id` or `ood`: whose class it is.
    pub side: &'static str,
    /// The level of the interval.
    pub level: f64,
    /// The label.
    pub class: i64,
    /// Its rows.
    pub rows: usize,
    /// The AUROC.
    pub auroc: f64,
    /// The lower end of its interval, if it has one.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

/// The AUROC of every class of id/test against every OOD set, and of every class of an OOD set with labels against id/test.
///
/// # Errors
/// [`ReliabilityError`] if a score cannot be computed, or neither id/test nor an OOD set has labels.
pub fn classes(
    files: &RunFiles,
    selection: &Selection,
    level: f64,
    results: &mut Results,
    progress: &dyn Progress,
) -> Result<Vec<ClassAuroc>, ReliabilityError> {
    let mut plans = Plan::each([(files, selection)], progress)?;
    let Some(plan) = plans.pop() else { return Ok(Vec::new()) };
    let scored = score_run(&plan, results, progress)?;
    let labels = |role: &Role| {
        let split = plan.dump.split(role)?;
        Some(split.labels.as_ref()?.block(0..split.rows))
    };
    let Some(test) = scored.first() else { return Ok(Vec::new()) };
    if !scored.iter().any(|set| labels(&set.role).is_some()) {
        let path = plan.dump.folder.join(plan.dump.origin.array("id/test", "labels"));
        let remedy = "dump labels of id/test or of an OOD set".to_owned();
        return Err(PlanError::Lacking { path, score: "by_class", remedy }.into());
    }
    let mut all = Vec::new();
    for (score, id) in &test.scores {
        for set in &scored {
            let (Some(name), Some(ood)) = (name(&set.role), set.of(score)) else { continue };
            let sides = [("id", Side::Id, labels(&test.role)), ("ood", Side::Ood, labels(&set.role))];
            for (side, of, labels) in sides {
                let Some(labels) = labels else { continue };
                let of_class = |OfClass { class, rows, auroc, low, high }| ClassAuroc {
                    run: plan.dump.info.name.clone(),
                    ood: name.clone(),
                    score: (*score).to_owned(),
                    side,
                    level,
                    class,
                    rows,
                    auroc,
                    low,
                    high,
                };
                all.extend(aurocs(id, ood, &labels, of, level).into_iter().map(of_class));
            }
        }
    }
    Ok(all)
}
