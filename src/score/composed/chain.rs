//! A composition with its parameters, not yet fitted.

use std::sync::Arc;

use ndarray::{Array2, s};

use super::super::step::{FittedStep, Step};
use super::super::{Alternative, Fit, Fitted, Need, Score, SettingError, State, StateError};
use super::factor::{Factor, FittedFactor};
use super::fitted::{FittedComposed, Parts};
use super::parsed::Composition;
use crate::fit::{FitError, Training};
use crate::rows::{ArrayKind, Matrix, RowBlock, RowsError, RunRows, Split};

/// Factors, steps and a score.
pub(super) struct Composed {
    id: &'static str,
    factors: Vec<Factor>,
    steps: Vec<Box<dyn Step>>,
    score: Box<dyn Score>,
    needs: Vec<Need>,
}

impl Composed {
    pub(super) fn new(id: &'static str, composition: &Composition) -> Result<Self, SettingError> {
        let steps =
            composition.steps.iter().map(|step| (step.entry.build)(&step.settings)).collect::<Result<_, _>>()?;
        let factors = composition.factors.iter().map(Factor::new).collect::<Result<_, _>>()?;
        let score = (composition.score.entry.build)(&composition.score.settings)?;
        let mut composed = Self { id, factors, steps, score, needs: Vec::new() };
        let of_factors = composed.factors.iter().map(Factor::needs).collect();
        composed.needs = composed.all_needs(composed.score.needs(), of_factors);
        Ok(composed)
    }

    /// What all parts read, each once, where score and factors read this. Behind a step logits are made from features and head.
    fn all_needs(&self, of_score: &[Need], of_factors: Vec<Vec<Need>>) -> Vec<Need> {
        let mut all: Vec<Need> = Vec::new();
        let mut add = |need: Need| {
            if !all.contains(&need) {
                all.push(need);
            }
        };
        if !self.steps.is_empty() {
            add(Need::Features);
        }
        for need in of_score {
            match need {
                _ if self.steps.is_empty() => add(need.clone()),
                Need::Logits => add(Need::LinearHead),
                Need::TrainLogits => [Need::LinearHead, Need::TrainFeatures].into_iter().for_each(&mut add),
                Need::CalibrationLogits => {
                    [Need::LinearHead, Need::TrainFeatures, Need::CalibrationFeatures].into_iter().for_each(&mut add);
                }
                other => add(other.clone()),
            }
        }
        self.steps.iter().flat_map(|step| step.needs().to_vec()).for_each(&mut add);
        of_factors.into_iter().flatten().for_each(&mut add);
        all
    }

    /// What all fitted parts read of rows, where the fit of one of them has chosen.
    fn chosen_needs(&self, parts: &Parts, scorer: &dyn Fitted) -> Option<Vec<Need>> {
        let of_score = scorer.needs();
        let of_factors: Vec<Option<Vec<Need>>> = parts.factors.iter().map(FittedFactor::needs).collect();
        if of_score.is_none() && of_factors.iter().all(Option::is_none) {
            return None;
        }
        let of_score = Need::narrowed(self.score.needs(), of_score);
        let both = self.factors.iter().zip(of_factors);
        let of_factors = both.map(|(factor, chosen)| Need::narrowed(&factor.needs(), chosen)).collect();
        Some(self.all_needs(&of_score, of_factors).into_iter().filter(Need::is_of_rows).collect())
    }

    /// Whether what stands behind so many steps reads training rows.
    fn learns_behind(&self, steps: usize) -> bool {
        let of_rows =
            |need: &Need| !matches!(need, Need::Features | Need::Logits | Need::LinearHead | Need::Prototypes);
        self.score.needs().iter().any(of_rows)
            || self.steps[steps..].iter().any(|step| step.needs().iter().any(of_rows))
    }

    /// The run as a step leaves it: logits are those of the head, and what fits do not read is not there. Of rows that no one reads one is kept, for the shapes.
    fn changed(&self, run: &RunRows, step: &dyn FittedStep, learns: bool) -> Result<RunRows, FitError> {
        let training = Training::new(run);
        let refused = |error: RowsError| training.not_applicable(self.id, error.to_string());
        let mut splits = Vec::new();
        for split in run.splits.iter().filter(|split| split.role.is_for_fits()) {
            let Some(features) = &split.features else { continue };
            let rows = if learns { split.rows } else { 1 };
            training.within_memory(self.id, "the changed training rows", [rows, features.columns(), 1])?;
            let all = if learns {
                let of = |block: &RowBlock<'_>| step.features(block.features()).into_array();
                stacked(split.rows, &training.map_blocks(split, &[ArrayKind::Features], |_, block| of(block)))
            } else {
                step.features(&features.block(0..1).to_f64()).into_array()
            };
            let matrix = Matrix::of(features.path(), all).map_err(refused)?;
            let mut changed = Split::new(split.role.clone(), split.place.clone());
            changed = changed.with(ArrayKind::Features, matrix).map_err(refused)?;
            if let Some(labels) = split.labels.as_ref().filter(|_| learns) {
                changed = changed.with_labels(labels.clone()).map_err(refused)?;
            }
            splits.push(changed);
        }
        let head = run.head.as_ref().map(|head| step.head(head).into_owned());
        RunRows::new(run.place.clone(), splits, head).map_err(refused)
    }

    fn composed(&self, parts: &Arc<Parts>, scorer: Box<dyn Fitted>) -> Box<dyn Fitted> {
        let needs = self.chosen_needs(parts, scorer.as_ref());
        Box::new(FittedComposed::new(Arc::clone(parts), scorer, needs))
    }
}

/// The rows (n, D) of all blocks.
fn stacked(rows: usize, parts: &[Array2<f64>]) -> Array2<f64> {
    let (mut all, mut first) = (Array2::zeros((rows, parts.first().map_or(0, Array2::ncols))), 0);
    for part in parts {
        all.slice_mut(s![first..first + part.nrows(), ..]).assign(part);
        first += part.nrows();
    }
    all
}

impl Score for Composed {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        self.score.obstacle(run)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (mut notes, mut steps, mut run) = (Vec::new(), Vec::with_capacity(self.steps.len()), None::<RunRows>);
        for (place, step) in self.steps.iter().enumerate() {
            let before = run.as_ref().unwrap_or(training.rows());
            // What was learnt from the run as it is may be there already.
            let fitted = match &run {
                Some(run) => step.fit(&Training::new(run), &mut notes)?,
                None => step.fit(training, &mut notes)?,
            };
            run = Some(self.changed(before, fitted.as_ref(), self.learns_behind(place + 1))?);
            steps.push(fitted);
        }
        let fit = match &run {
            Some(run) => self.score.fit(&Training::new(run))?,
            None => self.score.fit(training)?,
        };
        let factors = self.factors.iter().map(|factor| factor.fit(training, &mut notes)).collect::<Result<_, _>>()?;
        notes.extend(fit.notes);
        let parts = Arc::new(Parts { steps, factors });
        let alternatives = fit
            .alternatives
            .into_iter()
            .map(|other| Alternative { what: other.what, scorer: self.composed(&parts, other.scorer) });
        let alternatives = alternatives.collect();
        Ok(Fit { scorer: self.composed(&parts, fit.scorer), notes, alternatives })
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let mut steps: Vec<Box<dyn FittedStep>> = Vec::with_capacity(self.steps.len());
        for (place, step) in self.steps.iter().enumerate() {
            steps.push(state.part(&Parts::step(place), |part| step.restore(part))?);
        }
        let mut factors: Vec<FittedFactor> = Vec::with_capacity(self.factors.len());
        for (place, factor) in self.factors.iter().enumerate() {
            factors.push(state.part(&Parts::factor(place), |part| factor.restore(part))?);
        }
        let scorer = state.part(Parts::SCORE, |part| self.score.restore(part))?;
        Ok(self.composed(&Arc::new(Parts { steps, factors }), scorer))
    }
}
