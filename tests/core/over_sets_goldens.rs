//! Probabilities over sets against baycomp, aggregates, errors of seeds and rows and smallest differences against SciPy
//! (`fixtures/stats/make_over_sets.py`); the rank-sum test against SciPy (`fixtures/stats/make_rank_sum.py`).

use ndarray::Array2;
use oodbench::stats::aggregate::{above, iqm, median};
use oodbench::stats::delong::Components;
use oodbench::stats::rank_sum::{error_of_one_kind, p_value};
use oodbench::stats::seeds_and_rows::seeds_and_rows;
use oodbench::stats::signed_rank::{DRAWS, signed_rank};
use oodbench::stats::smallest_difference::smallest;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("stats/over_sets.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn probabilities_are_baycomps() {
    let golden = golden();
    let cases = golden["signed_rank"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let found = signed_rank(&numbers(&case["differences"]), case["rope"].as_f64().unwrap());
        for (found, expected) in
            [found.better, found.same, found.worse].into_iter().zip(numbers(&case["probabilities"]))
        {
            // Four standard errors of a share of our draws, and one draw for the smallest.
            let tolerance = 4.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt() + 2.0 / DRAWS as f64;
            assert!((found - expected).abs() < tolerance, "{found}, expected {expected}: {case}");
        }
    }
}

/// With ties and without, and where nothing overlaps.
#[test]
fn rank_sums_are_scipys() {
    let golden: Value =
        serde_json::from_slice(&std::fs::read(super::common::fixture("stats/rank_sum.json")).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let (first, second) = (numbers(&case["first"]), numbers(&case["second"]));
        let auroc = Components::of(&first, &second).auroc();
        assert!((auroc - case["auroc"].as_f64().unwrap()).abs() < 1e-12, "{auroc}: {case}");
        let p = p_value(auroc, error_of_one_kind(&first, &second));
        assert!((p / case["p"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{p}: {case}");
    }
}

#[test]
fn aggregates_are_scipys() {
    let golden = golden();
    for case in golden["aggregates"].as_array().unwrap() {
        let (own, other) = (rows(&case["own"]), rows(&case["other"]));
        for (found, key) in [(iqm(&own), "iqm"), (median(&own), "median"), (above(&own, &other), "above")] {
            assert!((found - case[key].as_f64().unwrap()).abs() < 1e-12, "{key}: {found}, {case}");
        }
    }
    for case in golden["smallest"].as_array().unwrap() {
        let case = numbers(case);
        assert!((smallest(case[0], case[1], case[2]) / case[3] - 1.0).abs() < 1e-10, "{case:?}");
    }
}

/// Three sets with three runs each, and the same less small numbers: subtraction rounds, so that what would tie does not.
#[test]
fn a_published_example_of_aggregates() {
    let own = [[0.9, 0.92, 0.88], [0.8, 0.78, 0.82], [0.7, 0.75, 0.71]];
    let less = [[0.01, 0.0, -0.03], [0.03, 0.01, 0.02], [-0.02, 0.02, 0.01]];
    let other: Vec<Vec<f64>> =
        own.iter().zip(less).map(|(own, less)| own.iter().zip(less).map(|(own, less)| own - less).collect()).collect();
    let own = own.map(Vec::from);
    for (found, expected) in [(iqm(&own), 0.806), (median(&own), 0.8), (above(&own, &other), 0.592_592_59)] {
        assert!((found - expected).abs() < 1e-6, "{found}, expected {expected}");
    }
}

#[test]
fn errors_of_seeds_and_rows_are_those_of_delongs_definition() {
    let golden = golden();
    let cases = golden["seeds_and_rows"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let (id, ood) = (rows(&case["id"]), rows(&case["ood"]));
        let components: Vec<Components> = id.iter().zip(&ood).map(|(id, ood)| Components::of(id, ood)).collect();
        let covariance = Array2::from_shape_fn((components.len(), components.len()), |(i, j)| {
            components[i].covariance(&components[j])
        });
        let values: Vec<f64> = components.iter().map(Components::auroc).collect();
        let found = seeds_and_rows(&values, &covariance.view());
        let interval = found.interval(0.95);
        let ends = numbers(&case["interval"]);
        let of = |key: &str| case[key].as_f64().unwrap();
        for (found, expected) in [
            (found.mean, of("mean")),
            (found.seeds, of("seeds")),
            (found.rows, of("rows")),
            (found.both, of("both")),
            (found.between_seeds, of("between_seeds")),
            (found.degrees, of("degrees")),
            (interval.low, ends[0]),
            (interval.high, ends[1]),
        ] {
            assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found}, expected {expected}");
        }
    }
}
