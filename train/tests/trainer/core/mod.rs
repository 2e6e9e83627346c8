//! Tests of the trainer, as one program so that the libraries are linked once.

mod device;
mod extract;
mod loss;
mod model;
mod nn;
mod reference;
mod run;
