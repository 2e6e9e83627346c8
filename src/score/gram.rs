#![doc = include_str!("gram.md")]

use ndarray::{Array2, ArrayView1, Axis, Zip};

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::obstacle::beyond_memory;
use crate::fit::{FitError, Training};
use crate::rows::{ArrayKind, Role, RowBlock, RunRows, Split};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "gram",
    title: "Gram matrices",
    aliases: &["gram_matrices"],
    reference: "Sastry & Oore, Detecting Out-of-Distribution Examples with Gram Matrices, ICML 2020, arXiv:1912.12510",
    page: include_str!("gram.md"),
    parameters: &[Parameter {
        name: "confidence",
        default: "true",
        help: "whether deviations are divided by the largest probability; true or false",
        grid: &["true", "false"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

struct Gram {
    by_confidence: bool,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    Ok(Box::new(Gram { by_confidence: settings.flag("confidence")? }))
}

impl Score for Gram {
    fn needs(&self) -> &[Need] {
        &[Need::Logits, Need::Grams, Need::TrainLogits, Need::TrainGrams, Need::ValLogits, Need::ValGrams]
    }

    fn obstacle(&self, run: &RunRows) -> Option<String> {
        let (classes, arrays) = (run.classes?, run.gram_arrays());
        let columns = arrays.iter().filter_map(|array| run.columns(array)).sum();
        beyond_memory(&format!("two bounds of {columns} numbers for each of {classes} classes"), [2, columns, classes])
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        training.refuse(ENTRY.id, self.obstacle(training.rows()))?;
        let train = training.split()?;
        let val = training
            .rows()
            .split(&Role::Val)
            .ok_or_else(|| training.missing_split("validation rows", Role::Val.to_string()))?;
        let predicted = predictions(training, train);
        let mut layers = Vec::new();
        for array in training.rows().gram_arrays() {
            let bounds = Bounds::of(training, train, (&array, &predicted));
            let sums = training.map_blocks(val, &[ArrayKind::Logits, array.clone()], |_, block| {
                let mut deviations = vec![0.0; block.rows()];
                self.add_deviations(block, (&array, &bounds), 1.0, &mut deviations);
                deviations.iter().sum::<f64>()
            });
            layers.push(Layer { array, bounds, mean: sums.iter().sum::<f64>() / val.rows as f64 });
        }
        let notes = absent(training.rows().classes.unwrap_or(0), &predicted);
        Ok(Fit::noted(FittedGram { by_confidence: self.by_confidence, layers }, notes.into_iter().collect()))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let mut names: Vec<String> =
            state.arrays().filter_map(|(name, _)| name.strip_suffix(".mean")).map(str::to_owned).collect();
        // The longest first: the name of a layer may begin with that of another and a dot.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let layer = |name: String| state.part(&name, |part| Layer::restore(&name, part));
        let mut layers = names.into_iter().map(layer).collect::<Result<Vec<_>, StateError>>()?;
        layers.sort_by(|one, other| one.array.cmp(&other.array));
        Ok(Box::new(FittedGram { by_confidence: self.by_confidence, layers }))
    }
}

impl Gram {
    /// Adds the deviations of every row from the bounds of its class, as shares of a unit.
    fn add_deviations(&self, block: &RowBlock<'_>, (array, bounds): (&ArrayKind, &Bounds), unit: f64, out: &mut [f64]) {
        let ArrayKind::Gram(layer) = array else { return };
        let softmax = block.softmax();
        block.gram(layer).for_each(|row, values| {
            let confidence = if self.by_confidence { softmax[row].max_probability() } else { 1.0 };
            out[row] += bounds.deviation(softmax[row].top.index, values) / confidence / unit;
        });
    }
}

/// The class of the largest logit of every row.
fn predictions<'a>(training: &Training<'a>, split: &'a Split) -> Vec<usize> {
    let of_block = |block: &RowBlock<'_>| block.tops().iter().map(|top| top.index).collect::<Vec<usize>>();
    training.map_blocks(split, &[ArrayKind::Logits], |_, block| of_block(block)).concat()
}

/// What to say of classes that no training row is predicted as.
fn absent(classes: usize, predicted: &[usize]) -> Option<String> {
    let mut seen = vec![false; classes];
    predicted.iter().for_each(|&class| seen[class] = true);
    let absent: Vec<String> = (0..classes).filter(|&class| !seen[class]).map(|class| class.to_string()).collect();
    (!absent.is_empty()).then(|| {
        format!(
            "no training row is predicted as class {}: rows that are have the bounds of all training rows",
            absent.join(", ")
        )
    })
}

/// The extremes of an array over the training rows that are predicted as each class (C, columns).
struct Bounds {
    low: Array2<f64>,
    high: Array2<f64>,
}

/// What is added to a bound that a deviation is divided by, as in the authors' code.
const LEAST_BOUND: f64 = 1e-6;

/// What is added to the mean deviation of a layer, as in the authors' code.
const LEAST_MEAN: f64 = 1e-7;

/// The most that a row deviates in a layer, so that no sum of layers overflows.
const LARGEST: f64 = 1e150;

impl Bounds {
    fn of<'a>(training: &Training<'a>, split: &'a Split, (array, predicted): (&ArrayKind, &[usize])) -> Self {
        let rows = training.rows();
        let shape = (rows.classes.unwrap_or(0), rows.columns(array).unwrap_or(0));
        let (mut low, mut high) =
            (Array2::from_elem(shape, f64::INFINITY), Array2::from_elem(shape, f64::NEG_INFINITY));
        let ArrayKind::Gram(layer) = array else { return Self { low, high } };
        for (range, block) in training.blocks(split, std::slice::from_ref(array)) {
            block.gram(layer).for_each(|row, values| {
                let class = predicted[range.start + row];
                let values = ArrayView1::from(values);
                Zip::from(low.row_mut(class)).and(values).for_each(|low, value| *low = low.min(*value));
                Zip::from(high.row_mut(class)).and(values).for_each(|high, value| *high = high.max(*value));
            });
        }
        let lowest = low.fold_axis(Axis(0), f64::INFINITY, |a, b| a.min(*b));
        let highest = high.fold_axis(Axis(0), f64::NEG_INFINITY, |a, b| a.max(*b));
        for (mut low, mut high) in low.rows_mut().into_iter().zip(high.rows_mut()) {
            // A class without a training row.
            if low.iter().zip(&high).any(|(low, high)| low > high) {
                low.assign(&lowest);
                high.assign(&highest);
            }
        }
        Self { low, high }
    }

    /// How far a row lies outside, summed over columns.
    fn deviation(&self, class: usize, values: &[f64]) -> f64 {
        let bounds = self.low.row(class).into_iter().zip(self.high.row(class));
        let outside = bounds.zip(values).map(|((low, high), value)| {
            if value < low {
                (low - value) / (low.abs() + LEAST_BOUND)
            } else if value > high {
                (value - high) / (high.abs() + LEAST_BOUND)
            } else {
                0.0
            }
        });
        outside.sum::<f64>().min(LARGEST)
    }
}

struct Layer {
    array: ArrayKind,
    bounds: Bounds,
    /// The mean deviation of the validation rows.
    mean: f64,
}

impl Layer {
    fn restore(name: &str, state: &mut State<'_>) -> Result<Self, StateError> {
        let (low, high, mean) = (state.matrix("low")?, state.matrix("high")?, state.number("mean")?);
        if low.dim() != high.dim() {
            return Err(StateError::other("high", &high, "as many classes and columns as low"));
        }
        let array = ArrayKind::parse(name).filter(|kind| matches!(kind, ArrayKind::Gram(_)));
        let array = array.ok_or_else(|| StateError::LeftOver { name: name.to_owned() })?;
        Ok(Self { array, bounds: Bounds { low, high }, mean })
    }
}

struct FittedGram {
    by_confidence: bool,
    layers: Vec<Layer>,
}

impl Fitted for FittedGram {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        out.fill(0.0);
        let score = Gram { by_confidence: self.by_confidence };
        for Layer { array, bounds, mean } in &self.layers {
            score.add_deviations(block, (array, bounds), mean + LEAST_MEAN, out);
        }
        out.iter_mut().for_each(|out| *out = 0.0 - *out);
    }

    fn needs(&self) -> Option<Vec<Need>> {
        let layers = self.layers.iter().filter_map(|layer| match &layer.array {
            ArrayKind::Gram(name) => Some(Need::Gram(name.clone())),
            _ => None,
        });
        Some(std::iter::once(Need::Logits).chain(layers).collect())
    }

    fn save(&self) -> State<'_> {
        self.layers.iter().fold(State::new(), |state, Layer { array, bounds, mean }| {
            let part = State::new().with("low", &bounds.low).with("high", &bounds.high).with_number("mean", *mean);
            state.with_part(&array.file_stem(), part)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Matrix, Rows, matrix::Cow2};
    use ndarray::arr2;

    const LOGITS: [[f64; 2]; 2] = [[1.098_612_288_668_109_8, 0.0], [0.0, 1.098_612_288_668_109_8]];

    /// Rows of a class of probability ¾ and one column in one layer.
    fn split(role: Role, rows: &[(usize, f64)]) -> Split {
        let logits = Array2::from_shape_fn((rows.len(), 2), |(row, class)| LOGITS[rows[row].0][class]);
        let column = Array2::from_shape_fn((rows.len(), 1), |(row, _)| rows[row].1);
        let split = Split::new(role, "memory").with(ArrayKind::Logits, Matrix::of("logits", logits).unwrap()).unwrap();
        split.with(ArrayKind::Gram("a".to_owned()), Matrix::of("gram@a", column).unwrap()).unwrap()
    }

    fn fit(train: &[(usize, f64)], settings: &[(&str, &str)]) -> Fit {
        let splits =
            vec![split(Role::Train, train), split(Role::Val, &[(0, 3.0), (0, 5.0)]), split(Role::Test, &[(0, 1.0)])];
        let rows = RunRows::new("memory", splits, None).unwrap();
        let mut values = ENTRY.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        build(&values).unwrap().fit(&Training::new(&rows)).unwrap()
    }

    fn score(fitted: &dyn Fitted, class: usize, value: f64) -> f64 {
        let rows = |array| Rows::F64(Cow2::Owned(array));
        let block = RowBlock::new(1, Some(rows(arr2(&[LOGITS[class]]))), None, None);
        let mut out = [f64::NAN];
        fitted.score_block(&block.with_gram("a", rows(arr2(&[[value]]))), &mut out);
        out[0]
    }

    const TRAIN: [(usize, f64); 4] = [(0, 2.0), (0, 4.0), (1, 10.0), (1, 10.0)];

    /// The example of the page; the constants of 10⁻⁶ and 10⁻⁷ move it by 10⁻⁶ of itself.
    #[test]
    fn example_by_hand() {
        let fit = fit(&TRAIN, &[]);
        for (class, value, expected) in [
            (0, 1.0, -4.0),
            (0, 3.0, 0.0),
            (0, 2.0, 0.0),
            (0, 4.0, 0.0),
            (1, 10.0, 0.0),
            (1, 5.0, -4.0),
            (1, 15.0, -4.0),
        ] {
            let found = score(fit.scorer.as_ref(), class, value);
            assert!((found - expected).abs() < 1e-5, "class {class}, {value}: found {found}, expected {expected}");
        }
        assert!(fit.notes.is_empty());
        // Of validation rows of the same confidence nothing changes; of others it does.
        let plain = self::fit(&TRAIN, &[("confidence", "false")]);
        assert!((score(plain.scorer.as_ref(), 0, 1.0) + 4.0).abs() < 1e-5);
    }

    /// Rows of a class that was never predicted have the extremes of all rows.
    #[test]
    fn a_class_without_a_training_row_is_said() {
        let fit = fit(&TRAIN[..2], &[]);
        assert!(fit.notes[0].starts_with("no training row is predicted as class 1: "), "{:?}", fit.notes);
        for value in [1.0, 2.0, 3.0, 9.0] {
            assert_eq!(score(fit.scorer.as_ref(), 1, value), score(fit.scorer.as_ref(), 0, value));
        }
    }

    #[test]
    fn enormous_values_have_finite_scores() {
        let fit = fit(&TRAIN, &[]);
        for value in [f64::MAX, f64::MIN, 1e300] {
            assert!(score(fit.scorer.as_ref(), 0, value).is_finite(), "{value}");
        }
    }

    #[test]
    fn a_fit_reads_its_layers_by_name_and_refuses_others() {
        let fit = fit(&TRAIN, &[]);
        let expected = Some(vec![Need::Logits, Need::Gram("a".to_owned())]);
        assert_eq!(fit.scorer.needs(), expected);
        let entry = ENTRY.with_defaults();
        assert_eq!(entry.restore(&mut fit.scorer.save()).unwrap().needs(), expected);
        let (low, high) = (Array2::<f64>::zeros((2, 3)), Array2::<f64>::zeros((2, 4)));
        let other = State::new().with("low", &low).with("high", &high).with_number("mean", 1.0);
        let error = entry.restore(&mut State::new().with_part("gram@a", other)).err().unwrap().to_string();
        assert!(error.contains("as many classes and columns as low"), "{error}");
    }
}
