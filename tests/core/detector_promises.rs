//! Every promise is kept in simulations: 2,000 calibrations each, of continuous scores and of heavily tied ones, and how often the promise is broken.
//! What a threshold does on all rows is known exactly, since the distributions are.

use oodbench::detector::batch::{Procedure, tally::Tally};
use oodbench::detector::calibration::{Calibration, p_value};
use oodbench::detector::martingale::Martingale;
use oodbench::detector::monitor::{Monitor, Watch};
use oodbench::detector::threshold::{Guarantee, per_class, rank, selective};
use oodbench::stats::binomial::{at_least, clopper_pearson};
use rand::SeedableRng as _;
use rand::distr::{Distribution as _, Uniform};
use rand_chacha::ChaCha8Rng;

const CALIBRATIONS: usize = 2000;

/// Scores between 0 and 1: uniform, or only so many different ones.
#[derive(Clone, Copy, Debug)]
struct Scores {
    levels: Option<u32>,
}

const CONTINUOUS: Scores = Scores { levels: None };
/// A tenth of all rows have the same score.
const TIED: Scores = Scores { levels: Some(10) };

impl Scores {
    fn of(self, uniform: f64) -> f64 {
        self.levels.map_or(uniform, |levels| (uniform * f64::from(levels)).floor() / f64::from(levels))
    }

    /// The share of all rows below a threshold.
    fn below(self, threshold: f64) -> f64 {
        let threshold = threshold.clamp(0.0, 1.0);
        self.levels.map_or(threshold, |levels| ((threshold * f64::from(levels)).ceil() / f64::from(levels)).min(1.0))
    }

    fn sample(self, n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let unit = Uniform::new(0.0, 1.0).unwrap();
        (0..n).map(|_| self.of(unit.sample(rng))).collect()
    }
}

/// The k-th smallest score.
fn kth(mut scores: Vec<f64>, k: usize) -> f64 {
    *scores.select_nth_unstable_by(k - 1, f64::total_cmp).1
}

/// How far a count of 2,000 may lie from its expectation: four standard deviations, once in 16,000.
fn margin(share: f64, of: usize) -> f64 {
    4.0 * (share * (1.0 - share) / of as f64).sqrt()
}

#[test]
fn false_alarms_stay_below_alpha_with_the_confidence_promised() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut checked = 0;
    for (n, alpha, delta) in [
        (30, 0.1, 0.1),
        (30, 0.2, 0.05),
        (59, 0.05, 0.05),
        (100, 0.05, 0.1),
        (300, 0.01, 0.05),
        (1000, 0.05, 0.1),
        (10_000, 0.05, 0.05),
    ] {
        let k = rank(Guarantee::TrainingConditional { alpha, delta }, n).unwrap();
        for scores in [CONTINUOUS, TIED] {
            let broken = (0..CALIBRATIONS).filter(|_| scores.below(kth(scores.sample(n, &mut rng), k)) > alpha).count();
            let share = broken as f64 / CALIBRATIONS as f64;
            // What the beta distribution says, at most δ; exactly that where nothing is tied.
            let expected = 1.0 - at_least(k, n, alpha);
            assert!(expected <= delta, "n {n}");
            assert!(share <= expected + margin(expected, CALIBRATIONS), "n {n}, {scores:?}: broken in {share}");
            if scores.levels.is_none() {
                assert!(share >= expected - margin(expected, CALIBRATIONS), "n {n}: broken in {share} only");
                checked += 1;
            }
            // The next rank would break it.
            assert!(1.0 - at_least(k + 1, n, alpha) > delta, "n {n}");
        }
    }
    assert_eq!(checked, 7);
}

#[test]
fn a_new_row_is_flagged_with_probability_alpha_on_average() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (n, alpha) in [(30, 0.1), (100, 0.05), (1000, 0.05), (10_000, 0.01)] {
        let k = rank(Guarantee::Marginal { alpha }, n).unwrap();
        for scores in [CONTINUOUS, TIED] {
            let rates = (0..CALIBRATIONS).map(|_| scores.below(kth(scores.sample(n, &mut rng), k)));
            let mean = rates.sum::<f64>() / CALIBRATIONS as f64;
            // Beta(k, n + 1 − k) has the mean k/(n + 1), and at most this variance.
            let expected = k as f64 / (n + 1) as f64;
            let error = 4.0 * (expected / (n as f64 * CALIBRATIONS as f64)).sqrt();
            assert!(expected <= alpha && mean <= expected + error, "n {n}, {scores:?}: {mean}");
            assert!(scores.levels.is_some() || mean >= expected - error, "n {n}: {mean} only");
        }
    }
}

/// The empirical quantile is above α in about half of all calibrations: it promises nothing, and is said to.
#[test]
fn the_plain_quantile_promises_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let k = rank(Guarantee::Empirical { alpha: 0.05 }, 1000).unwrap();
    assert_eq!(rank(Guarantee::Tpr { tpr: 0.95 }, 1000), Ok(k));
    let broken = (0..CALIBRATIONS).filter(|_| kth(CONTINUOUS.sample(1000, &mut rng), k) > 0.05).count();
    assert!((900..1200).contains(&broken), "{broken}");
}

#[test]
fn every_class_keeps_its_promise() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let guarantee = Guarantee::TrainingConditional { alpha: 0.1, delta: 0.1 };
    // Classes of different size and scores.
    let classes = [(30, CONTINUOUS), (120, TIED), (1000, CONTINUOUS)];
    let ranks = per_class::ranks(guarantee, &classes.map(|(n, _)| n)).unwrap();
    let mut broken = [0; 3];
    for _ in 0..CALIBRATIONS {
        let (mut scores, mut predicted) = (Vec::new(), Vec::new());
        for (class, (n, of)) in classes.iter().enumerate() {
            scores.extend(of.sample(*n, &mut rng).into_iter().map(|score| score - class as f64));
            predicted.extend(std::iter::repeat_n(class, *n));
        }
        let calibration = Calibration::per_class(&scores, &predicted, 3);
        for (class, (_, of)) in classes.iter().enumerate() {
            let threshold = calibration.group(class)[ranks[class] - 1] + class as f64;
            // Moving a class down and up again rounds.
            broken[class] += usize::from(of.below(threshold - 1e-9) > 0.1);
        }
    }
    for broken in broken {
        assert!(broken as f64 / CALIBRATIONS as f64 <= 0.1 + margin(0.1, CALIBRATIONS), "{broken}");
    }
}

/// A row of score s is classified wrongly with probability (1 − s)/3: the risk above a threshold is known.
#[test]
fn kept_rows_are_seldom_wrong() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let unit = Uniform::new(0.0, 1.0).unwrap();
    let (alpha, delta) = (0.1, 0.1);
    let risk = |scores: Scores, threshold: f64| match scores.levels {
        None => (1.0 - threshold.clamp(0.0, 1.0)) / 6.0,
        Some(levels) => {
            let kept: Vec<f64> =
                (0..levels).map(|level| f64::from(level) / f64::from(levels)).filter(|s| *s >= threshold).collect();
            kept.iter().map(|s| (1.0 - s) / 3.0).sum::<f64>() / kept.len().max(1) as f64
        }
    };
    for n in [30, 300, 3000, 10_000] {
        for scores in [CONTINUOUS, TIED] {
            let (mut broken, mut found) = (0, 0);
            let calibrations = if n > 1000 { CALIBRATIONS / 4 } else { CALIBRATIONS };
            for _ in 0..calibrations {
                let row = |score: f64, rng: &mut ChaCha8Rng| (score, unit.sample(rng) < (1.0 - score) / 3.0);
                let rows: Vec<(f64, bool)> =
                    scores.sample(n, &mut rng).into_iter().map(|score| row(score, &mut rng)).collect();
                if let Ok(threshold) = selective::threshold(&rows, alpha, delta) {
                    found += 1;
                    broken += usize::from(risk(scores, threshold) > alpha);
                }
            }
            let share = broken as f64 / calibrations as f64;
            assert!(share <= delta + margin(delta, calibrations), "n {n}, {scores:?}: broken in {share}");
            assert!(n < 10_000 || found == calibrations, "n {n}, {scores:?}: {found} thresholds");
        }
    }
}

#[test]
fn an_interval_of_a_share_holds_it() {
    for n in [1, 10, 59, 400] {
        for p in [0.001, 0.02, 0.05, 0.3, 0.5, 0.9] {
            let chance = |k: usize| at_least(k, n, p) - at_least(k + 1, n, p);
            let holds = |k: &usize| {
                let interval = clopper_pearson(*k, n, 0.95);
                interval.low <= p && p <= interval.high
            };
            let covered: f64 = (0..=n).filter(holds).map(chance).sum();
            assert!(covered >= 0.95 - 1e-12, "n {n}, p {p}: {covered}");
        }
    }
}

#[test]
fn of_the_rows_flagged_in_a_batch_few_are_id() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    // So many calibration rows that one e-value alone is beyond m/(q·k) for the 20 OOD rows.
    let (n, id, ood, q) = (3500, 180, 20, 0.2);
    for scores in [CONTINUOUS, Scores { levels: Some(200) }] {
        let (mut wrong, mut squares) = ([0.0; 3], [0.0; 3]);
        let mut caught = [0; 3];
        for _ in 0..CALIBRATIONS {
            let calibration = Calibration::together(scores.sample(n, &mut rng));
            let ps: Vec<f64> = (scores.sample(id, &mut rng).into_iter())
                .chain(std::iter::repeat_n(-1.0, ood))
                .map(|score| p_value(calibration.group(0), score))
                .collect();
            let tally = Tally::of(&ps);
            for (at, procedure) in Procedure::ALL.into_iter().enumerate() {
                let cutoff = procedure.cutoff(&tally, q).unwrap_or(0.0);
                let flagged = |range: &[f64]| range.iter().filter(|p| **p <= cutoff).count();
                let (of_id, of_ood) = (flagged(&ps[..id]), flagged(&ps[id..]));
                let share = of_id as f64 / (of_id + of_ood).max(1) as f64;
                wrong[at] += share;
                squares[at] += share * share;
                caught[at] += of_ood;
            }
        }
        for (at, procedure) in Procedure::ALL.into_iter().enumerate() {
            let rate = wrong[at] / CALIBRATIONS as f64;
            let error = 4.0 * ((squares[at] / CALIBRATIONS as f64 - rate * rate) / CALIBRATIONS as f64).sqrt();
            // 180 of 200 rows are ID; Storey's procedure estimates that share.
            let level = if procedure == Procedure::Storey { q } else { q * 0.9 };
            assert!(rate <= level + error, "{} of {scores:?}: {rate}, error {error}", procedure.id());
        }
        assert!(caught.iter().all(|&caught| caught > CALIBRATIONS * ood / 2), "{caught:?}");
    }
}

/// An alarm at 1/α rises on ID rows in no more than α of streams, at any time within them; with few calibration rows and many ties too.
#[test]
fn alarms_on_id_rows_are_rare_and_on_others_soon() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let alpha = 0.05;
    for (n, length) in [(30, 1000), (200, 2000)] {
        for scores in [CONTINUOUS, TIED] {
            for name in Martingale::NAMES {
                // A hundred bets a row: shorter streams, for which the promise holds as well.
                let length = if name == "mixture" { length / 5 } else { length };
                let streams = CALIBRATIONS;
                let mut alarms = 0;
                for _ in 0..streams {
                    let calibration = Calibration::together(scores.sample(n, &mut rng));
                    let mut watch = Watch::begin(&calibration, Martingale::named(name).unwrap(), alpha);
                    scores.sample(length, &mut rng).into_iter().for_each(|score| {
                        watch.next(score);
                    });
                    alarms += usize::from(watch.monitor.alarm.is_some());
                }
                let share = alarms as f64 / streams as f64;
                assert!(share <= alpha + margin(alpha, streams), "{name}, n {n}, {scores:?}: {share}");
            }
        }
    }
    for name in Martingale::NAMES {
        let calibration = Calibration::together(CONTINUOUS.sample(400, &mut rng));
        let mut watch = Watch::begin(&calibration, Martingale::named(name).unwrap(), 0.01);
        CONTINUOUS.sample(300, &mut rng).into_iter().for_each(|score| {
            watch.next(score);
        });
        assert_eq!(watch.monitor.alarm, None, "{name}");
        // From here on scores are a third lower.
        CONTINUOUS.sample(500, &mut rng).into_iter().for_each(|score| {
            watch.next(score - 0.33);
        });
        assert!(watch.monitor.alarm.is_some_and(|row| row > 300), "{name}: {:?}", watch.monitor.alarm);
        // Kept and taken up again it goes on as if it had not stopped.
        let kept = serde_json::to_string(&watch.monitor).unwrap();
        let mut resumed = Watch::resume(&calibration, serde_json::from_str(&kept).unwrap()).unwrap();
        for score in CONTINUOUS.sample(50, &mut rng) {
            assert_eq!(watch.next(score).to_bits(), resumed.next(score).to_bits(), "{name}");
        }
        assert_eq!(watch.monitor, resumed.monitor);
        // What is no bet of these is no state.
        for (sound, forged) in [
            ("\"format\":1", "\"format\":2"),
            ("\"epsilon\":", "\"epsilon\":-"),
            ("\"powers\":[{", "\"powers\":[{\"epsilon\":0.01,\"log\":0.0},{"),
            ("\"shares\":[", "\"shares\":[1"),
            ("\"rows\":", "\"rows\":1844674407370955"),
        ] {
            if kept.contains(sound) {
                let forged: Result<Monitor, _> = serde_json::from_str(&kept.replacen(sound, forged, 1));
                assert!(forged.is_err() || Watch::resume(&calibration, forged.unwrap()).is_none(), "{name}: {sound}");
            }
        }
        let other = Calibration::together(CONTINUOUS.sample(400, &mut rng));
        assert!(Watch::resume(&other, watch.monitor.clone()).is_none());
    }
}
