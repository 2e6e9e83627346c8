//! Tests of many scores on many sets, and the distributions behind them, against SciPy and scikit-posthocs (`fixtures/stats/make_ranks.py`); Demšar's table.

use oodbench::stats::conover_holm::pairs;
use oodbench::stats::friedman::friedman;
use oodbench::stats::nemenyi::{critical_difference, p_value};
use oodbench::stats::{chi_squared, fisher, student, studentised_range};
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("stats/ranks.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn table(case: &Value) -> Vec<Vec<f64>> {
    case["table"].as_array().unwrap().iter().map(numbers).collect()
}

/// Relative to values above 1.
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found}, expected {expected}");
}

#[test]
fn distributions_are_scipys() {
    let golden = golden();
    let rows = |name: &str| golden[name].as_array().unwrap().iter().map(numbers).collect::<Vec<_>>();
    for row in rows("chi_squared") {
        let found = chi_squared::share_above(row[0], row[1] as usize);
        assert!((found / row[2] - 1.0).abs() < 1e-12, "chi-squared {row:?}: {found}");
    }
    for row in rows("student") {
        let found = student::two_sided(row[0], row[1]);
        // Where there are a million degrees of freedom the logarithms of beta cancel.
        assert_close(found, row[2], 1e-9, &format!("t {row:?}"));
        if row[0] > 0.0 {
            assert_close(student::quantile(row[2], row[1]), row[0], 1e-8, &format!("t of {row:?}"));
        }
    }
    for row in rows("fisher") {
        assert_close(fisher::share_above(row[0], row[1], row[2]), row[3], 1e-12, &format!("F {row:?}"));
    }
    for row in rows("studentised_range") {
        let found = studentised_range::quantile(row[0], row[1] as usize);
        assert_close(found, row[2], 1e-9, &format!("range {row:?}"));
    }
}

#[test]
fn tests_of_ranks_are_scipys_and_scikit_posthocs() {
    let golden = golden();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for (number, case) in cases.iter().enumerate() {
        let ranked = friedman(&table(case)).unwrap();
        let value = |key: &str| case[key].as_f64().unwrap();
        for (found, key) in [
            (ranked.chi_squared, "chi_squared"),
            (ranked.p_chi_squared, "p_chi_squared"),
            (ranked.tie_corrected, "tie_corrected"),
            (ranked.p_tie_corrected, "p_tie_corrected"),
            (ranked.f, "f"),
            (ranked.p, "p"),
            (critical_difference(ranked.mean_ranks.len(), ranked.blocks, 0.05), "critical_difference"),
        ] {
            assert_close(found, value(key), 1e-9, &format!("case {number}, {key}"));
        }
        for (found, expected) in ranked.mean_ranks.iter().zip(numbers(&case["mean_ranks"])) {
            assert_close(*found, expected, 1e-12, &format!("case {number}, ranks"));
        }
        let (conover, holm, nemenyi) =
            (numbers(&case["conover"]), numbers(&case["conover_holm"]), numbers(&case["nemenyi"]));
        let found = pairs(&ranked);
        assert_eq!(found.len(), conover.len());
        for (i, pair) in found.iter().enumerate() {
            let what = format!("case {number}, {} and {}", pair.first, pair.second);
            assert_close(pair.p, conover[i], 1e-9, &what);
            assert_close(pair.p_adjusted, holm[i], 1e-9, &what);
            let apart = ranked.mean_ranks[pair.first] - ranked.mean_ranks[pair.second];
            assert_close(p_value(apart, ranked.mean_ranks.len(), ranked.blocks), nemenyi[i], 1e-6, &what);
        }
    }
}

/// The figures that J. Demšar, JMLR 7 (2006), §3.2 and Table 5, gives, to more digits.
#[test]
fn demsars_example() {
    let golden = golden();
    let ranked = friedman(&table(&golden["cases"][0])).unwrap();
    for (found, expected) in ranked.mean_ranks.iter().zip([3.142_857, 2.0, 2.892_857, 1.964_286]) {
        assert!((found - expected).abs() < 1e-6);
    }
    for (found, expected) in [
        (ranked.chi_squared, 9.278_571),
        (ranked.f, 3.686_313),
        (ranked.p, 0.019_823),
        (ranked.tie_corrected, 10.228_346),
        (ranked.p_tie_corrected, 0.016_722),
        (critical_difference(4, 14, 0.05), 1.253_559),
        (critical_difference(5, 6, 0.05), 2.490_106),
        (critical_difference(5, 30, 0.05), 1.113_609),
        (critical_difference(10, 12, 0.05), 3.910_418),
        (studentised_range::quantile(0.95, 4) / 2.0_f64.sqrt(), 2.569_032),
        (studentised_range::quantile(0.95, 5) / 2.0_f64.sqrt(), 2.727_774),
        (studentised_range::quantile(0.95, 10) / 2.0_f64.sqrt(), 3.163_684),
    ] {
        assert!((found - expected).abs() < 2e-6, "{found}, expected {expected}");
    }
    let found = pairs(&ranked);
    let of = |first, second| found.iter().find(|pair| (pair.first, pair.second) == (first, second)).unwrap();
    assert!((of(0, 3).t - 2.809_669).abs() < 1e-6);
    for ((first, second), p, adjusted) in
        [((0, 3), 0.007_713, 0.046_280), ((0, 1), 0.009_588, 0.047_941), ((2, 3), 0.032_768, 0.131_071)]
    {
        let pair = of(first, second);
        assert!((pair.p - p).abs() < 1e-6 && (pair.p_adjusted - adjusted).abs() < 1e-6, "{pair:?}");
    }
}
