//! A model as its file has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use oodbench::dump::format::file;
use oodbench::error::FileError;
use rten_onnx::onnx::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use super::input::{self, Axis, ModelInput};
use super::walk::{attribute, graphs, op, tensors};
use super::{depth, external, tensor};
use crate::error::OnnxError;
use crate::outputs::with_outputs;
use crate::spelled::spelled_out;
use crate::wire::{self, FUNCTION_OF_MODEL};

/// Protobuf's own limit: larger models keep their weights in files beside them.
const MOST_BYTES: u64 = 1 << 31;

/// A model that was read, not loaded into any runtime yet.
pub struct Graph {
    path: PathBuf,
    bytes: Vec<u8>,
    pub(super) graph: GraphProto,
    /// The version of ONNX's own operators.
    pub(super) opset: i64,
    producer: String,
    inputs: Vec<ModelInput>,
    outputs: Vec<String>,
    /// The node that makes a tensor.
    pub(super) makers: HashMap<String, usize>,
    initializers: HashMap<String, usize>,
    /// Axes of the tensors the file gives them for.
    pub(super) axes: HashMap<String, Vec<Option<usize>>>,
    external: BTreeMap<String, Vec<u8>>,
}

impl Graph {
    /// Reads a model.
    ///
    /// # Errors
    /// [`OnnxError`] for a file that cannot be read, is no ONNX model, is damaged, or has inputs of a type that is no number.
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let length = file::open_regular(path)?.metadata().map_err(FileError::reading(path))?.len();
        if length > MOST_BYTES {
            let expected = format!("at most {MOST_BYTES}");
            return Err(OnnxError::file(path, format!("{length} bytes"), expected, "export it with external data"));
        }
        Self::parse(path, file::bytes(path)?)
    }

    /// A model from its bytes; `path` stands for it in messages, and what lies beside it holds its external data.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, OnnxError> {
        let damaged = |found: String| OnnxError::file(path, found, "an ONNX model", "export or copy it again");
        wire::check(&bytes).map_err(|defect| damaged(format!("{} at byte {}", defect.found, defect.at)))?;
        let model = ModelProto::parse_buf(&bytes).map_err(|error| damaged(format!("what is no model ({error})")))?;
        let ModelProto { graph, opset_import, producer_name, producer_version, .. } = model;
        let graph = graph.ok_or_else(|| damaged("no graph".to_owned()))?;
        let chain = depth::longest_chain(&graph);
        if chain > depth::MOST_DEPTH {
            return Err(damaged(format!("{chain} operators in a row, which is more than {}", depth::MOST_DEPTH)));
        }
        let own = |domain: &Option<String>| matches!(domain.as_deref(), None | Some("" | "ai.onnx"));
        let opset = opset_import.iter().find(|opset| own(&opset.domain)).and_then(|opset| opset.version);
        let name = |value: &Option<String>| value.clone().unwrap_or_default();
        let initializers: HashMap<_, _> =
            graph.initializer.iter().enumerate().map(|(at, tensor)| (name(&tensor.name), at)).collect();
        let made = graph.node.iter().enumerate();
        let makers = made.flat_map(|(at, node)| node.output.iter().map(move |output| (output.clone(), at))).collect();
        let declared = graph.value_info.iter().chain(&graph.input).chain(&graph.output);
        let axes = declared.filter_map(|value| Some((name(&value.name), lengths(value)?))).collect();
        let inputs = graph.input.iter().filter(|value| !initializers.contains_key(&name(&value.name)));
        let inputs: Vec<ModelInput> = inputs.map(|value| input::read(path, value)).collect::<Result<_, _>>()?;
        if inputs.is_empty() {
            let expected = "a model that is fed rows";
            return Err(OnnxError::file(path, "no inputs", expected, "export it with its input"));
        }
        let outputs: Vec<String> = graph.output.iter().map(|value| name(&value.name)).collect();
        if outputs.is_empty() {
            return Err(damaged("no outputs".to_owned()));
        }
        let external = external::read(path, &graph)?;
        let read = Self {
            path: path.to_owned(),
            opset: opset.unwrap_or(1),
            producer: [name(&producer_name), name(&producer_version)].join(" ").trim().to_owned(),
            inputs,
            outputs,
            makers,
            initializers,
            axes,
            external,
            graph,
            bytes,
        };
        tensors(&read.graph).try_for_each(|tensor| tensor::check(path, tensor, &read.external))?;
        Ok(read)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of ONNX's operators it is written for.
    #[must_use]
    pub fn opset(&self) -> i64 {
        self.opset
    }

    /// The program that wrote it; empty where it does not say.
    #[must_use]
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// What it is fed.
    #[must_use]
    pub fn inputs(&self) -> &[ModelInput] {
        &self.inputs
    }

    /// What it gives of itself.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The batch that the model insists on.
    #[must_use]
    pub fn fixed_batch(&self) -> Option<usize> {
        self.inputs.iter().find_map(|input| match input.axes.first() {
            Some(Axis::Fixed(rows)) => Some(*rows),
            _ => None,
        })
    }

    /// The bytes with these tensors among the outputs, and with what a runtime wants to be said.
    pub(crate) fn with_outputs(&self, names: &[String]) -> Result<Vec<u8>, OnnxError> {
        let new: Vec<&str> = names.iter().filter(|name| !self.outputs.contains(name)).map(String::as_str).collect();
        let bytes = spelled_out(&self.bytes, &self.missing_attributes()).and_then(|bytes| with_outputs(&bytes, &new));
        bytes.map_err(|defect| OnnxError::file(&self.path, defect.found, "an ONNX model", "export it again"))
    }

    /// Files beside the model that hold weights, by the names it gives them.
    pub(crate) fn external(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.external
    }

    /// The name of the first function that the file has of its own, which may be empty; rten's reader passes over functions.
    pub(super) fn function(&self) -> Option<String> {
        let contents = |range, number| {
            let mut fields = wire::fields(&self.bytes, range).filter_map(Result::ok);
            fields.find_map(|field| field.contents.filter(|_| field.number == number))
        };
        let function = contents(0..self.bytes.len(), FUNCTION_OF_MODEL)?;
        let name = contents(function, 1).map(|name| String::from_utf8_lossy(&self.bytes[name]).into_owned());
        Some(name.unwrap_or_default())
    }

    pub(super) fn maker(&self, tensor: &str) -> Option<&NodeProto> {
        self.makers.get(tensor).map(|at| &self.graph.node[*at])
    }

    /// Whether the graph has a tensor of this name.
    pub(super) fn knows(&self, tensor: &str) -> bool {
        self.makers.contains_key(tensor) || self.inputs.iter().any(|input| input.name == tensor)
    }

    /// A constant by its name: an initializer or what a `Constant` holds.
    pub(super) fn stored(&self, name: &str) -> Option<&TensorProto> {
        let constant = || {
            let node = self.maker(name).filter(|node| op(node) == "Constant")?;
            attribute(node, "value")?.t.as_ref()
        };
        self.initializers.get(name).map(|at| &self.graph.initializer[*at]).or_else(constant)
    }

    /// The tensor and all that it is made of, as node numbers.
    pub(super) fn ancestors(&self, tensors: &[String]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = tensors.iter().filter_map(|tensor| self.makers.get(tensor).copied()).collect();
        while let Some(at) = open.pop() {
            if seen.insert(at) {
                let names = taken(&self.graph.node[at]);
                open.extend(names.filter_map(|tensor| self.makers.get(tensor).copied()));
            }
        }
        seen
    }

    /// Lengths of a tensor's axes as far as the file gives them, as a reader would write them.
    pub(super) fn shape_text(&self, tensor: &str) -> String {
        match self.axes.get(tensor) {
            Some(axes) => {
                let axes = axes.iter().map(|axis| axis.map_or_else(|| "?".to_owned(), |length| length.to_string()));
                format!("({})", axes.collect::<Vec<_>>().join(", "))
            }
            None => "shape not given".to_owned(),
        }
    }
}

/// The tensors that a node takes, and those that graphs inside it take from around them.
fn taken(node: &NodeProto) -> impl Iterator<Item = &String> {
    let inside = node.attribute.iter().filter_map(|attribute| attribute.g.as_ref()).flat_map(graphs);
    let captured = inside.flat_map(|graph| {
        let outputs = graph.output.iter().filter_map(|value| value.name.as_ref());
        graph.node.iter().flat_map(|node| &node.input).chain(outputs)
    });
    node.input.iter().chain(captured)
}

/// Lengths of the axes where the file gives them.
fn lengths(value: &ValueInfoProto) -> Option<Vec<Option<usize>>> {
    let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    let length = |value: Option<i64>| value.and_then(|value| usize::try_from(value).ok());
    Some(shape.dim.iter().map(|dim| length(dim.dim_value)).collect())
}
