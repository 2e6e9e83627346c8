//! Rates, momenta and what SGD makes of them, as torch 2.11.0's schedulers have them (fixtures/train/schedules.json, written by
//! make_schedules.py), and the loop that asks for them step by step.

use super::reference::{assert_close, values};
use super::run::{noise, recipe, start};
use candle_core::{Device, Tensor};
use oodbench_train::data::{Batches, Recipe as BatchRecipe};
use oodbench_train::loss::softmax;
use oodbench_train::model::Network;
use oodbench_train::nn::{Builder, Init, Mode};
use oodbench_train::optim::Sgd;
use oodbench_train::recipe::Recipe;
use oodbench_train::schedule::{Place, Preset, Schedule};
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
struct Fixture {
    rates: Vec<Rates>,
    trajectories: Vec<Trajectory>,
}

/// Rows of step, rate and momentum.
#[derive(Deserialize)]
struct Rates {
    preset: String,
    steps: usize,
    at: Vec<(usize, f64, f64)>,
}

/// Parameters after each step.
#[derive(Deserialize)]
struct Trajectory {
    preset: String,
    steps: usize,
    weight_decay: f64,
    start: Vec<f32>,
    parameters: Vec<Vec<f32>>,
}

fn fixture() -> Fixture {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/train/schedules.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn schedule(preset: &str) -> Schedule {
    Preset::named(preset).unwrap().schedule()
}

fn place(step: usize, steps: usize) -> Place {
    Place { epoch: step / steps, step: step % steps, steps }
}

#[test]
fn rates_and_momenta_are_pytorch_s() {
    let fixture = fixture();
    assert_eq!(fixture.rates.len(), 12);
    for Rates { preset, steps, at } in fixture.rates {
        let schedule = schedule(&preset);
        for (step, rate, momentum) in at {
            let place = place(step, steps);
            let found = (schedule.rate_at(place), schedule.momentum_at(place, 0.9));
            // PyTorch reaches those of the cosine from step to step, rounding each time.
            let close = (found.0 - rate).abs() < 1e-13 && (found.1 - momentum).abs() < 1e-13;
            assert!(close, "{preset} of {steps} steps, step {step}: {found:?} is not ({rate}, {momentum})");
        }
    }
}

#[test]
fn sgd_by_a_schedule_agrees_with_pytorch() {
    for Trajectory { preset, steps, weight_decay, start, parameters } in fixture().trajectories {
        let (schedule, device) = (schedule(&preset), Device::Cpu);
        let mut builder = Builder::new(0, &device);
        let p = builder.trainable("p", start.len(), Init::Constant(0.0)).unwrap();
        let params = builder.finish();
        params.trainable()[0].1.set(&Tensor::new(start.as_slice(), &device).unwrap()).unwrap();
        let mut sgd = Sgd::new(&params, 0.9, weight_decay).unwrap();
        assert_eq!(parameters.len(), schedule.epochs * steps);
        for (step, expected) in parameters.iter().enumerate() {
            let slopes: Vec<f32> = (0..start.len()).map(|i| ((1 + step + 2 * i) as f64).cos() as f32).collect();
            let slopes = Tensor::new(slopes.as_slice(), &device).unwrap();
            let gradients = (&p * slopes).unwrap().sum_all().unwrap().backward().unwrap();
            sgd.set_momentum(schedule.momentum_at(place(step, steps), 0.9));
            sgd.step(&gradients, schedule.rate_at(place(step, steps))).unwrap();
            let expected = Tensor::new(expected.as_slice(), &device).unwrap();
            assert_close(&format!("{preset}, step {step}"), &p, &expected, 2e-6);
        }
    }
}

/// The loop's own weights, against the same steps written out with PyTorch's rates; and its history has the rate of each last step.
#[test]
fn the_loop_takes_each_step_at_its_own_rate() {
    let fixture = fixture();
    // 2 epochs of 3 steps of 8 images.
    for Rates { preset, at, .. } in fixture.rates.iter().filter(|rates| (rates.at.len(), rates.steps) == (6, 3)) {
        let set = noise(24, 4);
        let recipe = Recipe { schedule: schedule(preset), ..recipe(&softmax::ENTRY, 4, 2) };
        let folder = tempfile::tempdir().unwrap();
        let outcome = start(&recipe, &set, folder.path(), false).unwrap();
        for (record, last) in outcome.history.iter().zip([2, 5]) {
            assert!((record.rate - at[last].1).abs() < 1e-13, "{preset}: {record:?}");
        }

        let (set, normalisation, device) = (Arc::new(set), recipe.normalisation().unwrap(), Device::Cpu);
        let batches = BatchRecipe {
            batch_size: recipe.batch_size,
            augmentation: recipe.augmentation(),
            seed: recipe.seed,
            drop_last: false,
        };
        let network = Network::new(&recipe.network, recipe.seed, &device.clone().into()).unwrap();
        let mut sgd = Sgd::new(network.params(), recipe.momentum, recipe.weight_decay).unwrap();
        let mut left = at.iter();
        for epoch in 0..2 {
            for batch in Batches::training(&set, &normalisation, &batches, epoch).unwrap() {
                let images = Tensor::from_vec(batch.images, batch.shape.as_slice(), &device).unwrap();
                let targets = Tensor::new(batch.labels.unwrap().as_slice(), &device).unwrap();
                let logits = network.logits(&images, Mode::Train).unwrap();
                let loss = network.head().loss(&logits, &targets, None).unwrap();
                let &(_, rate, momentum) = left.next().unwrap();
                sgd.set_momentum(momentum);
                sgd.step(&loss.backward().unwrap(), rate).unwrap();
            }
        }
        assert!(left.next().is_none());
        let expected = network.params().named().unwrap();
        for (name, found) in outcome.network.params().named().unwrap() {
            assert_close(&format!("{preset}: {name}"), &found, &expected[&name], 1e-5);
        }
        assert!(values(&expected["bn1.weight"]).iter().any(|weight| *weight != 1.0));
    }
}
