//! What a fit keeps, as named arrays: written to a file and read back.

mod state;
pub mod stored;

pub use state::{State, StateError};
pub use stored::Stored;
