//! Procedures that know of errors, of stated prevalences, of parts of curves and of the numbers themselves: against scikit-learn and NumPy
//! (`fixtures/metrics/make_goldens.py`), against their definitions in O(n²), against published values.

use oodbench::metric::registry::find;
use oodbench::metric::risk_coverage::{RiskCoverage, Rows};
use oodbench::metric::{MetricValues, PROCEDURES, Ranking, Sample, misclassification, oscr};
use proptest::prelude::*;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn golden() -> Vec<Value> {
    let bytes = std::fs::read(super::common::fixture("metrics/golden.json")).unwrap();
    let golden: Value = serde_json::from_slice(&bytes).unwrap();
    golden["cases"].as_array().unwrap().clone()
}

fn measured(procedure: &str, known: &[f64], right: &[bool], novel: &[f64]) -> MetricValues {
    let id = Sample::with_predictions(known.to_vec(), right).unwrap();
    find(procedure).unwrap().evaluate(&id, &Sample::new(novel.to_vec()).unwrap())
}

/// 35 cases, most of them tied. An undefined value is missing there and not finite here.
#[test]
fn values_are_those_of_scikit_learn_and_numpy() {
    let cases = golden();
    assert_eq!(cases.len(), 35);
    for (number, case) in cases.iter().enumerate() {
        let (known, novel) = (numbers(&case["known"]), numbers(&case["novel"]));
        let right: Vec<bool> = numbers(&case["right"]).iter().map(|right| *right == 1.0).collect();
        for (procedure, expected) in case["values"].as_object().unwrap() {
            let found = measured(procedure, &known, &right, &novel);
            assert_eq!(found.iter().len(), expected.as_object().unwrap().len(), "{procedure}");
            for (metric, found) in found.iter() {
                let equal = match expected[metric].as_f64() {
                    Some(expected) => (found - expected).abs() < 1e-12,
                    None => !found.is_finite(),
                };
                assert!(equal, "case {number} {procedure} {metric}: found {found:e}, expected {}", expected[metric]);
            }
        }
    }
}

/// Each procedure is measured by somebody else: here, or in `lee_tied.json`.
#[test]
fn every_procedure_has_goldens() {
    let bytes = std::fs::read(super::common::fixture("lee_tied.json")).unwrap();
    let others: Value = serde_json::from_slice(&bytes).unwrap();
    let cases = golden();
    let here = cases[0]["values"].as_object().unwrap();
    let there = others["cases"][0]["figures"].as_object().unwrap();
    for procedure in PROCEDURES {
        assert!(here.contains_key(procedure.id) || there.contains_key(procedure.id), "{}", procedure.id);
    }
}

/// The values that FD-Shifts has in its tests: 100 rows, right and wrong in turn.
#[test]
fn published_values_of_fd_shifts() {
    let areas = |score: fn(usize) -> f64| {
        let right: Vec<bool> = (0..100).map(|row| row % 2 == 1).collect();
        let id = Sample::with_predictions((0..100).map(score).collect(), &right).unwrap();
        let ranking = Ranking::new(&id, &Sample::new(vec![0.0]).unwrap());
        let found = RiskCoverage::of(&ranking, Rows::Id);
        [found.aurc, found.e_aurc(), found.augrc]
    };
    for (score, expected) in [
        ((|row| f64::from(u8::from(row % 2 == 1))) as fn(usize) -> f64, [0.125, -0.02842641, 0.125]),
        (|row| f64::from(u8::from(row % 2 == 0)), [0.875, 0.72157359, 0.375]),
        (|_| 0.5, [0.5, 0.34657359, 0.25]),
    ] {
        for (found, expected) in areas(score).into_iter().zip(expected) {
            assert!((found - expected).abs() < 5e-9, "found {found}, expected {expected}");
        }
    }
    let right = [true, false, true, false, true, true];
    let tied = measured("misclassification", &[0.0, 0.0, 0.2, 0.4, 0.6, 0.8], &right, &[0.0]);
    assert!((tied["aurc"] - 0.17361111).abs() < 5e-9 && (tied["augrc"] - 0.125).abs() < 1e-15);
}

/// Worked by hand and by others: eight rows of which four fail, and ties between ID and OOD rows.
#[test]
fn small_examples() {
    let right = [true, true, false, true, false, true];
    let found = measured("selective", &[0.9, 0.8, 0.7, 0.6, 0.5, 0.4], &right, &[0.3, 0.2]);
    for (metric, expected) in [("aurc", 0.249_404_76), ("augrc", 0.171_875), ("e_aurc", 0.095_978_35)] {
        assert!((found[metric] - expected).abs() < 5e-9, "{metric}: found {}, expected {expected}", found[metric]);
    }
    let tied = measured("oscr", &[3.0, 3.0, 2.0, 2.0, 1.0], &[true, true, false, true, true], &[3.0, 2.0, 1.0, 1.0]);
    assert_eq!(tied["oscr"], 0.525);
}

#[test]
fn ccr_is_openoods_at_every_rate() {
    let id = Sample::with_predictions(vec![0.9, 0.8, 0.7, 0.6, 0.55], &[true, true, false, true, true]).unwrap();
    let ranking = Ranking::new(&id, &Sample::new(vec![0.85, 0.65, 0.5, 0.3]).unwrap());
    assert_eq!([0.1, 0.25, 0.5, 1.0].map(|fpr| oscr::ccr_at_fpr(&ranking, fpr)), [0.2, 0.2, 0.4, 0.8]);
}

fn share(rows: usize, is_one: impl Fn(usize) -> bool) -> f64 {
    (0..rows).filter(|&row| is_one(row)).count() as f64 / rows as f64
}

fn thresholds(known: &[f64], novel: &[f64]) -> Vec<f64> {
    let mut all: Vec<f64> = known.iter().chain(novel).copied().collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Values of scores and of what fails, by giving rows up threshold by threshold.
fn areas(rows: &[(f64, bool)]) -> [f64; 2] {
    let n = rows.len() as f64;
    let mut points: Vec<(f64, f64, f64)> = thresholds(&rows.iter().map(|row| row.0).collect::<Vec<_>>(), &[])
        .iter()
        .map(|t| {
            let kept: Vec<_> = rows.iter().filter(|row| row.0 >= *t).collect();
            let failing = kept.iter().filter(|row| row.1).count() as f64;
            (kept.len() as f64 / n, failing / kept.len() as f64, failing / n)
        })
        .collect();
    points.push((0.0, points[points.len() - 1].1, 0.0));
    let area = |of: fn(&(f64, f64, f64)) -> f64| {
        points.windows(2).map(|p| (p[0].0 - p[1].0) * (of(&p[0]) + of(&p[1])) / 2.0).sum::<f64>()
    };
    [area(|point| point.1), area(|point| point.2)]
}

/// Pairs of an element of each, one for those in order and half for those that tie.
fn pairs(low: &[f64], high: &[f64]) -> f64 {
    let one = |a: f64, b: f64| f64::from(u8::from(a < b)) + 0.5 * f64::from(u8::from(a == b));
    low.iter().flat_map(|&a| high.iter().map(move |&b| one(a, b))).sum()
}

fn definitions(known: &[f64], right: &[bool], novel: &[f64]) -> Vec<(&'static str, &'static str, f64)> {
    let (k, n) = (known.len(), novel.len());
    let ts = thresholds(known, novel);
    let of = |keep: fn(bool) -> bool| -> Vec<f64> {
        known.iter().zip(right).filter(|(_, right)| keep(**right)).map(|(score, _)| *score).collect()
    };
    let (good, bad) = (of(|right| right), of(|right| !right));
    let mut found = vec![("oscr", "oscr", pairs(novel, &good) / (k * n) as f64)];
    found.push((
        "oscr",
        "oscr_strict",
        novel.iter().map(|o| good.iter().filter(|g| *g > o).count() as f64).sum::<f64>() / (k * n) as f64,
    ));
    let rows: Vec<(f64, bool)> = known.iter().zip(right).map(|(score, right)| (*score, !right)).collect();
    let with_ood: Vec<(f64, bool)> = rows.iter().copied().chain(novel.iter().map(|score| (*score, true))).collect();
    for (procedure, rows) in [("misclassification", rows), ("selective", with_ood)] {
        let [aurc, augrc] = areas(&rows);
        found.extend([(procedure, "aurc", aurc), (procedure, "augrc", augrc)]);
    }
    if !good.is_empty() && !bad.is_empty() {
        let auroc = pairs(&bad, &good) / (good.len() * bad.len()) as f64;
        found.push(("misclassification", "auroc_of_errors", auroc));
    }
    for (level, id, ood) in [
        (0.9, "fpr_at_tpr90_id_positive", "fpr_at_tpr90_ood_positive"),
        (0.99, "fpr_at_tpr99_id_positive", "fpr_at_tpr99_ood_positive"),
    ] {
        let t = ts.iter().rev().find(|t| share(k, |row| known[row] >= **t) >= level).unwrap();
        found.push(("operating_points", id, share(n, |row| novel[row] >= *t)));
        let t = ts.iter().find(|t| share(n, |row| novel[row] <= **t) >= level).unwrap();
        found.push(("operating_points", ood, share(k, |row| known[row] <= *t)));
    }
    let precision = |pi: f64, t: f64| {
        let (tpr, fpr) = (share(n, |row| novel[row] <= t), share(k, |row| known[row] <= t));
        pi * tpr / (pi * tpr + (1.0 - pi) * fpr)
    };
    let gain = |t: f64| share(n, |row| novel[row] == t);
    let average = ts.iter().filter(|t| gain(**t) > 0.0).map(|&t| gain(t) * precision(0.1, t)).sum();
    found.push(("prevalence", "average_precision_out_prevalence10", average));
    // As many strips as it takes for a straight piece of the curve to be cut at 10 %.
    let curve: Vec<(f64, f64)> = std::iter::once((0.0, 0.0))
        .chain(ts.iter().map(|&t| (share(k, |row| known[row] <= t), share(n, |row| novel[row] <= t))))
        .collect();
    let area: f64 = curve
        .windows(2)
        .filter(|p| p[0].0 < 0.1 && p[1].0 > p[0].0)
        .map(|p| {
            let end = p[1].0.min(0.1);
            let height = p[0].1 + (p[1].1 - p[0].1) * (end - p[0].0) / (p[1].0 - p[0].0);
            (end - p[0].0) * (p[0].1 + height) / 2.0
        })
        .sum();
    found.push(("partial_auroc", "pauroc_fpr10_ood_positive", 0.5 * (1.0 + (area - 0.005) / 0.095)));
    let (least, greatest) = (ts[0], ts[ts.len() - 1]);
    if greatest > least {
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
        found.push(("autc", "autc", 0.5 * (greatest - mean(known) + mean(novel) - least) / (greatest - least)));
    }
    found
}

/// Few distinct values, so that ties of every kind occur.
fn tied_scores() -> impl Strategy<Value = Vec<(f64, bool)>> {
    prop::collection::vec(((0_i32..6).prop_map(f64::from), any::<bool>()), 1..45)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_equal_their_definitions(rows in tied_scores(), novel in tied_scores()) {
        let (known, right): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
        let novel: Vec<f64> = novel.into_iter().map(|row| row.0).collect();
        for (procedure, metric, expected) in definitions(&known, &right, &novel) {
            let found = measured(procedure, &known, &right, &novel)[metric];
            prop_assert!((found - expected).abs() < 1e-12, "{} {}: {} {}", procedure, metric, found, expected);
        }
    }

    /// AUGRC = (1 − AUROC)·a(1 − a) + (1 − a)²/2, AUROC being that of rows that do not fail against those that do.
    #[test]
    fn augrc_is_made_of_auroc_and_accuracy(rows in tied_scores()) {
        let (known, right): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
        let id = Sample::with_predictions(known, &right).unwrap();
        let ranking = Ranking::new(&id, &Sample::new(vec![2.0]).unwrap());
        let found = RiskCoverage::of(&ranking, Rows::Id);
        let a = 1.0 - found.failure_rate;
        let auroc = misclassification::auroc_of_errors(&ranking).unwrap_or(0.5);
        let expected = (1.0 - auroc) * a * (1.0 - a) + (1.0 - a).powi(2) / 2.0;
        prop_assert!((found.augrc - expected).abs() < 1e-12, "{} {}", found.augrc, expected);
    }

    /// A drawn ranking is that of the rows drawn, errors included.
    #[test]
    fn draws_keep_errors(rows in tied_scores(), novel in tied_scores(), counts in prop::collection::vec(0_u8..4, 90)) {
        let (known, right): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
        let id = Sample::with_predictions(known, &right).unwrap();
        let ranking = Ranking::new(&id, &Sample::new(novel.into_iter().map(|row| row.0).collect()).unwrap());
        // At least one row of each is drawn.
        let first = |ood: usize| ranking.steps().iter().position(|step| step.ood() == ood);
        let mut counts = counts[..ranking.steps().len()].to_vec();
        for place in [first(0), first(1)].into_iter().flatten() {
            counts[place] = 1;
        }
        let mut drawn = ranking.clone();
        ranking.resample(&counts, &mut drawn);
        let wrong: usize = ranking.steps().iter().zip(&counts).map(|(s, c)| usize::from(s.is_wrong()) * usize::from(*c)).sum();
        prop_assert_eq!(drawn.steps().iter().filter(|step| step.is_wrong()).count(), wrong);
        prop_assert!(drawn.knows_errors() && drawn.steps().iter().all(|step| !(step.is_wrong() && step.ood() == 1)));
        prop_assert_eq!(drawn.ood(), drawn.steps().iter().filter(|step| step.ood() == 1).count());
    }
}
