//! The trainer: from images to networks to dumps.
//!
//! ```text
//! data ──► run (network + loss + optim + schedule) ──► checkpoint, history, weights
//!                                   classifier (weights, or any other model) ──► extract ──► dumps/<run>/
//! ```
//!
//! * [`data`] reads images; [`nn`] are operations and layers; [`model`] the networks; [`loss`] the heads
//!   with their losses.
//! * [`recipe`] says how a network is trained, [`run`] trains it. The loop is written once: what varies is the
//!   loss, the [`schedule`] and the [`observer`].
//! * A [`job`] is all of it in order. A [`classifier`] is what extraction needs of a model; candle networks are one kind.
//! * [`perturb`] moves images along gradients before a network sees them, for scores that judge by what becomes of them.
//! * [`attack`] moves held-out images so that the network is fooled, which some scores are fitted on.
//! * [`checkpoint`] lets a run go on where it stopped, [`history`] is its record, [`curves`] draws it, [`extract`] writes a dump.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod attack;
pub mod checkpoint;
pub mod classifier;
pub mod curves;
pub mod data;
pub mod device;
pub mod error;
pub mod evaluate;
pub mod extract;
pub mod history;
mod input;
pub mod job;
pub mod loss;
pub mod model;
pub mod nn;
pub mod observer;
pub mod optim;
mod outputs;
pub mod perturb;
pub mod recipe;
pub mod run;
pub mod schedule;
mod streams;
