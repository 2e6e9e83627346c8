//! A search for the parameters of scores that looks at in-distribution rows alone.
//!
//! Which values are tried stands beside each parameter ([`Parameter::grid`](crate::score::settings::Parameter::grid)); those of several parameters
//! are combined. For each combination the score is fitted on id/train as ever and scores two sets of rows:
//!
//! ```text
//! id/val:   the validation rows, which neither network nor score has learnt from
//! mixtures: (f_i + f_j)/2 for every validation row i and one row j of another class, with the logits the head gives for them
//! ```
//!
//! The combination whose AUROC between the two is highest is taken; where several are equal the parameters as they were are, or else the first of
//! them. A mixture lies between two classes, where no row of the training distribution should: mixing is how virtual outliers are commonly made
//! (mixup, Zhang et al., ICLR 2018, arXiv:1710.09412, trains on them, this search only measures). It is a stand-in for near OOD. Far OOD that looks like
//! nothing of this kind may want other parameters, and no search without OOD rows can know.
//!
//! No value of an OOD set or of id/test is read, so they cannot influence the choice.

pub mod candidates;
pub mod error;
pub mod mixtures;
pub mod search;

pub use error::TuneError;
pub use search::{Search, Trial, Tried, tune};
