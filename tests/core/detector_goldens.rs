//! Ranks, p-values, batches, martingales and intervals against SciPy and NumPy (`fixtures/detector/make_goldens.py`), and the values published with them.

use oodbench::detector::batch::{Procedure, bh, e_bh, tally::Tally};
use oodbench::detector::calibration::{p_value, randomised_p_value};
use oodbench::detector::martingale::Martingale;
use oodbench::detector::threshold::{Guarantee, marginal, rank, selective, training_conditional};
use oodbench::stats::binomial::{at_least, at_most, clopper_pearson, wilson};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("detector/golden.json")).unwrap()).unwrap()
}

fn cases(name: &str) -> Vec<Vec<f64>> {
    let golden = golden();
    let rows = golden[name].as_array().unwrap().iter();
    rows.map(|row| row.as_array().unwrap().iter().filter_map(Value::as_f64).collect()).collect()
}

fn assert_close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-300),
        "{what}: found {found:e}, expected {expected:e}"
    );
}

#[test]
fn training_conditional_ranks_are_those_of_the_beta_distribution() {
    let cases = cases("training_conditional");
    assert_eq!(cases.len(), 81);
    for case in cases {
        let [n, alpha, delta, expected] = case[..] else { panic!("{case:?}") };
        let found = training_conditional::rank(alpha, delta, n as usize);
        assert_eq!(found.unwrap_or(0), expected as usize, "n {n}, α {alpha}, δ {delta}");
    }
    // The published table: n, α, δ, k, and k of the marginal kind.
    for (n, alpha, delta, k, marginal_k) in [
        (1000, 0.05, 0.1, Some(41), Some(50)),
        (1000, 0.05, 0.05, Some(39), Some(50)),
        (10_000, 0.05, 0.05, Some(464), Some(500)),
        (100, 0.05, 0.1, Some(2), Some(5)),
        (59, 0.05, 0.05, Some(1), Some(3)),
        (58, 0.05, 0.05, None, Some(2)),
        (299, 0.01, 0.05, Some(1), Some(3)),
    ] {
        assert_eq!(training_conditional::rank(alpha, delta, n), k);
        assert_eq!(marginal::rank(alpha, n), marginal_k);
    }
}

/// The number of rows asked for is enough, and one less is not.
#[test]
fn too_few_rows_are_told_how_many_it_takes() {
    for alpha in [0.001, 0.01, 0.05, 0.29] {
        for guarantee in [
            Guarantee::Empirical { alpha },
            Guarantee::Tpr { tpr: 1.0 - alpha },
            Guarantee::Marginal { alpha },
            Guarantee::TrainingConditional { alpha, delta: 0.1 },
            Guarantee::TrainingConditional { alpha, delta: 0.001 },
        ] {
            let text = rank(guarantee, 0).unwrap_err().to_string();
            let needed: usize = text.split(" rows, ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert_eq!(rank(guarantee, needed), Ok(1), "{guarantee:?}");
            assert!(needed == 0 || rank(guarantee, needed - 1).is_err(), "{guarantee:?}: {needed}");
        }
    }
    let message = rank(Guarantee::TrainingConditional { alpha: 0.05, delta: 0.05 }, 58).unwrap_err().to_string();
    assert_eq!(message, "n too small: 58 rows, 59 needed");
}

#[test]
fn risk_p_values_are_hoeffdings_and_bentkus() {
    for case in cases("selective") {
        let [wrong, n, alpha, expected] = case[..] else { panic!("{case:?}") };
        assert_close(&format!("{case:?}"), selective::p_value(wrong as usize, n as usize, alpha), expected, 1e-8);
    }
    for (n, risk, expected) in [(1000, 0.03, 0.003_471_43), (1000, 0.045, 0.709_374_56), (200, 0.02, 0.071_889_86)] {
        let wrong = (f64::from(n) * risk).round() as usize;
        assert!((selective::p_value(wrong, n as usize, 0.05) - expected).abs() < 1e-8, "{n} {risk}");
    }
}

#[test]
fn binomial_tails_and_intervals_are_scipys() {
    for case in cases("tails") {
        let [k, n, p, above, below] = case[..] else { panic!("{case:?}") };
        // Logarithms of the beta function of millions keep eight digits; what is below the smallest normal number keeps none.
        for (what, found, expected) in
            [("≥", at_least(k as usize, n as usize, p), above), ("≤", at_most(k as usize, n as usize, p), below)]
        {
            let tolerance = if n > 1e6 { 1e-6 } else { 1e-9 };
            assert!((found - expected).abs() <= tolerance * expected + 1e-250, "P({what}) {case:?}: found {found:e}");
        }
    }
    let golden = golden();
    let all = golden["intervals"].as_array().unwrap();
    assert!(all.len() > 50);
    for case in all {
        let number = |at: usize| case[at].as_f64().unwrap();
        let (k, n, level) = (number(0) as usize, number(1) as usize, number(3));
        let found = if case[2] == "exact" { clopper_pearson(k, n, level) } else { wilson(k, n, level) };
        for (found, expected) in [(found.low, number(4)), (found.high, number(5))] {
            assert!((found - expected).abs() < 1e-9, "{case}: found {found}");
        }
    }
}

#[test]
fn batches_are_decided_as_their_definitions_say() {
    let golden = golden();
    for case in golden["batches"].as_array().unwrap() {
        let p: Vec<f64> = case["p"].as_array().unwrap().iter().map(|p| p.as_f64().unwrap()).collect();
        let (tally, q) = (Tally::of(&p), case["q"].as_f64().unwrap());
        for procedure in Procedure::ALL {
            let found = procedure.cutoff(&tally, q).map_or(0, |cutoff| tally.up_to(cutoff));
            let expected = case[procedure.id().replace('-', "_")].as_u64().unwrap();
            assert_eq!(found as u64, expected, "{} at {q} of {}", procedure.id(), p.len());
        }
    }
    // Scores among calibration scores 1/200 … 199/200.
    let calibration: Vec<f64> = (1..200).map(|i| f64::from(i) / 200.0).collect();
    let p = [0.001, 0.002, 0.0005, 0.3, 0.6, 0.9, 0.0001, 0.01].map(|score| p_value(&calibration, score));
    assert_eq!(p, [0.005, 0.005, 0.005, 0.305, 0.605, 0.905, 0.005, 0.015]);
    let tally = Tally::of(&p);
    assert_eq!(tally.up_to(bh::cutoff(&tally, 0.05).unwrap()), 5);
    assert_eq!(e_bh::flagged(&[100.0, 60.0, 30.0, 1.0, 0.2], 0.1), 3);
    assert_eq!(e_bh::flagged(&[100.0, 60.0, 12.0, 1.0, 0.2], 0.1), 2);
}

/// e(p) is an e-value: it averages to 1 over uniform p.
#[test]
fn e_values_average_to_one() {
    // The integral over ln p, which takes the pole at 0 away: ∫ e(p) dp = ∫ e(eˣ)·eˣ dx.
    let (steps, lowest) = (4_000_000, -4000.0);
    let width = -lowest / f64::from(steps);
    let middle = |step: i32| lowest + (f64::from(step) + 0.5) * width;
    let value = |x: f64| if x < -700.0 { 1.0 / (x * x) } else { e_bh::e_value(x.exp()) * x.exp() };
    let sum: f64 = (0..steps).map(|step| value(middle(step)) * width).sum();
    // What lies below is ∫ 1/x² = 1/4000.
    assert!((sum + 1.0 / 4000.0 - 1.0).abs() < 1e-5, "{sum}");
}

#[test]
fn martingales_earn_what_numpy_says() {
    let golden = golden();
    let published = [("power", 2.946_278_25), ("mixture", 1.736_304_08), ("jumper", 0.895_456)];
    for (number, case) in golden["martingales"].as_array().unwrap().iter().enumerate() {
        for (name, value) in published {
            let mut martingale = Martingale::named(name).unwrap();
            let bets = case["p"].as_array().unwrap().iter().map(|p| martingale.bet(p.as_f64().unwrap()));
            let found = bets.last().unwrap().exp();
            assert_close(name, found, case[name].as_f64().unwrap(), 1e-9);
            if number == 0 {
                assert!((found - value).abs() < 1e-8, "{name}: {found}");
            }
        }
    }
}

/// p ≤ α exactly where the score is below the threshold, ties or not.
#[test]
fn a_p_value_up_to_alpha_is_a_score_below_the_threshold() {
    let calibration: Vec<f64> = (0..400).map(|i| f64::from((i * i) % 37)).collect();
    let mut sorted = calibration;
    sorted.sort_by(f64::total_cmp);
    for alpha in [0.01, 0.05, 0.1, 0.29, 0.5, 0.9] {
        let threshold = sorted[marginal::rank(alpha, sorted.len()).unwrap() - 1];
        for score in (-2..80).map(|i| f64::from(i) / 2.0) {
            assert_eq!(p_value(&sorted, score) <= alpha, score < threshold, "α {alpha}, score {score}");
            let (low, high) = (randomised_p_value(&sorted, score, 0.0), randomised_p_value(&sorted, score, 1.0));
            assert!(low < high && high == p_value(&sorted, score));
        }
    }
}
