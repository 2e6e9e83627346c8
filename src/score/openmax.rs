#![doc = include_str!("openmax.md")]

use std::cmp::Ordering;

use ndarray::{Array2, ArrayView1};

use super::count::Count;
use super::entry::ScoreEntry;
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError, fill_logits};
use crate::dump::{Dump, Loss};
use crate::fit::obstacle::beyond_memory;
use crate::fit::{FitError, Training};
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::softmax;
use crate::numeric::vector::squared_distance;
use crate::numeric::weibull::Weibull;
use crate::rows::{ArrayKind, Head, RowBlock, RunRows, Split};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "openmax",
    title: "OpenMax",
    aliases: &["open_max"],
    reference: "Bendale & Boult, Towards Open Set Deep Networks, CVPR 2016, arXiv:1511.06233",
    page: include_str!("openmax.md"),
    parameters: &[
        Parameter {
            name: "tail",
            default: "20",
            help: "distances per class that the Weibull distribution is fitted to",
            grid: &["10", "20", "50"],
            counts: Some(Count::RowsOfClass),
        },
        Parameter {
            name: "alpha",
            default: "10",
            help: "α, how many of the largest logits are revised; all if above C",
            grid: &["3", "5", "10"],
            counts: Some(Count::Classes),
        },
    ],
    build,
    caution,
    assumes: &[],
};

struct OpenMax {
    tail: usize,
    alpha: usize,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let tail = settings.number("tail", "a whole number above 0", |n: &usize| *n > 0)?;
    let alpha = settings.number("alpha", "a whole number above 0", |n: &usize| *n > 0)?;
    Ok(Box::new(OpenMax { tail, alpha }))
}

fn caution(dump: &Dump) -> Option<String> {
    let prototypes = matches!(dump.head, Some(Head::Prototypes { .. } | Head::NormalisedPrototypes { .. }))
        || dump.info.loss.as_ref().is_some_and(Loss::is_of_distances);
    prototypes.then(|| {
        "openmax takes weight from logits by shrinking them, which raises the negative ones of a head of prototypes: it is a score of \
         linear heads"
            .to_owned()
    })
}

impl Score for OpenMax {
    fn needs(&self) -> &'static [Need] {
        &[Need::Logits, Need::TrainLogits, Need::TrainLabels]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        // Sums, and the means made of them.
        let classes = run.classes?;
        beyond_memory(&format!("a centre of {classes} logits for each of {classes} classes"), [2, classes, classes])
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let split = training.split()?;
        let centres = self.centres(training, split)?;
        let mut tails = vec![Tail::new(self.tail); centres.nrows()];
        each_correct_row(training, split, |class, row| tails[class].add(distance(row, &centres, class)))?;
        let weibulls = tails.into_iter().map(|tail| Weibull::fit(&tail.finish())).collect();
        Ok(Fit::new(Revision { centres, weibulls, alpha: self.alpha }))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let centres = state.matrix("centres")?;
        let weibull = |row: ArrayView1<'_, f64>| Weibull::from_numbers(std::array::from_fn(|i| row[i]));
        let weibulls = state.matrix("weibulls")?.rows().into_iter().map(weibull).collect();
        Ok(Box::new(Revision { centres, weibulls, alpha: self.alpha }))
    }
}

impl OpenMax {
    /// The mean logits of the correct rows of every class.
    fn centres(&self, training: &Training<'_>, split: &Split) -> Result<Array2<f64>, FitError> {
        let mut classes: Vec<(usize, Vec<f64>)> = vec![(0, Vec::new()); training.rows().classes.unwrap_or(0)];
        each_correct_row(training, split, |class, row| {
            let (count, sum) = &mut classes[class];
            *count += 1;
            sum.resize(row.len(), 0.0);
            sum.iter_mut().zip(row).for_each(|(sum, z)| *sum += z);
        })?;
        if let Some(class) = classes.iter().position(|(count, _)| *count == 0) {
            return Err(FitError::NotApplicable {
                place: split.place.clone(),
                score: ENTRY.id,
                reason: format!(
                    "class {class} has no training row that is classified correctly; dump more training rows"
                ),
            });
        }
        let shape = (classes.len(), classes.len());
        Ok(Array2::from_shape_fn(shape, |(class, k)| classes[class].1[k] / classes[class].0 as f64))
    }
}

/// Hands on every row whose largest logit is that of its label, with the label.
fn each_correct_row<'a>(
    training: &Training<'a>,
    split: &'a Split,
    mut take: impl FnMut(usize, &[f64]),
) -> Result<(), FitError> {
    let labels = split.labels.as_ref().ok_or_else(|| training.missing_labels())?;
    for (range, block) in training.blocks(split, &[ArrayKind::Logits]) {
        let truth = labels.block(range);
        let tops = block.tops();
        block.logits().for_each(|i, row| {
            if tops[i].index as i64 == truth[i] {
                take(tops[i].index, row);
            }
        });
    }
    Ok(())
}

fn distance(row: &[f64], centres: &Array2<f64>, class: usize) -> f64 {
    squared_distance(row, centres.row(class).to_slice().unwrap_or_default()).sqrt()
}

/// The largest of many distances.
#[derive(Clone)]
struct Tail {
    size: usize,
    distances: Vec<f64>,
}

impl Tail {
    fn new(size: usize) -> Self {
        Self { size, distances: Vec::new() }
    }

    fn add(&mut self, distance: f64) {
        self.distances.push(distance);
        // Twice the size before each cut: constant time per distance.
        if self.distances.len() >= self.size.saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.distances.len() > self.size {
            self.distances.select_nth_unstable_by(self.size - 1, |a, b| b.total_cmp(a));
            self.distances.truncate(self.size);
        }
    }

    fn finish(mut self) -> Vec<f64> {
        self.cut();
        self.distances.sort_unstable_by(f64::total_cmp);
        self.distances
    }
}

/// What revises logits: a centre and a distribution of distances per class.
struct Revision {
    centres: Array2<f64>,
    weibulls: Vec<Weibull>,
    alpha: usize,
}

impl Fitted for Revision {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        let alpha = self.alpha.min(self.weibulls.len());
        let mut order = Recycled::<usize>::default();
        let mut revised = Recycled::<f64>::default();
        fill_logits(out, block, |_, row| {
            let descending = |a: &usize, b: &usize| -> Ordering { row[*b].total_cmp(&row[*a]).then(a.cmp(b)) };
            order.clear();
            order.extend(0..row.len());
            if alpha < order.len() {
                order.select_nth_unstable_by(alpha - 1, descending);
                order.truncate(alpha);
            }
            order.sort_unstable_by(descending);
            revised.clear();
            revised.extend_from_slice(row);
            let mut unknown = 0.0;
            // Only the revised classes need their distances.
            for (rank, &class) in order.iter().enumerate() {
                let weight = (alpha - rank) as f64 / alpha as f64;
                let outside = self.weibulls[class].cumulative(distance(row, &self.centres, class));
                unknown += row[class] * weight * outside;
                revised[class] = row[class] * (1.0 - weight * outside);
            }
            revised.push(unknown);
            let softmax = softmax(&revised);
            0.0 - ((unknown - softmax.top.value) - softmax.rest.ln_1p()).exp()
        });
    }

    fn save(&self) -> State<'_> {
        let numbers: Vec<[f64; 3]> = self.weibulls.iter().map(Weibull::numbers).collect();
        State::new().with("centres", &self.centres).with("weibulls", Array2::from(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    fn revision(alpha: usize) -> Revision {
        let weibulls = vec![Weibull::fit(&[0.0]); 2];
        Revision { centres: ndarray::array![[2.0, 0.0], [0.0, 2.0]], weibulls, alpha }
    }

    #[test]
    fn example_of_the_page() {
        let scores = of_logits(&revision(10), &[[2.0, 1.0], [2.0, 0.0]]);
        assert_near(scores[0], -0.82141, 5e-6);
        assert_near(scores[1], -0.10651, 5e-6);
    }

    /// α = 1 revises the first of equal logits only: v = (0, 1), v_0 = 1 of z = (1, 1).
    #[test]
    fn of_equal_logits_the_first_is_revised() {
        let e = 1.0_f64.exp();
        assert_near(of_logits(&revision(1), &[[1.0, 1.0]])[0], -e / (2.0 * e + 1.0), 1e-15);
    }

    #[test]
    fn tails_keep_the_largest() {
        let mut tail = Tail::new(3);
        (0..50).for_each(|i| tail.add(f64::from(i * 7 % 50)));
        assert_eq!(tail.finish(), [47.0, 48.0, 49.0]);
    }
}
