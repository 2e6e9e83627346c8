//! A model's inputs and reference outputs, and what extraction makes of it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ndarray::Array2;
use oodbench::dump::format::npz;
use oodbench::dump::layout::discover;
use oodbench::dump::{Dump, RunInfo};
use oodbench::progress::Silent;
use oodbench::rows::array::StoredArray;
use oodbench::rows::{ArrayKind, Role};
use oodbench_onnx::OnnxError;
use oodbench_onnx::extract::{Extracted, Extraction, extract};
use oodbench_onnx::graph::{Graph, Kind, ModelInput};
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{Input, Numbers, Runtime};
use oodbench_onnx::source::Source;

/// A file of the workspace's fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/onnx").join(name)
}

/// An array of an archive as numbers, row after row.
pub(crate) fn numbers(archive: &Path, name: &str) -> (Vec<usize>, Vec<f64>) {
    let array = npz::open(archive, name).unwrap();
    (array.shape.clone(), array.numbers().collect())
}

/// The rows of an archive.
pub(crate) struct Archive {
    inputs: Vec<(ModelInput, StoredArray)>,
    labels: Option<Vec<i64>>,
    /// This row alone.
    only: Option<usize>,
}

impl Archive {
    pub(crate) fn open(path: &Path, graph: &Graph) -> Self {
        let inputs = graph.inputs().iter().map(|input| (input.clone(), npz::open(path, &input.name).unwrap()));
        let has_labels = npz::members(path).unwrap().iter().any(|name| name == "labels");
        let labels = has_labels.then(|| numbers(path, "labels").1.iter().map(|&label| label as i64).collect());
        Self { inputs: inputs.collect(), labels, only: None }
    }
}

impl Source for Archive {
    fn name(&self) -> &str {
        "fixture"
    }

    fn rows(&self) -> usize {
        self.only.map_or(self.inputs[0].1.shape[0], |_| 1)
    }

    fn labels(&self) -> Option<&[i64]> {
        let labels = self.labels.as_deref()?;
        Some(self.only.map_or(labels, |row| &labels[row..=row]))
    }

    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        let rows = self.only.map_or(rows, |row| row..row + 1);
        let part = |(input, array): &(ModelInput, StoredArray)| {
            let width: usize = array.shape[1..].iter().product();
            let values = array.numbers_of(rows.start * width..rows.end * width);
            let numbers = match input.kind {
                Kind::Float => Numbers::Float(values.map(|value| value as f32).collect()),
                _ => Numbers::Integer(values.map(|value| value as i32).collect()),
            };
            let shape = std::iter::once(rows.len()).chain(array.shape[1..].iter().copied()).collect();
            Input { name: input.name.clone(), shape, numbers }
        };
        Ok(self.inputs.iter().map(part).collect())
    }
}

/// What is asked of a model.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    pub(crate) output: Option<&'a str>,
    pub(crate) logits: Option<&'a str>,
    pub(crate) features: &'a [&'a str],
    pub(crate) batch: Option<usize>,
    pub(crate) classes: Option<usize>,
    /// Instead of the archive's.
    pub(crate) labels: Option<Vec<i64>>,
    /// A row of the archive that is run alone.
    pub(crate) only: Option<usize>,
}

/// A dump that was read back.
pub(crate) struct Extract {
    pub(crate) found: Extracted,
    pub(crate) dump: Dump,
    _folder: tempfile::TempDir,
}

impl Extract {
    pub(crate) fn rows(&self, kind: &ArrayKind) -> Array2<f64> {
        let split = self.dump.split(&Role::Test).unwrap();
        split.matrix(kind).unwrap().block(0..split.rows).to_f64()
    }
}

/// Extracts a model on the rows of an archive.
pub(crate) fn run(model: &Path, archive: &Path, asked: &Asked<'_>) -> Result<Extract, OnnxError> {
    run_in::<Rten>(model, archive, asked)
}

/// Extracts it in some runtime.
pub(crate) fn run_in<R: Runtime>(model: &Path, archive: &Path, asked: &Asked<'_>) -> Result<Extract, OnnxError> {
    let graph = Graph::read(model)?;
    let mut rows = Archive::open(archive, &graph);
    rows.only = asked.only;
    rows.labels = asked.labels.clone().or(rows.labels);
    let sets: Vec<(Role, Box<dyn Source>)> = vec![(Role::Test, Box::new(rows))];
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let features: Vec<String> = asked.features.iter().map(|name| (*name).to_owned()).collect();
    let stop = AtomicBool::new(false);
    let extraction = Extraction {
        out: &out,
        replace: false,
        run: RunInfo { name: "run".to_owned(), ..RunInfo::default() },
        sets: &sets,
        output: asked.output,
        logits: asked.logits,
        features: &features,
        batch: asked.batch,
        classes: asked.classes,
        preparation: None,
        threads: 1,
        stop: &stop,
    };
    let found = extract::<R>(&graph, &extraction, &Silent);
    if found.is_err() {
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "something was left behind");
    }
    let found = found?;
    let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
    Ok(Extract { found, dump, _folder: folder })
}

/// The largest difference, in parts of the largest value.
pub(crate) fn distance(rows: &Array2<f64>, reference: &[f64]) -> f64 {
    assert_eq!(rows.len(), reference.len());
    let largest = reference.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let apart = rows.iter().zip(reference).map(|(one, other)| (one - other).abs());
    apart.fold(0.0, f64::max) / largest
}
