//! Nanoseconds per decision of one row, beside the score alone: `cargo bench --bench decide`.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may fail")]

use std::hint::black_box;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::ArrayView2;
use oodbench::detector::{Guarantee, Request, Row, Values, calibrate};
use oodbench::dump::layout::discover;
use oodbench::eval::{Plan, Selection};
use oodbench::progress::Silent;
use oodbench::rows::matrix::{Cow2, Rows};
use oodbench::rows::{ArrayKind, Role, RowBlock};

fn decide(criterion: &mut Criterion) {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dumps/densenet-cifar10-softmax");
    let files = discover(&run).unwrap();
    let mut group = criterion.benchmark_group("decide");
    for id in ["mps", "max_logit", "energy", "gen", "mahalanobis", "knn", "vim"] {
        let selection = Selection::parse(&[id.to_owned()], &[]).unwrap();
        let plan = Plan::of_detector(&files[0], &selection, &Silent).unwrap();
        let request =
            Request { guarantee: Guarantee::Marginal { alpha: 0.05 }, per_class: false, held_back: 0.5, seed: 0 };
        let detector = calibrate(&plan, &request, &Silent).unwrap().detector;
        let test = plan.dump.split(&Role::Test).unwrap();
        let row_of = |kind: &ArrayKind| {
            let Rows::F32(row) = test.matrix(kind)?.block(7..8) else { return None };
            Some(row.view().iter().copied().collect::<Vec<f32>>())
        };
        let reads = |kind: &ArrayKind| detector.inputs().iter().any(|input| input.kind == *kind);
        let (logits, features) = (row_of(&ArrayKind::Logits).unwrap(), row_of(&ArrayKind::Features).unwrap());
        let mut row = Row::new();
        if reads(&ArrayKind::Logits) {
            row = row.with_logits(Values::from(&logits));
        }
        if reads(&ArrayKind::Features) {
            row = row.with_features(Values::from(&features));
        }
        group.bench_function(BenchmarkId::new("decide", id), |bench| {
            bench.iter(|| detector.decide(black_box(&row)).unwrap());
        });
        let view = |values: &[f32], wanted: bool| {
            let columns = values.len();
            wanted.then(|| Rows::F32(Cow2::Owned(ArrayView2::from_shape((1, columns), values).unwrap().to_owned())))
        };
        let block = || {
            RowBlock::new(
                1,
                view(&logits, reads(&ArrayKind::Logits)),
                view(&features, reads(&ArrayKind::Features)),
                detector.head(),
            )
        };
        group.bench_function(BenchmarkId::new("score alone", id), |bench| {
            bench.iter_batched(
                block,
                |block| {
                    let mut out = [0.0];
                    detector.score().scorer.score_block(black_box(&block), &mut out);
                    out
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
