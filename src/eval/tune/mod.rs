//! A search for the parameters of scores that looks at in-distribution rows alone.
//!
//! Which values are tried stands beside each parameter ([`Parameter::grid`](crate::score::settings::Parameter::grid)); those of several parameters
//! are combined. For each combination the score is fitted on id/train as ever and scores the rows of id/val, which neither network nor score has
//! learnt from, and two kinds of stand-ins for OOD rows, made from id/val:
//!
//! ```text
//! mixed:     (f_i + f_j)/2 for every row i and a row j of another class: between the classes
//! shuffled:  every feature from another row: each feature as it is distributed, but independent of the others
//! ```
//!
//! with the logits that the head gives for them. The criterion is the mean of the two AUROCs against id/val, each counted as at least 1/2. Mixtures are how virtual outliers near
//! the classes are commonly made (mixup, Zhang et al., ICLR 2018, arXiv:1710.09412, trains on them); the product of the marginal distributions is
//! the reference that turns density estimation into classification (Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, §14.2.4).
//! Where there is no head or no features, mixtures alone have to do.
//!
//! The combination of the highest criterion is taken if it is above 50 % and gains more than one [standard error](standard_error::standard_error)
//! over the parameters as they were; else they stay. No stand-in is your OOD data, and no search without OOD rows can know what is best for it.
//!
//! No value of an OOD set or of id/test is read, so they cannot influence the choice.

pub mod candidates;
pub mod error;
pub mod outliers;
pub mod search;
pub mod standard_error;

pub use error::TuneError;
pub use search::{Search, Trial, Tried, tune};
