//! What a fit keeps, as named arrays: written to a file and read back.

mod named;
pub mod stored;

pub use named::{State, StateError};
pub use stored::Stored;
