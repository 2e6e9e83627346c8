#![doc = include_str!("neglabel.md")]

use ndarray::{Array2, Axis};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::pieces::pieces;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::linalg::{Factor, Threads};
use crate::numeric::noise::Noise;
use crate::numeric::row_product::row_product;
use crate::numeric::softmax::log_sum_exp_at;
use crate::numeric::vector::unit_rows;
use crate::rows::{RowBlock, RunRows};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "neglabel",
    title: "NegLabel",
    aliases: &["neg_label", "negative_labels"],
    reference: "Jiang et al., Negative Label Guided OOD Detection with Pretrained Vision-Language Models, ICLR 2024, arXiv:2403.20078",
    page: include_str!("neglabel.md"),
    parameters: &[
        Parameter {
            name: "t",
            default: "0.01",
            help: "temperature τ of the softmax over cosines, a number from 0.000001",
            grid: &["0.005", "0.01", "0.02", "0.1", "1"],
            counts: None,
        },
        Parameter {
            name: "groups",
            default: "100",
            help: "equal groups that the negative labels are cut into, a whole number above 0",
            grid: &["1", "10", "100"],
            counts: None,
        },
        Parameter {
            name: "seed",
            default: "0",
            help: "of the order in which negative labels fill the groups, a whole number; empty for the order of the file",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

#[derive(Clone, Copy)]
struct NegLabel {
    temperature: f64,
    groups: usize,
    seed: Option<u64>,
}

/// Below it cosines over the temperature have no digits left that tell classes apart.
const LEAST_TEMPERATURE: f64 = 1e-6;

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(NegLabel {
        temperature: settings
            .number("t", "a finite number from 0.000001", |t: &f64| *t >= LEAST_TEMPERATURE && t.is_finite())?,
        groups: settings.number("groups", "a whole number above 0", |groups: &usize| *groups > 0)?,
        seed: settings.optional("seed", "a whole number from 0, or nothing", |_: &u64| true)?,
    }))
}

impl NegLabel {
    /// The places of the negative labels that are used, group after group: as many in each; what is left over at the end of the file is not used.
    fn order(&self, negatives: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..negatives / self.groups * self.groups).collect();
        if let Some(seed) = self.seed {
            // Fisher and Yates.
            let mut noise = Noise::new(seed);
            for at in (1..order.len()).rev() {
                order.swap(at, (noise.uniform() * (at + 1) as f64) as usize);
            }
        }
        order
    }

    /// The mean over groups of the probability of all classes together, from the cosines of a row.
    fn share(&self, classes: &[f64], negatives: &[f64]) -> f64 {
        let own = log_sum_exp_at(classes, self.temperature);
        let of_group = |group: &[f64]| 1.0 / (1.0 + (log_sum_exp_at(group, self.temperature) - own).exp());
        negatives.chunks_exact(negatives.len() / self.groups).map(of_group).sum::<f64>() / self.groups as f64
    }
}

impl Score for NegLabel {
    fn needs(&self) -> &'static [Need] {
        &[Need::Features, Need::ClassTexts, Need::NegativeTexts]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        let negatives = run.texts.as_ref()?.negatives.as_ref()?.nrows();
        (negatives < self.groups).then(|| {
            format!("there are {negatives} negative labels, fewer than neglabel.groups = {}; set it lower", self.groups)
        })
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let negatives = training.negative_texts()?;
        let order = self.order(negatives.nrows());
        let mut notes = vec![format!("{} groups of {} negative labels", self.groups, order.len() / self.groups)];
        if order.len() < negatives.nrows() {
            notes.push(format!(
                "the last {} negative labels are left over and not used",
                negatives.nrows() - order.len()
            ));
        }
        let classes = unit_rows(training.class_texts()?).into_array();
        let negatives = unit_rows(&negatives.select(Axis(0), &order)).into_array();
        Ok(Fit::noted(FittedNegLabel { settings: *self, classes, negatives }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let (classes, negatives) = (state.matrix("classes")?, state.matrix("negatives")?);
        if classes.is_empty() {
            return Err(StateError::other("classes", &classes, "a row for every class"));
        }
        let (rows, columns) = negatives.dim();
        if rows == 0 || !rows.is_multiple_of(self.groups) || columns != classes.ncols() {
            return Err(StateError::other("negatives", &negatives, "equal groups of rows as wide as classes"));
        }
        Ok(Box::new(FittedNegLabel { settings: *self, classes, negatives }))
    }
}

struct FittedNegLabel {
    settings: NegLabel,
    /// Vectors of length 1 (C, D).
    classes: Array2<f64>,
    /// Vectors of length 1, group after group (groups·M', D).
    negatives: Array2<f64>,
}

impl Fitted for FittedNegLabel {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let cosines =
            |rows: &Array2<f64>, texts: &Array2<f64>| row_product(&rows.view(), &texts.t(), Factor::Full, Threads::One);
        let mut first = 0;
        // The cosines with both are held.
        pieces(block.unit_features(), self.classes.nrows() + self.negatives.nrows(), |rows| {
            let (of_classes, of_negatives) = (cosines(rows, &self.classes), cosines(rows, &self.negatives));
            for (classes, negatives) in of_classes.rows().into_iter().zip(of_negatives.rows()) {
                let (classes, negatives) =
                    (classes.to_slice().unwrap_or_default(), negatives.to_slice().unwrap_or_default());
                out[first] = self.settings.share(classes, negatives);
                first += 1;
            }
        });
    }

    fn save(&self) -> State<'_> {
        State::new().with("classes", &self.classes).with("negatives", &self.negatives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::HandDump;

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let of = |groups| {
            let settings = NegLabel { temperature: 1.0, groups, seed: None };
            settings.share(&[1.0, 0.0], &[-1.0, 0.0])
        };
        let e = 1.0_f64.exp();
        assert!((of(1) - (e + 1.0) / (e + 2.0 + 1.0 / e)).abs() < 1e-15, "{}", of(1));
        let expected = 0.5 * ((e + 1.0) / (e + 1.0 + 1.0 / e) + (e + 1.0) / (e + 2.0));
        assert!((of(2) - expected).abs() < 1e-15, "{}", of(2));
    }

    #[test]
    fn golden() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[("groups", "1")], &[0.999_964_8, 1.253_868e-7, 3.964_599e-5], 5e-9);
        run.gives(&ENTRY, &[("groups", "2"), ("seed", "")], &[0.999_982_4, 0.250_000_06, 0.500_019_47], 5e-9);
    }

    /// Without a seed the order of the file; with one every label at most once, and another seed another order.
    #[test]
    fn negative_labels_are_permuted_by_the_seed() {
        let order = |seed, groups| NegLabel { temperature: 1.0, groups, seed }.order(10);
        assert_eq!(order(None, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        let mut sorted = order(Some(0), 5);
        assert!(sorted != order(None, 5) && sorted != order(Some(1), 5));
        sorted.sort_unstable();
        assert_eq!(sorted, order(None, 5));
        assert_eq!(order(Some(0), 5), [4, 9, 2, 5, 1, 7, 6, 0, 3, 8]);
        assert!(!order(Some(0), 3).contains(&9));
    }

    #[test]
    fn fewer_labels_than_groups_are_refused() {
        let error = HandDump::of_three_classes().fit(&ENTRY, &[]).err().map(|error| error.to_string());
        let expected = "there are 4 negative labels, fewer than neglabel.groups = 100; set it lower";
        assert!(error.as_ref().is_some_and(|error| error.contains(expected)), "{error:?}");
    }
}
