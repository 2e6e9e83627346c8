//! The columns of features that differ most between training rows and OOD rows.

use std::borrow::Cow;

use ndarray::{Array1, Array2, Axis, s};
use rayon::prelude::*;

use super::super::settings::{Parameter, SettingError, Settings};
use super::super::{Need, State, StateError};
use super::{Features, FittedStep, Step, StepEntry};
use crate::fit::{FitError, Training};
use crate::numeric::share::share_of;
use crate::rows::{ArrayKind, Head, Role, Split};

pub(super) const STEP: StepEntry = StepEntry {
    id: "select",
    formula: "the ⌊q·D⌋ columns, at least one, of the largest 1-D Wasserstein distance between training rows and the rows of a set of val_ood, both divided by the range of the training rows",
    reference: "OpenMIBOOD, marginal feature selection, 2026",
    parameters: &[
        Parameter {
            name: "q",
            default: "",
            help: "share of the columns that is kept, above 0, at most 1",
            grid: &["0.01", "0.1", "0.25", "0.5", "0.75", "1"],
            counts: None,
        },
        Parameter {
            name: "fit_on",
            default: "",
            help: "set of val_ood that is compared with; empty: the only one",
            grid: &[],
            counts: None,
        },
    ],
    build,
};

struct Select {
    share: f64,
    needs: [Need; 2],
    fit_on: Option<String>,
}

fn build(settings: &Settings) -> Result<Box<dyn Step>, SettingError> {
    let share = settings.number("q", "a number above 0, at most 1", |q: &f64| *q > 0.0 && *q <= 1.0)?;
    let fit_on = Some(settings.text("fit_on").to_owned()).filter(|name| !name.is_empty());
    Ok(Box::new(Select { share, needs: [Need::TrainFeatures, Need::ValOodFeatures(fit_on.clone())], fit_on }))
}

impl Select {
    /// The set that is compared with.
    fn proxy<'a>(&self, training: &Training<'a>) -> Result<&'a Split, FitError> {
        let meant = |split: &&Split| match &split.role {
            Role::ValOod { name } => self.fit_on.as_ref().is_none_or(|wanted| wanted == name),
            _ => false,
        };
        let mut sets = training.rows().splits.iter().filter(meant);
        let name = self.fit_on.as_deref().unwrap_or("<name>");
        let found = sets.next().ok_or_else(|| training.missing_split("OOD rows", format!("val_ood/{name}")))?;
        if sets.next().is_some() {
            let reason = "several sets of val_ood could be compared with; name one, as in select(0.5;fit_on=NAME)";
            return Err(training.not_applicable(STEP.id, reason.to_owned()));
        }
        Ok(found)
    }
}

/// All features of a split, one row per column (D, n), each sorted.
fn sorted_columns(training: &Training<'_>, split: &Split) -> Array2<f64> {
    let blocks = training.map_blocks(split, &[ArrayKind::Features], |range, block| (range, block.features().clone()));
    let mut all = Array2::zeros((blocks.first().map_or(0, |(_, block)| block.ncols()), split.rows));
    for (range, block) in blocks {
        all.slice_mut(s![.., range]).assign(&block.t());
    }
    all.axis_iter_mut(Axis(0)).collect::<Vec<_>>().into_par_iter().for_each(|mut column| {
        column.as_slice_mut().unwrap_or_default().sort_unstable_by(f64::total_cmp);
    });
    all
}

/// `∫ |F − G|` of two sorted lists, divided by the range of the first; 0 where that is 0.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let range = a.last().zip(a.first()).map_or(0.0, |(last, first)| last - first);
    if range <= 0.0 {
        return 0.0;
    }
    let (mut i, mut j, mut sum, mut at) = (0, 0, 0.0, a[0].min(b.first().copied().unwrap_or(a[0])));
    while i < a.len() || j < b.len() {
        let next = a.get(i).copied().unwrap_or(f64::INFINITY).min(b.get(j).copied().unwrap_or(f64::INFINITY));
        sum += (next - at) * (i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs();
        at = next;
        i += a[i..].iter().take_while(|value| **value == next).count();
        j += b[j..].iter().take_while(|value| **value == next).count();
    }
    sum / range
}

impl Step for Select {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>, notes: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let (split, features) = training.features()?;
        let proxy = self.proxy(training)?;
        training.within_memory(STEP.id, "all training features", [split.rows, features.columns(), 1])?;
        let (train, other) = (sorted_columns(training, split), sorted_columns(training, proxy));
        let pairs = train.rows().into_iter().zip(other.rows());
        let slice = |row: ndarray::ArrayView1<'_, f64>| row.to_slice().map(<[f64]>::to_vec).unwrap_or_default();
        let distances: Vec<f64> = pairs.map(|(a, b)| distance(&slice(a), &slice(b))).collect();
        let mut order: Vec<usize> = (0..distances.len()).collect();
        order.sort_by(|a, b| distances[*b].total_cmp(&distances[*a]));
        order.truncate((share_of(self.share, distances.len()) as usize).max(1));
        order.sort_unstable();
        notes.push(format!("select: {} of {} columns, by {}", order.len(), distances.len(), proxy.role));
        Ok(Box::new(Columns(order)))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        let kept = state.vector("columns")?.insert_axis(Axis(1));
        let ascending = kept.column(0).iter().zip(kept.column(0).iter().skip(1)).all(|(one, next)| one < next);
        if kept.is_empty() || !ascending || kept.iter().any(|column| column.fract() != 0.0 || *column < 0.0) {
            return Err(StateError::other("columns", &kept, "numbers of columns, ascending"));
        }
        Ok(Box::new(Columns(kept.iter().map(|column| *column as usize).collect())))
    }
}

/// The columns that are kept, ascending.
struct Columns(Vec<usize>);

impl Columns {
    fn of(&self, matrix: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((matrix.nrows(), self.0.len()), |(row, at)| matrix[[row, self.0[at]]])
    }
}

impl FittedStep for Columns {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        Features::New(self.of(features).into())
    }

    fn head<'h>(&'h self, head: &'h Head) -> Cow<'h, Head> {
        Cow::Owned(match head {
            Head::Linear { weight, bias } => Head::Linear { weight: self.of(weight), bias: bias.clone() },
            Head::Prototypes { prototypes } => Head::Prototypes { prototypes: self.of(prototypes) },
            Head::NormalisedPrototypes { prototypes, distance_scale } => {
                Head::normalised_prototypes(self.of(prototypes), *distance_scale)
            }
        })
    }

    fn save(&self) -> State<'_> {
        let columns: Array1<f64> = self.0.iter().map(|column| *column as f64).collect();
        State::new().with("columns", columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy's wasserstein_distance([0, 1, 3], [5, 6, 8]) is 5, its example of weights aside; here divided by the range 3.
    #[test]
    fn distances_are_those_between_the_quantiles() {
        assert!((distance(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0]) - 5.0 / 3.0).abs() < 1e-15);
        // Half of the rows at 0 and half at 1, against one at 1: half of them move by 1.
        assert!((distance(&[0.0, 1.0], &[1.0]) - 0.5).abs() < 1e-15);
        assert_eq!(distance(&[0.0, 1.0, 1.0], &[0.0, 0.0, 1.0, 1.0, 1.0, 1.0]), 0.0);
        assert_eq!(distance(&[2.0, 2.0], &[5.0]), 0.0);
    }
}
