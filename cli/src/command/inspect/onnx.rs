//! What `extract --onnx` would take of a model.

use std::path::Path;

use crate::option::model::{RuntimeName, TensorOptions};

use super::fact::{Fact, OF_RUN, SUSPICIOUS, head_text};
use oodbench::numeric::noise::Congruential;
use oodbench_onnx::OnnxError;
use oodbench_onnx::extract::head_agrees;
use oodbench_onnx::graph::candidates::candidates;
use oodbench_onnx::graph::find::Tensors;
use oodbench_onnx::graph::{Axis, Graph, Kind, ModelInput};
#[cfg(feature = "onnxruntime")]
use oodbench_onnx::onnxruntime::OnnxRuntime;
use oodbench_onnx::request::check_batch;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::{Input, Numbers, Runtime};

/// Rows made up to check a head on, where the model takes any number.
const ROWS: usize = 4;

/// No more numbers are made up for a model.
const MOST_NUMBERS: usize = 1 << 26;

/// Half of the largest noise and one.
const NOISE: f32 = 8_388_608.0;

/// What rten says of a model that another runtime is asked for.
const OF_RTEN: &str = "rten";

/// What may help where rten refuses a model.
const ANOTHER: &str = if cfg!(feature = "onnxruntime") {
    "another runtime may run it: --runtime onnxruntime"
} else {
    "another runtime may run it: --runtime onnxruntime, in a program built with the feature onnxruntime"
};

/// The facts of a model that this runtime would run.
pub(super) fn describe(model: &Path, options: &TensorOptions, runtime: RuntimeName) -> anyhow::Result<Vec<Fact>> {
    runtime.check()?;
    Ok(match runtime {
        #[cfg(feature = "onnxruntime")]
        RuntimeName::Onnxruntime => {
            OnnxRuntime::find_library()?;
            describe_in::<OnnxRuntime>(model, options)
        }
        _ => describe_in::<Rten>(model, options),
    }?)
}

fn describe_in<R: Runtime>(model: &Path, options: &TensorOptions) -> Result<Vec<Fact>, OnnxError> {
    let is_rten = R::NAME == Rten::NAME;
    let graph = Graph::read(model)?;
    let run = model.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut facts = Vec::new();
    let mut say = |part: &str, name: &str, found: String| {
        facts.push(Fact { run: run.clone(), part: part.to_owned(), name: name.to_owned(), found });
    };
    say(OF_RUN, "file", model.display().to_string());
    if !graph.producer().is_empty() {
        say(OF_RUN, "made by", graph.producer().to_owned());
    }
    say(OF_RUN, "opset", graph.opset().to_string());
    graph.inputs().iter().for_each(|input| say(OF_RUN, "input", input.text()));
    graph.outputs().iter().for_each(|output| say(OF_RUN, "output", output.clone()));
    say(OF_RUN, "runtime", R::version());
    if let Some(operator) = graph.scales_by_block() {
        say(OF_RUN, "rows", format!("run one by one: {operator:?} computes with all rows of a batch"));
    }
    let mut suspicions = Vec::new();
    let found = graph.find(options.output.as_deref(), options.logits.as_deref(), &options.features);
    match &found {
        Ok(tensors) => {
            let because = |tensor: &str, because: &str| format!("{tensor}; {because}");
            say(OF_RUN, "logits", because(&tensors.logits, &tensors.logits_because));
            say(OF_RUN, "features", because(&tensors.features[0], &tensors.features_because));
            match check::<R>(&graph, tensors) {
                Ok(head) => {
                    say(OF_RUN, "head", head);
                    suspicions.extend(graph.saturation(&tensors.names(), R::sums()));
                }
                Err(error) => {
                    suspicions.push(error.to_string());
                    let is_of_any =
                        check_batch(&graph).and_then(|()| graph.refuse_in_any_runtime(&tensors.names())).is_err();
                    if is_rten && !is_of_any {
                        suspicions.push(ANOTHER.to_owned());
                    }
                }
            }
        }
        Err(error) => suspicions.push(error.to_string()),
    }
    say(OF_RUN, "candidates", candidates(&graph));
    if !is_rten {
        let of_rten = match &found {
            Ok(tensors) => check::<Rten>(&graph, tensors).map(|_| graph.saturation(&tensors.names(), Rten::sums())),
            Err(_) => graph.refuse_defects(graph.outputs()).map(|()| graph.saturation(graph.outputs(), Rten::sums())),
        };
        let nothing = || "nothing that it is known to compute wrongly".to_owned();
        say(OF_RTEN, "", of_rten.map_or_else(|error| error.to_string(), |told| told.unwrap_or_else(nothing)));
    }
    suspicions.into_iter().for_each(|what| say(SUSPICIOUS, "", what));
    Ok(facts)
}

/// Whether the last layer gives the logits of rows that are made up.
fn check<R: Runtime>(graph: &Graph, tensors: &Tensors) -> Result<String, OnnxError> {
    check_batch(graph)?;
    let inputs = graph.inputs().iter().map(made_up).collect::<Option<Vec<_>>>();
    let Some(inputs) = inputs else {
        R::refuse(graph, &tensors.names())?;
        let is_free = |input: &ModelInput| {
            input.axes.is_empty() || input.axes.iter().skip(1).any(|axis| matches!(axis, Axis::Free(_)))
        };
        let why = match graph.inputs().iter().any(is_free) {
            true => "the model takes rows of any length",
            false => "the model takes batches too large to be made up",
        };
        return Ok(format!("not checked here: {why}; `extract` checks it"));
    };
    let agrees = head_agrees::<R>(graph, tensors, inputs, rayon::current_num_threads())?;
    Ok(match (&tensors.head, agrees) {
        (Some(head), true) => format!("{}; features · Wᵀ + b are the logits to 1e-4", head_text(head)),
        _ => "none: the nearest linear layer does not give the logits; --features names other features".to_owned(),
    })
}

/// Rows for an input: noise from -1 to 1, ones for integers.
fn made_up(input: &ModelInput) -> Option<Input> {
    let rows = match input.axes.first()? {
        Axis::Fixed(rows) => *rows,
        Axis::Free(_) => ROWS,
    };
    let others = input.axes[1..].iter().map(|axis| match axis {
        Axis::Fixed(length) => Some(*length),
        Axis::Free(_) => None,
    });
    let shape: Vec<usize> = std::iter::once(Some(rows)).chain(others).collect::<Option<_>>()?;
    let count =
        shape.iter().try_fold(1_usize, |n, &axis| n.checked_mul(axis)).filter(|count| *count <= MOST_NUMBERS)?;
    let numbers = match input.kind {
        Kind::Float => {
            let mut noise = Congruential::new(1);
            Numbers::Float((0..count).map(|_| noise.bits() as f32 / NOISE - 1.0).collect())
        }
        Kind::Integer => Numbers::Integer(vec![1; count]),
        Kind::Byte => Numbers::Byte(vec![1; count]),
        Kind::SignedByte => Numbers::SignedByte(vec![1; count]),
    };
    Some(Input { name: input.name.clone(), shape, numbers })
}
