//! What changed between two sets of records, and conditions on it that a program can stop at.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::record::{Key, MeanOver, Record};
use crate::metric::registry::named;
use crate::stats::spread::{Spread, mean_and_std};
use crate::stats::student::two_sided;

/// A value that is another one than before, or is there on one side only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The run.
    pub run: String,
    /// The in-distribution set.
    pub in_distribution: Option<String>,
    /// The OOD set with its group.
    pub ood: String,
    /// The score's id.
    pub score: String,
    /// The procedure's id.
    pub procedure: String,
    /// The metric's id.
    pub metric: String,
    /// What it is a mean over, if it is one.
    pub mean_over: Option<MeanOver>,
    /// The value before, as a fraction.
    pub old: Option<f64>,
    /// The value now.
    pub new: Option<f64>,
    /// Now less before.
    pub difference: Option<f64>,
    /// Whether the difference is more than chance: the bootstrap intervals of both are apart, or the seeds that both means are over differ in a paired t-test. None where
    /// neither can be told.
    pub apart: Option<bool>,
    /// What a paired t-test of the seeds that both means are over gives: two-sided, of two seeds or more.
    pub p: Option<f64>,
}

/// Seeds differ if p is below this.
pub const LEVEL: f64 = 0.05;

/// The values that differ in any bit, in the order of the old records, then those that are new.
///
/// ```
/// use oodbench::table::{Record, difference::differences};
/// let record = |value| Record { run: "a".to_owned(), metric: "auroc".to_owned(), value: Some(value), ..Record::default() };
/// let found = differences(&[record(0.9)], &[record(0.8)]);
/// assert_eq!((found[0].old, found[0].new), (Some(0.9), Some(0.8)));
/// assert!(differences(&[record(0.9)], &[record(0.9)]).is_empty());
/// ```
#[must_use]
pub fn differences(old: &[Record], new: &[Record]) -> Vec<Difference> {
    let (before, now) = (by_key(old), by_key(new));
    let (old_seeds, new_seeds) = (by_seed(old), by_seed(new));
    let changed = old.iter().filter_map(|record| {
        let found = pair(Some(record), now.get(&record.key()).copied())?;
        let p = Series::of_mean(record).and_then(|key| paired(old_seeds.get(&key)?, new_seeds.get(&key)?));
        Some(Difference { apart: p.map(|p| p < LEVEL).or(found.apart), p, ..found })
    });
    let added =
        new.iter().filter(|record| !before.contains_key(&record.key())).filter_map(|record| pair(None, Some(record)));
    changed.chain(added).collect()
}

/// What values have in common that differ by the seed alone.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    model: Option<String>,
    loss: Option<String>,
    in_distribution: Option<String>,
    set: String,
    score: String,
    procedure: String,
    metric: String,
    is_over_ood: bool,
}

impl Series {
    fn of(record: &Record, is_over_ood: bool) -> Self {
        Self {
            model: record.model.clone(),
            loss: record.loss.clone(),
            in_distribution: record.in_distribution.clone(),
            set: record.set(),
            score: record.score.clone(),
            procedure: record.procedure.clone(),
            metric: record.metric.clone(),
            is_over_ood,
        }
    }

    /// That of a mean over seeds.
    fn of_mean(record: &Record) -> Option<Self> {
        match record.mean_over? {
            MeanOver::Seeds => Some(Self::of(record, false)),
            MeanOver::OodAndSeeds => Some(Self::of(record, true)),
            MeanOver::Ood => None,
        }
    }
}

/// The values of single seeds. A seed that occurs twice in a series tells nothing.
fn by_seed(records: &[Record]) -> BTreeMap<Series, BTreeMap<u64, Option<f64>>> {
    let mut all: BTreeMap<Series, BTreeMap<u64, Option<f64>>> = BTreeMap::new();
    for record in records {
        let is_over_ood = match record.mean_over {
            None => false,
            Some(MeanOver::Ood) => true,
            Some(MeanOver::Seeds | MeanOver::OodAndSeeds) => continue,
        };
        if let (Some(seed), Some(_)) = (record.seed, record.family()) {
            let seeds = all.entry(Series::of(record, is_over_ood)).or_default();
            seeds.entry(seed).and_modify(|value| *value = None).or_insert(record.value);
        }
    }
    all
}

/// Two-sided p of a paired t-test of the same seeds; none unless both sides have the same seeds, two or more, and their differences vary.
fn paired(old: &BTreeMap<u64, Option<f64>>, new: &BTreeMap<u64, Option<f64>>) -> Option<f64> {
    if !old.keys().eq(new.keys()) || old.len() < 2 {
        return None;
    }
    let differences = old.values().zip(new.values()).map(|(old, new)| Some((*new)? - (*old)?));
    let differences = differences.collect::<Option<Vec<f64>>>()?;
    let Spread { mean, std } = mean_and_std(&differences);
    let n = differences.len() as f64;
    (std > 0.0).then(|| two_sided(mean / (std / n.sqrt()), n - 1.0))
}

fn by_key(records: &[Record]) -> BTreeMap<Key, &Record> {
    records.iter().map(|record| (record.key(), record)).collect()
}

fn pair(old: Option<&Record>, new: Option<&Record>) -> Option<Difference> {
    let own = old.or(new)?;
    let value = |record: Option<&Record>| record.and_then(|record| record.value);
    if value(old).map(f64::to_bits) == value(new).map(f64::to_bits) {
        return None;
    }
    let ends = |record: Option<&Record>| record.and_then(|record| record.low.zip(record.high));
    let apart = ends(old).zip(ends(new)).map(|(old, new)| old.1 < new.0 || new.1 < old.0);
    Some(Difference {
        run: own.run.clone(),
        in_distribution: own.in_distribution.clone(),
        ood: own.set(),
        score: own.score.clone(),
        procedure: own.procedure.clone(),
        metric: own.metric.clone(),
        mean_over: own.mean_over,
        old: value(old),
        new: value(new),
        difference: value(old).zip(value(new)).map(|(old, new)| new - old),
        apart,
        p: None,
    })
}

/// A condition on differences of a metric: `auroc<-0.5pp`, `lee.tnr_at_tpr95<0`, `fpr_at_tpr95_ood_positive>0.01`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    procedure: Option<String>,
    metric: String,
    is_below: bool,
    /// As a fraction.
    limit: f64,
    /// As it was written: a limit that was divided by 100 does not come back digit by digit.
    text: String,
}

/// A text that is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found {text:?}, expected {expected}")]
pub struct ConditionError {
    text: String,
    expected: String,
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let wrong = |expected: String| ConditionError { text: text.to_owned(), expected };
        let form =
            || wrong("METRIC<NUMBER or METRIC>NUMBER, in percentage points with pp, e.g. auroc<-0.5pp".to_owned());
        let at = text.find(['<', '>']).ok_or_else(form)?;
        let (name, limit) = (text[..at].trim(), text[at + 1..].trim());
        let (number, scale) = limit.strip_suffix("pp").map_or((limit, 1.0), |points| (points.trim(), 100.0));
        let limit = number.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(form)? / scale;
        let found = named(name).map_err(|error| wrong(error.expected))?;
        let procedure = name.contains('.').then(|| found[0].0.id.to_owned());
        let metric = found[0].1.id.to_owned();
        let is_below = text.as_bytes()[at] == b'<';
        Ok(Self { procedure, metric, is_below, limit, text: text.to_owned() })
    }
}

impl Condition {
    /// Whether a difference meets it. A value that is gone meets every condition on its metric, one that is new none.
    ///
    /// ```
    /// use oodbench::table::{Record, difference::{Condition, differences}};
    /// let record = |value| {
    ///     let (procedure, metric) = ("lee".to_owned(), "auroc".to_owned());
    ///     Record { procedure, metric, value, ..Record::default() }
    /// };
    /// let condition: Condition = "auroc<-0.5pp".parse()?;
    /// let meets = |old, new| differences(&[record(old)], &[record(new)]).iter().any(|found| condition.meets(found));
    /// assert!(meets(Some(0.9), Some(0.89)) && meets(Some(0.9), None));
    /// assert!(!meets(Some(0.9), Some(0.898)) && !meets(Some(0.9), Some(0.95)) && !meets(None, Some(0.1)));
    /// # Ok::<(), oodbench::table::difference::ConditionError>(())
    /// ```
    #[must_use]
    pub fn meets(&self, found: &Difference) -> bool {
        let is_own = self.metric == found.metric && self.procedure.as_ref().is_none_or(|own| *own == found.procedure);
        is_own
            && match found.difference {
                Some(difference) if self.is_below => difference < self.limit,
                Some(difference) => difference > self.limit,
                None => found.old.is_some(),
            }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.ttest_rel([.81, .85, .84], [.8, .83, .81])` has this p (t = 3.4641).
    #[test]
    fn means_over_seeds_are_tested_seed_by_seed() {
        let with = |values: [f64; 3]| {
            let seeds = values.into_iter().zip(0..).map(|(value, seed)| Record {
                run: format!("run{seed}"),
                ood: "svhn".to_owned(),
                metric: "auroc".to_owned(),
                value: Some(value),
                model: Some("m".to_owned()),
                seed: Some(seed),
                data: Some(value.to_string()),
                ..Record::default()
            });
            crate::table::with_means(&seeds.collect::<Vec<_>>())
        };
        let (old, new) = (with([0.8, 0.83, 0.81]), with([0.81, 0.85, 0.84]));
        let found = differences(&old, &new);
        let mean = found.iter().find(|found| found.mean_over == Some(MeanOver::Seeds)).unwrap();
        assert!((mean.p.unwrap() - 0.074_179_900_227_448_08).abs() < 1e-12, "{mean:?}");
        assert_eq!(mean.apart, Some(false));
        assert!(found.iter().filter(|found| found.mean_over.is_none()).all(|found| found.p.is_none()));
        // One of them is another seed: nothing is paired.
        let mut other = new.clone();
        other.iter_mut().filter(|record| record.seed == Some(2)).for_each(|record| record.seed = Some(3));
        assert!(differences(&old, &other).iter().all(|found| found.p.is_none()));
        // The same difference for every seed has no spread to compare it with.
        let same = with([0.5, 0.75, 1.0]);
        assert!(differences(&with([0.25, 0.5, 0.75]), &same).iter().all(|found| found.p.is_none()));
    }

    #[test]
    fn conditions_are_read_and_shown() {
        let shown = |text: &str| text.parse::<Condition>().map(|condition| condition.to_string());
        for typed in ["auroc < -0.5pp", "lee.auroc>0.01", "auroc<-0.07pp", "auroc>0.07"] {
            assert_eq!(shown(typed), Ok(typed.to_owned()));
        }
        for (text, expected) in [
            ("auroc", "found \"auroc\", expected METRIC<NUMBER or"),
            ("auroc<", "expected METRIC<NUMBER or"),
            ("auroc<nan", "expected METRIC<NUMBER or"),
            ("aurocc<0", "did you mean auroc?"),
            ("openood.dtacc<0", "the id of a metric"),
            ("opnood.auroc<0", "the id of a procedure before the dot; did you mean openood?"),
            ("foo.autc<0", "the id of a procedure before the dot, one of lee, openood, "),
        ] {
            assert!(shown(text).is_err_and(|error| error.to_string().contains(expected)), "{text}");
        }
    }

    #[test]
    fn intervals_that_do_not_meet_are_apart() {
        let record = |value: f64, low: f64, high: f64| Record {
            value: Some(value),
            low: Some(low),
            high: Some(high),
            ..Record::default()
        };
        let apart = |old: Record, new: Record| differences(&[old], &[new])[0].apart;
        assert_eq!(apart(record(0.9, 0.88, 0.92), record(0.8, 0.78, 0.82)), Some(true));
        assert_eq!(apart(record(0.9, 0.88, 0.92), record(0.87, 0.85, 0.89)), Some(false));
        assert_eq!(apart(record(0.9, 0.88, 0.92), Record { value: Some(0.1), ..Record::default() }), None);
    }
}
