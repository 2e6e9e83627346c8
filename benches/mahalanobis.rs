//! Mahalanobis beside the matrix products it is made of: fit and scoring of 50,000 rows of `f32`, and plain products of as many
//! operations on `f64` in memory.
//!
//! The throughput counts 2·n·D² operations for the fit and 2·n·D·(D + C) for scoring, whichever of them symmetry saves, so that 1 Gelem/s is
//! 1 GFLOP/s of a plain product and the times of a pair compare.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{Criterion, SamplingMode, Throughput};
use ndarray::Array2;
use oodbench::fit::Training;
use oodbench::numeric::linalg::{Threads, add_product, product};
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};
use oodbench::score::{Fitted, registry::find};
use rayon::prelude::*;

const ROWS: usize = 50_000;

/// Rows of a plain product; enough for its full speed.
const PRODUCT_ROWS: usize = 5_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    for (columns, classes) in [(512, 100), (2048, 1000)] {
        bench(&mut criterion, columns, classes);
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, columns: usize, classes: usize) {
    let dump = run(columns, classes);
    let score = find("mahalanobis").unwrap().with_defaults();
    let fit = || score.fit(&Training::new(&dump)).unwrap().scorer;
    let (rows, means) = (noise(PRODUCT_ROWS, columns), noise(classes, columns));
    let square = noise(columns, columns);

    let mut group = criterion.benchmark_group(format!("mahalanobis/{ROWS}x{columns}, {classes} classes"));
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements((2 * ROWS * columns * columns) as u64));
    group.bench_function("fit", |bencher| bencher.iter(fit));
    group.bench_function("fit as plain products", |bencher| {
        let mut out = Array2::zeros((columns, columns));
        bencher.iter(|| {
            for _ in 0..ROWS / PRODUCT_ROWS {
                add_product(&mut out.view_mut(), &rows.t(), &rows.view(), Threads::All);
            }
            black_box(out[[0, 0]])
        });
    });
    group.throughput(Throughput::Elements((2 * ROWS * columns * (columns + classes)) as u64));
    let scorer = fit();
    group.bench_function("score", |bencher| bencher.iter(|| score_all(&dump, scorer.as_ref())));
    group.bench_function("score as plain products", |bencher| {
        let mut white = Array2::zeros((PRODUCT_ROWS, columns));
        let mut inner = Array2::zeros((PRODUCT_ROWS, classes));
        bencher.iter(|| {
            for _ in 0..ROWS / PRODUCT_ROWS {
                product(&mut white.view_mut(), &rows.view(), &square.view(), Threads::All);
                product(&mut inner.view_mut(), &white.view(), &means.t(), Threads::All);
            }
            black_box(inner[[0, 0]])
        });
    });
    group.finish();
}

/// The training rows, scored block by block on all threads, as `oodbench score` does.
fn score_all(dump: &RunRows, scorer: &dyn Fitted) -> f64 {
    let split = dump.split(&Role::Train).unwrap();
    let wanted = BTreeSet::from([ArrayKind::Features]);
    let blocks = split.block_ranges().into_par_iter().map(|range| {
        let mut out = vec![0.0; range.len()];
        scorer.score_block(&split.block(range, &wanted, None), &mut out);
        out.iter().sum::<f64>()
    });
    blocks.sum()
}

/// Training rows with regular covariance: classes apart, noise about them.
fn run(columns: usize, classes: usize) -> RunRows {
    let means = noise(classes, columns);
    let mut features = noise(ROWS, columns).mapv(|value| value as f32);
    for (row, mut feature) in features.rows_mut().into_iter().enumerate() {
        feature.zip_mut_with(&means.row(row % classes), |value, mean| *value += *mean as f32);
    }
    let labels = Labels::of("labels", (0..ROWS).map(|row| (row % classes) as i64).collect());
    let train = Split::new(Role::Train, "memory");
    let train = train.with(ArrayKind::Features, Matrix::of("features", features).unwrap()).unwrap();
    RunRows::new("memory", vec![train.with_labels(labels).unwrap()], None).unwrap()
}

/// Reproducible numbers, even from −1 to 1.
fn noise(rows: usize, columns: usize) -> Array2<f64> {
    // Marsaglia's xorshift with the triple (13, 7, 17).
    let mut state = (rows * columns) as u64 | 1;
    Array2::from_shape_simple_fn((rows, columns), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    })
}
