//! The areas of [`lee`](super::lee), all in one walk over the scores, in loops that compilers turn into vector instructions.

use std::ops::Range;

use multiversion::multiversion;
use rayon::prelude::*;

use super::ranking::Ranking;
use crate::numeric::pairwise_sum::{BLOCK, BlockSums, blocks, sum_of_blocks};

/// Areas under the states, and the largest `tp/K + 1 − fp/N`.
pub(super) struct Areas {
    pub(super) auroc: f64,
    pub(super) auin: f64,
    pub(super) auout: f64,
    pub(super) largest_sum: f64,
}

/// Steps walked by one thread.
const PART: usize = 1 << 15;

/// The areas are sums of a trapezoid per step from one state to the next, each along an axis of its own: of the ROC curve (tp/K, 1 − fp/N), of
/// (tp/K, tp/(tp+fp)) and of ((N−fp)/N, (N−fp)/(K−tp+N−fp)), whose second number is 0 where nothing is left or nothing is removed.
const CURVES: usize = 3;

/// What the original's sums have beside the steps: terms of no width before the first and behind the last of them. They are 0, but move the others.
const LEAD: [usize; CURVES] = [1, 1, 0];
const TRAIL: [usize; CURVES] = [1, 0, 1];

impl Areas {
    pub(super) fn of(ranking: &Ranking) -> Self {
        let all = ranking.steps().len();
        let terms: [usize; CURVES] = std::array::from_fn(|curve| LEAD[curve] + all + TRAIL[curve]);
        let borders = terms.map(blocks);
        let starts: Vec<usize> = (0..all.max(1)).step_by(PART).collect();
        let end_of = |start: usize| if start + PART < all { start + PART } else { all };
        let mut ood_before = 0;
        let ood: Vec<usize> = starts.par_iter().map(|&start| ranking.ood_in(start..end_of(start))).collect();
        let parts = starts.iter().zip(ood).map(|(&start, ood)| {
            ood_before += ood;
            Part { ranking, start, end: end_of(start), ood_before: ood_before - ood }
        });
        let parts: Vec<Sums> = parts.collect::<Vec<_>>().into_par_iter().map(|part| part.sums(&borders)).collect();
        let area = |curve: usize| {
            let sums = parts.iter().flat_map(|part| &part.sums[curve]);
            sum_of_blocks(terms[curve], &mut sums.copied())
        };
        let largest_sum = parts.iter().fold(f64::NEG_INFINITY, |largest, part| larger(part.largest_sum, largest));
        Self { auroc: -area(0), auin: -area(1), auout: area(2), largest_sum }
    }
}

/// Consecutive steps: the blocks of each sum that begin in them are summed here, though their last terms may lie behind.
struct Part<'a> {
    ranking: &'a Ranking,
    start: usize,
    end: usize,
    /// OOD scores removed before the first step.
    ood_before: usize,
}

/// Sums of blocks; the largest `tp/K + 1 − fp/N` of the states on the way.
struct Sums {
    sums: [Vec<f64>; CURVES],
    largest_sum: f64,
}

impl Part<'_> {
    fn sums(&self, borders: &[Vec<usize>; CURVES]) -> Sums {
        let all = self.ranking.steps().len();
        let mut sums: [BlockSums<'_>; CURVES] = std::array::from_fn(|curve| {
            let borders = &borders[curve];
            let starts = &borders[..borders.len() - 1];
            // Leading terms are of the first part, trailing ones of the last.
            let from = if self.start == 0 { 0 } else { LEAD[curve] + self.start };
            let first = starts.partition_point(|&start| start < from);
            let last = starts.partition_point(|&start| self.end == all || start < LEAD[curve] + self.end);
            BlockSums::new(&borders[first..=last], from)
        });
        if self.start == 0 {
            sums.iter_mut().zip(LEAD).for_each(|(sums, lead)| sums.push(&[0.0; 1][..lead]));
        }
        let mut walk = Walk::new(self);
        let mut step = self.start;
        while step < all && !sums.iter().all(BlockSums::is_full) {
            let steps = step..all.min(step + BLOCK);
            let count = steps.len();
            step = steps.end;
            walk.take(self.ranking, steps);
            sums.iter_mut().zip(&walk.trapezoids).for_each(|(sums, trapezoids)| sums.push(&trapezoids[..count]));
        }
        if step == all {
            sums.iter_mut().zip(TRAIL).for_each(|(sums, trail)| sums.push(&[0.0; 1][..trail]));
        }
        Sums { sums: sums.map(BlockSums::into_sums), largest_sum: walk.largest_sum() }
    }
}

/// Where the walk is, and what the last steps gave.
struct Walk {
    shape: Shape,
    state: State,
    /// Of the state before the steps and of those after each of them.
    points: Points,
    trapezoids: [[f64; BLOCK]; CURVES],
    largest: [f64; LANES],
}

/// `K` and `N`.
#[derive(Clone, Copy)]
struct Shape {
    k: f64,
    n: f64,
}

#[derive(Clone, Copy)]
struct State {
    tp: f64,
    fp: f64,
}

/// The four numbers that the curves are made of.
#[derive(Clone)]
struct Points {
    /// tp/K
    tpr: [f64; BLOCK + 1],
    /// 1 − fp/N
    tnr: [f64; BLOCK + 1],
    /// tp/(tp+fp)
    precision_in: [f64; BLOCK + 1],
    /// (N−fp)/(K−tp+N−fp)
    precision_out: [f64; BLOCK + 1],
}

/// Maxima side by side: one would have to wait for itself.
const LANES: usize = 8;

impl Walk {
    fn new(part: &Part<'_>) -> Self {
        let shape = Shape { k: part.ranking.id() as f64, n: part.ranking.ood() as f64 };
        let state = State { tp: shape.k - (part.start - part.ood_before) as f64, fp: shape.n - part.ood_before as f64 };
        let [tpr, tnr, inside, outside, sum] = shape.point(state);
        let of_all = |number: f64| [number; BLOCK + 1];
        let points =
            Points { tpr: of_all(tpr), tnr: of_all(tnr), precision_in: of_all(inside), precision_out: of_all(outside) };
        Self { shape, state, points, trapezoids: [[0.0; BLOCK]; CURVES], largest: [sum; LANES] }
    }

    /// Takes up to [`BLOCK`] steps; all but the last of a walk are as many.
    fn take(&mut self, ranking: &Ranking, steps: Range<usize>) {
        let mut ood = [0; BLOCK];
        let count = steps.len();
        ranking.ood_up_to(steps, &mut ood[..count]);
        let removed = ood[count - 1];
        // As if ID scores followed: what comes of them is no larger, and not taken.
        ood[count..].fill(removed);
        trapezoids(self, &ood);
        self.state = self.state.after(count, removed);
    }

    fn largest_sum(&self) -> f64 {
        self.largest.into_iter().fold(f64::NEG_INFINITY, larger)
    }
}

impl State {
    /// What is left after so many steps more, of which so many are OOD.
    #[inline(always)]
    fn after(self, steps: usize, ood: u8) -> Self {
        let ood = f64::from(ood);
        Self { tp: self.tp - (steps as f64 - ood), fp: self.fp - ood }
    }
}

impl Shape {
    /// The numbers of [`Points`], and `tp/K + 1 − fp/N`.
    #[inline(always)]
    fn point(self, State { tp, fp }: State) -> [f64; 5] {
        let Self { k, n } = self;
        let (known, novel) = (k - tp, n - fp);
        let share = |part: f64, all: f64| {
            let share = part / all;
            if all > 0.0 { share } else { 0.0 }
        };
        let (tpr, fpr) = (tp / k, fp / n);
        [tpr, 1.0 - fpr, share(tp, tp + fp), share(novel, known + novel), tpr + 1.0 - fpr]
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// The trapezoids of steps of which `ood` says how many up to each are OOD. The same operations in every version, none of them fused: the bits are the
/// same everywhere.
#[multiversion(targets("x86_64+avx2", "aarch64+neon"))]
fn trapezoids(walk: &mut Walk, ood: &[u8; BLOCK]) {
    let Walk { shape, state, points, trapezoids: [roc, inside, outside], largest } = walk;
    let Points { tpr, tnr, precision_in, precision_out } = points;
    // The state before is the last one of the steps before.
    for numbers in [&mut *tpr, &mut *tnr, &mut *precision_in, &mut *precision_out] {
        numbers[0] = numbers[BLOCK];
    }
    let mut sums = [[0.0; LANES]; BLOCK / LANES];
    for (step, sum) in sums.as_flattened_mut().iter_mut().enumerate() {
        let after = state.after(step + 1, ood[step]);
        [tpr[step + 1], tnr[step + 1], precision_in[step + 1], precision_out[step + 1], *sum] = shape.point(after);
    }
    for sums in &sums {
        largest.iter_mut().zip(sums).for_each(|(largest, sum)| *largest = larger(*sum, *largest));
    }
    let area = |x: &[f64; BLOCK + 1], y: &[f64; BLOCK + 1], step: usize| {
        (x[step + 1] - x[step]) * (y[step + 1] + y[step]) / 2.0
    };
    for step in 0..BLOCK {
        roc[step] = area(tpr, tnr, step);
        inside[step] = area(tpr, precision_in, step);
        outside[step] = area(tnr, precision_out, step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::sample;
    use crate::numeric::noise::Congruential;
    use crate::numeric::pairwise_sum::pairwise_sum;

    /// The original's lists of points, the first and last ones doubled or invented, and `numpy.sum` of their trapezoids.
    fn plain(ranking: &Ranking) -> [f64; 4] {
        let (k, n) = (ranking.id() as f64, ranking.ood() as f64);
        let (mut tp, mut fp) = (k, n);
        let mut states = vec![(tp, fp)];
        for step in ranking.steps() {
            (tp, fp) = if step.ood() == 1 { (tp, fp - 1.0) } else { (tp - 1.0, fp) };
            states.push((tp, fp));
        }
        let area = |points: Vec<(f64, f64)>| {
            let mut trapezoids = points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[1].1 + p[0].1) / 2.0);
            pairwise_sum(&mut trapezoids, points.len() - 1)
        };
        let (first, last) = (states[0], states[states.len() - 1]);
        let roc = [&[first], &states[..], &[last]].concat().iter().map(|(tp, fp)| (tp / k, 1.0 - fp / n)).collect();
        let left = states[..states.len() - 1].iter().map(|(tp, fp)| (tp / k, tp / (tp + fp)));
        let removed = states[1..].iter().map(|(tp, fp)| (1.0 - fp / n, (n - fp) / ((k - tp) + (n - fp))));
        let inside = [(1.0, 0.5)].into_iter().chain(left).chain([(0.0, 0.0)]).collect();
        let outside = [(0.0, 0.0)].into_iter().chain(removed).chain([(1.0, 0.5)]).collect();
        let largest = states.iter().map(|(tp, fp)| tp / k + 1.0 - fp / n).fold(f64::NEG_INFINITY, f64::max);
        [-area(roc), -area(inside), area(outside), largest]
    }

    /// To the bit, in one part and in several, whose blocks reach into the next.
    #[test]
    fn one_walk_gives_the_sums_of_the_original() {
        let mut noise = Congruential::new(11);
        let mut scores = |count: usize, shift: f64| {
            sample((0..count).map(|_| f64::from(noise.bits()) / f64::from(1 << 24) + shift).collect())
        };
        for (id, ood) in [
            (1, 1),
            (2, 5),
            (64, 63),
            (100, 28),
            (1000, 3),
            (PART - 3, 5),
            (PART, 4),
            (PART + 60, PART + 61),
            (70_000, 31_111),
        ] {
            let ranking = Ranking::new(&scores(id, 0.3), &scores(ood, 0.0));
            let found = Areas::of(&ranking);
            let found = [found.auroc, found.auin, found.auout, found.largest_sum];
            assert_eq!(found, plain(&ranking), "{id} ID and {ood} OOD scores");
        }
    }
}
