//! Every interval that is promised to cover 95 % does so in simulations: samples of known distributions, and how often the interval holds what a
//! sample of a million rows has.

use oodbench::metric::confidence::draws;
use oodbench::metric::{Metric, PROCEDURES, Procedure, Ranking, Sample};
use oodbench::stats::bootstrap::{Bootstrap, Interval, Method};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Two normal distributions of scores, and how many of each are drawn.
#[derive(Clone, Copy, Debug)]
struct Scenario {
    id: usize,
    ood: usize,
    /// Means apart, in standard deviations of the OOD scores.
    apart: f64,
    /// Standard deviation of the ID scores.
    spread: f64,
    /// Scores are whole multiples of this, so that many tie.
    step: Option<f64>,
}

impl Scenario {
    fn sample(&self, times: usize, rng: &mut ChaCha8Rng) -> Ranking {
        let mut scores = |rows: usize, mean: f64, spread: f64| -> Vec<f64> {
            let score = |_: usize| {
                let normal: f64 = StandardNormal.sample(rng);
                let score = mean + spread * normal;
                self.step.map_or(score, |step| (score / step).round() * step)
            };
            (0..rows * times).map(score).collect()
        };
        let (id, ood) = (scores(self.id, self.apart, self.spread), scores(self.ood, 0.0, 1.0));
        // Every third row and more where scores are low is classified wrongly.
        let luck = scores(self.id, self.apart, self.spread);
        let right: Vec<bool> = id.iter().zip(luck).map(|(score, luck)| score + luck > 2.0 * self.apart - 0.5).collect();
        Ranking::new(&Sample::with_predictions(id, &right).unwrap(), &Sample::new(ood).unwrap())
    }
}

fn procedures() -> Vec<&'static Procedure> {
    PROCEDURES.iter().filter(|procedure| !procedure.reads_numbers()).collect()
}

fn metrics() -> impl Iterator<Item = (&'static Procedure, &'static Metric)> {
    procedures().into_iter().flat_map(|procedure| procedure.metrics.iter().map(move |metric| (procedure, metric)))
}

fn values(ranking: &Ranking) -> Vec<f64> {
    procedures()
        .into_iter()
        .flat_map(|procedure| procedure.values(ranking).iter().map(|(_, value)| value).collect::<Vec<_>>())
        .collect()
}

/// A way to make an interval of a value from its draws.
type Way = fn(&Bootstrap, f64, &[f64], &Metric) -> Interval;

/// Per metric how many of the samples have an interval that holds the truth, for several ways to make it.
fn hits(scenario: Scenario, samples: usize, bootstrap: &Bootstrap, ways: &[Way]) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let truth = values(&scenario.sample(1_000_000 / (scenario.id + scenario.ood), &mut rng));
    let mut hits = vec![vec![0; truth.len()]; ways.len()];
    for seed in 0..samples {
        let ranking = scenario.sample(1, &mut rng);
        let bootstrap = Bootstrap { seed: seed as u64, ..*bootstrap };
        let all = draws(&ranking, &procedures(), &bootstrap);
        for (i, (value, (_, metric))) in values(&ranking).into_iter().zip(metrics()).enumerate() {
            for (way, hits) in ways.iter().zip(&mut hits) {
                let Interval { low, high } = way(&bootstrap, value, &all[i], metric);
                hits[i] += usize::from((low..=high).contains(&truth[i]));
            }
        }
    }
    hits
}

fn scenarios() -> [Scenario; 6] {
    let plain = Scenario { id: 200, ood: 200, apart: 1.5, spread: 1.0, step: None };
    [
        plain,
        Scenario { id: 1000, ood: 1000, ..plain },
        Scenario { apart: 3.0, ..plain },
        Scenario { apart: 0.5, spread: 1.5, ..plain },
        Scenario { id: 1000, ood: 200, ..plain },
        Scenario { step: Some(0.1), ..plain },
    ]
}

/// The quantiles of the draws mirrored at the value.
fn basic(bootstrap: &Bootstrap, value: f64, draws: &[f64], _: &Metric) -> Interval {
    let Interval { low, high } = bootstrap.interval(Method::Percentile, f64::NAN, draws);
    Interval { low: (2.0 * value - high).min(value), high: (2.0 * value - low).max(value) }
}

/// Percent covered by intervals of 95 % in the six settings of `coverage_of_every_way`, 1,000 samples each: 91.3 to 96.5, for DTACC 91.1 to 93.0. A
/// share as low as found here has a probability below 0.001 where 91 % are covered; DTACC's percentile interval, 83 to 84 %, fails.
#[test]
fn intervals_cover_what_they_promise() {
    let bootstrap = Bootstrap { resamples: 200, level: 0.95, seed: 0 };
    let samples = 500;
    let fewest = 0.91 * samples as f64 - 3.1 * (samples as f64 * 0.91 * 0.09).sqrt();
    let own: Way = |bootstrap, value, draws, metric| {
        bootstrap.interval(metric.interval.unwrap_or(Method::Percentile), value, draws)
    };
    let mut too_few = Vec::new();
    for scenario in [scenarios()[0], scenarios()[2]] {
        let found = hits(scenario, samples, &bootstrap, &[own]);
        for ((procedure, metric), hits) in metrics().zip(&found[0]) {
            if metric.interval.is_some() && (*hits as f64) < fewest {
                too_few.push(format!("{scenario:?}: {} {}: {hits} of {samples}", procedure.id, metric.id));
            }
        }
    }
    assert!(too_few.is_empty(), "{}", too_few.join("\n"));
}

/// Percentile, basic and bias-corrected intervals of every metric.
/// `cargo test --release --test core coverage_of_every_way -- --ignored --nocapture`
#[test]
#[ignore = "minutes"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn coverage_of_every_way() {
    let bootstrap = Bootstrap { resamples: 400, level: 0.95, seed: 0 };
    let percentile: Way = |bootstrap, value, draws, _| bootstrap.interval(Method::Percentile, value, draws);
    let bias_corrected: Way = |bootstrap, value, draws, _| bootstrap.interval(Method::BiasCorrected, value, draws);
    let samples = 1000;
    for scenario in scenarios() {
        println!("{scenario:?}, {samples} samples: percent covered by percentile, basic, bias-corrected");
        let found = hits(scenario, samples, &bootstrap, &[percentile, basic, bias_corrected]);
        for (i, (procedure, metric)) in metrics().enumerate() {
            let shares: Vec<String> =
                found.iter().map(|way| format!("{:5.1}", 100.0 * way[i] as f64 / samples as f64)).collect();
            println!("  {:12} {:26} {}", procedure.id, metric.id, shares.join(" "));
        }
    }
}
