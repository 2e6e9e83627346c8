#![doc = include_str!("igeood.md")]

use std::collections::BTreeMap;

use multiversion::multiversion;
use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::arcsine::arcsine_of_root;
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::recycled::{Recycled, RecycledMatrix};
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::{probabilities, softmax_at};
use crate::numeric::vector::{LANES, add_terms, squared_distance};
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "igeood",
    title: "Igeood",
    aliases: &["fisher_rao"],
    reference: "Gomes et al., Igeood: An Information Geometry Approach to OOD Detection, ICLR 2022, arXiv:2203.07798",
    page: include_str!("igeood.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1",
        help: "T, a number above 0",
        grid: &["1", "2", "5", "10"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Igeood {
    temperature: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(Igeood { temperature }))
}

impl Score for Igeood {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::TrainLogits, Need::TrainLabels]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let split = training.split()?;
        let labels = split.labels.as_ref().ok_or_else(|| training.missing_labels())?;
        let mut sums: BTreeMap<i64, (usize, Vec<f64>)> = BTreeMap::new();
        for (range, block) in training.blocks(split, &[ArrayKind::Logits]) {
            let truth = labels.block(range);
            // Sums, means and roots.
            let (known, logits) = (sums.len(), training.rows().classes.unwrap_or(0));
            training.within_memory(
                ENTRY.id,
                &format!("a centroid of {logits} logits for each of {known} classes"),
                [3, known, logits],
            )?;
            block.logits().for_each(|i, row| {
                let (count, sum) = sums.entry(truth[i]).or_insert_with(|| (0, vec![0.0; row.len()]));
                *count += 1;
                sum.iter_mut().zip(row).for_each(|(sum, z)| *sum += z);
            });
        }
        let centroids: Vec<Vec<f64>> =
            sums.into_values().map(|(count, sum)| sum.into_iter().map(|s| s / count as f64).collect()).collect();
        Ok(Fit::new(Centroids::new(&centroids, self.temperature)))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(Centroids { roots: state.matrix("roots")?, temperature: self.temperature }))
    }
}

/// From this `Σ √(p q)` on, the chord is the norm of the difference: `2 − 2 Σ √(p q)` would lose its digits.
const CLOSE: f64 = 0.9;

/// `√q_c` of the centroids, as rows.
struct Centroids {
    roots: Array2<f64>,
    temperature: f64,
}

impl Centroids {
    fn new(centroids: &[Vec<f64>], temperature: f64) -> Self {
        let classes = centroids.first().map_or(0, Vec::len);
        let mut roots = Array2::zeros((centroids.len(), classes));
        for (mut root, centroid) in roots.rows_mut().into_iter().zip(centroids) {
            let mut q = vec![0.0; classes];
            probabilities(centroid, &softmax_at(centroid, temperature), temperature, &mut q);
            root.iter_mut().zip(q).for_each(|(root, q)| *root = q.sqrt());
        }
        Self { roots, temperature }
    }

    fn roots_of(&self, block: &RowBlock<'_>) -> RecycledMatrix {
        if self.temperature == 1.0 {
            return RecycledMatrix::mapped(block.probabilities(), f64::sqrt);
        }
        let mut roots = RecycledMatrix::zeros((block.rows(), self.roots.ncols()));
        block.logits().for_each(|i, row| {
            if let Some(out) = roots.row_mut(i).as_slice_mut() {
                probabilities(row, &softmax_at(row, self.temperature), self.temperature, out);
                out.iter_mut().for_each(|p| *p = p.sqrt());
            }
        });
        roots
    }
}

impl Fitted for Centroids {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let roots = self.roots_of(block);
        let inner = row_product(&roots.view(), &self.roots.t(), Factor::Full, Threads::One);
        let mut squared_halves = Recycled::filled(0.0, self.roots.nrows());
        for ((out, root), inner) in out.iter_mut().zip(roots.rows()).zip(inner.rows()) {
            squared_halves.iter_mut().zip(inner).for_each(|(half, inner)| *half = 0.5 - 0.5 * inner);
            for (class, _) in inner.iter().enumerate().filter(|(_, inner)| **inner >= CLOSE) {
                let (root, centroid) = (root.to_slice(), self.roots.row(class).to_slice());
                squared_halves[class] = 0.25 * squared_distance(root.unwrap_or_default(), centroid.unwrap_or_default());
            }
            let mut angles = [0.0; LANES];
            half_angles(&squared_halves, &mut angles);
            *out = 4.0 * angles.iter().sum::<f64>() / self.roots.nrows() as f64;
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("roots", &self.roots)
    }
}

/// Adds `arcsin √h` of `h = (chord/2)²`. No component of a root is negative, so no chord is longer than √2.
#[multiversion(targets("x86_64+avx512f+avx512dq+avx512vl", "x86_64+avx2", "aarch64+neon"))]
fn half_angles(squared_halves: &[f64], lanes: &mut [f64; LANES]) {
    #[expect(
        clippy::redundant_closure,
        reason = "only a closure can be told to be inlined, and so to use the machine's vectors"
    )]
    add_terms(
        squared_halves,
        0.0,
        lanes,
        #[inline(always)]
        |halves| arcsine_of_root(halves),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};
    use std::f64::consts::PI;

    #[test]
    fn example_of_the_page() {
        let row = [[0.0, -(3.0_f64.ln())]];
        let uniform = vec![0.0, 0.0];
        let second = vec![-2000.0, 0.0];
        assert_near(of_logits(&Centroids::new(std::slice::from_ref(&uniform), 1.0), &row)[0], PI / 6.0, 1e-15);
        assert_near(of_logits(&Centroids::new(std::slice::from_ref(&second), 1.0), &row)[0], PI * 2.0 / 3.0, 1e-15);
        assert_near(of_logits(&Centroids::new(&[uniform, second], 1.0), &row)[0], PI * 5.0 / 12.0, 1e-15);
    }

    /// arccos of 1 − 1e-16 has no digit left; the chord has all.
    #[test]
    fn near_a_centroid_distances_keep_their_digits() {
        let centroids = Centroids::new(&[vec![0.0, 0.0]], 2.0);
        // Logits (δ, 0) at T = 2: p = ½ ± δ/8, and √Σ dp²/p = δ/4.
        let small = of_logits(&centroids, &[[2e-9, 0.0], [4e-9, 0.0]]);
        assert_near(small[1] / small[0], 2.0, 1e-6);
        assert_near(small[0], 5e-10, 1e-15);
    }
}
