//! Scoring allocates per block of rows, never per row: what grows with rows is counted.
//!
//! A file of its own, with a single test: the counter is the allocator of the whole process.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail, and shows what it counted"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;
use oodbench::detector::{Guarantee, Request, Row, calibrate};
use oodbench::dump::layout::discover;
use oodbench::eval::{Plan, Selection};
use oodbench::fit::Training;
use oodbench::progress::Silent;
use oodbench::rows::matrix::Rows;
use oodbench::rows::{ArrayKind, Matrix, Role, RowBlock, RunRows, Split};
use oodbench::score::{Fitted, Need, REGISTRY};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are those asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CLASSES: usize = 10;
const ROWS: usize = 512;

fn rows() -> RunRows {
    let logit = |(row, class): (usize, usize)| (((row * 31 + class * 17) % 97) as f32 * 0.618_034).fract() * -9.0;
    let logits = Matrix::of("logits", Array2::from_shape_fn((ROWS, CLASSES), logit)).unwrap();
    let test = Split::new(Role::Test, "memory").with(ArrayKind::Logits, logits).unwrap();
    RunRows::new("memory", vec![test], None).unwrap()
}

fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[test]
fn allocations_do_not_grow_with_rows() {
    logit_scores_allocate_nothing_per_row();
    a_decision_allocates_nothing();
}

/// A service decides one row at a time: once warm, a detector of a score of logits and features asks the allocator for nothing.
fn a_decision_allocates_nothing() {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dumps/densenet-cifar10-softmax");
    let files = discover(&run).unwrap();
    let request = Request { guarantee: Guarantee::Marginal { alpha: 0.05 }, per_class: false, held_back: 0.5, seed: 0 };
    let mut measured = 0;
    let composed = ["react+dice", "ash_s+max_logit", "normalise+mahalanobis", "(1-cop)*energy"];
    for id in REGISTRY.iter().map(|entry| entry.id).chain(composed) {
        let selection = Selection::parse(&[id.to_owned()], &[]).unwrap();
        let Ok(plan) = Plan::of_detector(&files[0], &selection, &Silent) else { continue };
        let Ok(made) = calibrate(&plan, &request, &Silent) else { continue };
        let test = plan.dump.split(&Role::Test).unwrap();
        let values = |kind: &ArrayKind, row: usize| match test.matrix(kind).unwrap().block(row..row + 1) {
            Rows::F32(rows) => rows.view().iter().copied().collect::<Vec<f32>>(),
            Rows::F64(_) => unreachable!("the fixture is single"),
        };
        let rows: Vec<_> =
            (0..4).map(|row| (values(&ArrayKind::Logits, row), values(&ArrayKind::Features, row))).collect();
        let decide = |(logits, features): &(Vec<f32>, Vec<f32>)| {
            let row = Row::new().with_logits(logits).with_features(features);
            made.detector.decide(&row).unwrap().flagged
        };
        // What a thread keeps from row to row.
        rows.iter().for_each(|row| {
            decide(row);
        });
        let count = allocations(|| {
            rows.iter().for_each(|row| {
                decide(row);
            })
        });
        println!("{id}: {count} allocations for a decision");
        assert_eq!(count, 0, "{}: allocations for {} decisions", id, rows.len());
        measured += 1;
    }
    assert!(measured >= 42, "only {measured} detectors measured");
}

fn logit_scores_allocate_nothing_per_row() {
    let dump = rows();
    let split = dump.split(&Role::Test).unwrap();
    let wanted = BTreeSet::from([ArrayKind::Logits]);
    let cost = |scorer: &dyn Fitted, rows: usize| {
        let mut out = vec![0.0; rows];
        // Once before, for what a thread keeps from block to block.
        scorer.score_block(&block(split, rows, &wanted), &mut out);
        let block = block(split, rows, &wanted);
        allocations(|| scorer.score_block(&block, &mut out))
    };
    let mut measured = 0;
    for entry in REGISTRY.iter().filter(|entry| entry.with_defaults().needs() == [Need::Logits]) {
        let scorer = entry.with_defaults().fit(&Training::new(&dump)).unwrap().scorer;
        let (few, many) = (cost(scorer.as_ref(), ROWS / 2), cost(scorer.as_ref(), ROWS));
        println!("{}: {few} allocations for a block of {}, {many} for one of {ROWS}", entry.id, ROWS / 2);
        assert!(many <= few, "{}: {few} allocations for {} rows, {many} for {ROWS}", entry.id, ROWS / 2);
        assert!(few <= 8, "{}: {few} allocations for a block", entry.id);
        measured += 1;
    }
    assert!(measured >= 8, "only {measured} scores measured");
}

fn block<'a>(split: &'a oodbench::rows::Split, rows: usize, wanted: &BTreeSet<ArrayKind>) -> RowBlock<'a> {
    split.block(0..rows, wanted, None)
}
