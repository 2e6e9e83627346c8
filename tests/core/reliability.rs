//! Calibration, joint reliability and AUROC by class against NumPy, SciPy and scikit-learn (`fixtures/metrics/make_reliability.py`), and what must hold of any rows.

use oodbench::metric::reliability::by_class::{Side, aurocs};
use oodbench::metric::reliability::calibration::{Prediction, values};
use oodbench::metric::reliability::joint::{IdRow, JointReliability, OodRow, exact, sureplus};
use oodbench::stats::bootstrap::Bootstrap;
use proptest::prelude::*;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn cases() -> Vec<Value> {
    let bytes = std::fs::read(super::common::fixture("metrics/reliability.json")).unwrap();
    let golden: Value = serde_json::from_slice(&bytes).unwrap();
    golden["cases"].as_array().unwrap().clone()
}

/// The predictions of a case; whether rows tie is taken from the file.
fn predictions(case: &Value, temperature: &str) -> Vec<Prediction> {
    let rows = case["logits"].as_array().unwrap().iter().map(numbers);
    let given = numbers(&case["confidence"][temperature]);
    let all = rows.zip(integers(&case["labels"])).zip(given).map(|((logits, label), confidence)| {
        let found = Prediction::of(&logits, label, temperature.parse().unwrap()).unwrap();
        assert!((found.confidence - confidence).abs() < 1e-14);
        Prediction { confidence, ..found }
    });
    all.collect()
}

#[test]
fn calibration_is_that_of_scipy() {
    for (number, case) in cases().iter().enumerate() {
        for (temperature, expected) in case["calibration"].as_object().unwrap() {
            let found = values(&predictions(case, temperature), None);
            assert_eq!(found.len(), expected.as_object().unwrap().len());
            for value in found {
                let expected = expected[value.metric].as_f64().unwrap();
                let close = (value.value - expected).abs() < 1e-12;
                assert!(close, "case {number}, T {temperature}, {}: {} {expected}", value.metric, value.value);
            }
        }
    }
}

fn assert_close(number: usize, found: JointReliability, expected: &Value) {
    let JointReliability { ds_f1, ds_aurc, f1, aurc } = found;
    for (name, found) in [("ds_f1", ds_f1), ("ds_aurc", ds_aurc), ("f1", f1), ("aurc", aurc)] {
        let expected = expected[name].as_f64().unwrap();
        assert!((found - expected).abs() < 1e-12, "case {number}, {name}: {found} {expected}");
    }
}

#[test]
fn joint_reliability_is_that_of_every_pair_of_thresholds() {
    for (number, case) in cases().iter().enumerate() {
        let right = predictions(case, "1.0").into_iter().map(|row| row.is_right);
        let id = numbers(&case["id_score"]).into_iter().zip(numbers(&case["confidence"]["1.0"])).zip(right);
        let id: Vec<IdRow> = id.map(|((score, confidence), is_right)| IdRow { score, confidence, is_right }).collect();
        let ood = numbers(&case["ood_score"]).into_iter().zip(numbers(&case["ood_confidence"]));
        let ood: Vec<OodRow> = ood.map(|(score, confidence)| OodRow { score, confidence }).collect();
        assert_close(number, exact(&id, &ood), &case["joint"]["exact"]);
        assert_close(number, sureplus(&id, &ood), &case["joint"]["sureplus"]);
    }
}

#[test]
fn aurocs_by_class_are_scikit_learns() {
    for (number, case) in cases().iter().enumerate() {
        let (id, ood) = (numbers(&case["id_score"]), numbers(&case["ood_score"]));
        for (side, key, labels) in [(Side::Id, "id", "labels"), (Side::Ood, "ood", "ood_labels")] {
            let found = aurocs(&id, &ood, &integers(&case[labels]), side, 0.95);
            let expected = case["by_class"][key].as_object().unwrap();
            assert_eq!(found.len(), expected.len());
            for class in found {
                let expected = expected[&class.class.to_string()].as_f64().unwrap();
                assert!((class.auroc - expected).abs() < 1e-12, "case {number}, {key} {}", class.class);
            }
        }
    }
}

/// Means over rows have intervals, and what is binned has none.
#[test]
fn means_over_rows_have_intervals() {
    let row = |number: u32| Prediction {
        confidence: 0.5 + f64::from(number % 50) / 100.0,
        is_right: !number.is_multiple_of(3),
        log_likelihood: -f64::from(number % 7),
        squared_error: f64::from(number % 5) / 4.0,
    };
    let rows: Vec<Prediction> = (0..210).map(row).collect();
    let found = values(&rows, Some(&Bootstrap { resamples: 400, level: 0.95, seed: 1 }));
    for value in &found {
        let is_mean = !value.metric.contains("ece");
        assert_eq!((value.low.is_some(), value.high.is_some()), (is_mean, is_mean), "{}", value.metric);
        assert!(!is_mean || value.low < Some(value.value) && Some(value.value) < value.high, "{value:?}");
    }
    // 140 of 210 rows are right: the interval of a share is about ±1.96 √(p (1 − p) / n).
    let accuracy = found.iter().find(|value| value.metric == "accuracy").unwrap();
    let width = accuracy.high.unwrap() - accuracy.low.unwrap();
    assert!((width - 2.0 * 1.96 * (2.0 / 9.0 / 210.0_f64).sqrt()).abs() < 0.02, "{width}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn two_thresholds_are_no_worse_than_one(
        id in prop::collection::vec((0_u8..12, 0_u8..12, any::<bool>()), 1..40),
        ood in prop::collection::vec((0_u8..12, 0_u8..12), 1..40),
    ) {
        let of = |number: u8| f64::from(number) / 12.0;
        let id: Vec<IdRow> =
            id.into_iter().map(|(s, c, is_right)| IdRow { score: of(s), confidence: of(c), is_right }).collect();
        let ood: Vec<OodRow> = ood.into_iter().map(|(s, c)| OodRow { score: of(s), confidence: of(c) }).collect();
        let found = exact(&id, &ood);
        prop_assert!(found.ds_f1 >= found.f1);
        prop_assert!([found.ds_f1, found.ds_aurc, found.aurc].iter().all(|value| (0.0..=1.0).contains(value)));
        // Neither the scale of the score nor that of the confidence counts.
        let id_scaled: Vec<IdRow> =
            id.iter().map(|row| IdRow { score: row.score.exp(), confidence: row.confidence.sqrt(), ..*row }).collect();
        let ood_scaled: Vec<OodRow> =
            ood.iter().map(|row| OodRow { score: row.score.exp(), confidence: row.confidence.sqrt() }).collect();
        prop_assert_eq!(exact(&id_scaled, &ood_scaled), found);
        // The confidence as the score: the second threshold adds nothing.
        let own: Vec<IdRow> = id.iter().map(|row| IdRow { score: row.confidence, ..*row }).collect();
        let others: Vec<OodRow> = ood.iter().map(|row| OodRow { score: row.confidence, ..*row }).collect();
        let found = exact(&own, &others);
        prop_assert_eq!((found.ds_f1, found.ds_aurc), (found.f1, found.aurc));
        let on_grid = sureplus(&own, &others);
        prop_assert!(on_grid.ds_f1 >= on_grid.f1);
    }
}
