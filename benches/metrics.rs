//! Metrics of 1,000,000 ID and 1,000,000 OOD scores, free of ties and tied: from unsorted scores to figures, and each step of it.
//!
//! Beside the sort stand the standard library's and a copy of the same scores; the throughput counts scores.
#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use oodbench::metric::registry::usual;
use oodbench::metric::{PROCEDURES, PairCounts, Ranking, Sample};

const SCORES: usize = 1_000_000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let round = |decimals: Option<i32>| {
        move |x: f64| decimals.map_or(x, |digits| (x * 10_f64.powi(digits)).round() / 10_f64.powi(digits))
    };
    for (name, decimals) in [("free", None), ("tied", Some(2))] {
        let scores = |seed: usize, mean: f64| -> Vec<f64> {
            // As a dump of f32 gives them.
            (0..SCORES).map(|i| f64::from(round(decimals)(normal(seed + i) + mean) as f32)).collect()
        };
        bench(&mut criterion.benchmark_group(format!("metrics/{name}")), &scores(0, 1.0), &scores(SCORES, 0.0));
    }
    criterion.final_summary();
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, id: &[f64], ood: &[f64]) {
    let both = || (id.to_vec(), ood.to_vec());
    let samples = |(id, ood): (Vec<f64>, Vec<f64>)| {
        let (id, ood) = rayon::join(|| Sample::new(id), || Sample::new(ood));
        (id.unwrap(), ood.unwrap())
    };
    group.throughput(Throughput::Elements(2 * SCORES as u64));
    for procedure in usual() {
        group.bench_function(format!("unsorted scores to {}", procedure.id), |bencher| {
            bencher.iter_batched(
                both,
                |scores| {
                    let (id, ood) = samples(scores);
                    procedure.evaluate(&id, &ood)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.bench_function("sort", |bencher| bencher.iter_batched(both, samples, BatchSize::LargeInput));
    group.bench_function("sort of the standard library", |bencher| {
        let sort = |mut scores: Vec<f64>| {
            scores.sort_unstable_by(f64::total_cmp);
            scores
        };
        bencher.iter_batched(both, |(id, ood)| rayon::join(|| sort(id), || sort(ood)), BatchSize::LargeInput);
    });
    group.bench_function("copy", |bencher| bencher.iter(|| black_box(both())));
    let (id, ood) = samples(both());
    let ranking = Ranking::new(&id, &ood);
    group.bench_function("ranking", |bencher| bencher.iter(|| Ranking::new(&id, &ood)));
    group.bench_function("pairs", |bencher| bencher.iter(|| PairCounts::in_ranking(&ranking)));
    let right: Vec<bool> = (0..SCORES).map(|row| row % 20 > 0).collect();
    let ranking = Ranking::new(&Sample::with_predictions(id.ascending().to_vec(), &right).unwrap(), &ood);
    for procedure in PROCEDURES.iter().filter(|procedure| !procedure.reads_numbers()) {
        group.bench_function(procedure.id, |bencher| bencher.iter(|| procedure.values(&ranking)));
    }
}

/// The `i`th of a sequence of normal numbers without order, by Box and Muller from two Weyl sequences.
fn normal(i: usize) -> f64 {
    let uniform = |step: f64| ((i + 1) as f64 * step).fract();
    (-2.0 * uniform(0.618_033_988_749_894_9).ln()).sqrt()
        * (std::f64::consts::TAU * uniform(0.414_213_562_373_095_1)).cos()
}
