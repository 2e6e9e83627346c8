#![doc = include_str!("knn.md")]

use ndarray::Array2;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::search::Search;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::bank::{Bank, Nearness};
use crate::fit::sweep::Look;
use crate::fit::{FitError, Multiples, Training};
use crate::rows::{ArrayKind, Role, RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "knn",
    title: "k-NN",
    aliases: &["deep_knn", "nearest_neighbours"],
    reference: "Sun et al., Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022, arXiv:2204.06507",
    page: include_str!("knn.md"),
    parameters: &[
        Parameter {
            name: "k",
            default: "50",
            help: "which neighbour's distance counts, a whole number from 1",
            grid: &["1", "5", "10", "20", "50", "100", "200", "500"],
            counts: Some(Count::Neighbours),
        },
        Parameter {
            name: "squared",
            default: "false",
            help: "true for the squared distance, as faiss returns it",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "normalised",
            default: "true",
            help: "false for features as they are, not of length 1",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct NearestNeighbour {
    k: usize,
    squared: bool,
    normalised: bool,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(NearestNeighbour {
        k: settings.number("k", "a whole number from 1", |k: &usize| *k >= 1)?,
        squared: settings.flag("squared")?,
        normalised: settings.flag("normalised")?,
    }))
}

impl NearestNeighbour {
    fn prepare<'b>(&self, block: &'b RowBlock<'_>) -> &'b Array2<f64> {
        if self.normalised { block.unit_features() } else { block.features() }
    }

    /// The score of a row at these distances from the rows nearest to it.
    fn value(&self, distances: &[f64]) -> f64 {
        let distance = distances.last().copied().unwrap_or(f64::INFINITY);
        if self.squared { -distance * distance } else { -distance }
    }
}

impl Score for NearestNeighbour {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        let rows = run.split(&Role::Train)?.rows;
        (self.k > rows).then(|| format!("k = {} of {rows} training rows; set knn.k lower", self.k))
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let blocks = || training.blocks(split, &[ArrayKind::Features]).map(|(_, block)| self.prepare(&block).clone());
        let bank = Bank::new(Nearness::Distance, split.rows, features.columns(), blocks);
        Ok(Fit::new(FittedNearestNeighbour { settings: *self, bank }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let bank = Bank::restore(Nearness::Distance, state)?;
        Ok(Box::new(FittedNearestNeighbour { settings: *self, bank }))
    }
}

struct FittedNearestNeighbour {
    settings: NearestNeighbour,
    bank: Bank,
}

impl Fitted for FittedNearestNeighbour {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let take = |row: usize, distances: &[f64]| out[row] = self.settings.value(distances);
        self.bank.nearest(self.settings.prepare(block), self.settings.k, take);
    }

    fn search(&self) -> Option<&dyn Search> {
        if self.settings.normalised { Some(self) } else { None }
    }

    fn save(&self) -> State<'_> {
        self.bank.save()
    }
}

impl Search for FittedNearestNeighbour {
    fn bank(&self) -> &Bank {
        &self.bank
    }

    fn look<'a>(&'a self, block: &'a RowBlock<'_>, multiples: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a> {
        let take = move |row: usize, distances: &[f64]| out[row] = self.settings.value(distances);
        Box::new(self.bank.search(multiples, block.unit_features(), self.settings.k, take))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let rows = array![[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]];
        for (squared, normalised, expected) in
            [(false, true, -0.8_f64.sqrt()), (true, true, -0.8), (false, false, -17.0_f64.sqrt()), (true, false, -17.0)]
        {
            let settings = NearestNeighbour { k: 2, squared, normalised };
            let block = |rows: &Array2<f64>| {
                RowBlock::new(rows.nrows(), None, Some(Rows::F64(Cow2::Owned(rows.clone()))), None)
            };
            let blocks = || std::iter::once(settings.prepare(&block(&rows)).clone());
            let bank = Bank::new(Nearness::Distance, 3, 2, blocks);
            let mut out = [0.0];
            FittedNearestNeighbour { settings, bank }.score_block(&block(&array![[3.0, 4.0]]), &mut out);
            assert!((out[0] - expected).abs() < 1e-14, "squared {squared}, normalised {normalised}: {out:?}");
        }
    }
}
