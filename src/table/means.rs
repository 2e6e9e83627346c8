//! Means over OOD sets and over seeds, as records of their own.
//!
//! Means over OOD sets are of values, each set counting the same whatever its rows: over the sets of a group (`near`, `far`), and over all.
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

/// What to know before some records are averaged over seeds, a line each: runs that do not count, and parameters of scores that differ between seeds.
///
/// ```
/// use oodbench::table::Record;
/// use oodbench::table::means::remarks;
/// let of = |seed: u64, temperature: &str| Record {
///     run: format!("r{seed}"),
///     score: "energy".to_owned(),
///     parameters: Some(temperature.to_owned()),
///     model: Some("net".to_owned()),
///     seed: Some(seed),
///     ..Record::default()
/// };
/// assert!(remarks(&[of(1, "temperature=1"), of(2, "temperature=1")]).is_empty());
/// let found = remarks(&[of(1, "temperature=1"), of(2, "temperature=100")]);
/// assert!(found[0].starts_with("net ?: the parameters of energy differ between its seeds (temperature=1; temperature=100)"));
/// ```
#[must_use]
pub fn remarks(records: &[Record]) -> Vec<String> {
    let seeds = Seeds::of(records);
    let mut found: BTreeMap<(String, &str), BTreeSet<&str>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.mean_over.is_none()) {
        let is_counted = seeds.of_family(record).is_some_and(|runs| runs.contains(&record.run));
        let Some(family) = record.family().filter(|_| is_counted) else { continue };
        found.entry((family, &record.score)).or_default().insert(record.parameters.as_deref().unwrap_or("none"));
    }
    let differing = found.into_iter().filter(|(_, parameters)| parameters.len() > 1);
    let of_score = differing.map(|((family, score), parameters)| {
        let all = parameters.into_iter().collect::<Vec<_>>().join("; ");
        format!(
            "{family}: the parameters of {score} differ between its seeds ({all}), as after --tune, and its mean is over all of them; \
             if they are two methods, give them different losses in run.toml"
        )
    });
    let mut lines: Vec<String> = Vec::new();
    for line in seeds.remarks.iter().cloned().chain(of_score) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// The same, with the seeds that the means are over.
pub(super) fn means_and_seeds(records: &[Record]) -> (Vec<Record>, Seeds) {
    let mut all: Vec<Record> = records.iter().filter(|record| record.mean_over.is_none()).cloned().collect();
    let seeds = Seeds::of(&all);
    let over_groups = over_groups(&all);
    let over_ood = over_ood(&all);
    all.extend(over_groups);
    all.extend(over_ood);
    let over_seeds = seeds.means(&all);
    all.extend(over_seeds);
    (all, seeds)
}

/// Records for the OOD sets that other seeds of a model and loss have and a run has not: they are missing there, and the seed does not vanish.
#[must_use]
pub fn missing_sets(records: &[Record]) -> Vec<Record> {
    let groups = |by: &[&str]| groups(records, |record| record.family().is_some(), by);
    // A procedure that looks at ID rows alone has a set of its own.
    let key = |record: &Record| (record.in_distribution.clone(), record.family(), record.procedure.clone());
    let mut of_family: BTreeMap<_, Vec<&Record>> = BTreeMap::new();
    for set in groups(&["in_distribution", FAMILY, "procedure", SET]) {
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

/// Of every run, metric and group of OOD sets the mean over the sets of the group, if it has several and there are other sets as well.
fn over_groups(records: &[Record]) -> Vec<Record> {
    let key = |record: &Record| (record.in_distribution.clone(), record.procedure.clone());
    let mut groups: BTreeMap<_, BTreeSet<Option<&str>>> = BTreeMap::new();
    for record in records {
        groups.entry(key(record)).or_default().insert(record.group.as_deref());
    }
    let mut found = Vec::new();
    for (table, groups) in groups.into_iter().filter(|(_, groups)| groups.len() > 1) {
        for group in groups.into_iter().flatten() {
            let is_own = |record: &&Record| key(record) == table && record.group.as_deref() == Some(group);
            let own: Vec<Record> = records.iter().filter(is_own).cloned().collect();
            found.extend(over_ood(&own).into_iter().map(|mean| Record { group: Some(group.to_owned()), ..mean }));
        }
    }
    found
}

/// Of every run and metric the mean over all OOD sets, if there are several.
fn over_ood(records: &[Record]) -> Vec<Record> {
    let key = |record: &Record| (record.in_distribution.clone(), record.procedure.clone());
    let mut count: BTreeMap<_, u64> = BTreeMap::new();
    for set in groups(records, |_| true, &["in_distribution", "procedure", SET]) {
        *count.entry(key(&records[set[0]])).or_default() += 1;
    }
    let rows = groups(records, |_| true, &["in_distribution", "run", "score", "procedure", "metric"]);
    let mean = |row: Vec<usize>| {
        let first = &records[row[0]];
        let sets = count.get(&key(first)).copied().unwrap_or(0);
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
                    "{} and {} hold the same logits (or, without them, the same arrays) on id/test: one network, not two seeds; {} is left out of mean ± std",
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
    #[must_use]
    pub fn of_family(&self, record: &Record) -> Option<&BTreeSet<String>> {
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
