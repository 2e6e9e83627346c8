//! `knn` of 10,000 queries against a bank of 50,000 × 512, beside the same operations as a plain matrix product.
//!
//! `product f64` is what a search in `f64` could not fall below, `product f32` the bound of the search as it is done; both multiply
//! 10,000 queries by tenths of the bank, so that no product leaves memory. Throughput counts multiplications and additions.
//! To interleave, call it several times with a filter: `cargo bench --bench knn -- 'product f64'`.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ndarray::{Array2, s};
use oodbench::eval::score_split::Scoring;
use oodbench::fit::Training;
use oodbench::numeric::linalg::{Threads, product};
use oodbench::numeric::noise::Congruential;
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Matrix, Role, RunRows, Split};
use oodbench::score::Chosen;
use oodbench::score::registry::find;

const BANK: usize = 50_000;
const QUERIES: usize = 10_000;
const FEATURES: usize = 512;
const CLASSES: usize = 100;

/// Non-negative features in clusters, as of a trained network.
fn features(rows: usize, seed: u32) -> Array2<f32> {
    let mut noise = Congruential::new(seed);
    let mut uniform = move || noise.bits() as f32 / (1 << 24) as f32;
    Array2::from_shape_fn((rows, FEATURES), |(row, column)| {
        let centre = if (row % CLASSES * 31 + column * 17) % CLASSES < 10 { 1.0 } else { 0.0 };
        (centre + 1.5 * uniform() - 0.75).max(0.0)
    })
}

fn split(role: Role, rows: &Array2<f32>) -> Split {
    let matrix = Matrix::of("features", rows.clone()).expect("numbers of a matrix");
    Split::new(role, "memory").with(ArrayKind::Features, matrix).expect("rows")
}

fn knn(c: &mut Criterion) {
    let (bank, queries) = (features(BANK, 1), features(QUERIES, 2));
    let splits = vec![split(Role::Train, &bank), split(Role::Test, &queries)];
    let dump = RunRows::new("memory", splits, None).expect("rows that fit together");
    let training = Training::new(&dump);
    let score = Chosen::with_defaults(find("knn").expect("registered"));
    let scores = [score.fit(&training).expect("enough rows")];
    let arrays = BTreeSet::from([ArrayKind::Features]);
    let scoring =
        Scoring { arrays: &arrays, head: None, scores: &scores.iter().collect::<Vec<_>>(), predictions: false };
    let test = dump.split(&Role::Test).expect("a test split");

    let mut group = c.benchmark_group("knn");
    group.throughput(Throughput::Elements(2 * (BANK * QUERIES * FEATURES) as u64));
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(40));
    let tenth = BANK / 10;
    {
        let (bank, queries) = (bank.mapv(f64::from), queries.mapv(f64::from));
        let mut out = Array2::zeros((QUERIES, tenth));
        group.bench_function("product f64", |b| {
            b.iter(|| {
                for tile in 0..10 {
                    let tile = bank.slice(s![tile * tenth..(tile + 1) * tenth, ..]);
                    product(&mut out.view_mut(), &queries.view(), &tile.t(), Threads::All);
                }
                black_box(&mut out);
            });
        });
    }
    {
        let mut out = Array2::zeros((QUERIES, tenth));
        group.bench_function("product f32", |b| {
            b.iter(|| {
                for tile in 0..10 {
                    let tile = bank.slice(s![tile * tenth..(tile + 1) * tenth, ..]);
                    product(&mut out.view_mut(), &queries.view(), &tile.t(), Threads::All);
                }
                black_box(&mut out);
            });
        });
    }
    group.bench_function("score", |b| {
        b.iter(|| {
            scoring.run(test, &Silent, |batch| -> Result<(), ()> {
                black_box(batch);
                Ok(())
            })
        });
    });
    group.bench_function("fit", |b| b.iter(|| black_box(score.fit(&training).expect("enough rows"))));
    group.finish();
}

criterion_group!(benches, knn);
criterion_main!(benches);
