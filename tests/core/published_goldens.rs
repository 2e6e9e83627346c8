//! Areas and tests that others have published for data sets that are at hand, `fixtures/stats/make_published.py`.

use oodbench::metric::precision_recall::{Positive, average_precision, trapezoidal_area};
use oodbench::metric::{Ranking, Sample};
use oodbench::stats::bootstrap::{Bootstrap, Method};
use oodbench::stats::delong::Components;
use oodbench::stats::row_draws::RowDraws;
use serde_json::Value;

fn published() -> Value {
    serde_json::from_slice(&std::fs::read(super::common::fixture("stats/published.json")).unwrap()).unwrap()
}

/// The rows of the positive class, which stand for ID, and the others.
fn of(data: &Value, flag: &str, column: &str) -> (Vec<f64>, Vec<f64>) {
    let values = data[column].as_array().unwrap().iter().map(|value| value.as_f64().unwrap());
    let all: Vec<(f64, bool)> = values.zip(data[flag].as_array().unwrap()).map(|(v, is)| (v, is == 1)).collect();
    let own = |wanted: bool| all.iter().filter(|row| row.1 == wanted).map(|row| row.0).collect();
    (own(true), own(false))
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{what}: found {found}, expected {expected}");
}

/// pROC's `roc.test` of S100B and WFNS: areas, and the interval of their difference by DeLong.
#[test]
fn delongs_interval_of_the_patients_is_that_of_proc() {
    let data = &published()["asah"];
    let [s100b, wfns] = ["s100b", "wfns"].map(|column| {
        let (poor, good) = of(data, "is_poor", column);
        assert_eq!((poor.len(), good.len()), (41, 72));
        Components::of(&poor, &good)
    });
    assert_near("S100B", s100b.auroc(), 0.731_368_563_7, 1e-9);
    assert_near("WFNS", wfns.auroc(), 0.823_678_861_8, 1e-9);
    let test = s100b.difference(&wfns);
    let error = test.difference / test.z;
    // Of a normal distribution at 95 %.
    let half = 1.959_963_984_540_054 * error.abs();
    assert_near("low", test.difference - half, -0.174_214_42, 5e-9);
    assert_near("high", test.difference + half, -0.010_406_18, 5e-9);
}

/// pROC's interval by 2000 stratified draws of other random numbers, [−0.1800559, −0.0157478]: its ends have a standard error of some 0.003.
#[test]
fn the_bootstrap_interval_of_the_patients_is_near_that_of_proc() {
    let data = &published()["asah"];
    let [s100b, wfns] = ["s100b", "wfns"].map(|column| of(data, "is_poor", column));
    let draws = RowDraws { draws: 4000, seed: 0 };
    let area = |(poor, good): &(Vec<f64>, Vec<f64>), counts: &[Vec<u8>; 2]| {
        let drawn = |rows: &[f64], counts: &[u8]| -> Vec<f64> {
            rows.iter().zip(counts).flat_map(|(row, count)| std::iter::repeat_n(*row, usize::from(*count))).collect()
        };
        Components::of(&drawn(poor, &counts[0]), &drawn(good, &counts[1])).auroc()
    };
    let mut differences: Vec<f64> = (0..draws.draws)
        .map(|draw| {
            let mut counts = [vec![0; 41], vec![0; 72]];
            for (sample, counts) in (0..).zip(&mut counts) {
                draws.count(draw, sample, counts);
            }
            area(&s100b, &counts) - area(&wfns, &counts)
        })
        .collect();
    differences.sort_unstable_by(f64::total_cmp);
    let found =
        Bootstrap { resamples: draws.draws, level: 0.95, seed: 0 }.interval(Method::Percentile, -0.0923, &differences);
    assert_near("low", found.low, -0.180_055_9, 0.012);
    assert_near("high", found.high, -0.015_747_8, 0.012);
}

/// precrec prints the areas 0.72 and 0.7397716: it interpolates as Davis and Goadrich do, which lies between our two areas, each scikit-learn's (1.9).
#[test]
fn areas_of_ten_and_ten_rows() {
    let (positive, negative) = of(&published()["p10n10"], "is_positive", "score");
    assert_near("ROC", Components::of(&positive, &negative).auroc(), 0.72, 1e-15);
    let ranking = Ranking::new(&Sample::new(positive).unwrap(), &Sample::new(negative).unwrap());
    let step = average_precision(&ranking, Positive::In);
    let trapezoid = trapezoidal_area(&ranking, Positive::In);
    assert_near("average precision", step, 0.726_538_461_538_461_6, 1e-15);
    assert_near("trapezoid", trapezoid, 0.745_173_992_673_992_6, 1e-15);
    assert!(step < 0.739_771_6 && 0.739_771_6 < trapezoid);
}
