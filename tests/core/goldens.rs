//! The whole way from dumps to figures against NumPy and scikit-learn (`fixtures/make_golden.py`), on the real dumps of `fixtures/dumps`.

use oodbench::dump::layout::discover;
use oodbench::eval::{Measures, Plan, Selection, evaluate, score_run};
use oodbench::progress::Silent;
use oodbench::table::Results;
use serde_json::Value;

const SCORES: [&str; 6] = ["mds", "es", "mps", "max_logit", "energy", "mahalanobis"];

fn selection() -> Selection {
    Selection::parse(&SCORES.map(str::to_owned), &[]).unwrap()
}

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("golden.json")).unwrap()).unwrap()
}

fn results() -> Results {
    let runs = discover(&super::common::fixture("dumps")).unwrap();
    let selection = selection();
    let plans = Plan::all(&runs, &selection).unwrap();
    evaluate(&plans, &selection.ids(), None, &Measures::default(), &Silent).unwrap()
}

#[test]
fn figures_end_to_end() {
    let golden = golden();
    let results = results();
    // 9 pairs of a run and an OOD set, 6 scores, 12 metrics.
    assert_eq!(results.records.len(), 9 * 6 * 12);
    for record in &results.records {
        let figures = &golden["runs"][&record.run]["figures"][&record.ood][&record.score];
        let expected = figures[&record.procedure][&record.metric].as_f64().unwrap();
        let found = record.value.unwrap();
        // Lee's figures of scores of logits are equal to the last bit: same ranks, same order of summation.
        let equal = match (&*record.procedure, &*record.score) {
            ("lee", score) if score != "mahalanobis" => found.to_bits() == expected.to_bits(),
            _ => (found - expected).abs() < 1e-12,
        };
        assert!(equal, "{record:?}: expected {expected}");
    }
}

#[test]
fn accuracy_of_the_id_test_rows() {
    let golden = golden();
    for run in results().runs {
        assert_eq!(run.accuracy, golden["runs"][&run.info.name]["id_test_accuracy"].as_f64(), "{}", run.info.name);
    }
}

#[test]
fn first_scores() {
    let golden = golden();
    let runs = discover(&super::common::fixture("dumps")).unwrap();
    let selection = selection();
    for plan in &Plan::all(&runs, &selection).unwrap() {
        let first = &golden["runs"][&plan.dump.info.name]["first_scores"];
        let test = &score_run(plan, &mut Results::default(), &Silent).unwrap()[0];
        assert_eq!(test.scores.iter().map(|(id, _)| *id).collect::<Vec<_>>(), SCORES);
        for (id, found) in &test.scores {
            let expected: Vec<f64> = first[id].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let tolerance = if *id == "mahalanobis" { 1e-8 } else { 1e-12 };
            for (row, (f, e)) in found.iter().zip(&expected).enumerate() {
                assert!(
                    (f - e).abs() <= tolerance * e.abs(),
                    "{} {id} row {row}: found {f}, expected {e}",
                    plan.dump.info.name
                );
            }
            assert_eq!(expected.len(), 5);
        }
    }
}

/// The minimum distance from features and prototypes is that of the logits; leaving |d_s| out changes values, not ranks.
#[test]
fn mds_from_features_agrees_with_logits() {
    let runs = discover(&super::common::fixture("dumps/smallcnn-cifar10-isomax-plus-seed1")).unwrap();
    let mds = |settings: &[&str]| {
        let settings: Vec<String> = settings.iter().map(|&s| s.to_owned()).collect();
        let selection = Selection::parse(&["mds".to_owned()], &settings).unwrap();
        let plans = Plan::all(&runs, &selection).unwrap();
        let results = evaluate(&plans, &["mds"], None, &Measures::default(), &Silent).unwrap();
        let values: Vec<Option<f64>> = results.records.iter().map(|record| record.value).collect();
        (score_run(&plans[0], &mut Results::default(), &Silent).unwrap()[0].scores[0].1.clone(), values)
    };
    let (logits, _) = mds(&[]);
    let (features, with) = mds(&["mds.source=features"]);
    let (plain, without) = mds(&["mds.source=features", "mds.distance_scale=without"]);
    let scale = features[0] / plain[0];
    assert!(scale > 1.0, "|d_s| = {scale}");
    for ((l, f), p) in logits.iter().zip(&features).zip(&plain) {
        assert!((l - f).abs() < 1e-5 && (f - p * scale).abs() < 1e-12 && (-2.0..=0.0).contains(p), "{l} {f} {p}");
    }
    assert_eq!(with, without);
}
