//! Means over OOD sets and over seeds, as records of their own.
//!
//! A mean over OOD sets needs a value on every set that any run of the in-distribution set has: others would be averaged over easier or harder sets. A
//! mean over seeds is of runs that name the same model and loss, *different* seeds, and hold *different* arrays.

use std::collections::{BTreeMap, BTreeSet};

use super::frame::{FAMILY, SET, groups};
use super::record::{MeanOver, Record};
use crate::stats::spread::mean_and_std;

/// Records of single runs followed by their means; records that are means already are left out and made anew.
#[must_use]
pub fn with_means(records: &[Record]) -> Vec<Record> {
    means_and_seeds(records).0
}

/// The same, with the seeds that the means are over.
pub(super) fn means_and_seeds(records: &[Record]) -> (Vec<Record>, Seeds) {
    let mut all: Vec<Record> = records.iter().filter(|record| record.mean_over.is_none()).cloned().collect();
    let seeds = Seeds::of(&all);
    let over_ood = over_ood(&all);
    all.extend(over_ood);
    let over_seeds = seeds.means(&all);
    all.extend(over_seeds);
    (all, seeds)
}

/// Records for the OOD sets that other seeds of a model and loss have and a run has not: they are missing there, and the seed does not vanish.
#[must_use]
pub fn missing_sets(records: &[Record]) -> Vec<Record> {
    let groups = |by: &[&str]| groups(records, |record| record.family().is_some(), by);
    let key = |record: &Record| (record.in_distribution.clone(), record.family());
    let mut of_family: BTreeMap<_, Vec<&Record>> = BTreeMap::new();
    for set in groups(&["in_distribution", FAMILY, SET]) {
        let first = &records[set[0]];
        of_family.entry(key(first)).or_default().push(first);
    }
    let mut missing = Vec::new();
    for row in groups(&["in_distribution", FAMILY, "run", "score", "procedure", "metric"]) {
        let present: BTreeSet<String> = row.iter().map(|&number| records[number].set()).collect();
        let own = &records[row[0]];
        let absent = of_family.get(&key(own)).into_iter().flatten().filter(|set| !present.contains(&set.set()));
        missing.extend(absent.map(|set| Record {
            ood: set.ood.clone(),
            group: set.group.clone(),
            value: None,
            low: None,
            high: None,
            level: None,
            tied_share: None,
            missing: Some(format!("the run has no ood/{}", set.set())),
            ..own.clone()
        }));
    }
    missing
}

/// Of every run and metric the mean over all OOD sets, if there are several.
fn over_ood(records: &[Record]) -> Vec<Record> {
    let sets = groups(records, |_| true, &["in_distribution", SET]);
    let mut count: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for set in &sets {
        *count.entry(records[set[0]].in_distribution.as_deref()).or_default() += 1;
    }
    let rows = groups(records, |_| true, &["in_distribution", "run", "score", "procedure", "metric"]);
    let mean = |row: Vec<usize>| {
        let first = &records[row[0]];
        let sets = count.get(&first.in_distribution.as_deref()).copied().unwrap_or(0);
        let values: Vec<f64> = row.iter().filter_map(|&number| records[number].value).collect();
        let complete = values.len() as u64 == sets;
        (sets > 1).then(|| Record {
            ood: format!("mean of {sets}"),
            value: complete.then(|| values.iter().sum::<f64>() / values.len() as f64),
            missing: (!complete).then(|| format!("it has values on {} of {sets} OOD sets", values.len())),
            mean_over: Some(MeanOver::Ood),
            members: Some(values.len() as u64),
            ..summary(records, &row)
        })
    };
    rows.into_iter().filter_map(mean).collect()
}

/// What several records have in common, without a value.
fn summary(records: &[Record], members: &[usize]) -> Record {
    let first = &records[members[0]];
    let of_all = |same: bool, text: &Option<String>| text.clone().filter(|_| same);
    let same = members.iter().all(|&number| records[number].parameters == first.parameters);
    let tied = members.iter().filter_map(|&number| records[number].tied_share);
    Record {
        group: None,
        value: None,
        low: None,
        high: None,
        level: None,
        tied_share: tied.reduce(f64::max),
        parameters: of_all(same, &first.parameters),
        ..first.clone()
    }
}

/// Runs that differ by seed.
pub struct Seeds {
    /// By in-distribution set and family, the runs that count.
    runs: BTreeMap<(Option<String>, String), BTreeSet<String>>,
    /// Runs that do not count, one line each.
    pub remarks: Vec<String>,
}

impl Seeds {
    /// Those of some records.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let keep = |record: &Record| record.family().is_some() && record.mean_over.is_none();
        let runs = groups(records, keep, &["in_distribution", FAMILY, "run"]);
        let mut counted: BTreeMap<(Option<String>, String), Vec<&Record>> = BTreeMap::new();
        let mut remarks = Vec::new();
        for run in runs {
            let own = &records[run[0]];
            let Some(family) = own.family() else { continue };
            let others = counted.entry((own.in_distribution.clone(), family.clone())).or_default();
            let same_data = |other: &&&Record| own.data.is_some() && own.data == other.data;
            if let Some(other) = others.iter().find(same_data) {
                remarks.push(format!(
                    "{} and {} hold the same arrays on id/test (XXH3): one network, not two seeds; {} is left out of mean ± std",
                    other.run, own.run, own.run
                ));
            } else if let Some(other) = others.iter().find(|other| other.seed == own.seed) {
                remarks.push(format!(
                    "{} and {} are both {family}, seed {}: {} is left out of mean ± std, which is over different seeds; \
                     correct `seed` in run.toml if they are not the same",
                    other.run,
                    own.run,
                    own.seed.unwrap_or_default(),
                    own.run
                ));
            } else {
                others.push(own);
            }
        }
        let runs = counted.into_iter().map(|(key, runs)| (key, runs.iter().map(|record| record.run.clone()).collect()));
        Self { runs: runs.collect(), remarks }
    }

    /// The runs of the family of a record that count, if more than one.
    fn of_family(&self, record: &Record) -> Option<&BTreeSet<String>> {
        let key = (record.in_distribution.clone(), record.family()?);
        self.runs.get(&key).filter(|runs| runs.len() > 1)
    }

    /// Whether a record is of one of several seeds, whose best one means nothing.
    #[must_use]
    pub fn is_one_of_several(&self, record: &Record) -> bool {
        self.of_family(record).is_some()
    }

    /// Mean ± sample standard deviation of every family, on every OOD set and of their means.
    fn means(&self, records: &[Record]) -> Vec<Record> {
        let by = ["in_distribution", SET, "mean_over", FAMILY, "score", "procedure", "metric"];
        let mut found = Vec::new();
        for mut members in groups(records, |record| record.family().is_some(), &by) {
            let first = &records[members[0]];
            let (Some(runs), Some(family)) = (self.of_family(first), first.family()) else { continue };
            members.retain(|&number| runs.contains(&records[number].run));
            let values: Vec<f64> = members.iter().filter_map(|&number| records[number].value).collect();
            let Some(&number) = members.first() else { continue };
            let several = if values.len() == runs.len() {
                format!("{} seeds", runs.len())
            } else {
                format!("{} of {} seeds", values.len(), runs.len())
            };
            let spread = mean_and_std(&values);
            found.push(Record {
                run: format!("{family} ({several})"),
                group: records[number].group.clone(),
                value: (!values.is_empty()).then_some(spread.mean),
                missing: values.is_empty().then(|| "no seed has a value".to_owned()),
                std: (values.len() > 1).then_some(spread.std),
                members: Some(values.len() as u64),
                mean_over: Some(match records[number].mean_over {
                    None => MeanOver::Seeds,
                    Some(_) => MeanOver::OodAndSeeds,
                }),
                seed: None,
                data: None,
                ..summary(records, &members)
            });
        }
        found
    }
}
