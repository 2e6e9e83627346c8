//! The paper: its published values beside those of records, and the whole story at once: three networks trained alike but for their loss, their dumps, the paper's comparison, Fig. 1,
//! and a page with all of it.
//!
//! ```text
//! images ──► train (SoftMax, IsoMax, IsoMax+; same recipe, same seeds) ──► dumps/demo-LOSS-seedN
//!                               dumps ──► outcome, claims ──► report/{index.html, table.md, fig1.png, ...}
//! ```
//!
//! The recipe is in [`settings`] and the same for all losses. No OOD image has a part in training, and nothing is chosen by
//! test images.

#[cfg(feature = "train")]
pub(crate) mod claims;
pub(crate) mod compared;
#[cfg(feature = "train")]
mod error;
#[cfg(feature = "train")]
pub(crate) mod outcome;
mod published;
#[cfg(feature = "train")]
pub(crate) mod report;
#[cfg(feature = "train")]
pub(crate) mod settings;
#[cfg(feature = "train")]
pub(crate) mod train;

#[cfg(feature = "train")]
pub(crate) use error::DemoError;
#[cfg(feature = "train")]
pub(crate) use outcome::Outcome;
#[cfg(feature = "train")]
pub(crate) use settings::Settings;

#[cfg(feature = "train")]
use oodbench_train::job::Workplace;

/// Does all of it, and leaves dumps, runs and report where `settings` says.
///
/// # Errors
/// [`DemoError`]; what was trained until then is kept.
#[cfg(feature = "train")]
pub(crate) fn run(settings: &Settings, at: Workplace<'_>) -> Result<Outcome, DemoError> {
    let images = train::Images::read(settings)?;
    let trained = train::train_all(settings, &images, at)?;
    let outcome = outcome::measure(&trained, at.observer)?;
    report::write(settings, at.device, &images, &outcome)?;
    Ok(outcome)
}
