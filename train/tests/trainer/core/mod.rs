//! Tests of the trainer, as one program so that the libraries are linked once.

mod attack;
mod device;
mod dropout;
mod extract;
mod loss;
mod methods;
mod model;
mod nn;
mod perturb;
mod reference;
mod rows;
mod run;
