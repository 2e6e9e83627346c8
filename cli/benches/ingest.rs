//! `score --score mds` of a 50,000 × 1,000 f32 dump (200 MB, warm) against reading the same file, as `cat FILE > /dev/null` does.
//!
//! Groups: `read` the bytes alone; `gate` the search for NaN and infinite values; `mds` the scores; `whole` a run of the program.

use std::collections::BTreeSet;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use oodbench::dump::{Dump, layout::discover};
use oodbench::eval::score_split::Scoring;
use oodbench::fit::Training;
use oodbench::numeric::noise::Congruential;
use oodbench::progress::Silent;
use oodbench::rows::check;
use oodbench::rows::{ArrayKind, Role};
use oodbench::score::Chosen;
use oodbench::score::registry::find;

const ROWS: usize = 50_000;
const CLASSES: usize = 1_000;

/// Writes logits that no two rows share.
fn write_logits(path: &Path, rows: usize) {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {CLASSES}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    let mut file = BufWriter::new(File::create(path).expect("writable"));
    file.write_all(b"\x93NUMPY\x01\x00").expect("writable");
    file.write_all(&(header.len() as u16).to_le_bytes()).expect("writable");
    file.write_all(header.as_bytes()).expect("writable");
    let mut noise = Congruential::new(1);
    for _ in 0..rows * CLASSES {
        file.write_all(&(noise.bits() as f32 / 2e6 - 4.0).to_le_bytes()).expect("writable");
    }
}

fn read_whole(path: &Path, buffer: &mut [u8]) -> usize {
    let mut file = File::open(path).expect("readable");
    let mut total = 0;
    loop {
        match file.read(buffer).expect("readable") {
            0 => return total,
            n => total += n,
        }
    }
}

fn ingest(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let logits = folder.path().join("id/test/logits.npy");
    write_logits(&logits, ROWS);
    write_logits(&folder.path().join("ood/few/logits.npy"), 16);
    let dump = Dump::open(&discover(folder.path()).expect("a run")[0]).expect("a dump");
    let test = dump.split(&Role::Test).expect("a test split");
    let score = Chosen::with_defaults(find("mds").expect("registered"));
    let scores = [score.fit(&Training::new(&dump)).expect("nothing to fit")];
    let arrays = BTreeSet::from([ArrayKind::Logits]);
    let scoring =
        Scoring { arrays: &arrays, head: None, scores: &scores.iter().collect::<Vec<_>>(), predictions: false };

    let mut group = c.benchmark_group("50000x1000_f32");
    group
        .throughput(Throughput::Bytes((ROWS * CLASSES * 4) as u64))
        .sample_size(20)
        .measurement_time(Duration::from_secs(3));
    let mut buffer = vec![0; 128 * 1024];
    group.bench_function("read", |b| b.iter(|| read_whole(&logits, black_box(&mut buffer))));
    group.bench_function("cat", |b| {
        b.iter(|| Command::new("cat").arg(&logits).stdout(Stdio::null()).status().expect("cat runs"));
    });
    group.bench_function("gate", |b| b.iter(|| check::finite(test.logits.as_ref().expect("logits"), &|_| {})));
    group.bench_function("mds", |b| {
        b.iter(|| {
            scoring.run(test, &Silent, |batch| -> Result<(), ()> {
                black_box(batch.scores.len());
                Ok(())
            })
        });
    });
    group.bench_function("whole", |b| {
        b.iter(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_oodbench"));
            command.arg("score").arg(folder.path()).args(["--score", "mds", "--quiet"]);
            command.stdout(Stdio::null()).status().expect("oodbench runs")
        });
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
