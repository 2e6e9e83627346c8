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
use oodbench::detector::{Guarantee, Request, Row, Values, calibrate};
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

/// The fewest of three times: idle threads of the pool allocate now and then, and the counter is everybody's.
fn allocations(mut work: impl FnMut()) -> usize {
    let once = |work: &mut dyn FnMut()| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        work();
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    (0..3).map(|_| once(&mut work)).min().unwrap_or(usize::MAX)
}

#[test]
fn allocations_do_not_grow_with_rows() {
    logit_scores_allocate_nothing_per_row();
    a_decision_allocates_nothing();
}

/// A service decides one row at a time: once warm, a detector asks the allocator for nothing.
fn a_decision_allocates_nothing() {
    let composed = ["react+dice", "ash_s+max_logit", "normalise+mahalanobis", "(1-cop)*energy"];
    let of_members = [
        "ensemble_mps",
        "ensemble_energy",
        "predictive_entropy",
        "expected_entropy",
        "mutual_information",
        "variation_ratio",
    ];
    let measured: usize = [
        decisions("dumps/densenet-cifar10-softmax", &composed),
        decisions("members/dropout", &of_members),
        decisions("members/moved", &["odin"]),
    ]
    .into_iter()
    .sum();
    assert!(measured >= 65, "only {measured} detectors measured");
}

/// Counts the allocations of decisions of every score that a run allows, these among them, and how many there are.
fn decisions(run: &str, at_least: &[&str]) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(run);
    let files = discover(&folder).unwrap();
    let request = Request { guarantee: Guarantee::Marginal { alpha: 0.05 }, per_class: false, held_back: 0.5, seed: 0 };
    let mut measured = 0;
    let others = REGISTRY.iter().map(|entry| entry.id).filter(|id| !at_least.contains(id));
    for id in others.chain(at_least.iter().copied()) {
        let selection = Selection::parse(&[id.to_owned()], &[]).unwrap();
        let plan = match Plan::of_detector(&files[0], &selection, &Silent) {
            Err(error) if at_least.contains(&id) => panic!("{run}: {id}: {error}"),
            Err(_) => continue,
            Ok(plan) => plan,
        };
        let made = match calibrate(&plan, &request, &Silent) {
            Err(error) if at_least.contains(&id) => panic!("{run}: {id}: {error}"),
            Err(_) => continue,
            Ok(made) => made,
        };
        let test = plan.dump.split(&Role::Test).unwrap();
        let values = |kind: &ArrayKind, row: usize| match test.matrix(kind).map(|own| own.block(row..row + 1)) {
            Some(Rows::F32(rows)) => rows.view().iter().copied().collect::<Vec<f32>>(),
            Some(Rows::F64(_)) => unreachable!("the fixture is single"),
            None => Vec::new(),
        };
        let rows: Vec<Numbers> = (0..4)
            .map(|row| Numbers {
                logits: values(&ArrayKind::Logits, row),
                features: values(&ArrayKind::Features, row),
                variants: test
                    .variants
                    .keys()
                    .map(|name| (name.as_str(), values(&ArrayKind::Variant(name.clone()), row)))
                    .collect(),
            })
            .collect();
        let named: Vec<Vec<(&str, Values<'_>)>> =
            rows.iter().map(|row| row.variants.iter().map(|(name, own)| (*name, own.into())).collect()).collect();
        let decide = |(row, variants): (&Numbers<'_>, &Vec<(&str, Values<'_>)>)| {
            let given = Row::new().with_logits(&row.logits).with_variants(variants);
            let given = if row.features.is_empty() { given } else { given.with_features(&row.features) };
            made.detector.decide(&given).unwrap();
        };
        // What a thread keeps from row to row.
        rows.iter().zip(&named).for_each(decide);
        let count = allocations(|| rows.iter().zip(&named).for_each(decide));
        println!("{run}: {id}: {count} allocations for a decision");
        // Logits under a name stand in a map: a name and a node of it for each decision, nothing for each number.
        let of_names = if count > 0 && !named[0].is_empty() { 2 * rows.len() } else { 0 };
        assert_eq!(count, of_names, "{run}: {id}: allocations for {} decisions", rows.len());
        measured += 1;
    }
    measured
}

/// What the network gives for an image.
struct Numbers<'a> {
    logits: Vec<f32>,
    features: Vec<f32>,
    variants: Vec<(&'a str, Vec<f32>)>,
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
