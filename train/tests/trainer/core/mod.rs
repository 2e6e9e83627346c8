//! Tests of the trainer, as one program so that the libraries are linked once.

mod attack;
mod device;
mod dropout;
mod extract;
mod gradients;
mod loss;
mod methods;
mod model;
mod nn;
mod perturb;
mod reference;
mod rows;
mod run;
mod schedule;

use oodbench_train::data::Input;
use oodbench_train::model::{NETWORKS, NetworkEntry};

/// The networks that take images.
fn networks_of_images() -> impl Iterator<Item = &'static NetworkEntry> {
    NETWORKS.into_iter().filter(|entry| entry.input == Input::Images)
}
