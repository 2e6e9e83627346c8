//! All scores of logits on one block, which shares what it can, against each of them on a block of its own.
//!
//! Groups: one per number of classes. What all of them together should cost at most is 1.5 times the costliest.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oodbench::latency::data::Data;
use oodbench::latency::subject::{Subject, SubjectKind};
use oodbench::latency::synthetic::Shape;
use oodbench::progress::Silent;
use oodbench::score::{Need, REGISTRY, ScoreEntry};

const BATCH: usize = 256;

fn reads_logits_alone(entry: &ScoreEntry) -> bool {
    use Need::{CalibrationLabels, CalibrationLogits, Logits, TrainLabels, TrainLogits};
    let of_logits =
        |need: &Need| matches!(need, Logits | TrainLogits | TrainLabels | CalibrationLogits | CalibrationLabels);
    entry.with_defaults().needs().iter().all(of_logits)
}

fn logit_scores(c: &mut Criterion) {
    let entries: Vec<&'static ScoreEntry> = REGISTRY.iter().filter(|entry| reads_logits_alone(entry)).collect();
    for classes in [10, 100, 1000] {
        let shape = Shape { classes, features: 512, train_rows: 20_000, test_rows: 2 * BATCH };
        let data = Data::new(shape, &entries).expect("a temporary dump");
        // Temperature scaling has nothing to fit where all rows are classified correctly, as with few classes here.
        let (fitted, _) = data.fit(&Silent);
        let subjects: Vec<Subject> =
            data.subjects(&fitted).into_iter().filter(|s| s.kind() == SubjectKind::Score).collect();
        let mut batches = (0..shape.test_rows / BATCH).map(|i| i * BATCH..(i + 1) * BATCH).cycle();
        let mut out = vec![0.0; BATCH];
        let mut group = c.benchmark_group(format!("{classes}_classes"));
        group.throughput(Throughput::Elements(BATCH as u64));
        group.sample_size(20).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
        group.bench_function("together", |b| {
            b.iter(|| {
                let block = subjects[0].block(batches.next().unwrap_or(0..BATCH));
                subjects.iter().for_each(|subject| subject.compute(black_box(&block), &mut out));
            });
        });
        for subject in &subjects {
            group.bench_function(subject.id, |b| {
                b.iter(|| subject.compute(black_box(&subject.block(batches.next().unwrap_or(0..BATCH))), &mut out));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, logit_scores);
criterion_main!(benches);
