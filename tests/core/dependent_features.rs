//! Features that depend on each other give what the problem without the dependent ones gives, in every data set and not in most of them.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};
use oodbench::dump::layout::discover;
use oodbench::eval::{FittedInMemory, Measures, Plan, Selection, evaluate};
use oodbench::progress::Silent;
use oodbench::rows::{ArrayKind, Head, Labels, Matrix, Role, RunRows, Split};
use oodbench::score::registry::find;

use super::synthetic::{Arrays, Random};

const CLASSES: usize = 4;
const COLUMNS: usize = 6;
const DATA_SETS: u64 = 60;

/// Rows around class means, far enough apart that the nearest mean is the own one; every class has as many.
fn rows(n: usize, random: &mut Random) -> Array2<f64> {
    Array2::from_shape_fn((n, COLUMNS), |(i, j)| {
        let centre = if i % CLASSES == j % CLASSES { 12.0 } else { 0.0 };
        centre + random.normal()
    })
}

/// What a score says of `scored`, and its notes.
fn scores(
    id: &str,
    settings: &[(&str, &str)],
    train: Matrix,
    head: Option<Head>,
    scored: &Array2<f64>,
) -> (Vec<f64>, Vec<String>) {
    let labels = (0..train.rows()).map(|i| (i % CLASSES) as i64).collect();
    let split = Split::new(Role::Train, "train").with(ArrayKind::Features, train).unwrap();
    let split = split.with_labels(Labels::of("labels", labels)).unwrap();
    let run = RunRows::new("arrays", vec![split], head).unwrap();
    let entry = find(id).unwrap();
    let mut values = entry.settings();
    settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
    let fitted = FittedInMemory::fit(entry, &values, &run).unwrap();
    let scored = Matrix::of("scored", scored.clone()).unwrap();
    let scored = Split::new(Role::Test, "scored").with(ArrayKind::Features, scored).unwrap();
    (fitted.score(&scored).unwrap(), fitted.score.notes.clone())
}

fn double(rows: &Array2<f64>) -> Matrix {
    Matrix::of("train", rows.clone()).unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    let scale = expected.iter().fold(0.0_f64, |max, value| max.max(value.abs()));
    for (row, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance * scale, "{what}: row {row}: found {f}, expected {e}");
    }
}

/// A further column made of the others, and the direction it leaves without variance.
type Kind = (&'static str, fn(ArrayView1<'_, f64>) -> f64, [f64; COLUMNS + 1]);

const KINDS: [Kind; 5] = [
    ("sum", |row| row[0] + row[1], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, -1.0]),
    ("copy", |row| row[3], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0]),
    ("constant", |_| 0.1, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
    ("weighted sum", |row| 0.3 * row[0] - 7.1 * row[2], [0.3, 0.0, -7.1, 0.0, 0.0, 0.0, -1.0]),
    ("sum of all", |row| row.sum(), [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, -1.0]),
];

fn widened(rows: &Array2<f64>, column: fn(ArrayView1<'_, f64>) -> f64) -> Array2<f64> {
    let last = rows.map_axis(Axis(1), column).insert_axis(Axis(1));
    concatenate![Axis(1), *rows, last]
}

/// Off the plane of the training rows by so much along the direction without variance.
fn moved(rows: &Array2<f64>, direction: &[f64], by: f64) -> Array2<f64> {
    let direction = Array1::from(direction.to_vec());
    rows + &(&direction * (by / direction.dot(&direction).sqrt()))
}

/// Whatever the last column is made of, whether stored in double or in single precision, it changes no distance; nor does a step off the plane.
#[test]
fn a_dependent_column_changes_no_distance() {
    for (kind, column, direction) in KINDS {
        for seed in 0..DATA_SETS {
            let mut random = Random::new(seed);
            let offset = [0.0, 50.0][seed as usize % 2];
            let train = rows(200, &mut random).mapv(|value| f64::from((value + offset) as f32));
            let scored = rows(30, &mut random).mapv(|value| f64::from((value + offset) as f32));
            let (wide, wide_scored) = (widened(&train, column), widened(&scored, column));
            for id in ["mahalanobis", "relative_mahalanobis"] {
                let expected = scores(id, &[], double(&train), None, &scored).0;
                let what = format!("{id}, {kind}, seed {seed}");
                for (precision, wide) in [
                    ("double", double(&wide)),
                    ("single", Matrix::of("train", wide.mapv(|value| value as f32)).unwrap()),
                    ("single in double", double(&wide.mapv(|value| f64::from(value as f32)))),
                ] {
                    let what = format!("{what}, {precision}");
                    // Single precision moves the scored rows themselves.
                    let (found, notes) = scores(id, &[], wide.clone(), None, &wide_scored);
                    assert_close(&found, &expected, 1e-4, &what);
                    assert!(notes.iter().any(|note| note.contains("rank 6 of 7")), "{what}: {notes:?}");
                    let (off, _) = scores(id, &[], wide, None, &moved(&wide_scored, &direction, 5.0));
                    assert_close(&off, &expected, 1e-4, &format!("{what}, off the plane"));
                }
            }
        }
    }
}

/// Scores of directions on rows of a plane are distances of the directions, with or without the dependent column.
#[test]
fn a_dependent_column_changes_no_distance_of_directions() {
    let unit = |rows: &Array2<f64>| {
        let norms = rows.map_axis(Axis(1), |row| row.dot(&row).sqrt()).insert_axis(Axis(1));
        rows / &norms
    };
    for (kind, column, _) in KINDS.into_iter().filter(|(kind, _, _)| *kind != "constant") {
        for seed in 0..DATA_SETS {
            let mut random = Random::new(seed);
            let (wide, wide_scored) =
                (widened(&rows(200, &mut random), column), widened(&rows(30, &mut random), column));
            let reduced = |rows: &Array2<f64>| unit(rows).slice(s![.., ..COLUMNS]).to_owned();
            let expected = scores("mahalanobis", &[], double(&reduced(&wide)), None, &reduced(&wide_scored)).0;
            let (found, notes) = scores("mahalanobis_pp", &[], double(&wide), None, &wide_scored);
            let what = format!("mahalanobis_pp, {kind}, seed {seed}");
            assert_close(&found, &expected, 1e-6, &what);
            assert!(notes.iter().any(|note| note.contains("rank 6 of 7")), "{what}: {notes:?}");
        }
    }
}

/// With n rows of C classes in more columns the covariance has rank n − C, and the squared distances of the training rows to their means add up to n times
/// that: the trace of a projection.
#[test]
fn few_rows_have_the_rank_of_their_number() {
    for seed in 0..DATA_SETS {
        let mut random = Random::new(seed);
        let n = CLASSES * 4;
        let train =
            Array2::from_shape_fn(
                (n, 40),
                |(i, j)| {
                    if j == i % CLASSES { 100.0 } else { f64::from(random.normal() as f32) }
                },
            );
        let (found, notes) = scores("mahalanobis", &[], double(&train), None, &train);
        let rank = n - CLASSES;
        assert!(notes.iter().any(|note| note.contains(&format!("rank {rank} of 40"))), "seed {seed}: {notes:?}");
        let sum: f64 = found.iter().sum();
        let expected = -((n * rank) as f64);
        assert!((sum / expected - 1.0).abs() < 1e-6, "seed {seed}: {sum}, expected {expected}");
    }
}

/// Rows of rank r laid into more columns without stretching keep their residual, whatever the directions are called.
#[test]
fn an_embedding_changes_no_residual() {
    let wide = 11;
    for seed in 0..DATA_SETS {
        let mut random = Random::new(seed);
        let (train, scored) = (rows(100, &mut random), rows(30, &mut random));
        // Orthonormal columns by Gram and Schmidt.
        let mut axes = Array2::from_shape_fn((wide, COLUMNS), |_| random.normal());
        for j in 0..COLUMNS {
            for _ in 0..2 {
                for k in 0..j {
                    let along = axes.column(k).dot(&axes.column(j));
                    let other = axes.column(k).to_owned() * along;
                    let mut own = axes.column_mut(j);
                    own -= &other;
                }
            }
            let norm = axes.column(j).dot(&axes.column(j)).sqrt();
            axes.column_mut(j).mapv_inplace(|value| value / norm);
        }
        let weight = Array2::from_shape_fn((CLASSES, COLUMNS), |_| random.normal());
        let bias = Array1::from_shape_fn(CLASSES, |_| random.normal());
        let head = |weight: Array2<f64>| Some(Head::Linear { weight, bias: bias.clone() });
        for id in ["residual", "vim"] {
            // Half of the rank is what is chosen where 5 = 11/2 were too many of 6; 3 is set for both to say the same.
            for settings in [&[("dim", "3")][..], &[("dim", "2")]] {
                let expected = scores(id, settings, double(&train), head(weight.clone()), &scored).0;
                let embedded = |rows: &Array2<f64>| rows.dot(&axes.t());
                let (found, notes) =
                    scores(id, settings, double(&embedded(&train)), head(weight.dot(&axes.t())), &embedded(&scored));
                assert_close(&found, &expected, 1e-9, &format!("{id} {settings:?}, seed {seed}"));
                assert!(
                    notes.iter().any(|note| note.contains("span 6 of 11 directions")),
                    "{id}, seed {seed}: {notes:?}"
                );
            }
        }
    }
}

/// Where all rows lie on a line the usual dimension leaves nothing: half the rank, none, is taken, and the residual is the distance to u.
#[test]
fn rows_on_a_line_have_a_residual() {
    for seed in 0..DATA_SETS {
        let mut random = Random::new(seed);
        let line = Array1::from_shape_fn(7, |_| random.normal());
        let on_line = |n: usize, random: &mut Random| {
            Array2::from_shape_fn((n, 7), |(_, j)| line[j]) * &Array2::from_shape_fn((n, 1), |_| random.normal())
        };
        let (train, scored) = (on_line(50, &mut random), on_line(10, &mut random));
        let head = Head::Linear { weight: Array2::eye(7), bias: Array1::zeros(7) };
        let (found, notes) = scores("residual", &[], double(&train), Some(head), &scored);
        let expected: Vec<f64> = scored.rows().into_iter().map(|row| -row.dot(&row).sqrt()).collect();
        assert_close(&found, &expected, 1e-9, &format!("seed {seed}: {notes:?}"));
        assert!(notes.iter().any(|note| note.contains("span 1 of 7") && note.contains("dim = 0")), "{notes:?}");
    }
}

/// A column whose variance lies at the cut, and the only one that OOD rows differ in: left out, nothing differs; kept, everything does.
#[test]
fn without_a_gap_a_warning_says_how_far_the_value_moves() {
    let mut arrays = Arrays::linear(4, [400, 100, 100]).each(|rows| {
        rows.features.column_mut(0).mapv_inplace(|value| value * 3e-8);
    });
    arrays.ood.features = arrays.test.features.clone();
    arrays.ood.features.column_mut(0).mapv_inplace(|value| value + 1e-6);
    let written = arrays.write();
    let selection = Selection::parse(&["mahalanobis".to_owned(), "ssd".to_owned()], &[]).unwrap();
    let plans = Plan::all(&discover(written.path()).unwrap(), &selection).unwrap();
    let results = evaluate(&plans, &selection.ids(), None, &Measures::default(), &Silent).unwrap();
    let warning =
        &results.warnings.iter().find(|warning| warning.text.contains("mahalanobis depends on")).unwrap().text;
    assert!(warning.contains("AUROC on far is 50.0") && warning.contains("with rank 20 it is 100.00 %"), "{warning}");
    assert!(
        results.notes.iter().any(|note| note.text.contains("no clear gap: any rank from 19 to 20")),
        "{:?}",
        results.notes
    );
}
