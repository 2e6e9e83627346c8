//! Bootstrap intervals of 10,000 ID and 10,000 OOD scores: a hundred draws alone, and with each procedure measured on them.
//!
//! The throughput counts draws. What a procedure costs is the difference to `draws alone`.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oodbench::metric::confidence::draws;
use oodbench::metric::{PROCEDURES, Ranking, Sample};
use oodbench::stats::bootstrap::Bootstrap;

const ROWS: usize = 10_000;
const DRAWS: usize = 100;

fn bootstrap(c: &mut Criterion) {
    let right: Vec<bool> = (0..ROWS).map(|row| row % 20 > 0).collect();
    let id = Sample::with_predictions((0..ROWS).map(|i| normal(i) + 1.0).collect(), &right).unwrap();
    let ood = Sample::new((ROWS..2 * ROWS).map(normal).collect()).unwrap();
    let ranking = Ranking::new(&id, &ood);
    let bootstrap = Bootstrap { resamples: DRAWS, level: 0.95, seed: 0 };
    let mut group = c.benchmark_group("bootstrap");
    group.throughput(Throughput::Elements(DRAWS as u64)).sample_size(10);
    group.bench_function("draws alone", |b| b.iter(|| draws(black_box(&ranking), &[], &bootstrap)));
    for procedure in PROCEDURES.iter().filter(|procedure| !procedure.reads_numbers()) {
        group.bench_function(procedure.id, |b| b.iter(|| draws(black_box(&ranking), &[procedure], &bootstrap)));
    }
    group.finish();
}

/// A normal number that depends on `i` alone.
fn normal(i: usize) -> f64 {
    let uniform = |step: f64| ((i + 1) as f64 * step).fract();
    (-2.0 * uniform(0.618_033_988_749_894_9).ln()).sqrt()
        * (std::f64::consts::TAU * uniform(0.414_213_562_373_095_1)).cos()
}

criterion_group!(benches, bootstrap);
criterion_main!(benches);
