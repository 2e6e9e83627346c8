//! What verdicts of `compare` promise, in simulations: ranks call none of the best scores worse, the smallest difference is found as often as it says, id/test and
//! id/val of one kind are told apart as seldom as it says.

use oodbench::metric::openood;
use oodbench::stats::delong::Components;
use oodbench::stats::holm;
use oodbench::stats::normal::{quantile, share_below};
use oodbench::stats::rank_sum::{error_of_one_kind, p_value};
use oodbench::stats::smallest_difference::smallest;
use oodbench::table::ranks::{RankTable, ranked};
use oodbench::table::{Record, Verdict};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

const LEVEL: f64 = 0.05;

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// How far a count found here is from the expected one with a probability below 0.001.
fn away(share: f64, samples: usize) -> f64 {
    3.1 * (samples as f64 * share * (1.0 - share)).sqrt()
}

/// A training whose scores have these means and standard deviations on so many sets, on the logit scale.
fn training(scores: &[(f64, f64)], sets: usize, rng: &mut ChaCha8Rng) -> RankTable {
    let mut records = Vec::new();
    for set in 0..sets {
        let of_set = normal(rng);
        records.extend(scores.iter().enumerate().map(|(score, (mean, deviation))| Record {
            run: "run".to_owned(),
            ood: format!("set {set}"),
            score: score.to_string(),
            procedure: "openood".to_owned(),
            metric: "auroc".to_owned(),
            value: Some(1.0 / (1.0 + (-(of_set + mean + deviation * normal(rng))).exp())),
            ..Record::default()
        }));
    }
    let metric = openood::PROCEDURE.metric("auroc").unwrap();
    ranked(&records, &openood::PROCEDURE, metric, LEVEL).tables.remove(0)
}

/// In how many trainings one of the truly best scores is called worse: by the verdict, and were it Conover's; in how many one of the others is.
fn called_worse(scores: &[(f64, f64)], sets: usize, samples: usize) -> [usize; 3] {
    let best = scores.iter().map(|score| score.0).fold(f64::NEG_INFINITY, f64::max);
    let one = |number: usize| {
        let table = training(scores, sets, &mut ChaCha8Rng::seed_from_u64(900 + number as u64));
        let is_best = |score: &str| scores[score.parse::<usize>().unwrap()].0 == best;
        let any = |of_best: bool, is_worse: &dyn Fn(usize) -> bool| {
            (0..scores.len()).any(|i| is_best(&table.lines[i].score) == of_best && is_worse(i))
        };
        let verdict = |i: usize| table.lines[i].verdict == Verdict::Worse;
        let conover = |i: usize| table.friedman.p < LEVEL && table.lines[i].p_conover.is_some_and(|p| p < LEVEL);
        [any(true, &verdict), any(true, &conover), any(false, &verdict)].map(usize::from)
    };
    // One after the other: ranking takes all cores itself, and from within a thread of them its stack would overflow.
    let all: Vec<[usize; 3]> = (0..samples).map(one).collect();
    [0, 1, 2].map(|i| all.iter().map(|counts| counts[i]).sum())
}

/// Scores whose means are so many standard deviations apart: all are equally good; half are and the others are worse by as much; half are and the others keep their
/// order; two are and the others keep their order.
fn scenarios(count: usize) -> [(&'static str, Vec<(f64, f64)>); 4] {
    let of = |mean: &dyn Fn(usize) -> f64| (0..count).map(|i| (mean(i), 1.0)).collect();
    let steps = |best: usize| move |i: usize| -3.0 * (i + 1).saturating_sub(best) as f64;
    [
        ("all are equally good", of(&|_| 0.0)),
        ("half are", of(&|i| if i < count / 2 { 0.0 } else { -3.0 })),
        ("half are, the others in steps", of(&steps(count / 2))),
        ("two are, the others in steps", of(&steps(2))),
    ]
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn the_best_are_not_called_worse_by_ranks() {
    let samples = 200;
    let most = LEVEL * samples as f64 + away(LEVEL, samples);
    for (count, sets) in [(6, 6), (6, 12), (10, 6), (10, 12)] {
        for (name, scores) in scenarios(count) {
            let [verdict, conover, others] = called_worse(&scores, sets, samples);
            let [own, by_conover, found] = [verdict, conover, others].map(|hits| 100.0 * hits as f64 / samples as f64);
            println!(
                "{count} scores on {sets} sets, {name}: one of the best is called worse in {own:.1} % of trainings, by Conover's test in {by_conover:.1} %, one of the others in {found:.1} %"
            );
            assert!(verdict as f64 <= most, "{name}: {verdict} of {samples}");
            // What Conover's test is not good for, and that the verdict finds something.
            assert!(!name.contains("steps") || conover as f64 > most, "{name}: {conover} of {samples}");
            assert!(name.starts_with("all") || others as f64 > 0.5 * samples as f64, "{name}: {others} of {samples}");
        }
    }
}

/// The components of two scores of the same rows whose means are so far apart.
fn two_scores(apart: [f64; 2], rows: usize, seed: u64) -> [Components; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |rng: &mut ChaCha8Rng| -> Vec<f64> { (0..rows).map(|_| normal(rng)).collect() };
    let (id, ood) = (draw(&mut rng), draw(&mut rng));
    apart.map(|apart| {
        let mut noisy = |rows: &[f64], mean: f64| -> Vec<f64> {
            rows.iter().map(|row| mean + row + 0.7 * normal(&mut rng)).collect()
        };
        let (id, ood) = (noisy(&id, apart), noisy(&ood, 0.0));
        Components::of(&id, &ood)
    })
}

/// A difference that is in truth as large as the smallest one is found with the power that was asked for.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn the_smallest_difference_is_found_as_often_as_it_says() {
    let samples = 1000;
    // The AUROC of normal scores whose means are so far apart, and back.
    let deviation = (2.0 * (1.0 + 0.7 * 0.7_f64)).sqrt();
    let (auroc, apart) = (|apart: f64| share_below(apart / deviation), |auroc: f64| quantile(auroc) * deviation);
    for (rows, power) in [(100, 0.8), (400, 0.8), (400, 0.5)] {
        let first = 1.5;
        let mut second = first;
        for _ in 0..3 {
            let told = (0..400_u64).into_par_iter().map(|seed| {
                let [a, b] = two_scores([first, second], rows, 10_000 + seed);
                smallest(a.difference(&b).standard_error, LEVEL, power)
            });
            second = apart(auroc(first) - told.sum::<f64>() / 400.0);
        }
        let is_found = |seed: &u64| {
            let [a, b] = two_scores([first, second], rows, 20_000 + seed);
            let found = a.difference(&b);
            2.0 * share_below(-((a.auroc() - b.auroc()) / found.standard_error).abs()) < LEVEL
        };
        let found = (0..samples as u64).into_par_iter().filter(is_found).count();
        println!(
            "{rows} + {rows} rows, power {power}: a difference of {:.2} points is found in {:.1} %",
            100.0 * (auroc(first) - auroc(second)),
            100.0 * found as f64 / samples as f64
        );
        let expected = power * samples as f64;
        assert!((found as f64 - expected).abs() <= away(power, samples) + 0.02 * samples as f64, "{found}: {expected}");
    }
}

/// Eight scores of rows of one kind, with and without ties: how often one of them tells the two apart.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn rows_of_one_kind_are_told_apart_as_seldom_as_it_says() {
    let samples = 1000;
    for (test, val, step) in [(100, 100, 0.0), (300, 40, 0.0), (100, 100, 1.0)] {
        let one = |number: usize| {
            let mut rng = ChaCha8Rng::seed_from_u64(50_000 + number as u64);
            let rows: Vec<f64> = (0..test + val).map(|_| normal(&mut rng)).collect();
            let score = |_| {
                let noisy = |row: &f64| row + normal(&mut rng);
                let rounded = |value: f64| if step > 0.0 { (value / step).round() * step } else { value };
                let all: Vec<f64> = rows.iter().map(noisy).map(rounded).collect();
                let (test, val) = all.split_at(test);
                p_value(Components::of(test, val).auroc(), error_of_one_kind(test, val))
            };
            let p: Vec<f64> = (0..8).map(score).collect();
            [p[0] < LEVEL, holm::adjusted(&p).iter().any(|p| *p < LEVEL)].map(usize::from)
        };
        let all: Vec<[usize; 2]> = (0..samples).into_par_iter().map(one).collect();
        let [single, any] = [0, 1].map(|i| all.iter().map(|told| told[i]).sum::<usize>());
        let percent = |hits: usize| 100.0 * hits as f64 / samples as f64;
        println!(
            "{test} + {val} rows, steps of {step}: one score in {:.1} %, any of eight {:.1} %",
            percent(single),
            percent(any)
        );
        let expected = LEVEL * samples as f64;
        assert!((single as f64 - expected).abs() <= away(LEVEL, samples), "{single} of {samples}");
        assert!(any as f64 <= expected + away(LEVEL, samples), "{any} of {samples}");
    }
}
