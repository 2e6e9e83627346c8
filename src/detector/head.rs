//! A head as named arrays.

use ndarray::Array1;

use crate::rows::{Head, HeadKind};
use crate::state::{State, StateError};

/// The arrays of a head: weight and bias, or prototypes (already normalised for IsoMax+) and their scale.
pub(super) fn save(head: &Head) -> State<'_> {
    match head {
        Head::Linear { weight, bias } => State::new().with("weight", weight).with("bias", bias),
        Head::Prototypes { prototypes } => State::new().with("prototypes", prototypes),
        Head::NormalisedPrototypes { prototypes, distance_scale } => {
            State::new().with("prototypes", prototypes).with_number("distance_scale", *distance_scale)
        }
    }
}

/// The head of a kind; to the last bit what was saved.
pub(super) fn restore(kind: HeadKind, state: &mut State<'_>) -> Result<Head, StateError> {
    Ok(match kind {
        HeadKind::Linear => {
            let (weight, bias): (_, Array1<f64>) = (state.matrix("weight")?, state.vector("bias")?);
            if bias.len() != weight.nrows() {
                let found = format!("{} elements", bias.len());
                return Err(StateError::Other { name: "bias".to_owned(), found, expected: "one element per class" });
            }
            Head::Linear { weight, bias }
        }
        HeadKind::Prototypes => {
            let prototypes = state.matrix("prototypes")?;
            if state.has("distance_scale") {
                Head::NormalisedPrototypes { prototypes, distance_scale: state.number("distance_scale")? }
            } else {
                Head::Prototypes { prototypes }
            }
        }
    })
}
