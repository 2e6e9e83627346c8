#![doc = include_str!("cfood.md")]

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::count::Count;
use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::evenly_spaced::evenly_spaced;
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::row_product;
use crate::numeric::share::share_of;
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "cfood",
    title: "CFOOD",
    aliases: &[],
    reference: "OpenOOD v1.5, postprocessor cfood; no paper found",
    page: include_str!("cfood.md"),
    parameters: &[
        Parameter {
            name: "fraction",
            default: "0.1",
            help: "share of the training rows taken as reference, above 0, at most 1",
            grid: &[],
            counts: Some(Count::ShareOfRows),
        },
        Parameter {
            name: "level",
            default: "0.01",
            help: "share of the reference rows that must be near, above 0, at most 1",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Cfood {
    fraction: f64,
    level: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let share = |name| settings.number(name, "a number above 0, at most 1", |s: &f64| *s > 0.0 && *s <= 1.0);
    Ok(Box::new(Cfood { fraction: share("fraction")?, level: share("level")? }))
}

/// Reference rows whose distances are held at once: so many that their radii, 240 kB, stay in a core's second-level cache from one row to the next.
const TILE: usize = 128;

/// Reference rows whose distances to all others are sorted by one thread at a time.
const SORTED_TOGETHER: usize = 32;

impl Score for Cfood {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::TrainFeatures]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let size = share_of(self.fraction, split.rows) as usize;
        if size < 2 {
            let reason = format!("{size} of {} training rows are no reference; set cfood.fraction higher", split.rows);
            return Err(training.not_applicable(ENTRY.id, reason));
        }
        let mut reference = Array2::zeros((size, features.columns()));
        let mut next = 0;
        for (range, block) in training.blocks(split, &[ArrayKind::Features]) {
            for row in evenly_spaced(split.rows, size, &range) {
                reference.row_mut(next).assign(&block.unit_features().row(row - range.start));
                next += 1;
            }
        }
        let steps = steps(size);
        let squares = reference.map_axis(Axis(1), |row| row.dot(&row));
        let mut radii = Array2::zeros((size, steps.len()));
        let pieces = radii.axis_chunks_iter_mut(Axis(0), SORTED_TOGETHER);
        pieces.zip(reference.axis_chunks_iter(Axis(0), SORTED_TOGETHER)).collect::<Vec<_>>().into_par_iter().for_each(
            |(mut radii, rows)| {
                let mut distances = squared_distances(&rows, &reference.view(), &squares.view());
                for (mut radii, mut distances) in radii.rows_mut().into_iter().zip(distances.rows_mut()) {
                    let distances = distances.as_slice_mut().unwrap_or_default();
                    distances.sort_unstable_by(f64::total_cmp);
                    // The first is the row itself.
                    radii.iter_mut().zip(&steps).for_each(|(radius, step)| *radius = distances[step.position + 1]);
                }
            },
        );
        let kappas = steps.iter().map(|step| step.kappa).collect();
        let enough = share_of(self.level, size);
        Ok(Fit::new(FittedCfood { reference, squares, radii, kappas, enough }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        Ok(Box::new(FittedCfood {
            reference: state.matrix("reference")?,
            squares: state.vector("squares")?,
            radii: state.matrix("radii")?,
            kappas: state.vector("kappas")?.to_vec(),
            enough: state.number("enough")?,
        }))
    }
}

/// One κ that is told apart from the one before.
struct Step {
    kappa: f64,
    /// Place of the radius among the distances to the other reference rows.
    position: usize,
}

/// OpenOOD's 230 values of κ, fine near zero, without those that lead to the same neighbour as the one before.
fn steps(size: usize) -> Vec<Step> {
    let fine = (1..=100).map(|j| f64::from(j) / 1000.0);
    let middle = (0..=80).map(|i| 0.105 + f64::from(i) * 0.395 / 80.0);
    let coarse = (51..100).map(|j| f64::from(j) / 100.0);
    // The small term takes a product κ·N that is whole but for rounding as whole.
    let position = |kappa: f64| ((kappa * size as f64 + 1e-9) as usize).saturating_sub(1);
    let mut steps: Vec<Step> =
        fine.chain(middle).chain(coarse).map(|kappa| Step { kappa, position: position(kappa) }).collect();
    steps.dedup_by_key(|step| step.position);
    steps
}

/// `‖a_i − b_j‖²` (n, N) of normalised or zero rows, given the squared norms of the `b_j`.
fn squared_distances(
    a: &ArrayView2<'_, f64>,
    b: &ArrayView2<'_, f64>,
    squares: &ArrayView1<'_, f64>,
) -> RecycledMatrix {
    let mut distances = row_product(a, &b.t(), Factor::Full, Threads::One);
    for (mut distances, a) in distances.rows_mut().into_iter().zip(a.rows()) {
        let square = a.dot(&a);
        distances.zip_mut_with(squares, |distance, other| *distance = (square + other - 2.0 * *distance).max(0.0));
    }
    distances
}

struct FittedCfood {
    /// Normalised reference rows (N, D) and their squared norms.
    reference: Array2<f64>,
    squares: Array1<f64>,
    /// Squared radius of every reference row at every κ (N, steps), ascending.
    radii: Array2<f64>,
    kappas: Vec<f64>,
    /// Reference rows that must be near.
    enough: f64,
}

impl Fitted for FittedCfood {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let directions = block.unit_features().view();
        // Per row, how many reference rows it enters at each step.
        let mut entered = RecycledMatrix::<u32>::zeros((block.rows(), self.kappas.len()));
        for first in (0..self.reference.nrows()).step_by(TILE) {
            let tile = s![first..self.reference.nrows().min(first + TILE), ..];
            let squares = self.squares.slice(s![first..self.reference.nrows().min(first + TILE)]);
            let distances = squared_distances(&directions, &self.reference.slice(tile), &squares);
            for (entered, distances) in entered.rows_mut().into_iter().zip(distances.rows()) {
                let mut entries = Entries::of(entered.into_slice().unwrap_or_default(), self.enough);
                for (radii, distance) in self.radii.slice(tile).rows().into_iter().zip(distances) {
                    entries.add(radii.to_slice().unwrap_or_default(), *distance);
                }
            }
        }
        for (out, entered) in out.iter_mut().zip(entered.rows_mut()) {
            let entries = Entries::of(entered.into_slice().unwrap_or_default(), self.enough);
            *out = entries.first_enough().map_or(-1.0, |step| -self.kappas[step]);
        }
    }

    fn save(&self) -> State<'_> {
        State::new()
            .with("reference", &self.reference)
            .with("squares", &self.squares)
            .with("radii", &self.radii)
            .with("kappas", &self.kappas)
            .with_number("enough", self.enough)
    }
}

/// How many reference rows a row enters at which step, as far as it can matter.
struct Entries<'a> {
    /// Rows that enter at each step; behind the last one that matters, no longer all of them.
    at: &'a mut [u32],
    /// Rows that must be near.
    enough: f64,
    /// The last step that matters: enough rows enter up to it, or it is the last of all.
    last: usize,
    /// Rows that enter up to it.
    inside: u32,
}

impl<'a> Entries<'a> {
    fn of(at: &'a mut [u32], enough: f64) -> Self {
        let (last, inside) = (at.len().saturating_sub(1), at.iter().sum());
        let mut entries = Self { at, enough, last, inside };
        entries.lower();
        entries
    }

    /// Takes a reference row at that distance. Most are too far for the steps that matter, which one comparison tells.
    fn add(&mut self, radii: &[f64], distance: f64) {
        if radii.get(self.last).is_some_and(|radius| distance <= *radius) {
            self.at[radii[..self.last].partition_point(|radius| *radius < distance)] += 1;
            self.inside += 1;
            self.lower();
        }
    }

    /// Leaves steps out that are not needed for enough rows.
    fn lower(&mut self) {
        while self.last > 0 && f64::from(self.inside - self.at[self.last]) >= self.enough {
            self.inside -= self.at[self.last];
            self.last -= 1;
        }
    }

    /// The first step at which enough rows are entered.
    fn first_enough(&self) -> Option<usize> {
        (!self.at.is_empty() && f64::from(self.inside) >= self.enough).then_some(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::noise::Noise;
    use crate::score::example::Example;
    use ndarray::array;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let example = Example {
            train: array![[2.0, 0.0], [4.0, 3.0], [3.0, 4.0]],
            labels: vec![0; 3],
            features: array![[96.0, -28.0], [0.0, 1.0], [-1.0, 0.0], [1.0, 1.0]],
            logits: None,
        };
        example.gives(&ENTRY, &[("fraction", "1")], &[-0.001, -0.67, -1.0, -0.001], 0.0);
        example.gives(&ENTRY, &[("fraction", "1"), ("level", "0.5")], &[-1.0, -1.0, -1.0, -0.001], 0.0);
    }

    /// As many entries as all steps would have.
    #[test]
    fn what_is_left_out_does_not_matter() {
        let mut noise = Noise::new(3);
        for (steps, rows, enough) in [(1, 4, 1.0), (5, 3, 3.0), (7, 40, 4.0), (7, 40, 39.5), (7, 0, 1.0), (4, 9, 0.0)] {
            for _ in 0..200 {
                let mut at = vec![0; steps];
                let mut entries = Entries::of(&mut at, enough);
                let mut entered = vec![0; steps + 1];
                for _ in 0..rows {
                    let mut radii: Vec<f64> = (0..steps).map(|_| (8.0 * noise.uniform()).floor()).collect();
                    radii.sort_by(f64::total_cmp);
                    let distance = (10.0 * noise.uniform()).floor();
                    entries.add(&radii, distance);
                    entered[radii.iter().filter(|radius| **radius < distance).count()] += 1;
                }
                let sums = entered[..steps].iter().scan(0, |sum, count| {
                    *sum += count;
                    Some(f64::from(*sum))
                });
                let expected = sums.into_iter().position(|sum| sum >= enough);
                let message = format!("{steps} steps, {rows} rows, {enough} enough");
                assert_eq!(entries.first_enough(), expected, "{message}");
                assert_eq!(Entries::of(&mut at, enough).first_enough(), expected, "{message}, taken up again");
            }
        }
    }

    #[test]
    fn whole_products_are_whole_in_spite_of_rounding() {
        // 0.57·100 is 56.99999999999999 in `f64`.
        let steps = steps(100);
        assert_eq!(steps.iter().find(|step| step.kappa == 0.57).map(|step| step.position), Some(56));
        assert_eq!((steps.len(), steps[0].position, steps[98].position), (99, 0, 98));
    }
}
