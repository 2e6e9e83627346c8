#![doc = include_str!("nnguide.md")]

use ndarray::{Array2, Axis};

use super::count::Count;
use super::entry::ScoreEntry;
use super::need::Need;
use super::search::Search;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::dump::Dump;
use crate::fit::bank::{Bank, Nearness};
use crate::fit::evenly_spaced::evenly_spaced;
use crate::fit::sweep::Look;
use crate::fit::{FitError, Multiples, Training};
use crate::numeric::share::share_of;
use crate::numeric::softmax::Softmax;
use crate::numeric::vector::unit_rows;
use crate::rows::{ArrayKind, Role, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "nnguide",
    title: "NNGuide",
    aliases: &["nearest_neighbour_guidance"],
    reference: "Park et al., Nearest Neighbor Guidance for Out-of-Distribution Detection, ICCV 2023, arXiv:2309.14888",
    page: include_str!("nnguide.md"),
    parameters: &[
        Parameter {
            name: "k",
            default: "10",
            help: "neighbours that count, a whole number from 1",
            grid: &["1", "5", "10", "50", "100"],
            counts: Some(Count::Neighbours),
        },
        Parameter {
            name: "fraction",
            default: "1",
            help: "share of the training rows in the bank, above 0, at most 1",
            grid: &[],
            counts: Some(Count::ShareOfRows),
        },
    ],
    build,
    caution,
    assumes: &[],
};

struct NnGuide {
    k: usize,
    fraction: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(NnGuide {
        k: settings.number("k", "a whole number from 1", |k: &usize| *k >= 1)?,
        fraction: settings.number("fraction", "a number above 0, at most 1", |f: &f64| *f > 0.0 && *f <= 1.0)?,
    }))
}

fn caution(dump: &Dump) -> Option<String> {
    dump.logits_are_distances().then(|| {
        "nnguide multiplies two energies and takes them for positive; those of negative distances are negative, so its orientation is lost: \
         it is a score of linear heads"
            .to_owned()
    })
}

impl Score for NnGuide {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::Logits, Need::TrainFeatures, Need::TrainLogits]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        let rows = run.split(&Role::Train)?.rows;
        (self.k > rows).then(|| format!("k = {} of {rows} training rows; set nnguide.k lower", self.k))
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let size = (share_of(self.fraction, split.rows) as usize).max(self.k);
        let blocks = || {
            training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]).map(move |(range, block)| {
                let rows: Vec<usize> = evenly_spaced(split.rows, size, &range).map(|row| row - range.start).collect();
                guided(&block).select(Axis(0), &rows)
            })
        };
        let bank = Bank::new(Nearness::InnerProduct, size, features.columns(), blocks);
        Ok(Fit::new(FittedNnGuide { k: self.k, bank }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let bank = Bank::restore(Nearness::InnerProduct, state)?;
        Ok(Box::new(FittedNnGuide { k: self.k, bank }))
    }
}

/// `lse(z)·f̂` of every row.
fn guided(block: &RowBlock<'_>) -> Array2<f64> {
    let mut rows = unit_rows(block.features()).into_array();
    for (mut row, softmax) in rows.rows_mut().into_iter().zip(block.softmax()) {
        row *= softmax.log_sum_exp();
    }
    rows
}

struct FittedNnGuide {
    k: usize,
    bank: Bank,
}

impl Fitted for FittedNnGuide {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let energies = block.softmax();
        let take = |row: usize, products: &[f64]| out[row] = guidance(&energies[row], products);
        self.bank.nearest(block.unit_features(), self.k, take);
    }

    fn search(&self) -> Option<&dyn Search> {
        Some(self)
    }

    fn save(&self) -> State<'_> {
        self.bank.save()
    }
}

impl Search for FittedNnGuide {
    fn bank(&self) -> &Bank {
        &self.bank
    }

    fn look<'a>(&'a self, block: &'a RowBlock<'_>, multiples: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a> {
        let energies = block.softmax();
        let take = move |row: usize, products: &[f64]| out[row] = guidance(&energies[row], products);
        Box::new(self.bank.search(multiples, block.unit_features(), self.k, take))
    }
}

/// The energy of a row by the mean of its largest products.
fn guidance(energy: &Softmax, products: &[f64]) -> f64 {
    energy.log_sum_exp() * (products.iter().sum::<f64>() / products.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    fn block(features: Array2<f64>, logits: Array2<f64>) -> RowBlock<'static> {
        let matrix = |rows| Some(Rows::F64(Cow2::Owned(rows)));
        RowBlock::new(features.nrows(), matrix(logits), matrix(features), None)
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let training = block(array![[1.0, 0.0], [0.0, 2.0], [3.0, 4.0]], array![[1.0], [2.0], [3.0]]);
        let bank = Bank::new(Nearness::InnerProduct, 3, 2, || std::iter::once(guided(&training)));
        let mut out = [0.0];
        FittedNnGuide { k: 2, bank }.score_block(&block(array![[5.0, 0.0]], array![[4.0]]), &mut out);
        assert!((out[0] - 5.6).abs() < 1e-14, "{out:?}");
    }
}
