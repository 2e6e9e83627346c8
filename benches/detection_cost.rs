//! Scores of logits and Mahalanobis against the classifier's own arg max, on the rows of `oodbench latency`.
//!
//! Groups: one per number of classes and size of batch. `arg_max`, `linear_head` and `prototype_head` are the classifier; `<score>` starts from rows as
//! they come from the dump, `<score>/added` from rows whose predicted classes are known.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use oodbench::latency::data::Data;
use oodbench::latency::synthetic::Shape;
use oodbench::progress::Silent;
use oodbench::score::{Need, REGISTRY, ScoreEntry};

const BATCHES: [usize; 2] = [1, 256];

/// Scores that read logits and learn nothing, and Mahalanobis.
fn is_measured(entry: &ScoreEntry) -> bool {
    entry.with_defaults().needs() == [Need::Logits] || entry.id == "mahalanobis"
}

fn detection_cost(c: &mut Criterion) {
    let entries: Vec<&'static ScoreEntry> = REGISTRY.iter().filter(|entry| is_measured(entry)).collect();
    for classes in [10, 100, 1000] {
        let shape = Shape { classes, features: 512, train_rows: 2_000, test_rows: 512 };
        let data = Data::new(shape, &entries).expect("a temporary dump");
        let (fitted, unfitted) = data.fit(&Silent);
        assert!(unfitted.is_empty(), "{unfitted:?}");
        for batch in BATCHES {
            let mut group = c.benchmark_group(format!("{classes}_classes/batch_{batch}"));
            group.throughput(Throughput::Elements(batch as u64));
            group.sample_size(30).warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
            let mut out = vec![0.0; batch];
            for subject in data.subjects(&fitted) {
                let mut batches = (0..shape.test_rows / batch).map(|i| i * batch..(i + 1) * batch).cycle();
                group.bench_function(subject.id, |b| {
                    b.iter(|| {
                        let block = subject.block(batches.next().unwrap_or(0..batch));
                        subject.compute(black_box(&block), &mut out);
                    });
                });
                if subject.shares_logits() {
                    group.bench_function(format!("{}/added", subject.id), |b| {
                        b.iter_batched_ref(
                            || subject.classified_block(batches.next().unwrap_or(0..batch)),
                            |block| subject.compute(black_box(block), &mut out),
                            BatchSize::SmallInput,
                        );
                    });
                }
            }
            group.finish();
        }
    }
}

criterion_group!(benches, detection_cost);
criterion_main!(benches);
