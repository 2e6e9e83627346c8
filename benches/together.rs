//! Scores that compare rows with the same training rows: each of them alone, and all together, which share a product.
//!
//! 2,048 rows against 50,000 × 512, at random after a ReLU as in the comparison with others (`benches/peers/dumps.py`). Throughput counts the rows.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ndarray::Array2;
use oodbench::eval::score_split::Scoring;
use oodbench::fit::Training;
use oodbench::numeric::noise::Congruential;
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Matrix, Role, RunRows, Split};
use oodbench::score::registry::find;
use oodbench::score::{Chosen, FittedScore};

const TRAIN: usize = 50_000;
const ROWS: usize = 2_048;
const FEATURES: usize = 512;
const CLASSES: usize = 10;

/// Sums of uniform numbers, which are almost normal.
fn normal(rows: usize, columns: usize, seed: u32) -> Array2<f32> {
    let mut noise = Congruential::new(seed);
    Array2::from_shape_simple_fn((rows, columns), || {
        (0..4).map(|_| noise.bits() as f32 / (1 << 23) as f32 - 1.0).sum::<f32>() * 0.75_f32.sqrt()
    })
}

fn split(role: Role, rows: usize, weight: &Array2<f32>, seed: u32) -> Split {
    let features = normal(rows, FEATURES, seed).mapv(|value| value.max(0.0));
    let logits = features.dot(&weight.t());
    [(ArrayKind::Features, features), (ArrayKind::Logits, logits)].into_iter().fold(
        Split::new(role, "memory"),
        |split, (kind, array)| {
            let matrix = Matrix::of(kind.file_stem(), array).expect("numbers of a matrix");
            split.with(kind, matrix).expect("rows")
        },
    )
}

fn together(c: &mut Criterion) {
    let weight = normal(CLASSES, FEATURES, 3) / 16.0;
    let splits = vec![split(Role::Train, TRAIN, &weight, 1), split(Role::Test, ROWS, &weight, 2)];
    let dump = RunRows::new("memory", splits, None).expect("rows that fit together");
    let training = Training::new(&dump);
    let fit = |id| Chosen::with_defaults(find(id).expect("registered")).fit(&training).expect("enough rows");
    let fits: Vec<FittedScore> = ["knn", "nnguide", "relation"].map(fit).into();
    let arrays = BTreeSet::from([ArrayKind::Features, ArrayKind::Logits]);
    let test = dump.split(&Role::Test).expect("a test split");
    let run = |scores: &[&FittedScore]| {
        let scoring = Scoring { arrays: &arrays, head: None, scores, predictions: false };
        scoring.run(test, &Silent, |batch| -> Result<(), ()> {
            black_box(batch);
            Ok(())
        })
    };
    let mut group = c.benchmark_group("together");
    group.throughput(Throughput::Elements(ROWS as u64)).sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(20));
    for fit in &fits {
        group.bench_function(fit.entry.id, |b| b.iter(|| run(&[fit])));
    }
    group.bench_function("all", |b| b.iter(|| run(&fits.iter().collect::<Vec<_>>())));
    group.finish();
}

criterion_group!(benches, together);
criterion_main!(benches);
