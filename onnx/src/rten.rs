//! The runtime in pure Rust.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_gemm::GemmExecutor;
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use crate::error::OnnxError;
use crate::graph::Graph;
use crate::graph::saturation::Sums;
use crate::locations::renamed;
use crate::runtime::{Input, ModelBytes, Numbers, Runtime, whole};

/// A model in rten.
pub struct Rten {
    model: Model,
    threads: Arc<ThreadPool>,
}

impl Runtime for Rten {
    const NAME: &'static str = "rten 0.27.0";
    const KEEPS_HALF: bool = false;

    /// By the kernel that it would take.
    fn sums() -> Sums {
        match GemmExecutor::<u8, i8, i32>::default().may_saturate() {
            true => Sums::CutOff,
            false => Sums::Whole,
        }
    }

    fn refuse(graph: &Graph, tensors: &[String]) -> Result<(), OnnxError> {
        graph.refuse_defects(tensors)
    }

    fn load(bytes: ModelBytes, threads: usize) -> Result<Self, String> {
        let mut options = ModelOptions::with_all_ops();
        // rten takes files that end in `.data` only, beside the model; which files may be read was settled when they were.
        let names: BTreeMap<String, String> =
            bytes.external.keys().enumerate().map(|(at, name)| (name.clone(), format!("{at}.data"))).collect();
        let model = renamed(&bytes.model, &names).map_err(|defect| defect.found.to_owned())?;
        for (name, contents) in bytes.external {
            options.external_data(&names[&name], contents);
        }
        options.prepack_weights(true);
        let model = whole(|| options.load(model).map_err(|error| error.to_string()))?;
        Ok(Self { model, threads: Arc::new(ThreadPool::with_num_threads(threads)) })
    }

    fn run(&self, inputs: Vec<Input>, outputs: &[String]) -> Result<Vec<ArrayD<f32>>, String> {
        let id = |name: &str| self.model.node_id(name).map_err(|error| error.to_string());
        let ids: Vec<NodeId> = outputs.iter().map(|name| id(name)).collect::<Result<_, _>>()?;
        let inputs: Vec<(NodeId, ValueOrView<'_>)> = inputs
            .into_iter()
            .map(|input| Ok((id(&input.name)?, value(input).into())))
            .collect::<Result<_, String>>()?;
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let values = whole(|| self.model.run(inputs, &ids, Some(options)).map_err(|error| error.to_string()))?;
        values.into_iter().map(floats).collect()
    }
}

fn value(input: Input) -> Value {
    let shape = &input.shape[..];
    match input.numbers {
        Numbers::Float(values) => Tensor::from_data(shape, values).into(),
        Numbers::Integer(values) => Tensor::from_data(shape, values).into(),
        Numbers::Byte(values) => Tensor::from_data(shape, values).into(),
        Numbers::SignedByte(values) => Tensor::from_data(shape, values).into(),
    }
}

fn floats(value: Value) -> Result<ArrayD<f32>, String> {
    let (shape, values): (Vec<usize>, Vec<f32>) = match value {
        Value::FloatTensor(tensor) => (tensor.shape().to_vec(), tensor.to_vec()),
        Value::Int32Tensor(tensor) => (tensor.shape().to_vec(), tensor.iter().map(|&value| value as f32).collect()),
        Value::Int8Tensor(tensor) => (tensor.shape().to_vec(), tensor.iter().map(|&value| f32::from(value)).collect()),
        Value::UInt8Tensor(tensor) => (tensor.shape().to_vec(), tensor.iter().map(|&value| f32::from(value)).collect()),
        _ => return Err("an output is a sequence, no tensor".to_owned()),
    };
    ArrayD::from_shape_vec(IxDyn(&shape), values).map_err(|error| error.to_string())
}
