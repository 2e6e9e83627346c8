#![doc = include_str!("weiper_kld.md")]

use ndarray::{Array1, Array2};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::pieces::pieces;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::noise::Noise;
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::softmax;
use crate::numeric::vector::{norm, normalise};
use crate::rows::{ArrayKind, RowBlock};

mod density;

use density::Density;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "weiper_kld",
    title: "WeiPer+KLD",
    aliases: &["weiper", "weiper_kldiv"],
    reference: "Granz et al., WeiPer: OOD Detection using Weight Perturbations of Class Projections, NeurIPS 2024, arXiv:2405.17164",
    page: include_str!("weiper_kld.md"),
    parameters: &[
        Parameter { name: "r", default: "100", help: "perturbed heads, from 1", grid: &["50", "100"], counts: None },
        Parameter {
            name: "delta",
            default: "1.8",
            help: "δ, length of a perturbation over that of the weight; a number above 0",
            grid: &["1.8", "2", "2.4"],
            counts: None,
        },
        Parameter {
            name: "lambda1",
            default: "2.5",
            help: "λ₁, how much the perturbed logits count; a number from 0",
            grid: &["0.1", "1", "2.5", "5"],
            counts: None,
        },
        Parameter {
            name: "lambda2",
            default: "0.1",
            help: "λ₂, how much their largest probability counts; a number from 0",
            grid: &["0.1", "0.25", "1"],
            counts: None,
        },
        Parameter {
            name: "bins",
            default: "100",
            help: "bins of the densities, from 2 to 100000",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "smoothing",
            default: "4",
            help: "bins that the density of the features is averaged over, from 1 to all",
            grid: &["4", "20", "40"],
            counts: None,
        },
        Parameter {
            name: "smoothing_w",
            default: "15",
            help: "bins that the density of the perturbed logits is averaged over, from 1 to all",
            grid: &["15", "40"],
            counts: None,
        },
        Parameter { name: "seed", default: "0", help: "of the perturbations, a whole number", grid: &[], counts: None },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct WeiPer {
    repeats: usize,
    delta: f64,
    lambda1: f64,
    lambda2: f64,
    bins: usize,
    smoothing: usize,
    smoothing_w: usize,
    seed: u64,
}

/// More bins than this are finer than any row fills.
const MOST_BINS: usize = 100_000;

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let from_one = |name| settings.number(name, "a whole number from 1", |value: &usize| *value >= 1);
    let bins =
        settings.number("bins", "a whole number from 2 to 100000", |bins: &usize| (2..=MOST_BINS).contains(bins))?;
    let width = |name| {
        settings.number(name, "a whole number from 1 to the number of bins", |width: &usize| (1..=bins).contains(width))
    };
    let weight =
        |name| settings.number(name, "a finite number from 0", |value: &f64| *value >= 0.0 && value.is_finite());
    Ok(Box::new(WeiPer {
        repeats: from_one("r")?,
        delta: settings.number("delta", "a finite number above 0", |delta: &f64| *delta > 0.0 && delta.is_finite())?,
        lambda1: weight("lambda1")?,
        lambda2: weight("lambda2")?,
        bins,
        smoothing: width("smoothing")?,
        smoothing_w: width("smoothing_w")?,
        seed: settings.number("seed", "a whole number from 0", |_: &u64| true)?,
    }))
}

/// What is added to every bin before logarithms are taken: of features, and of perturbed logits.
const LEAST: [f64; 2] = [0.01, 0.025];

impl WeiPer {
    /// `W + δ‖w_c‖ε̂`, r times one below the other (r·C, D): drawn once, from the seed, head by head and row by row.
    fn perturb(&self, weight: &Array2<f64>) -> Array2<f64> {
        let mut noise = Noise::new(self.seed);
        let (classes, columns) = weight.dim();
        let mut all = Array2::zeros((self.repeats * classes, columns));
        let mut direction = vec![0.0; columns];
        for (row, mut out) in all.rows_mut().into_iter().enumerate() {
            let weight = weight.row(row % classes);
            direction.fill_with(|| noise.normal());
            normalise(&mut direction);
            let length = self.delta * norm(&weight.to_vec());
            for ((out, weight), direction) in out.iter_mut().zip(weight).zip(&direction) {
                *out = weight + length * direction;
            }
        }
        all
    }
}

/// The logits (n, r·C) of the perturbed heads.
fn perturbed_logits(weight: &Array2<f64>, bias: &Array1<f64>, features: &Array2<f64>) -> RecycledMatrix {
    let mut logits = row_product(&features.view(), &weight.t(), Factor::Full, Threads::One);
    for mut row in logits.rows_mut() {
        let classes = bias.len();
        row.iter_mut().enumerate().for_each(|(at, logit)| *logit += bias[at % classes]);
    }
    logits
}

impl Score for WeiPer {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::LinearHead, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, _) = training.features()?;
        let (weight, bias) = training.linear_head()?;
        training.within_memory(ENTRY.id, "the perturbed weights", [self.repeats, weight.nrows(), weight.ncols()])?;
        let perturbed = self.perturb(weight);
        // Both kinds of values of a block, in pieces: the logits of a whole block of many classes would not fit.
        let each = |block: &RowBlock<'_>, see: &mut dyn FnMut(&Array2<f64>, &Array2<f64>)| {
            pieces(block.features(), perturbed.nrows(), |features| {
                see(features, &perturbed_logits(&perturbed, bias, features));
            });
        };
        let ranges = training.map_blocks(split, &[ArrayKind::Features], |_, block| {
            let mut range = [density::NO_RANGE; 2];
            each(block, &mut |features, logits| {
                range = [density::widen(range[0], features), density::widen(range[1], logits)];
            });
            range
        });
        let join = |a: [(f64, f64); 2], b: &[(f64, f64); 2]| [density::join(a[0], b[0]), density::join(a[1], b[1])];
        let ranges = ranges.iter().fold([density::NO_RANGE; 2], join);
        if ranges.iter().any(|(low, high)| low >= high) {
            return Err(FitError::NoVariance { place: split.place.clone() });
        }
        let mut densities = [0, 1].map(|kind| Density::new(ranges[kind], self.bins, LEAST[kind]));
        let sums = training.map_blocks(split, &[ArrayKind::Features], |_, block| {
            let mut sums = [vec![0.0; self.bins], vec![0.0; self.bins]];
            each(block, &mut |features, logits| {
                densities[0].add(features, &mut sums[0]);
                densities[1].add(logits, &mut sums[1]);
            });
            sums
        });
        for sums in sums {
            densities.iter_mut().zip(sums).for_each(|(density, sums)| density.learn(&sums));
        }
        densities.iter_mut().for_each(|density| density.finish(split.rows));
        let [of_features, of_logits] = densities;
        Ok(Fit::new(FittedWeiPer { settings: *self, perturbed, bias: bias.clone(), of_features, of_logits }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (perturbed, bias) = (state.matrix("perturbed")?, state.vector("bias")?);
        if bias.is_empty() || bias.len().checked_mul(self.repeats) != Some(perturbed.nrows()) {
            return Err(StateError::other("perturbed", &perturbed, "a row for every class and repetition"));
        }
        Ok(Box::new(FittedWeiPer {
            settings: *self,
            perturbed,
            bias,
            of_features: state.part("features", |part| Density::restore(part, LEAST[0]))?,
            of_logits: state.part("logits", |part| Density::restore(part, LEAST[1]))?,
        }))
    }
}

struct FittedWeiPer {
    settings: WeiPer,
    /// `W̃` (r·C, D).
    perturbed: Array2<f64>,
    bias: Array1<f64>,
    of_features: Density,
    of_logits: Density,
}

impl Fitted for FittedWeiPer {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let (settings, classes, mut first) = (&self.settings, self.bias.len(), 0);
        pieces(block.features(), self.perturbed.nrows(), |features| {
            let logits = perturbed_logits(&self.perturbed, &self.bias, features);
            for (feature, logits) in features.rows().into_iter().zip(logits.rows()) {
                let (feature, logits) = (feature.to_slice().unwrap_or_default(), logits.to_slice().unwrap_or_default());
                let largest: f64 = logits.chunks_exact(classes).map(|head| softmax(head).max_probability()).sum();
                let of_features = self.of_features.divergence(feature, settings.smoothing);
                let of_logits = self.of_logits.divergence(logits, settings.smoothing_w);
                let agreement = largest / settings.repeats as f64;
                out[first] = settings.lambda2 * agreement - of_features - settings.lambda1 * of_logits;
                first += 1;
            }
        });
    }

    fn save(&self) -> State<'_> {
        State::new()
            .with("perturbed", &self.perturbed)
            .with("bias", &self.bias)
            .with_part("features", self.of_features.save())
            .with_part("logits", self.of_logits.save())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;
    use ndarray::array;

    /// Every perturbation is δ times as long as the weight, and the next seed draws others.
    #[test]
    fn perturbations_have_their_length() {
        let weight = array![[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]];
        let perturb = |seed| {
            let settings = WeiPer {
                repeats: 3,
                delta: 1.5,
                lambda1: 1.0,
                lambda2: 1.0,
                bins: 4,
                smoothing: 1,
                smoothing_w: 1,
                seed,
            };
            settings.perturb(&weight)
        };
        let all = perturb(0);
        for (row, perturbed) in all.rows().into_iter().enumerate() {
            let difference = &perturbed - &weight.row(row % 2);
            assert!((norm(&difference.to_vec()) - 1.5 * [5.0, 2.0][row % 2]).abs() < 1e-14);
        }
        assert_ne!(all, perturb(1));
        assert_eq!(all, perturb(0));
    }

    /// With a single perturbed head and λ₁ = 0 what is left are a divergence and the largest probability, from 1/C to 1.
    #[test]
    fn terms_can_be_switched_off() {
        let run = HandDump::of_three_classes();
        let scores =
            |l2: &str| run.scores(&ENTRY, &[("lambda1", "0"), ("lambda2", l2)], array![[2.0, 0.5, 0.5, 0.0]])[0];
        let (without, with) = (scores("0"), scores("1"));
        assert!(without < 0.0 && (1.0 / 3.0..1.0).contains(&(with - without)), "{without} {with}");
    }
}
