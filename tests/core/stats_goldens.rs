//! DeLong's test against its quadratic definition in NumPy, bootstrap intervals against scores drawn by NumPy (`fixtures/stats/make_goldens.py`).

use oodbench::metric::confidence::draws;
use oodbench::metric::registry::find;
use oodbench::metric::{Ranking, Sample};
use oodbench::stats::bootstrap::{Bootstrap, Method};
use oodbench::stats::delong::Components;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("stats/golden.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn assert_close(what: &str, found: f64, expected: f64, relative: f64) {
    assert!(
        (found - expected).abs() <= relative * expected.abs().max(1e-300),
        "{what}: found {found:e}, expected {expected:e}"
    );
}

#[test]
fn delong_equals_its_definition() {
    let golden = golden();
    let cases = golden["delong"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for (number, case) in cases.iter().enumerate() {
        let of = |score: usize| Components::of(&numbers(&case["id"][score]), &numbers(&case["ood"][score]));
        let both = [of(0), of(1)];
        for (score, own) in both.iter().enumerate() {
            let expected = |what: &str| case[what][score].as_f64().unwrap();
            assert_close(&format!("case {number} auroc"), own.auroc(), expected("auroc"), 1e-14);
            assert_close(&format!("case {number} variance"), own.covariance(own), expected("variance"), 1e-12);
        }
        let covariance = case["covariance"].as_f64().unwrap();
        assert_close(&format!("case {number} covariance"), both[0].covariance(&both[1]), covariance, 1e-12);
        let test = both[0].difference(&both[1]);
        assert_close(&format!("case {number} z"), test.z, case["z"].as_f64().unwrap(), 1e-11);
        assert_close(&format!("case {number} p"), test.p, case["p"].as_f64().unwrap(), 1e-10);
    }
}

#[test]
fn a_score_does_not_differ_from_itself() {
    let own = Components::of(&[3.0, 1.0, 2.0], &[0.5, 1.0]);
    let test = own.difference(&own);
    assert_eq!((test.difference, test.z, test.p), (0.0, 0.0, 1.0));
}

/// The ends of an interval are quantiles of draws, here 20,000 against NumPy's 5,000 of other random numbers: they agree to some of their own spread.
#[test]
fn bootstrap_intervals_are_those_of_scores_drawn() {
    let golden = &golden()["bootstrap"];
    let sample = |name: &str| Sample::new(numbers(&golden[name])).unwrap();
    let ranking = Ranking::new(&sample("id"), &sample("ood"));
    let bootstrap = Bootstrap { resamples: 20_000, level: golden["level"].as_f64().unwrap(), seed: 0 };
    // Those that NumPy drew for.
    let procedures: Vec<_> = ["lee", "openood", "id_positive"].into_iter().filter_map(find).collect();
    let mut all = draws(&ranking, &procedures, &bootstrap).into_iter();
    for procedure in procedures {
        for metric in procedure.metrics {
            let key = format!("{}/{}", procedure.id, metric.id);
            let expected = numbers(&golden["intervals"][&key]);
            // The middle of the draws, whichever interval the metric is given; NaN is not widened for.
            let found = bootstrap.interval(Method::Percentile, f64::NAN, &all.next().unwrap());
            let width = expected[1] - expected[0];
            let close = |a: f64, b: f64| (a - b).abs() < 0.08 * width;
            assert!(
                close(found.low, expected[0]) && close(found.high, expected[1]),
                "{key}: {found:?}, expected {expected:?}"
            );
        }
    }
}
