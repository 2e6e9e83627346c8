//! What `compare` promises, in simulations: intervals of differences by draws of the same rows, rank intervals, intervals over seeds and rows.

use oodbench::metric::row_ranking::RowRanking;
use oodbench::metric::{Metric, Procedure, registry::usual};
use oodbench::stats::bootstrap::{Bootstrap, Method};
use oodbench::stats::delong::Components;
use oodbench::stats::rank_interval::intervals;
use oodbench::stats::ranks::ranks;
use oodbench::stats::row_draws::RowDraws;
use oodbench::stats::seeds_and_rows::seeds_and_rows;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use rayon::prelude::*;

/// Scores of the same rows: what a row is like, and noise of each score.
#[derive(Clone, Debug)]
struct Scenario {
    id: usize,
    ood: usize,
    /// Of each score how far the means are apart, in standard deviations of what rows are like.
    apart: Vec<f64>,
    /// Standard deviation of the noise of each score.
    noise: f64,
    /// Scores are whole multiples of this, so that many tie.
    step: Option<f64>,
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

impl Scenario {
    /// Per score its values of the ID and the OOD rows.
    fn sample(&self, times: usize, rng: &mut ChaCha8Rng) -> Vec<(Vec<f64>, Vec<f64>)> {
        let (id, ood) = (self.id * times, self.ood * times);
        let rows: Vec<f64> = (0..id + ood).map(|_| normal(rng)).collect();
        let score = |apart: &f64| {
            let mut values = |rows: &[f64], mean: f64| -> Vec<f64> {
                let value = |row: &f64| {
                    let value = mean + row + self.noise * normal(rng);
                    self.step.map_or(value, |step| (value / step).round() * step)
                };
                rows.iter().map(value).collect()
            };
            (values(&rows[..id], *apart), values(&rows[id..], 0.0))
        };
        self.apart.iter().map(score).collect()
    }
}

fn metrics() -> Vec<(&'static Procedure, &'static Metric)> {
    let all = usual().iter().flat_map(|own| own.metrics.iter().map(move |metric| (own, metric)));
    all.filter(|(_, metric)| metric.interval.is_some()).collect()
}

fn values(ranking: &oodbench::metric::Ranking) -> Vec<f64> {
    let of = |own: &'static Procedure| {
        let values = own.values(ranking);
        own.metrics
            .iter()
            .filter(|metric| metric.interval.is_some())
            .map(|metric| values[metric.id])
            .collect::<Vec<_>>()
    };
    usual().iter().flat_map(of).collect()
}

fn rankings(sample: &[(Vec<f64>, Vec<f64>)]) -> Vec<RowRanking> {
    sample.iter().map(|(id, ood)| RowRanking::new(id, ood, None).unwrap()).collect()
}

/// Per score, draw and metric its value.
fn draws(scenario: &Scenario, rankings: &[RowRanking], how: &RowDraws) -> Vec<Vec<Vec<f64>>> {
    let mut memory = rankings[0].memory();
    let mut counts = vec![0; scenario.id + scenario.ood];
    let mut all = vec![Vec::with_capacity(how.draws); rankings.len()];
    for draw in 0..how.draws {
        counts.fill(0);
        how.count(draw, 0, &mut counts[..scenario.id]);
        how.count(draw, 1, &mut counts[scenario.id..]);
        for (ranking, all) in rankings.iter().zip(&mut all) {
            all.push(values(ranking.resampled(&counts, &mut memory)));
        }
    }
    all
}

/// Per metric how many samples have an interval that holds the difference of the first two scores.
fn hits_of_differences(scenario: &Scenario, samples: usize, how: &RowDraws) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let truth: Vec<Vec<f64>> = rankings(&scenario.sample(400_000 / (scenario.id + scenario.ood), &mut rng))
        .iter()
        .map(|ranking| values(ranking.ranking()))
        .collect();
    let one = |number: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(100 + number as u64);
        let rankings = rankings(&scenario.sample(1, &mut rng));
        let how = RowDraws { seed: number as u64, ..*how };
        let found: Vec<Vec<f64>> = rankings.iter().map(|ranking| values(ranking.ranking())).collect();
        let drawn = draws(scenario, &rankings, &how);
        let bootstrap = Bootstrap { resamples: how.draws, level: 0.95, seed: how.seed };
        let hit = |(i, (_, metric)): (usize, &(&Procedure, &Metric))| {
            let mut differences: Vec<f64> = drawn[0].iter().zip(&drawn[1]).map(|(a, b)| a[i] - b[i]).collect();
            differences.sort_unstable_by(f64::total_cmp);
            let interval = bootstrap.interval(metric.interval.unwrap(), found[0][i] - found[1][i], &differences);
            usize::from((interval.low..=interval.high).contains(&(truth[0][i] - truth[1][i])))
        };
        metrics().iter().enumerate().map(hit).collect::<Vec<usize>>()
    };
    let all: Vec<Vec<usize>> = (0..samples).into_par_iter().map(one).collect();
    (0..metrics().len()).map(|i| all.iter().map(|hits| hits[i]).sum()).collect()
}

fn scenarios() -> Vec<(&'static str, Scenario)> {
    let plain = Scenario { id: 200, ood: 200, apart: vec![1.5, 1.2], noise: 0.7, step: None };
    vec![
        ("200 + 200", plain.clone()),
        ("200 + 200, equal", Scenario { apart: vec![1.5, 1.5], ..plain.clone() }),
        ("200 + 200, ties", Scenario { step: Some(0.25), ..plain.clone() }),
        ("1000 + 50", Scenario { id: 1000, ood: 50, ..plain.clone() }),
        ("1000 + 10", Scenario { id: 1000, ood: 10, ..plain.clone() }),
        ("1000 + 1000", Scenario { id: 1000, ood: 1000, ..plain }),
    ]
}

/// A share as low as found here has a probability below 0.001 where `covered` is covered.
fn fewest(covered: f64, samples: usize) -> f64 {
    covered * samples as f64 - 3.1 * (samples as f64 * covered * (1.0 - covered)).sqrt()
}

/// What intervals of 95 % of a metric cover of 200 + 200 rows: `coverage_of_differences_at_length` prints it.
fn covered(metric: &Metric) -> f64 {
    match metric.id {
        "dtacc" => 0.92,
        id if id.contains("tpr") => 0.97,
        _ => 0.94,
    }
}

#[test]
fn differences_are_covered() {
    let (samples, how) = (300, RowDraws { draws: 200, seed: 0 });
    for (name, scenario) in &scenarios()[..3] {
        for ((procedure, metric), hits) in metrics().iter().zip(hits_of_differences(scenario, samples, &how)) {
            assert!(
                hits as f64 >= fewest(covered(metric), samples),
                "{name}: {} {}: {hits} of {samples}",
                procedure.id,
                metric.id
            );
        }
    }
}

/// `cargo test --release --test core coverage_of_differences_at_length -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn coverage_of_differences_at_length() {
    let (samples, how) = (1000, RowDraws { draws: 400, seed: 0 });
    for (name, scenario) in scenarios() {
        println!("{name}, {samples} samples: percent of intervals of 95 % that hold the difference");
        for ((procedure, metric), hits) in metrics().iter().zip(hits_of_differences(&scenario, samples, &how)) {
            println!("  {:12} {:26} {:5.1}", procedure.id, metric.id, 100.0 * hits as f64 / samples as f64);
        }
    }
}

/// Of each score how many samples have a rank interval that holds its true ranks, all that equally good scores may have; beside it how many were the interval one of
/// quantiles of the ranks that the score has in the draws.
fn hits_of_ranks(scenario: &Scenario, samples: usize, how: &RowDraws) -> Vec<[usize; 2]> {
    let auroc = metrics().iter().position(|(own, metric)| own.id == "openood" && metric.id == "auroc").unwrap();
    let of = |beats: &dyn Fn(f64, f64) -> bool| -> Vec<usize> {
        scenario.apart.iter().map(|own| scenario.apart.iter().filter(|other| beats(**other, *own)).count()).collect()
    };
    let (above, not_below) = (of(&|other, own| other > own), of(&|other, own| other >= own));
    let one = |number: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(300 + number as u64);
        let rankings = rankings(&scenario.sample(1, &mut rng));
        let drawn = draws(scenario, &rankings, &RowDraws { seed: number as u64, ..*how });
        let own: Vec<f64> = rankings.iter().map(|ranking| values(ranking.ranking())[auroc]).collect();
        let of_auroc: Vec<Vec<f64>> =
            drawn.iter().map(|draws| draws.iter().map(|draw| draw[auroc]).collect()).collect();
        let views: Vec<&[f64]> = of_auroc.iter().map(Vec::as_slice).collect();
        let found = intervals(&own, &views, 0.95);
        let in_draw = |draw: usize| ranks(&views.iter().map(|own| own[draw]).collect::<Vec<f64>>());
        let drawn_ranks: Vec<Vec<f64>> = (0..how.draws).map(in_draw).collect();
        let bootstrap = Bootstrap { resamples: how.draws, level: 0.95, seed: how.seed };
        let hit = |i: usize| {
            let holds = |low: f64, high: f64| usize::from(low <= above[i] as f64 + 1.0 && not_below[i] as f64 <= high);
            let mut of_score: Vec<f64> = drawn_ranks.iter().map(|ranks| ranks[i]).collect();
            of_score.sort_unstable_by(f64::total_cmp);
            let quantiles = bootstrap.interval(Method::Percentile, ranks(&own)[i], &of_score);
            [holds(found[i].low as f64, found[i].high as f64), holds(quantiles.low, quantiles.high)]
        };
        (0..own.len()).map(hit).collect::<Vec<[usize; 2]>>()
    };
    let all: Vec<Vec<[usize; 2]>> = (0..samples).into_par_iter().map(one).collect();
    let sum = |i: usize, rule: usize| all.iter().map(|hits| hits[i][rule]).sum();
    (0..scenario.apart.len()).map(|i| [sum(i, 0), sum(i, 1)]).collect()
}

/// Equally good scores, and scores in clusters.
fn scenarios_of_ranks(equal: usize) -> [Scenario; 2] {
    let equal = Scenario { id: 150, ood: 150, apart: vec![1.5; equal], noise: 0.7, step: None };
    let clusters = Scenario { apart: vec![1.5, 1.5, 1.45, 1.1, 1.1, 0.5], ..equal.clone() };
    [equal, clusters]
}

/// Six equally good scores, and clusters: the true ranks of each score are in 94 % of intervals and more, up to the error of the simulation.
#[test]
fn ranks_are_covered() {
    let (samples, how) = (200, RowDraws { draws: 200, seed: 0 });
    for scenario in scenarios_of_ranks(6) {
        for [hits, _] in hits_of_ranks(&scenario, samples, &how) {
            assert!(hits as f64 >= fewest(0.94, samples), "{:?}: {hits} of {samples}", scenario.apart);
        }
    }
}

/// `cargo test --release --test core coverage_of_ranks_at_length -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn coverage_of_ranks_at_length() {
    let (samples, how) = (500, RowDraws { draws: 400, seed: 0 });
    for scenario in scenarios_of_ranks(10) {
        println!("{:?}, {samples} samples: percent of intervals of 95 % that hold the true ranks", scenario.apart);
        for ((score, apart), hits) in scenario.apart.iter().enumerate().zip(hits_of_ranks(&scenario, samples, &how)) {
            let [own, quantiles] = hits.map(|hits| 100.0 * hits as f64 / samples as f64);
            println!("  score {score}, {apart} apart: {own:5.1}, quantiles of the drawn ranks {quantiles:5.1}");
        }
    }
}

/// R seeds whose networks differ, tested on the same rows: how often the interval holds the mean over all seeds and rows.
fn hits_of_seeds(seeds: usize, rows: usize, between: f64, samples: usize) -> usize {
    let scores = |count: usize, rows: &[f64], ood: &[f64], rng: &mut ChaCha8Rng| -> Vec<Components> {
        let network = |_| {
            let shift = 1.2 + between * normal(rng);
            let id: Vec<f64> = rows.iter().map(|row| shift + row + 0.7 * normal(rng)).collect();
            let ood: Vec<f64> = ood.iter().map(|row| row + 0.7 * normal(rng)).collect();
            Components::of(&id, &ood)
        };
        (0..count).map(network).collect()
    };
    let draw = |count: usize, rng: &mut ChaCha8Rng| -> Vec<f64> { (0..count).map(|_| normal(rng)).collect() };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let truth = {
        let all = (0..2000).map(|_| {
            let (id, ood) = (draw(100, &mut rng), draw(100, &mut rng));
            scores(1, &id, &ood, &mut rng)[0].auroc()
        });
        all.sum::<f64>() / 2000.0
    };
    let one = |number: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(700 + number as u64);
        let (id, ood) = (draw(rows, &mut rng), draw(rows, &mut rng));
        let found = scores(seeds, &id, &ood, &mut rng);
        let covariance = ndarray::Array2::from_shape_fn((seeds, seeds), |(i, j)| found[i].covariance(&found[j]));
        let own: Vec<f64> = found.iter().map(Components::auroc).collect();
        let interval = seeds_and_rows(&own, &covariance.view()).interval(0.95);
        usize::from((interval.low..=interval.high).contains(&truth))
    };
    (0..samples).into_par_iter().map(one).sum()
}

/// Two seeds, three and ten, which differ by nothing up to several times as much as rows do.
#[test]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn seeds_and_rows_are_covered() {
    let samples = 1000;
    for (seeds, covered) in [(2, 0.84), (3, 0.89), (10, 0.93)] {
        for between in [0.0, 0.1, 0.3, 0.6] {
            let hits = hits_of_seeds(seeds, 200, between, samples);
            println!("{seeds} seeds, between {between}: {:.1} % of {samples}", 100.0 * hits as f64 / samples as f64);
            assert!(hits as f64 >= fewest(covered, samples), "{seeds} seeds, {between}: {hits} of {samples}");
        }
    }
}
