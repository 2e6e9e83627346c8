//! Steps before a score: each changes features, or the head, and hands them on. **A step is fitted on training rows that the steps before it have changed.**
//!
//! To add a step: write what it does, with its `STEP`, then name it in [`registry`]. A step that is a score of its own, as ReAct is with the energy behind
//! it, stands in the score's file.

use std::borrow::Cow;
use std::ops::Deref;

use ndarray::Array2;

use super::settings::{Parameter, SettingError, Settings};
use super::{Need, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::recycled::RecycledMatrix;
use crate::rows::Head;

mod bats;
pub(super) mod energy;
mod normalise;
pub mod registry;
mod select;

pub use registry::STEPS;

/// What is known of a step without a dump.
#[derive(Clone, Copy)]
pub struct StepEntry {
    /// Its name in compositions.
    pub id: &'static str,
    /// What it does, in a few words and a formula.
    pub formula: &'static str,
    /// The paper that defines it.
    pub reference: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Makes the step from its parameters.
    pub build: fn(&Settings) -> Result<Box<dyn Step>, SettingError>,
}

/// A step with its parameters, not yet fitted.
pub trait Step: Send + Sync {
    /// What it reads beside the features of the rows to be scored.
    fn needs(&self) -> &[Need];

    /// Learns what it needs from training rows; adds what its user should know to `notes`.
    ///
    /// # Errors
    /// [`FitError`] if the training rows do not allow it.
    fn fit(&self, training: &Training<'_>, notes: &mut Vec<String>) -> Result<Box<dyn FittedStep>, FitError>;

    /// The fitted step of these parameters that [`FittedStep::save`] wrote.
    ///
    /// # Errors
    /// [`StateError`] if the state is that of another step.
    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn FittedStep>, StateError>;
}

/// Features (n, D) as a step leaves them.
pub enum Features<'f> {
    /// As they were.
    Same(&'f Array2<f64>),
    /// Changed.
    New(RecycledMatrix),
}

impl Features<'_> {
    /// They alone.
    #[must_use]
    pub fn into_array(self) -> Array2<f64> {
        match self {
            Self::Same(features) => features.clone(),
            Self::New(features) => features.into_array(),
        }
    }
}

impl Deref for Features<'_> {
    type Target = Array2<f64>;

    fn deref(&self) -> &Array2<f64> {
        match self {
            Self::Same(features) => features,
            Self::New(features) => features,
        }
    }
}

/// A fitted step.
pub trait FittedStep: Send + Sync {
    /// What it makes of features (n, D); what becomes of a row does not depend on the others.
    fn features<'f>(&self, features: &'f Array2<f64>) -> Features<'f>;

    /// What it makes of the head.
    fn head<'h>(&'h self, head: &'h Head) -> Cow<'h, Head> {
        Cow::Borrowed(head)
    }

    /// What was learnt, without the parameters.
    fn save(&self) -> State<'_>;
}
