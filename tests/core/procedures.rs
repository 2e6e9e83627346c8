//! The procedures against NumPy and scikit-learn, and against their definitions in O(n²).

use oodbench::metric::{MetricValues, PROCEDURES, PairCounts, Procedure, Sample};
use proptest::prelude::*;
use serde_json::Value;

fn procedure(id: &str) -> &'static Procedure {
    PROCEDURES.iter().find(|procedure| procedure.id == id).unwrap()
}

fn evaluate(name: &str, known: &[f64], novel: &[f64]) -> MetricValues {
    // Every third row is an error, which not all procedures look at.
    let right: Vec<bool> = (0..known.len()).map(|row| row % 3 > 0).collect();
    let id = Sample::with_predictions(known.to_vec(), &right).unwrap();
    procedure(name).evaluate(&id, &Sample::new(novel.to_vec()).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// 48 pairs of samples, most of them tied (`fixtures/make_golden.py`: NumPy 2.4.6, scikit-learn 1.9.1).
/// Lee's figures are equal to the last bit, the others to the rounding of another order of summation.
#[test]
fn samples_measured_by_numpy_and_scikit_learn() {
    let golden: Value =
        serde_json::from_slice(&std::fs::read(super::common::fixture("lee_tied.json")).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 48);
    for (number, case) in cases.iter().enumerate() {
        let (known, novel) = (numbers(&case["known"]), numbers(&case["novel"]));
        let expected = case["figures"].as_object().unwrap();
        assert_eq!(expected.len(), 3);
        for (procedure, expected) in expected {
            let found = evaluate(procedure, &known, &novel);
            for (metric, found) in found.iter() {
                let expected = expected[metric].as_f64().unwrap();
                let equal = if procedure == "lee" {
                    // NumPy's area of constant scores is -0.0, which is written nowhere here.
                    found.to_bits() == (expected + 0.0).to_bits()
                } else {
                    (found - expected).abs() < 1e-13
                };
                assert!(equal, "case {number} {procedure} {metric}: found {found:e}, expected {expected:e}");
            }
        }
    }
}

/// Lee's figures from their definition: after removing the known scores ≤ t and the novel ones < t at every threshold, and within a tie the known first.
fn lee_by_definition(known: &[f64], novel: &[f64]) -> Vec<f64> {
    let (k, n) = (known.len() as f64, novel.len() as f64);
    // All samples in order of removal; of equal scores the known come first. (false: known)
    let mut order: Vec<(f64, bool)> =
        known.iter().map(|&s| (s, false)).chain(novel.iter().map(|&s| (s, true))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let states: Vec<(f64, f64)> = (0..=order.len())
        .map(|removed| {
            let left = |novel: bool| order[removed..].iter().filter(|(_, is_novel)| *is_novel == novel).count() as f64;
            (left(false), left(true))
        })
        .collect();
    let closest = states.iter().map(|(tp, _)| (tp / k - 0.95).abs()).fold(f64::INFINITY, f64::min);
    let at_95 = states.iter().find(|(tp, _)| (tp / k - 0.95).abs() == closest).unwrap();
    let area =
        |points: &[(f64, f64)]| points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0).sum::<f64>();
    let mut precision_in = vec![(1.0, 0.5)];
    precision_in.extend(states.iter().filter(|(tp, fp)| tp + fp > 0.0).map(|(tp, fp)| (tp / k, tp / (tp + fp))));
    precision_in.push((0.0, 0.0));
    let mut precision_out = vec![(0.0, 0.0)];
    let removed = states.iter().map(|(tp, fp)| (k - tp, n - fp)).filter(|(known, novel)| known + novel > 0.0);
    precision_out.extend(removed.map(|(known, novel)| (novel / n, novel / (known + novel))));
    precision_out.push((1.0, 0.5));
    let pairs = known.iter().flat_map(|a| novel.iter().map(move |b| f64::from(u8::from(b < a))));
    vec![
        1.0 - at_95.1 / n,
        pairs.sum::<f64>() / (k * n),
        states.iter().map(|(tp, fp)| 0.5 * (tp / k + 1.0 - fp / n)).fold(0.0, f64::max),
        -area(&precision_in),
        area(&precision_out),
    ]
}

/// (share of ID, share of OOD) with a score ≤ t, for every distinct t upwards.
fn flagged(known: &[f64], novel: &[f64]) -> Vec<(f64, f64)> {
    let mut thresholds: Vec<f64> = known.iter().chain(novel).copied().collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let share = |scores: &[f64], t: f64| scores.iter().filter(|&&s| s <= t).count() as f64 / scores.len() as f64;
    thresholds.iter().map(|&t| (share(known, t), share(novel, t))).collect()
}

/// (recall, precision) of a class, predicted where `keep` says so, at every distinct threshold in the order given.
fn precision_recall(own: &[f64], other: &[f64], thresholds: &[f64], keep: fn(f64, f64) -> bool) -> Vec<(f64, f64)> {
    let count = |scores: &[f64], t: f64| scores.iter().filter(|&&s| keep(s, t)).count() as f64;
    thresholds
        .iter()
        .map(|&t| (count(own, t) / own.len() as f64, count(own, t) / (count(own, t) + count(other, t))))
        .collect()
}

fn curves(known: &[f64], novel: &[f64]) -> [Vec<(f64, f64)>; 2] {
    let mut up: Vec<f64> = known.iter().chain(novel).copied().collect();
    up.sort_by(f64::total_cmp);
    up.dedup();
    let down: Vec<f64> = up.iter().rev().copied().collect();
    [precision_recall(known, novel, &down, |s, t| s >= t), precision_recall(novel, known, &up, |s, t| s <= t)]
}

fn openood_by_definition(known: &[f64], novel: &[f64]) -> Vec<f64> {
    let vertices = flagged(known, novel);
    let step = |i: usize| {
        let before = if i == 0 { (0.0, 0.0) } else { vertices[i - 1] };
        ((vertices[i].0 - before.0) * known.len() as f64, (vertices[i].1 - before.1) * novel.len() as f64)
    };
    let same = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 0.5 && (a.1 - b.1).abs() < 0.5;
    let is_vertex = |i: usize| i == 0 || i + 1 == vertices.len() || !same(step(i), step(i + 1));
    let first = (0..vertices.len()).find(|&i| is_vertex(i) && vertices[i].1 >= 0.95).unwrap();
    let half = |a: &f64, b: &f64| {
        if b < a {
            1.0
        } else if a == b {
            0.5
        } else {
            0.0
        }
    };
    let pairs = known.iter().flat_map(|a| novel.iter().map(move |b| half(a, b))).sum::<f64>();
    let trapezoid = |curve: &[(f64, f64)]| {
        let mut points = vec![(0.0, 1.0)];
        points.extend(curve);
        points.windows(2).map(|p| (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0).sum::<f64>()
    };
    let [inside, outside] = curves(known, novel);
    vec![vertices[first].0, pairs / (known.len() * novel.len()) as f64, trapezoid(&inside), trapezoid(&outside)]
}

fn id_positive_by_definition(known: &[f64], novel: &[f64]) -> Vec<f64> {
    let [inside, outside] = curves(known, novel);
    let steps = |curve: &[(f64, f64)]| {
        let mut last = 0.0;
        curve.iter().map(|(r, p)| (r - std::mem::replace(&mut last, *r)) * p).sum::<f64>()
    };
    let mut thresholds: Vec<f64> = known.to_vec();
    thresholds.sort_by(f64::total_cmp);
    let accepted = |scores: &[f64], t: f64| scores.iter().filter(|&&s| s >= t).count() as f64 / scores.len() as f64;
    let t = thresholds.iter().rev().find(|&&t| accepted(known, t) >= 0.95).unwrap();
    vec![accepted(novel, *t), steps(&inside), steps(&outside)]
}

/// Few distinct values, so that ties of every kind occur.
fn tied_scores() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0_i32..6).prop_map(f64::from), 1..45)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn procedures_equal_their_definitions(known in tied_scores(), novel in tied_scores()) {
        let definitions = [("lee", lee_by_definition(&known, &novel)), ("openood", openood_by_definition(&known, &novel)),
            ("id_positive", id_positive_by_definition(&known, &novel))];
        for (id, expected) in definitions {
            let found = evaluate(id, &known, &novel);
            prop_assert_eq!(found.iter().len(), expected.len());
            for ((metric, found), expected) in found.iter().zip(&expected) {
                prop_assert!((found - expected).abs() < 1e-12, "{} {}: {} {}", id, metric, found, expected);
            }
        }
    }

    /// Ranks are all that counts: a strictly increasing map changes nothing, to the bit.
    #[test]
    fn only_ranks_count(known in tied_scores(), novel in tied_scores()) {
        let map = |scores: &[f64]| scores.iter().map(|s| (s - 2.0).exp()).collect::<Vec<_>>();
        for procedure in PROCEDURES.iter().filter(|procedure| !procedure.reads_numbers()) {
            // Undefined is undefined.
            let bits = |values: MetricValues| values.iter().map(|(_, value)| value.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(evaluate(procedure.id, &known, &novel)), bits(evaluate(procedure.id, &map(&known), &map(&novel))));
        }
    }

    #[test]
    fn pairs_are_counted_exactly(known in tied_scores(), novel in tied_scores()) {
        let counts = PairCounts::of(&Sample::new(known.clone()).unwrap(), &Sample::new(novel.clone()).unwrap());
        let pairs = || known.iter().flat_map(|a| novel.iter().map(move |b| (*a, *b)));
        prop_assert_eq!(counts.ordered, pairs().filter(|(a, b)| b < a).count() as u128);
        prop_assert_eq!(counts.tied, pairs().filter(|(a, b)| a == b).count() as u128);
    }
}
