#![doc = include_str!("ras.md")]

use std::cmp::Ordering;

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{SettingError, Settings};
use super::step::energy::energy_after;
use super::step::{Features, FittedStep, Step, StepEntry};
use super::{Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::rows::ArrayKind;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "ras",
    title: "Ranked activation shift",
    aliases: &["ranked_activation_shift"],
    reference: "Guglielmo & Masana, Ranked Activation Shift for Post-Hoc Out-of-Distribution Detection, 2026, arXiv:2604.08572",
    page: include_str!("ras.md"),
    parameters: &[],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The step that is RAS with the energy behind it.
pub(super) const STEP: StepEntry = StepEntry {
    id: ENTRY.id,
    formula: "each feature replaced by the mean of the training features of its rank",
    reference: ENTRY.reference,
    parameters: ENTRY.parameters,
    build: build_step,
};

struct Ras;

fn build_step(_: &Settings) -> Result<Box<dyn Step>, SettingError> {
    Ok(Box::new(Ras))
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(energy_after(build_step(settings)?, &[Need::Features, Need::LinearHead, Need::TrainFeatures]))
}

/// Rows that one thread sorts at a time.
const TOGETHER: usize = 32;

impl Step for Ras {
    fn needs(&self) -> &[Need] {
        &[Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>, notes: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError> {
        let (profile, ties) = Profile::fit(training)?;
        if ties > 0.0 {
            let percent = 100.0 * ties;
            notes.push(format!(
                "{percent:.1} % of the sorted training features equal the one before: of equal ones the first column ranks lower"
            ));
        }
        Ok(Box::new(profile))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError> {
        Ok(Box::new(Profile(state.vector("profile")?)))
    }
}

/// The mean of the sorted training rows: what the feature of each rank becomes.
struct Profile(Array1<f64>);

impl Profile {
    /// The profile, and the share of sorted features that equal their neighbour.
    fn fit(training: &Training<'_>) -> Result<(Self, f64), FitError> {
        let (split, features) = training.features()?;
        let (mut sum, mut ties) = (Array1::<f64>::zeros(features.columns()), 0_usize);
        for (_, block) in training.blocks(split, &[ArrayKind::Features]) {
            let mut rows = block.features().clone();
            let pieces: Vec<_> = rows.axis_chunks_iter_mut(Axis(0), TOGETHER).collect();
            pieces.into_par_iter().for_each(|mut piece| {
                for mut row in piece.rows_mut() {
                    row.as_slice_mut().unwrap_or_default().sort_unstable_by(f64::total_cmp);
                }
            });
            for row in rows.rows() {
                sum += &row;
                ties += row.windows(2).into_iter().filter(|pair| pair[0] == pair[1]).count();
            }
        }
        let pairs = split.rows * features.columns().saturating_sub(1);
        Ok((Self(sum / split.rows as f64), ties as f64 / pairs.max(1) as f64))
    }
}

impl FittedStep for Profile {
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f> {
        let mut shifted = RecycledMatrix::zeros(features.dim());
        let mut order = Recycled::<usize>::default();
        for (row, mut out) in features.rows().into_iter().zip(shifted.rows_mut()) {
            order.clear();
            order.extend(0..row.len());
            // By value, then by column: the stable order, without the memory that a stable sort takes.
            order.sort_unstable_by(|&a, &b| row[a].partial_cmp(&row[b]).unwrap_or(Ordering::Equal).then(a.cmp(&b)));
            order.iter().zip(&self.0).for_each(|(&column, value)| out[column] = *value);
        }
        Features::New(shifted)
    }

    fn save(&self) -> State<'_> {
        State::new().with("profile", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// The example of the page; of equal features the first column has the lower rank, and −0 is 0.
    #[test]
    fn example_by_hand() {
        let profile = Profile(array![0.0, 1.0, 5.0]);
        assert_eq!(
            *profile.features(&array![[7.0, -2.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, 1.0]]),
            array![[5.0, 0.0, 1.0], [0.0, 1.0, 5.0], [0.0, 1.0, 5.0]]
        );
        let run = HandDump::new(&Array2::eye(2), &array![0.0, 0.0], &array![[1.0, 0.0], [0.0, 3.0]]);
        let scores = run.scores(&ENTRY, &[], array![[9.0, 4.0]]);
        assert!((scores[0] - (2.0_f64.exp() + 1.0).ln()).abs() < 1e-15);
    }

    #[test]
    fn golden_and_ties() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[], &[2.595_896_53, 2.406_257_7, 1.284_326_01], 5e-9);
        let notes = run.fit(&ENTRY, &[]).unwrap().notes;
        // 2 zeros in a row of 4 are one pair of three, and (0, 0, 2, 2) has two: 1 + 1 + 1 + 1 + 2 + 1 of 18.
        assert!(notes[0].starts_with("38.9 % of the sorted"), "{notes:?}");
    }
}
