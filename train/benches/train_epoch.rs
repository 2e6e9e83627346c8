//! Times one training epoch of the small CNN; the peer of `benches/peers/train_small_cnn.py`.
//!
//! ```text
//! cargo bench --bench train_epoch -- IMAGES_IDX.gz LABELS_IDX.gz [images]
//! ```
//!
//! `RAYON_NUM_THREADS` sets the threads. CPU seconds are those of all threads, from Linux's `/proc/self/stat`.

#![allow(clippy::print_stdout)]

use candle_core::{Device, Tensor};
use oodbench_train::data::augment::Augmentation;
use oodbench_train::data::{Batches, Published, Recipe, idx};
use oodbench_train::device::prepare_cpu;
use oodbench_train::loss::{LossChoice, isomax_plus};
use oodbench_train::model::{Architecture, Design, Network, small_cnn};
use oodbench_train::nn::Mode;
use oodbench_train::optim::Sgd;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// User and system time of the process so far; `NaN` where there is no `/proc`. The kernel counts hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    if ticks.len() == 2 { (ticks[0] + ticks[1]) / 100.0 } else { f64::NAN }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // SAFETY: the program has one thread yet.
    unsafe { prepare_cpu() };
    // cargo adds an argument of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [images, labels, rest @ ..] = arguments.as_slice() else {
        println!("skipped: name the images, cargo bench --bench train_epoch -- IMAGES_IDX.gz LABELS_IDX.gz [images]");
        return Ok(());
    };
    let count = rest.first().map_or(Ok(10_000), |n| n.parse())?;
    let set = idx::read("fashion-mnist", images.as_ref(), Some(labels.as_ref()), Some(10))?.take(count)?;
    let set = Arc::new(set);
    let design = Design {
        architecture: Architecture::of(&small_cnn::ENTRY),
        loss: LossChoice::of(&isomax_plus::ENTRY),
        channels: 1,
        classes: 10,
        dropout: 0.0,
    };
    let network = Network::new(&design, 0, &Device::Cpu.into())?;
    let mut sgd = Sgd::new(network.params(), 0.9, 1e-4)?;
    let normalisation = Published::FashionMnist.normalisation(1)?;
    let recipe = Recipe { batch_size: 64, augmentation: Augmentation::NONE, seed: 0, drop_last: false };
    let mut step = |batch: oodbench_train::data::Batch| -> candle_core::Result<f32> {
        let labels = batch.labels.unwrap_or_default();
        let targets = Tensor::from_vec(labels, batch.shape[0], &Device::Cpu)?;
        let images = Tensor::from_vec(batch.images, batch.shape.as_slice(), &Device::Cpu)?;
        let loss = network.head().loss(&network.logits(&images, Mode::Train)?, &targets, None)?;
        sgd.step(&loss.backward()?, 0.1)?;
        loss.to_scalar()
    };
    for batch in Batches::training(&set, &normalisation, &recipe, 0)?.take(10) {
        step(batch)?;
    }
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (mut best, mut last) = (Duration::MAX, 0.0);
    for batch in Batches::training(&set, &normalisation, &recipe, 1)? {
        let before = Instant::now();
        last = step(batch)?;
        best = best.min(before.elapsed());
    }
    println!(
        "oodbench threads {}: {:.2} s, CPU {:.2} s for {} images, best step {:.1} ms, last loss {last:.3}",
        rayon::current_num_threads(),
        start.elapsed().as_secs_f64(),
        cpu_seconds() - cpu,
        set.len(),
        best.as_secs_f64() * 1e3,
    );
    Ok(())
}
