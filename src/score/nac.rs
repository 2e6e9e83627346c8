#![doc = include_str!("nac.md")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use ndarray::{Array2, Axis};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::evenly_spaced::evenly_spaced;
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::rows::{ArrayKind, Head, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "nac",
    title: "Neuron activation coverage",
    aliases: &["nac_ue", "neuron_activation_coverage"],
    reference: "Liu et al., Neuron Activation Coverage: Rethinking Out-of-distribution Detection and Generalization, ICLR 2024, arXiv:2306.02879",
    page: include_str!("nac.md"),
    parameters: &[
        Parameter {
            name: "m",
            default: "50",
            help: "M, edges of the bins of a state, an even number from 4 to 100000",
            grid: &["50", "500", "1000"],
            counts: None,
        },
        Parameter {
            name: "o",
            default: "50",
            help: "O, training rows from which a bin is covered, a whole number above 0",
            grid: &["10", "50", "500"],
            counts: None,
        },
        Parameter {
            name: "alpha",
            default: "100",
            help: "α, the steepness of the sigmoid, a number above 0",
            grid: &["1", "10", "50", "100", "1000", "3000"],
            counts: None,
        },
        Parameter {
            name: "rows",
            default: "1000",
            help: "training rows used, of all classes alike; empty for all, which needs no labels",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct Nac {
    edges: usize,
    enough: usize,
    alpha: f64,
    rows: Option<usize>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Nac {
        edges: settings.number("m", "an even number from 4 to 100000", |m: &usize| {
            (4..=MOST_EDGES).contains(m) && m.is_multiple_of(2)
        })?,
        enough: settings.number("o", "a whole number above 0", |o: &usize| *o > 0)?,
        alpha: settings.number("alpha", "a finite number above 0", |a: &f64| *a > 0.0 && a.is_finite())?,
        rows: settings.optional("rows", "a whole number above 0, or nothing", |rows: &usize| *rows > 0)?,
    }))
}

/// More edges than this are finer than any state is known.
const MOST_EDGES: usize = 100_000;

/// The logarithm that spaces the edges: they are dense around ½.
const BASE: f64 = 1000.0;

/// The M edges of the bins, ascending from 0 to above 1; ½ is one of them.
fn edges(count: usize) -> Vec<f64> {
    let half = count / 2;
    let step = (BASE.sqrt() - 1.0) / (half - 1) as f64;
    let lower = |i: usize| if i + 1 == half { 0.5 } else { (1.0 + step * i as f64).ln() / BASE.ln() };
    let mut edges: Vec<f64> = (0..half - 1).map(lower).collect();
    edges.extend((0..half).rev().map(|i| 1.0 - lower(i)));
    // 1 itself lies inside, and there is one bin beyond it that stays empty.
    edges[count - 2] += 0.01;
    edges.push(1.2);
    edges
}

/// `1/(1 + exp(−x))`.
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Nac {
    /// The bin of every state (n, D) of rows, from their probabilities and features.
    fn bins(
        &self,
        (probabilities, features): (&Array2<f64>, &Array2<f64>),
        weight: &Array2<f64>,
        edges: &[f64],
    ) -> RecycledMatrix<usize> {
        let uniform = 1.0 / weight.nrows() as f64;
        let pull = RecycledMatrix::mapped(probabilities, |p| p - uniform);
        let gradient = row_product(&pull.view(), &weight.view(), Factor::Full, Threads::One);
        RecycledMatrix::new(features.nrows(), features.ncols(), |bins| {
            bins.extend(features.iter().zip(gradient.iter()).map(|(feature, gradient)| {
                let state = sigmoid(self.alpha * feature * gradient);
                edges.partition_point(|edge| *edge <= state).saturating_sub(1)
            }));
        })
    }

    /// The training rows that are counted, ascending: as many of each class as can be, evenly spaced among its rows.
    fn chosen(&self, training: &Training<'_>) -> Result<Vec<usize>, FitError> {
        let split = training.split()?;
        let wanted = self.rows.unwrap_or(split.rows);
        if wanted >= split.rows {
            return Ok((0..split.rows).collect());
        }
        let labels = split.labels.as_ref().ok_or_else(|| training.missing_labels())?;
        let mut of_class: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        labels
            .block(0..split.rows)
            .into_iter()
            .enumerate()
            .for_each(|(row, label)| of_class.entry(label).or_default().push(row));
        let each = wanted.div_ceil(of_class.len());
        let of = |rows: &Vec<usize>| {
            let size = each.min(rows.len());
            evenly_spaced(rows.len(), size, &(0..rows.len())).map(|at| rows[at]).collect::<Vec<_>>()
        };
        let mut chosen: Vec<usize> = of_class.values().flat_map(of).collect();
        chosen.sort_unstable();
        Ok(chosen)
    }
}

impl Score for Nac {
    fn needs(&self) -> &'static [Need] {
        const WITH_LABELS: &[Need] = &[
            Need::Logits,
            Need::Features,
            Need::LinearHead,
            Need::TrainLogits,
            Need::TrainFeatures,
            Need::TrainLabels,
        ];
        // Which rows are used depends on their labels, unless all are.
        if self.rows.is_some() { WITH_LABELS } else { &WITH_LABELS[..5] }
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let (weight, _) = training.linear_head()?;
        let (edges, columns) = (edges(self.edges), features.columns());
        training.within_memory(ENTRY.id, "the coverage of all bins", [edges.len(), columns, 1])?;
        let chosen = self.chosen(training)?;
        // Whole numbers, whose sum does not depend on who adds first.
        let mut counts = Vec::new();
        counts.resize_with((edges.len() - 1) * columns, || AtomicU32::new(0));
        training.map_blocks(split, &[ArrayKind::Logits, ArrayKind::Features], |range, block| {
            let place = |row| chosen.partition_point(|chosen| *chosen < row);
            let rows: Vec<usize> =
                chosen[place(range.start)..place(range.end)].iter().map(|row| row - range.start).collect();
            if rows.is_empty() {
                return;
            }
            let of = |all: &Array2<f64>| all.select(Axis(0), &rows);
            let bins = self.bins((&of(block.probabilities()), &of(block.features())), weight, &edges);
            for bins in bins.rows() {
                bins.iter().enumerate().for_each(|(column, bin)| {
                    counts[bin * columns + column].fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        let covered = Array2::from_shape_fn((edges.len() - 1, columns), |(bin, column)| {
            f64::from(counts[bin * columns + column].load(Ordering::Relaxed)).min(self.enough as f64)
        });
        let notes = vec![format!("coverage of {} of {} training rows", chosen.len(), split.rows)];
        Ok(Fit::noted(FittedNac { settings: *self, edges, covered }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let covered = state.matrix("covered")?;
        if covered.nrows() != self.edges - 1 {
            return Err(StateError::other("covered", &covered, "a row for every bin"));
        }
        Ok(Box::new(FittedNac { settings: *self, edges: edges(self.edges), covered }))
    }
}

struct FittedNac {
    settings: Nac,
    edges: Vec<f64>,
    /// Rows of every bin and neuron (M − 1, D), at most O: whole numbers, so that rows whose scores are equal by definition are equal here.
    covered: Array2<f64>,
}

impl Fitted for FittedNac {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let Head::Linear { weight, .. } = block.head() else { return out.fill(f64::NAN) };
        let bins = self.settings.bins((block.probabilities(), block.features()), weight, &self.edges);
        for (out, bins) in out.iter_mut().zip(bins.rows()) {
            let rows: f64 = bins.iter().enumerate().map(|(column, bin)| self.covered[[*bin, column]]).sum();
            *out = rows / (self.settings.enough as f64 * bins.len() as f64);
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("covered", &self.covered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    /// The edges of the authors' `logspace(1e3, 8)`.
    #[test]
    fn edges_are_dense_around_the_middle() {
        let expected = [0.0, 0.349_837_44, 0.443_573_94, 0.5, 0.556_426_06, 0.650_162_56, 1.01, 1.2];
        assert!(edges(8).iter().zip(expected).all(|(edge, expected)| (edge - expected).abs() < 5e-9), "{:?}", edges(8));
        assert!(edges(50).is_sorted() && edges(50).len() == 50);
        assert!(edges(50).contains(&0.5));
    }

    #[test]
    fn golden() {
        HandDump::of_three_classes().gives(&ENTRY, &[("o", "2")], &[0.875, 0.875, 0.5], 1e-15);
    }

    /// Two rows of each of three classes; of one per class the first is taken.
    #[test]
    fn classes_are_counted_alike() {
        let run = HandDump::of_three_classes();
        let chosen = |rows: usize| {
            let nac = Nac { edges: 50, enough: 1, alpha: 1.0, rows: Some(rows) };
            nac.chosen(&Training::new(&run.dump)).unwrap()
        };
        assert_eq!((chosen(3), chosen(4), chosen(6)), (vec![0, 2, 4], vec![0, 1, 2, 3, 4, 5], vec![0, 1, 2, 3, 4, 5]));
    }
}
