//! The graph of a model: its nodes, constants, inputs and outputs, and what can be found in it.
//!
//! | file | what |
//! |---|---|
//! | [`model`] | the model as its file has it |
//! | [`input`] | what it is fed |
//! | [`find`] | which tensors are the logits and the features, and the last layer between them |
//! | [`candidates`] | what a user may name instead |
//! | [`defect`] | what a runtime computes wrongly without saying so |
//! | [`neighbours`] | what makes the outputs of a row depend on the rows beside it |
//! | [`saturation`] | sums of bytes that depend on the processor |
//!
//! `kind` and `wide` tell what operators make of numbers, for `defect`; `pixels` which maps the network itself averages; `depth` how long a chain is, `usual` what a file may leave unsaid.
//! `refusal` is the line in which a model is refused.
//! `tensor` and `external` hold the numbers of constants, `constant` looks behind the operators that exporters put around them, `walk` goes over nodes.

pub mod candidates;
mod constant;
pub mod defect;
mod depth;
mod external;
pub mod find;
pub mod input;
mod kind;
#[cfg(test)]
mod made;
pub mod model;
pub mod neighbours;
mod pixels;
mod refusal;
pub mod saturation;
mod tensor;
mod usual;
mod walk;
mod wide;

pub use input::{Axis, Kind, ModelInput};
pub use model::Graph;
pub(crate) use tensor::byte_length;
