//! The areas of [`lee`](super::lee), block by block: states, points, trapezoids, each in loops that compilers turn into vector instructions.

use multiversion::multiversion;

use super::ranking::{Ranking, Step};
use crate::numeric::pairwise_sum::{BLOCK, left_part, pairwise_sum_of_blocks};

/// Areas under the states, and the largest `tp/K + 1 − fp/N`.
pub(super) struct Areas {
    pub(super) auroc: f64,
    pub(super) auin: f64,
    pub(super) auout: f64,
    pub(super) largest_sum: f64,
}

/// Sums over more trapezoids are shared between threads.
const SHARED: usize = 1 << 15;

impl Areas {
    pub(super) fn of(ranking: &Ranking) -> Self {
        let all = ranking.steps().len();
        let area = |curve: Curve, trapezoids: usize| Part { ranking, curve, start: 0, trapezoids, ood_before: 0 }.sum();
        let (roc, (inside, outside)) = rayon::join(
            || area(Curve::Roc, all + 2),
            || rayon::join(|| area(Curve::PrecisionIn, all + 1), || area(Curve::PrecisionOut, all + 1)),
        );
        Self { auroc: -roc.area, auin: -inside.area, auout: outside.area, largest_sum: roc.largest_sum }
    }
}

/// What the points of an area are. The states 0 to K + N have one each; what is added makes the sum run over as many terms as the original's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    /// (tp/K, 1 − fp/N), the first and the last state twice.
    Roc,
    /// (tp/K, tp/(tp+fp)) but for the last state, which has nothing left; before it (1, ½), behind it (0, 0).
    PrecisionIn,
    /// ((N−fp)/N, (N−fp)/(K−tp+N−fp)) but for the first state, which has nothing removed; before it (0, 0), behind it (1, ½).
    PrecisionOut,
}

impl Curve {
    /// How many points come before that of state 0.
    fn lead(self) -> usize {
        match self {
            Self::Roc | Self::PrecisionIn => 1,
            Self::PrecisionOut => 0,
        }
    }
}

/// Consecutive trapezoids of an area.
struct Part<'a> {
    ranking: &'a Ranking,
    curve: Curve,
    start: usize,
    trapezoids: usize,
    /// OOD scores removed before the first point.
    ood_before: usize,
}

/// The sum of some trapezoids; the largest `tp/K + 1 − fp/N` of their points if the curve is [`Curve::Roc`].
struct Sum {
    area: f64,
    largest_sum: f64,
}

impl Part<'_> {
    /// The sum in NumPy's order, on any number of threads.
    fn sum(self) -> Sum {
        if self.trapezoids <= SHARED {
            return self.sum_alone();
        }
        let left = left_part(self.trapezoids);
        let ood_in_left = self.ranking.ood_in(self.removed_at(self.start)..self.removed_at(self.start + left));
        let right = Self {
            start: self.start + left,
            trapezoids: self.trapezoids - left,
            ood_before: self.ood_before + ood_in_left,
            ..self
        };
        let (a, b) = rayon::join(|| Self { trapezoids: left, ..self }.sum(), || right.sum());
        Sum { area: a.area + b.area, largest_sum: a.largest_sum.max(b.largest_sum) }
    }

    /// How many scores are removed at a point.
    fn removed_at(&self, point: usize) -> usize {
        point.saturating_sub(self.curve.lead()).min(self.ranking.steps().len())
    }

    fn sum_alone(&self) -> Sum {
        let mut points = Points::new(self.ranking, self.curve);
        let (mut point, mut novel_removed) = (self.start, self.ood_before);
        let area = pairwise_sum_of_blocks(self.trapezoids, &mut |areas| {
            let states = self.states(point, areas.len(), novel_removed, &mut points);
            points.compute(point, areas.len() + 1);
            point += areas.len();
            novel_removed = states;
            let (x, y) = (&points.x[..=areas.len()], &points.y[..=areas.len()]);
            for (i, area) in areas.iter_mut().enumerate() {
                *area = (x[i + 1] - x[i]) * (y[i + 1] + y[i]) / 2.0;
            }
        });
        Sum { area, largest_sum: points.largest_sum }
    }

    /// Fills in what is left at the points from `point` to `point + more`; gives the number of OOD scores removed at the last of them.
    fn states(&self, point: usize, more: usize, novel_removed: usize, points: &mut Points) -> usize {
        let (from, to) = (self.removed_at(point), self.removed_at(point + more));
        let mut fp = self.ranking.ood() - novel_removed;
        let mut tp = self.ranking.id() - (from - novel_removed);
        let mut next = 0;
        let mut put = |tp: usize, fp: usize| {
            (points.tp[next], points.fp[next]) = (tp as f64, fp as f64);
            next += 1;
        };
        put(tp, fp);
        // The doubled or invented point at the start, then one per removal, then the one at the end.
        for _ in 0..more.min(self.curve.lead().saturating_sub(point)) {
            put(tp, fp);
        }
        for step in &self.ranking.steps()[from..to] {
            (tp, fp) = removed(tp, fp, *step);
            put(tp, fp);
        }
        while next <= more {
            (points.tp[next], points.fp[next]) = (tp as f64, fp as f64);
            next += 1;
        }
        self.ranking.ood() - fp
    }
}

fn removed(tp: usize, fp: usize, step: Step) -> (usize, usize) {
    (tp - (1 - step.ood()), fp - step.ood())
}

/// Points of a curve, and what they are made from.
struct Points {
    curve: Curve,
    /// The last point, invented but for [`Curve::Roc`].
    last: usize,
    k: f64,
    n: f64,
    tp: [f64; BLOCK + 1],
    fp: [f64; BLOCK + 1],
    x: [f64; BLOCK + 1],
    y: [f64; BLOCK + 1],
    largest_sum: f64,
}

impl Points {
    fn new(ranking: &Ranking, curve: Curve) -> Self {
        let empty = [0.0; BLOCK + 1];
        let last = ranking.steps().len() + 1;
        let (k, n) = (ranking.id() as f64, ranking.ood() as f64);
        Self { curve, last, k, n, tp: empty, fp: empty, x: empty, y: empty, largest_sum: f64::NEG_INFINITY }
    }

    /// Computes `count` points, the first of which is point number `start`.
    fn compute(&mut self, start: usize, count: usize) {
        let shape = (self.k, self.n);
        let (tp, fp) = (&self.tp[..count], &self.fp[..count]);
        let (x, y) = (&mut self.x[..count], &mut self.y[..count]);
        match self.curve {
            Curve::Roc => self.largest_sum = self.largest_sum.max(roc(shape, tp, fp, x, y)),
            Curve::PrecisionIn => precision_in(shape, tp, fp, x, y),
            Curve::PrecisionOut => precision_out(shape, tp, fp, x, y),
        }
        let (first, last) = match self.curve {
            Curve::Roc => return,
            Curve::PrecisionIn => (0.5, 0.0),
            Curve::PrecisionOut => (0.0, 0.5),
        };
        if start == 0 {
            y[0] = first;
        }
        if start + count > self.last {
            y[self.last - start] = last;
        }
    }
}

// The same operations in every version, none of them fused: the bits are the same everywhere.

/// Points of [`Curve::Roc`]; gives the largest `tp/K + 1 − fp/N`.
#[multiversion(targets("x86_64+avx2", "aarch64+neon"))]
fn roc((k, n): (f64, f64), tp: &[f64], fp: &[f64], x: &mut [f64], y: &mut [f64]) -> f64 {
    // Eight maxima side by side: one would have to wait for itself.
    let mut largest = [f64::NEG_INFINITY; 8];
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    let point = |tp: f64, fp: f64| (tp / k, 1.0 - fp / n, tp / k + 1.0 - fp / n);
    let put = |((x, y), (&tp, &fp)): ((&mut f64, &mut f64), (&f64, &f64)), largest: &mut f64| {
        let (own_x, own_y, sum) = point(tp, fp);
        (*x, *y, *largest) = (own_x, own_y, larger(sum, *largest));
    };
    let (xs, x) = x.as_chunks_mut::<8>();
    let (ys, y) = y.as_chunks_mut::<8>();
    let (tps, tp) = tp.as_chunks::<8>();
    let (fps, fp) = fp.as_chunks::<8>();
    for ((x, y), (tp, fp)) in xs.iter_mut().zip(ys).zip(tps.iter().zip(fps)) {
        for i in 0..8 {
            put(((&mut x[i], &mut y[i]), (&tp[i], &fp[i])), &mut largest[i]);
        }
    }
    x.iter_mut().zip(y).zip(tp.iter().zip(fp)).for_each(|all| put(all, &mut largest[0]));
    largest.into_iter().fold(f64::NEG_INFINITY, larger)
}

/// Points of [`Curve::PrecisionIn`].
#[multiversion(targets("x86_64+avx2", "aarch64+neon"))]
fn precision_in((k, _): (f64, f64), tp: &[f64], fp: &[f64], x: &mut [f64], y: &mut [f64]) {
    for ((x, y), (tp, fp)) in x.iter_mut().zip(y).zip(tp.iter().zip(fp)) {
        (*x, *y) = (tp / k, tp / (tp + fp));
    }
}

/// Points of [`Curve::PrecisionOut`].
#[multiversion(targets("x86_64+avx2", "aarch64+neon"))]
fn precision_out((k, n): (f64, f64), tp: &[f64], fp: &[f64], x: &mut [f64], y: &mut [f64]) {
    for ((x, y), (tp, fp)) in x.iter_mut().zip(y).zip(tp.iter().zip(fp)) {
        let (known, novel) = (k - tp, n - fp);
        (*x, *y) = (1.0 - fp / n, novel / (known + novel));
    }
}
