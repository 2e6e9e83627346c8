#![doc = include_str!("relation.md")]

use ndarray::{Array2, ArrayView2, s};

use super::entry::ScoreEntry;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::dump::Dump;
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Threads, product};
use crate::numeric::recycled::RecycledMatrix;
use crate::numeric::row_product::FEWEST_ROWS;
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "relation",
    title: "Relation",
    aliases: &["neural_relation_graph", "nrg"],
    reference: "Kim et al., Neural Relation Graph: A Unified Framework for Identifying Label Noise and Outlier Data, NeurIPS 2023, arXiv:2301.12321",
    page: include_str!("relation.md"),
    parameters: &[
        Parameter {
            name: "power",
            default: "1",
            help: "t, a number above 0",
            grid: &["1", "2", "4", "8"],
            counts: None,
        },
        Parameter {
            name: "threshold",
            default: "0.03",
            help: "relations up to it do not count, from 0 to below 1",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct Relation {
    power: f64,
    threshold: f64,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Relation {
        power: settings.number("power", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?,
        threshold: settings.number("threshold", "a number from 0 to below 1", |t: &f64| (0.0..1.0).contains(t))?,
    }))
}

fn caution(dump: &Dump) -> Option<String> {
    dump.logits_are_distances().then(|| {
        "relation compares predicted probabilities, which are nearly uniform where logits are distances without the entropic scale of \
         training: it is hardly more than a sum of cosines, and 0 where 1/C is below relation.threshold"
            .to_owned()
    })
}

impl Score for Relation {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::Logits, Need::TrainFeatures, Need::TrainLogits]
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let (split, features) = training.features()?;
        let (rows, numbers) = (split.rows, features.columns() + training.rows().classes.unwrap_or(0));
        let what = format!("{numbers} features and probabilities of each of {rows} training rows");
        training.within_memory(ENTRY.id, &what, [1, rows, numbers])?;
        let mut directions = Array2::zeros((split.rows, features.columns()));
        let mut probabilities: Option<Array2<f64>> = None;
        for (range, block) in training.blocks(split, &[ArrayKind::Features, ArrayKind::Logits]) {
            directions.slice_mut(s![range.clone(), ..]).assign(block.unit_features());
            let p = block.probabilities();
            let all = probabilities.get_or_insert_with(|| Array2::zeros((split.rows, p.ncols())));
            all.slice_mut(s![range, ..]).assign(p);
        }
        let probabilities = probabilities.unwrap_or_default();
        Ok(Fit::new(Related { settings: *self, directions, probabilities }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (directions, probabilities) = (state.matrix("directions")?, state.matrix("probabilities")?);
        Ok(Box::new(Related { settings: *self, directions, probabilities }))
    }
}

struct Related {
    settings: Relation,
    /// `f̂_i` (n, D).
    directions: Array2<f64>,
    /// `p_i` (n, C).
    probabilities: Array2<f64>,
}

/// Rows of a block and of the bank whose relations are held at once.
const CHUNK: usize = 128;
const TILE: usize = 1024;

impl Fitted for Related {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let (features, p) = (block.unit_features(), block.probabilities());
        // Of one height, the last one filled up: the same kernels then sum a row's products, whatever block it came in.
        let height = block.rows().clamp(FEWEST_ROWS, CHUNK);
        let mut rows = RecycledMatrix::<f64>::zeros((height, features.ncols()));
        let mut row_p = RecycledMatrix::<f64>::zeros((height, p.ncols()));
        let (mut cosines, mut agreement) =
            (RecycledMatrix::zeros((height, TILE)), RecycledMatrix::zeros((height, TILE)));
        for (chunk, out) in out.chunks_mut(CHUNK).enumerate() {
            let range = chunk * CHUNK..chunk * CHUNK + out.len();
            rows.slice_mut(s![..out.len(), ..]).assign(&features.slice(s![range.clone(), ..]));
            row_p.slice_mut(s![..out.len(), ..]).assign(&p.slice(s![range, ..]));
            out.fill(0.0);
            for first in (0..self.directions.nrows()).step_by(TILE) {
                let tile = first..self.directions.nrows().min(first + TILE);
                let mut cosines = cosines.slice_mut(s![.., ..tile.len()]);
                let mut agreement = agreement.slice_mut(s![.., ..tile.len()]);
                product(&mut cosines, &rows.view(), &self.directions.slice(s![tile.clone(), ..]).t(), Threads::One);
                product(&mut agreement, &row_p.view(), &self.probabilities.slice(s![tile, ..]).t(), Threads::One);
                self.settings.add(&cosines.view(), &agreement.view(), out);
            }
        }
    }

    fn save(&self) -> State<'_> {
        State::new().with("directions", &self.directions).with("probabilities", &self.probabilities)
    }
}

impl Relation {
    /// Adds the relations of some rows with some of the bank.
    fn add(self, cosines: &ArrayView2<'_, f64>, agreement: &ArrayView2<'_, f64>, out: &mut [f64]) {
        for ((out, cosines), agreement) in out.iter_mut().zip(cosines.rows()).zip(agreement.rows()) {
            // The threshold is at least 0, so a negative cosine never passes.
            let relations = cosines.iter().zip(agreement).map(|(cosine, agreement)| cosine * agreement);
            let counted = relations.filter(|relation| *relation > self.threshold);
            *out += if self.power == 1.0 { counted.sum::<f64>() } else { counted.map(|r| r.powf(self.power)).sum() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::vector::unit_rows;
    use crate::rows::matrix::{Cow2, Rows};
    use ndarray::array;

    fn score(related: &Related, features: Array2<f64>, logits: Array2<f64>) -> Vec<f64> {
        let mut out = vec![0.0; features.nrows()];
        let (features, logits) = (Rows::F64(Cow2::Owned(features)), Rows::F64(Cow2::Owned(logits)));
        related.score_block(&RowBlock::new(out.len(), Some(logits), Some(features), None), &mut out);
        out
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let directions = array![[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]];
        let probabilities = array![[1.0, 0.0], [0.25, 0.75], [0.5, 0.5]];
        let logits = array![[0.0, 0.0]];
        for (power, threshold, expected) in [(1.0, 0.03, 0.7), (2.0, 0.03, 0.25), (1.0, 0.3, 0.4)] {
            let settings = Relation { power, threshold };
            let related = Related { settings, directions: directions.clone(), probabilities: probabilities.clone() };
            let found = score(&related, array![[3.0, 4.0]], logits.clone());
            assert!((found[0] - expected).abs() < 1e-15, "{found:?}");
        }
    }

    /// To the byte: alone, in the middle of a block, in its last chunk.
    #[test]
    fn a_row_does_not_depend_on_its_block() {
        let wave = |rows: usize, columns: usize, step: f64| {
            Array2::from_shape_fn((rows, columns), |(i, j)| ((i * columns + j) as f64 * step).sin())
        };
        let settings = Relation { power: 1.0, threshold: 0.03 };
        let related = Related {
            settings,
            directions: unit_rows(&wave(1500, 37, 0.7)).into_array(),
            probabilities: wave(1500, 5, 0.3).mapv(f64::abs),
        };
        let (features, logits) = (wave(200, 37, 1.1), wave(200, 5, 0.9));
        let together = score(&related, features.clone(), logits.clone());
        for row in [0, 3, 64, 127, 128, 199] {
            let one = |rows: &Array2<f64>| rows.slice(s![row..=row, ..]).to_owned();
            assert_eq!(score(&related, one(&features), one(&logits)), together[row..=row], "row {row}");
        }
    }
}
