//! How the scores of a training compare over its seeds.

use ndarray::Array2;
use serde::Serialize;

use super::against_best::Verdict;
use super::means::Seeds;
use super::record::Record;
use crate::metric::{Better, Metric, Procedure};
use crate::stats::holm;
use crate::stats::seeds_and_rows::{SeedsAndRows, seeds_and_rows};

/// One score. These field names are an interface; what a comparison does not have is null. Values are fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BySeeds {
    /// Model and loss, or the run where it is one.
    pub training: String,
    /// The in-distribution set, if `run.toml` names it.
    pub in_distribution: Option<String>,
    /// The OOD set.
    pub ood: String,
    /// Its group, if it has one.
    pub group: Option<String>,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// The score's id.
    pub score: String,
    /// Runs that differ by seed.
    pub seeds: usize,
    /// The mean over the seeds.
    pub mean: f64,
    /// Its standard error by the seeds alone; null for one seed.
    pub error_of_seeds: Option<f64>,
    /// Its standard error by the rows alone; null where only records were read.
    pub error_of_rows: Option<f64>,
    /// Its standard error by both, or by what there is of them.
    pub standard_error: Option<f64>,
    /// How far trainings differ on unlimited rows, as a standard deviation.
    pub between_seeds: Option<f64>,
    /// The lower end of the interval of the mean.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
    /// How often intervals are to hold what they are of.
    pub level: f64,
    /// The score with the best mean on the set.
    pub best: String,
    /// The mean less that of the best one.
    pub difference: Option<f64>,
    /// The lower end of the interval of the difference, by seeds and rows.
    pub difference_low: Option<f64>,
    /// The upper end.
    pub difference_high: Option<f64>,
    /// Two-sided p-value of the difference, of this pair alone.
    pub p: Option<f64>,
    /// The smallest p-value with which the score lies below another one, Holm's correction over all pairs.
    pub p_adjusted: Option<f64>,
    /// What follows at the level of the test.
    pub verdict: Verdict,
    /// Why the score was not tested, where it was not.
    pub untested: Option<String>,
}

/// The values of a score on every seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedValues {
    /// The score's id.
    pub score: String,
    /// One per seed, in the same order for all scores.
    pub values: Vec<f64>,
}

/// Compares scores that have values on the same seeds: the mean of each, and each pair by its differences on every seed.
///
/// `covariance` is that over rows of all values, those of the first score first; without it the seeds alone are counted, as where only records were read.
/// `of` says what all lines have in common. Which pairs differ is [`SeedsAndRows::p`] with Holm's correction over all pairs, so that the choice of the
/// best on the same values is accounted for.
///
/// ```
/// use oodbench::metric::Better;
/// use oodbench::table::by_seeds::{BySeeds, SeedValues, compare};
/// use oodbench::table::Verdict;
/// let own = |score: &str, values: [f64; 3]| SeedValues { score: score.to_owned(), values: values.into() };
/// let of = BySeeds::of("net isomax", None, ("svhn", None), ("openood", "auroc"));
/// // The differences are 0.100, 0.101 and 0.102: t = 0.101/(0.001/√3) = 174.9 with two degrees of freedom.
/// let found = compare(&of, &[own("mds", [0.9, 0.9, 0.9]), own("es", [0.8, 0.799, 0.798])], None, Better::Higher, 0.05);
/// assert_eq!((found[0].verdict, found[1].verdict), (Verdict::Best, Verdict::Worse));
/// assert!((found[1].p.unwrap() - 3.268e-5).abs() < 1e-8);
/// assert_eq!((found[1].error_of_rows, found[1].seeds), (None, 3));
/// ```
///
/// # Panics
/// If scores have values on different numbers of seeds, or the covariance is of another size.
#[must_use]
pub fn compare(
    of: &BySeeds,
    scores: &[SeedValues],
    covariance: Option<&Array2<f64>>,
    better: Better,
    level: f64,
) -> Vec<BySeeds> {
    compare_at(of, scores, covariance, better, Levels { test: level, interval: 1.0 - level })
}

/// How often a test may err, and how often an interval is to hold what it is of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Of tests, such as 0.05.
    pub test: f64,
    /// Of intervals, such as 0.95.
    pub interval: f64,
}

/// The same as [`compare`], with intervals of a level of their own.
///
/// # Panics
/// As [`compare`].
#[must_use]
pub fn compare_at(
    of: &BySeeds,
    scores: &[SeedValues],
    covariance: Option<&Array2<f64>>,
    better: Better,
    levels: Levels,
) -> Vec<BySeeds> {
    let Some(seeds) = scores.first().map(|score| score.values.len()) else { return Vec::new() };
    assert!(scores.iter().all(|score| score.values.len() == seeds), "values of every seed");
    let sign = if better == Better::Higher { 1.0 } else { -1.0 };
    let over_rows = |a: usize, b: usize| {
        Array2::from_shape_fn((seeds, seeds), |(i, j)| {
            covariance.map_or(0.0, |all| all[[a * seeds + i, b * seeds + j]])
        })
    };
    let own: Vec<SeedsAndRows> =
        (0..scores.len()).map(|a| seeds_and_rows(&scores[a].values, &over_rows(a, a).view())).collect();
    let differences = |a: usize, b: usize| {
        let values: Vec<f64> = scores[a].values.iter().zip(&scores[b].values).map(|(a, b)| a - b).collect();
        let cross = over_rows(a, b);
        let rows = over_rows(a, a) + over_rows(b, b) - &cross - cross.t();
        seeds_and_rows(&values, &rows.view())
    };
    let is_tested = seeds > 1 || covariance.is_some();
    let best = (1..scores.len()).fold(0, |best, i| if sign * own[i].mean > sign * own[best].mean { i } else { best });

    let pairs: Vec<(usize, usize)> =
        (0..scores.len()).flat_map(|a| (a + 1..scores.len()).map(move |b| (a, b))).collect();
    let tested: Vec<(usize, usize, f64)> =
        pairs.into_iter().filter_map(|(a, b)| Some((a, b, differences(a, b).p().filter(|_| is_tested)?))).collect();
    let adjusted = holm::adjusted(&tested.iter().map(|pair| pair.2).collect::<Vec<_>>());
    // Of each score the pair in which it is most clearly the lower one.
    let mut lower = vec![None; scores.len()];
    for ((a, b, _), p) in tested.iter().zip(adjusted) {
        let (below, above) = if sign * own[*a].mean < sign * own[*b].mean { (*a, *b) } else { (*b, *a) };
        let is_equal = own[*a].mean == own[*b].mean;
        for (score, p) in [(below, if is_equal { 1.0 } else { p }), (above, 1.0)] {
            lower[score] = Some(lower[score].map_or(p, |before: f64| before.min(p)));
        }
    }
    let line = |i: usize| {
        let found = &own[i];
        let interval = is_tested.then(|| found.interval(levels.interval));
        let pair = (i != best).then(|| differences(i, best));
        let of_pair = pair.filter(|_| is_tested).map(|pair| pair.interval(levels.interval));
        let line = BySeeds {
            score: scores[i].score.clone(),
            seeds,
            mean: found.mean,
            error_of_seeds: (seeds > 1).then_some(found.seeds),
            error_of_rows: covariance.is_some().then_some(found.rows),
            standard_error: is_tested.then_some(found.both),
            between_seeds: (seeds > 1 && covariance.is_some()).then_some(found.between_seeds),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            level: levels.interval,
            best: scores[best].score.clone(),
            difference: pair.map(|pair| pair.mean),
            difference_low: of_pair.map(|interval| interval.low),
            difference_high: of_pair.map(|interval| interval.high),
            p: pair.and_then(|pair| pair.p()).filter(|_| is_tested),
            p_adjusted: lower[i].filter(|_| i != best),
            ..of.clone()
        };
        let untested = match lower[i] {
            _ if !is_tested => Some("one seed, and no rows to tell how far it varies"),
            None if scores.len() == 1 => Some("found 1 score, expected at least 2 to compare"),
            None => Some("its differences from the other scores never vary"),
            // Below another score it may be tested, and against the best there is still no test.
            Some(p) if p >= levels.test && pair.is_some_and(|pair| pair.mean != 0.0 && pair.p().is_none()) => {
                Some("its difference from the best score never varies")
            }
            Some(_) => None,
        };
        let verdict = match (untested, lower[i]) {
            (None, _) if i == best => Verdict::Best,
            (None, Some(p)) if p < levels.test => Verdict::Worse,
            (None, _) => Verdict::MayBeBest,
            (Some(_), _) => Verdict::Untested,
        };
        BySeeds { verdict, untested: untested.map(str::to_owned), ..line }
    };
    (0..scores.len()).map(line).collect()
}

impl BySeeds {
    /// A line of a training on a set with its group, of which nothing is known yet.
    #[must_use]
    pub fn of(
        training: &str,
        in_distribution: Option<&str>,
        (ood, group): (&str, Option<&str>),
        (procedure, metric): (&'static str, &'static str),
    ) -> Self {
        Self {
            training: training.to_owned(),
            in_distribution: in_distribution.map(str::to_owned),
            ood: ood.to_owned(),
            group: group.map(str::to_owned),
            procedure,
            metric,
            score: String::new(),
            seeds: 0,
            mean: f64::NAN,
            error_of_seeds: None,
            error_of_rows: None,
            standard_error: None,
            between_seeds: None,
            low: None,
            high: None,
            level: f64::NAN,
            best: String::new(),
            difference: None,
            difference_low: None,
            difference_high: None,
            p: None,
            p_adjusted: None,
            verdict: Verdict::Untested,
            untested: None,
        }
    }
}

/// The lines of every training and set of some records, the seeds alone being counted; scores without a value on every seed are left out with a note.
#[must_use]
pub fn of_records(
    records: &[Record],
    procedure: &'static Procedure,
    metric: &'static Metric,
    level: f64,
) -> (Vec<BySeeds>, Vec<String>) {
    let (mut lines, mut notes) = (Vec::new(), Vec::new());
    let own =
        |record: &&Record| record.mean_over.is_none() && record.procedure == procedure.id && record.metric == metric.id;
    let own: Vec<Record> = records.iter().filter(own).cloned().collect();
    let seeds = Seeds::of(&own);
    notes.extend(seeds.remarks.iter().cloned());
    let mut sets: Vec<(String, &Record, Vec<&Record>)> = Vec::new();
    for record in &own {
        let runs = seeds.of_family(record);
        if runs.is_some_and(|runs| !runs.contains(&record.run)) {
            continue;
        }
        let training = runs.and_then(|_| record.family()).unwrap_or_else(|| record.run.clone());
        let is_own = |(name, first, _): &(String, &Record, Vec<&Record>)| {
            *name == training && first.in_distribution == record.in_distribution && first.set() == record.set()
        };
        match sets.iter().position(is_own) {
            Some(place) => sets[place].2.push(record),
            None => sets.push((training, record, vec![record])),
        }
    }
    for (training, first, members) in sets {
        let mut runs: Vec<&str> = Vec::new();
        let mut scores: Vec<&str> = Vec::new();
        for record in &members {
            if !runs.contains(&record.run.as_str()) {
                runs.push(&record.run);
            }
            if !scores.contains(&record.score.as_str()) {
                scores.push(&record.score);
            }
        }
        let value = |score: &str, run: &str| {
            members.iter().find(|record| record.score == score && record.run == run).and_then(|record| record.value)
        };
        let mut found = Vec::new();
        for score in scores {
            match runs.iter().map(|run| value(score, run)).collect::<Option<Vec<f64>>>() {
                Some(values) => found.push(SeedValues { score: score.to_owned(), values }),
                None => notes
                    .push(format!("{training}: {score}: left out on {}, it has no value on some seed", first.set())),
            }
        }
        let set = (first.ood.as_str(), first.group.as_deref());
        let of = BySeeds::of(&training, first.in_distribution.as_deref(), set, (procedure.id, metric.id));
        lines.extend(compare(&of, &found, None, metric.better, level));
    }
    (lines, notes)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn own(score: &str, values: &[f64]) -> SeedValues {
        SeedValues { score: score.to_owned(), values: values.into() }
    }

    fn of() -> BySeeds {
        BySeeds::of("net", None, ("svhn", None), ("openood", "auroc"))
    }

    #[test]
    fn one_seed_counts_its_rows_alone() {
        // Two values of variance ½ each, independent: the difference has variance 1.
        let covariance = Array2::from_diag_elem(2, 0.5);
        let found = compare(&of(), &[own("a", &[1.0]), own("b", &[3.0])], Some(&covariance), Better::Higher, 0.05);
        assert_eq!((found[0].difference, found[0].error_of_seeds), (Some(-2.0), None));
        assert!((found[0].p.unwrap() - 0.045_500).abs() < 1e-6, "{found:?}");
        assert_eq!(found[0].verdict, Verdict::Worse);
        let found = compare(&of(), &[own("a", &[1.0]), own("b", &[3.0])], None, Better::Higher, 0.05);
        assert_eq!((found[0].verdict, found[0].p, found[0].low), (Verdict::Untested, None, None));
    }

    #[test]
    fn rows_in_common_cancel_in_a_difference() {
        // Both scores see the same rows with the same effect: their covariance is their variance.
        let covariance = Array2::from_elem((4, 4), 0.01);
        let scores = [own("a", &[0.90, 0.91]), own("b", &[0.80, 0.812])];
        let found = compare(&of(), &scores, Some(&covariance), Better::Higher, 0.05);
        assert!((found[0].error_of_rows.unwrap() - 0.1).abs() < 1e-12);
        let half = found[1].difference_high.unwrap() - found[1].difference.unwrap();
        // Differences −0.1 and −0.098: s²/R = 1e-6, one degree of freedom: t = 12.706.
        assert!((half - 12.706_2 * 0.001).abs() < 1e-6, "{half}");
    }

    #[test]
    fn lower_is_better_where_it_says_so() {
        let scores = [own("a", &[0.2, 0.21, 0.19]), own("b", &[0.5, 0.52, 0.51])];
        let found = compare(&of(), &scores, None, Better::Lower, 0.05);
        assert_eq!((found[0].verdict, found[1].verdict), (Verdict::Best, Verdict::Worse));
    }

    /// b lies below a by the same amount on every seed: nothing says how far that varies, and no test is passed without one.
    #[test]
    fn a_difference_that_never_varies_is_not_tested() {
        let scores = [own("a", &[0.5, 0.75]), own("b", &[0.25, 0.5]), own("c", &[0.5, 0.25])];
        let found = compare(&of(), &scores, None, Better::Higher, 0.05);
        assert_eq!(found[0].verdict, Verdict::Best);
        assert_eq!((found[1].verdict, found[1].p), (Verdict::Untested, None));
        assert_eq!(found[1].untested.as_deref(), Some("its difference from the best score never varies"));
        assert_eq!((found[2].verdict, found[2].untested.as_deref()), (Verdict::MayBeBest, None));
    }
}
