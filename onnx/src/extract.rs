//! From a model and sets of rows to a dump that scores read.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array2, ArrayD, Ix2, s};
use oodbench::dump::write::check_roles;
use oodbench::dump::{DumpWriter, RunInfo};
use oodbench::progress::Progress;
use oodbench::rows::{ArrayKind, Head, Labels, Matrix, Role, Split};

use crate::error::OnnxError;
use crate::graph::Graph;
use crate::graph::candidates::candidates;
use crate::graph::find::Tensors;
use crate::request::{batch, check_batch, check_classes, layers};
use crate::runtime::{Input, ModelBytes, Numbers, Runtime, failed};
use crate::source::Source;

/// Features · Wᵀ + b may be so far from the logits, in parts of the largest, for the head to be believed.
const HEAD_TOLERANCE: f64 = 1e-4;

/// What is to be extracted.
pub struct Extraction<'a> {
    /// The dump's folder.
    pub out: &'a Path,
    /// Whether a folder that is there may be replaced.
    pub replace: bool,
    /// What `run.toml` says; the kind of the head and the note are added.
    pub run: RunInfo,
    /// The sets and their roles.
    pub sets: &'a [(Role, Box<dyn Source>)],
    /// The output to start from; the first if none.
    pub output: Option<&'a str>,
    /// The tensor of the logits, where it is named.
    pub logits: Option<&'a str>,
    /// The tensors of the features and of further layers, where they are named.
    pub features: &'a [String],
    /// Rows of a batch, where they are named.
    pub batch: Option<usize>,
    /// How many classes the sets have names of, where they have names.
    pub classes: Option<usize>,
    /// How the rows were prepared, for the note.
    pub preparation: Option<&'a str>,
    /// Threads to compute on.
    pub threads: usize,
    /// Set from outside to stop after the current batch.
    pub stop: &'a AtomicBool,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Extracted {
    /// The tensors that were taken.
    pub tensors: Tensors,
    /// Whether `head/` was written.
    pub has_head: bool,
    /// Accuracy on id/test, between 0 and 1.
    pub accuracy: Option<f64>,
    /// What should be known besides, a line each.
    pub remarks: Vec<String>,
}

/// A loaded model with the tensors that are asked of it.
struct Loaded<'a, R> {
    graph: &'a Graph,
    runtime: R,
    /// Logits, features, further layers.
    names: Vec<String>,
    /// Of each, whether it is maps whose means are taken.
    are_averaged: Vec<bool>,
    batch: usize,
}

/// Writes the dump.
///
/// # Errors
/// [`OnnxError`] if the model is refused or fails, a set does not fit it, or a file cannot be written. Nothing is left behind then.
pub fn extract<R: Runtime>(
    graph: &Graph,
    extraction: &Extraction<'_>,
    progress: &dyn Progress,
) -> Result<Extracted, OnnxError> {
    check_roles(extraction.sets.iter().map(|(role, _)| role))?;
    let tensors = graph.find(extraction.output, extraction.logits, extraction.features)?;
    let layers = layers(graph, &tensors.features)?;
    let names = tensors.names();
    R::refuse(graph, &names)?;
    let saturation = graph.saturation(&names, R::sums());
    let mut remarks: Vec<String> = saturation.iter().cloned().collect();
    let batch = batch(graph, extraction.batch, &mut remarks)?;
    check_batch(graph)?;
    let writer = DumpWriter::create(extraction.out, extraction.replace)?;
    let mut loaded = Loaded::<R>::of(graph, names, batch, extraction.threads)?;
    let first = first(&mut loaded, extraction, &mut remarks)?;
    check_classes(graph, extraction.sets, extraction.classes, first[0].ncols())?;
    let head = tensors.head.as_ref().filter(|head| agrees(head, &first)).cloned();
    if head.is_none() {
        let reason = match &tensors.head {
            Some(_) => format!("the nearest linear layer does not make the logits of {:?}", tensors.features[0]),
            None => "no linear layer with constant weights makes the logits".to_owned(),
        };
        remarks.push(format!(
            "no head is written, and scores that need one are left out: {reason}; --features names other features"
        ));
    }
    let note = note(&R::version(), &tensors, loaded.batch, saturation.is_some(), extraction.preparation);
    writer.info(&RunInfo { head: head.as_ref().map(Head::kind), note: Some(note), ..extraction.run.clone() })?;
    if let Some(head) = &head {
        writer.head(head)?;
    }
    let rows = extraction.sets.iter().map(|(_, set)| set.rows()).sum();
    progress.begin(&format!("extracting {}", extraction.run.name), rows);
    let mut accuracy = None;
    let written = extraction.sets.iter().try_for_each(|(role, set)| {
        let split = split(&loaded, role, set.as_ref(), &layers, extraction.stop, progress)?;
        if *role == Role::Test {
            accuracy = accuracy_of(&split, set.labels());
        }
        writer.split(&split).map_err(OnnxError::from)
    });
    progress.end();
    written?;
    writer.commit()?;
    let classes = first[0].ncols();
    if let Some(low) = accuracy.filter(|accuracy| is_low(*accuracy, classes)) {
        remarks.push(format!(
            "accuracy on id/test is {:.2} % of {classes} classes: are the order of the classes, the normalisation and the layout those of the network?",
            low * 100.0
        ));
    }
    Ok(Extracted { tensors, has_head: head.is_some(), accuracy, remarks })
}

impl<'a, R: Runtime> Loaded<'a, R> {
    fn of(graph: &'a Graph, names: Vec<String>, batch: usize, threads: usize) -> Result<Self, OnnxError> {
        let bytes = ModelBytes { model: graph.with_outputs(&names)?, external: graph.external().clone() };
        let runtime = R::load(bytes, threads).map_err(|reason| failed(graph, R::NAME, &reason))?;
        let are_averaged = names.iter().map(|name| graph.is_averaged(name)).collect();
        Ok(Self { graph, runtime, names, are_averaged, batch })
    }

    /// Some rows of a set, as the model takes them.
    fn fed(&self, set: &dyn Source, rows: &Range<usize>) -> Result<Vec<Input>, OnnxError> {
        let inputs = set.batch(rows.clone())?;
        let halves = inputs.iter().filter(|input| R::KEEPS_HALF && self.graph.is_fed_half(&input.name));
        match halves.filter_map(|input| beyond_half(set.name(), rows, input)).next() {
            Some(error) => Err(error),
            None => Ok(inputs),
        }
    }

    /// Runs some rows; a batch that the model insists on, or has built in without saying so, is filled up and cut.
    fn run(&self, inputs: Vec<Input>, rows: usize) -> Result<Vec<Array2<f32>>, OnnxError> {
        if let Some(fixed) = self.graph.fixed_batch() {
            return self.run_filled(inputs, rows, fixed);
        }
        if rows >= self.batch {
            return self.run_filled(inputs, rows, rows);
        }
        let ran = self.run_filled(inputs.clone(), rows, rows);
        ran.or_else(|error| self.run_filled(inputs, rows, self.batch).map_err(|_| error))
    }

    fn run_filled(&self, inputs: Vec<Input>, rows: usize, filled: usize) -> Result<Vec<Array2<f32>>, OnnxError> {
        let inputs: Vec<Input> = inputs.into_iter().map(|input| input.filled_up(filled)).collect();
        let expected = inputs.first().map_or(rows, |input| input.shape[0]);
        let arrays = self.runtime.run(inputs, &self.names);
        let arrays = arrays.map_err(|reason| failed(self.graph, R::NAME, &reason))?;
        let named = arrays.into_iter().zip(self.names.iter().zip(&self.are_averaged));
        let matrices = named.map(|(array, (name, is_averaged))| self.matrix(name, *is_averaged, array, expected));
        matrices.map(|matrix| Ok(matrix?.slice_move(s![..rows, ..]))).collect()
    }

    /// A row per row fed: maps are averaged over their pixels where the network does so too.
    fn matrix(&self, name: &str, is_averaged: bool, array: ArrayD<f32>, rows: usize) -> Result<Array2<f32>, OnnxError> {
        let shape = array.shape().to_vec();
        let of_four = match shape[..] {
            [_, _, 1, 1] => true,
            [_, _, height, width] => is_averaged && height > 0 && width > 0,
            _ => false,
        };
        let means = match of_four {
            true => {
                array.mean_axis(ndarray::Axis(3)).and_then(|lines| lines.mean_axis(ndarray::Axis(2))).unwrap_or(array)
            }
            false => array,
        };
        let matrix =
            means.into_dimensionality::<Ix2>().ok().filter(|matrix| matrix.nrows() == rows && matrix.ncols() > 0);
        matrix.ok_or_else(|| {
            let found = format!("{name:?} of shape {shape:?} for {rows} rows");
            let expected = format!(
                "(rows, values), or maps (rows, channels, height, width) that the network averages; candidates: {}",
                candidates(self.graph)
            );
            OnnxError::file(self.graph.path(), found, expected, "name others with --logits and --features")
        })
    }
}

/// Runs the first rows. A model may call its batch free and still have it built in: then rows go one by one.
fn first<R: Runtime>(
    loaded: &mut Loaded<'_, R>,
    extraction: &Extraction<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Array2<f32>>, OnnxError> {
    let Some((_, set)) = extraction.sets.first() else {
        return Err(OnnxError::content("--data", "no set", "at least one", "name a set"));
    };
    let run = |loaded: &Loaded<'_, R>| {
        let rows = loaded.batch.min(set.rows());
        loaded.run(loaded.fed(set.as_ref(), &(0..rows))?, rows)
    };
    let ran = run(loaded);
    if ran.is_ok() || loaded.batch == 1 || loaded.graph.fixed_batch().is_some() {
        return ran;
    }
    let batch = std::mem::replace(&mut loaded.batch, 1);
    match run(loaded) {
        Ok(one) => {
            remarks.push(format!(
                "rows are run one by one: the model fails with a batch of {batch}, whatever it says of its inputs"
            ));
            Ok(one)
        }
        Err(_) => ran,
    }
}

/// Whether the head gives the logits of these rows.
fn agrees(head: &Head, arrays: &[Array2<f32>]) -> bool {
    let (Head::Linear { weight, bias }, [logits, features, ..]) = (head, arrays) else { return false };
    if weight.dim() != (logits.ncols(), features.ncols()) {
        return false;
    }
    let computed = features.mapv(f64::from).dot(&weight.t()) + bias;
    let largest = logits.iter().fold(0.0_f64, |largest, logit| largest.max(f64::from(*logit).abs()));
    largest.is_finite()
        && computed.iter().zip(logits).all(|(one, other)| (one - f64::from(*other)).abs() <= HEAD_TOLERANCE * largest)
}

/// What a set becomes.
fn split<R: Runtime>(
    loaded: &Loaded<'_, R>,
    role: &Role,
    set: &dyn Source,
    layers: &[ArrayKind],
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Split, OnnxError> {
    let kinds: Vec<ArrayKind> = std::iter::once(ArrayKind::Logits).chain(layers.iter().cloned()).collect();
    let mut gathered: Vec<(usize, Vec<f32>)> = vec![(0, Vec::new()); kinds.len()];
    let mut start = 0;
    while start < set.rows() {
        if stop.load(Ordering::Relaxed) {
            return Err(OnnxError::Stopped);
        }
        let rows = start..set.rows().min(start + loaded.batch);
        let arrays = loaded.run(loaded.fed(set, &rows)?, rows.len())?;
        for ((columns, values), array) in gathered.iter_mut().zip(&arrays) {
            if start > 0 && *columns != array.ncols() {
                let found = format!("rows of {} values and of {columns}", array.ncols());
                return Err(OnnxError::content(set.name(), found, "one width", "name other tensors"));
            }
            if let Some(((row, _), value)) = array.indexed_iter().find(|(_, value)| !value.is_finite()) {
                let is_half = R::KEEPS_HALF && loaded.graph.has_half();
                return Err(not_finite(set.name(), &format!("row {} of {role}", start + row), *value, is_half));
            }
            *columns = array.ncols();
            values.extend(array);
        }
        progress.advance(rows.len());
        start = rows.end;
    }
    let mut split = Split::new(role.clone(), role.to_string());
    for (kind, (columns, values)) in kinds.into_iter().zip(gathered) {
        let name = format!("{role} of {}", set.name());
        let array = Array2::from_shape_vec((set.rows(), columns), values);
        let array = array.map_err(|error| OnnxError::content(&name, error.to_string(), "whole rows", "report this"))?;
        split = split.with(kind, Matrix::of(name, array)?)?;
    }
    match set.labels() {
        Some(labels) => Ok(split.with_labels(Labels::of("labels", labels.to_vec()))?),
        None => Ok(split),
    }
}

/// From here on half precision rounds to infinity: half-way from its largest number, 65504, to what would be the next one.
const INFINITE_IN_HALF: f32 = 65_520.0;

/// A number that is infinite in half precision: behind a clip or a sigmoid it would be a number like any other.
fn beyond_half(set: &str, rows: &Range<usize>, input: &Input) -> Option<OnnxError> {
    let Numbers::Float(values) = &input.numbers else { return None };
    let is_lost = |value: &f32| value.is_finite() && value.abs() >= INFINITE_IN_HALF;
    let at = values.iter().position(is_lost)?;
    let row = rows.start + at / (values.len() / rows.len().max(1)).max(1);
    let expected = "numbers that half precision (f16) has, up to 65504, as the model takes no others";
    let remedy = "scale the rows, or export the model in single precision";
    Some(OnnxError::content(set, format!("{} in row {row} of {:?}", values[at], input.name), expected, remedy))
}

/// An output that no score reads, with what is its most likely cause.
fn not_finite(set: &str, row: &str, value: f32, is_half: bool) -> OnnxError {
    let what = if value.is_nan() { "no number (NaN)" } else { "an infinite number" };
    let (cause, remedy) = match is_half {
        true => (
            ", probably because it computes in half precision (f16), whose largest number is 65504",
            "export it in single precision, check what it is fed, or leave the row out",
        ),
        false => ("", "check what it is fed, or leave the row out"),
    };
    OnnxError::content(set, format!("{row}, of which the model makes {what}{cause}"), "numbers", remedy)
}

/// The share of rows whose largest logit is their class.
fn accuracy_of(split: &Split, labels: Option<&[i64]>) -> Option<f64> {
    let logits = split.matrix(&ArrayKind::Logits)?.block(0..split.rows).to_f64();
    let labels = labels?;
    let right = logits.rows().into_iter().zip(labels).filter(|(row, label)| {
        let largest = row
            .iter()
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, (at, &logit)| if logit > best.1 { (at, logit) } else { best });
        largest.0 as i64 == **label
    });
    Some(right.count() as f64 / labels.len().max(1) as f64)
}

/// Whether a network is right so seldom that what it is fed may be wrong: less than twice as often as a guess, and below half of the way from a
/// guess to all, which twice is for two classes and three.
fn is_low(accuracy: f64, classes: usize) -> bool {
    let guess = 1.0 / classes as f64;
    accuracy < (2.0 * guess).min(0.5 + 0.5 * guess)
}

/// What was run and how, since a row's last bits depend on it, and more where the processor may cut off sums.
fn note(runtime: &str, tensors: &Tensors, batch: usize, saturates: bool, preparation: Option<&str>) -> String {
    let sums = if saturates { ", integer sums may saturate at 16 bits (x86-64 without VNNI)" } else { "" };
    let prepared = preparation.map(|text| format!("; {text}")).unwrap_or_default();
    let (logits, features) = (&tensors.logits, &tensors.features[0]);
    format!("{runtime}, batch {batch}{sums}; logits {logits:?}, features {features:?}{prepared}")
}

/// Whether the head of a model gives its logits, on rows that somebody made up.
///
/// # Errors
/// [`OnnxError`] if the model is refused or fails on them.
pub fn head_agrees<R: Runtime>(
    graph: &Graph,
    tensors: &Tensors,
    inputs: Vec<Input>,
    threads: usize,
) -> Result<bool, OnnxError> {
    let names = tensors.names();
    R::refuse(graph, &names)?;
    check_batch(graph)?;
    let rows = inputs.first().map_or(0, |input| input.shape[0]);
    let loaded = Loaded::<R>::of(graph, names, rows, threads)?;
    let arrays = loaded.run(inputs, rows)?;
    Ok(tensors.head.as_ref().is_some_and(|head| agrees(head, &arrays)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn an_accuracy_is_low_near_that_of_a_guess() {
        for (classes, least) in [(2, 0.75), (3, 2.0 / 3.0), (4, 0.5), (10, 0.2), (1000, 0.002)] {
            assert!(is_low(least - 1e-9, classes) && !is_low(least + 1e-9, classes), "{classes}");
        }
        assert!(!is_low(1.0, 1));
    }

    #[test]
    fn numbers_beyond_half_precision_are_told_with_their_row() {
        let input = |last| Input {
            name: "x".to_owned(),
            shape: vec![2, 2],
            numbers: Numbers::Float(vec![65504.0, 0.0, f32::NAN, last]),
        };
        assert!(beyond_half("rows", &(4..6), &input(-65504.0)).is_none());
        assert_eq!(
            beyond_half("rows", &(4..6), &input(-70000.0)).unwrap().to_string(),
            "rows: found -70000 in row 5 of \"x\", expected numbers that half precision (f16) has, up to 65504, as the model takes no others; scale the \
             rows, or export the model in single precision"
        );
    }

    #[test]
    fn half_precision_is_named_where_it_may_have_ended() {
        let of = |value, is_half| not_finite("rows", "row 5 of id/test", value, is_half).to_string();
        assert_eq!(
            of(f32::INFINITY, true),
            "rows: found row 5 of id/test, of which the model makes an infinite number, probably because it computes in half precision (f16), whose \
             largest number is 65504, expected numbers; export it in single precision, check what it is fed, or leave the row out"
        );
        assert_eq!(
            of(f32::NAN, false),
            "rows: found row 5 of id/test, of which the model makes no number (NaN), expected numbers; check what it is fed, or leave the row out"
        );
    }

    #[test]
    fn a_head_is_believed_where_it_gives_the_logits() {
        let head = |bias: f64| Head::Linear { weight: array![[1.0, 0.0], [0.0, 2.0]], bias: array![bias, 0.0] };
        let arrays = [array![[1.5_f32, 4.0]], array![[1.0_f32, 2.0]]];
        assert!(agrees(&head(0.5), &arrays));
        assert!(agrees(&head(0.5003), &arrays));
        assert!(!agrees(&head(0.501), &arrays));
        assert!(!agrees(&head(f64::NAN), &arrays));
    }
}
