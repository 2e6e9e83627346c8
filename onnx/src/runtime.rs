//! What runs a model.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::ArrayD;

use crate::error::OnnxError;
use crate::graph::Graph;
use crate::graph::candidates::candidates;
use crate::graph::saturation::Sums;

/// Numbers of an input, row after row.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// For inputs of [`Kind::Float`](crate::graph::Kind::Float).
    Float(Vec<f32>),
    /// For inputs of [`Kind::Integer`](crate::graph::Kind::Integer).
    Integer(Vec<i32>),
    /// For inputs of [`Kind::Byte`](crate::graph::Kind::Byte).
    Byte(Vec<u8>),
    /// For inputs of [`Kind::SignedByte`](crate::graph::Kind::SignedByte).
    SignedByte(Vec<i8>),
}

/// A batch of one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The model's name for it.
    pub name: String,
    /// The rows, and the axes of each.
    pub shape: Vec<usize>,
    /// As many as the shape says.
    pub numbers: Numbers,
}

impl Input {
    /// The same with the last row repeated until there are `rows`.
    #[must_use]
    pub fn filled_up(mut self, rows: usize) -> Self {
        let Some(there) = self.shape.first().copied().filter(|there| *there > 0) else { return self };
        fn fill<T: Copy>(values: &mut Vec<T>, there: usize, rows: usize) {
            let width = values.len() / there;
            let last = values[(there - 1) * width..].to_vec();
            (there..rows).for_each(|_| values.extend(&last));
        }
        match &mut self.numbers {
            Numbers::Float(values) => fill(values, there, rows),
            Numbers::Integer(values) => fill(values, there, rows),
            Numbers::Byte(values) => fill(values, there, rows),
            Numbers::SignedByte(values) => fill(values, there, rows),
        }
        self.shape[0] = there.max(rows);
        self
    }
}

/// A model's bytes and the files beside it that hold its weights.
pub struct ModelBytes {
    /// The file, with the wanted tensors among its outputs.
    pub model: Vec<u8>,
    /// Weights in other files, by the names the model gives them.
    pub external: BTreeMap<String, Vec<u8>>,
}

/// Something that loads and runs models.
pub trait Runtime: Sized {
    /// Its name, and its version where that is known before it runs.
    const NAME: &'static str;

    /// Whether it computes in half precision what a model has so, where numbers above 65504 become infinite.
    const KEEPS_HALF: bool;

    /// How it adds products of bytes on this processor.
    fn sums() -> Sums;

    /// Refuses a model of which these tensors would be wrong in it, or that it cannot be asked to run.
    ///
    /// # Errors
    /// [`OnnxError::Content`], which says what else to do.
    fn refuse(graph: &Graph, tensors: &[String]) -> Result<(), OnnxError>;

    /// Its name and version, for the note of a dump.
    fn version() -> String {
        Self::NAME.to_owned()
    }

    /// Loads a model on so many threads.
    ///
    /// # Errors
    /// Why it cannot be run, in words.
    fn load(bytes: ModelBytes, threads: usize) -> Result<Self, String>;

    /// Runs a batch; the tensors come as floats, in the order of `outputs`.
    ///
    /// # Errors
    /// Why it failed, in words.
    fn run(&self, inputs: Vec<Input>, outputs: &[String]) -> Result<Vec<ArrayD<f32>>, String>;
}

/// A panic over what is in a file is an error like any other.
pub(crate) fn whole<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it broke off".to_owned()))
}

/// A batch that failed, as the error of a command.
pub(crate) fn failed(graph: &Graph, runtime: &str, reason: &str) -> OnnxError {
    let reason = reason.lines().next().unwrap_or_default();
    let remedy =
        "check the inputs, name tensors before what it cannot run, or export the model anew with another opset";
    OnnxError::file(
        graph.path(),
        format!("what {runtime} cannot run ({reason})"),
        format!("a model of operators and shapes that it knows; candidates: {}", candidates(graph)),
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_fills_a_batch_up() {
        let input = Input { name: "x".to_owned(), shape: vec![2, 2], numbers: Numbers::Integer(vec![1, 2, 3, 4]) };
        let filled = input.clone().filled_up(4);
        assert_eq!((filled.shape, filled.numbers), (vec![4, 2], Numbers::Integer(vec![1, 2, 3, 4, 3, 4, 3, 4])));
        assert_eq!(input.clone().filled_up(1), input);
    }
}
