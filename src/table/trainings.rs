//! The values of one metric by training: runs that differ by seed together, sets of several in-distribution sets together.

use std::collections::{BTreeMap, BTreeSet};

use super::means::Seeds;
use super::record::{FULL_SPECTRUM, Record, set_name};
use crate::metric::{Metric, Procedure};

/// A set of one training.
pub(super) struct Block {
    pub(super) in_distribution: Option<String>,
    pub(super) ood: String,
    pub(super) group: Option<String>,
    /// How many runs each score has to have a value of.
    pub(super) runs: usize,
    /// By score the values of the runs.
    pub(super) values: BTreeMap<String, Vec<f64>>,
}

/// The values of one training.
pub(super) struct Training {
    pub(super) name: String,
    pub(super) runs: BTreeSet<String>,
    pub(super) blocks: Vec<Block>,
    /// In the order of the records.
    pub(super) scores: Vec<String>,
}

/// The trainings of some records, in their order. Runs that repeat a seed or an array do not count; the full spectrum is a training of its own.
pub(super) fn trainings(records: &[Record], procedure: &Procedure, metric: &Metric) -> Vec<Training> {
    let own =
        |record: &&Record| record.mean_over.is_none() && record.procedure == procedure.id && record.metric == metric.id;
    let own: Vec<Record> = records.iter().filter(own).cloned().collect();
    let seeds = Seeds::of(&own);
    let mut found: Vec<Training> = Vec::new();
    for record in &own {
        let runs = match seeds.of_family(record) {
            Some(runs) if !runs.contains(&record.run) => continue,
            Some(runs) => runs.len(),
            None => 1,
        };
        let is_full = record.in_distribution.as_deref().is_some_and(|set| set.ends_with(FULL_SPECTRUM));
        let name = record.family().unwrap_or_else(|| record.run.clone());
        let name = if is_full { format!("{name}, {FULL_SPECTRUM}") } else { name };
        let place = found.iter().position(|training| training.name == name).unwrap_or_else(|| {
            found.push(Training { name, runs: BTreeSet::new(), blocks: Vec::new(), scores: Vec::new() });
            found.len() - 1
        });
        found[place].take(record, runs);
    }
    found
}

impl Training {
    fn take(&mut self, record: &Record, runs: usize) {
        self.runs.insert(record.run.clone());
        if !self.scores.contains(&record.score) {
            self.scores.push(record.score.clone());
        }
        let is_own = |block: &Block| {
            (&block.in_distribution, &block.ood, &block.group) == (&record.in_distribution, &record.ood, &record.group)
        };
        let place = self.blocks.iter().position(is_own).unwrap_or_else(|| {
            self.blocks.push(Block {
                in_distribution: record.in_distribution.clone(),
                ood: record.ood.clone(),
                group: record.group.clone(),
                runs,
                values: BTreeMap::new(),
            });
            self.blocks.len() - 1
        });
        self.blocks[place].values.entry(record.score.clone()).or_default().extend(record.value);
    }

    /// The run, or model and loss and how many runs.
    pub(super) fn title(&self) -> String {
        match self.runs.first() {
            Some(run) if self.runs.len() == 1 => run.clone(),
            _ => format!("{} ({} runs)", self.name, self.runs.len()),
        }
    }

    /// The scores that have a value on every set and seed.
    pub(super) fn complete(&self) -> Vec<&String> {
        self.scores.iter().filter(|score| self.sets_of(score) == self.blocks.len()).collect()
    }

    /// On how many sets a score has a value of every seed.
    fn sets_of(&self, score: &str) -> usize {
        let is_complete = |block: &&Block| block.values.get(score).is_some_and(|values| values.len() == block.runs);
        self.blocks.iter().filter(is_complete).count()
    }

    /// The other scores and why they are left out, one line each.
    pub(super) fn left_out(&self) -> Vec<String> {
        let incomplete = self.scores.iter().map(|score| (score, self.sets_of(score)));
        let incomplete = incomplete.filter(|(_, sets)| *sets < self.blocks.len());
        let line = |(score, sets)| {
            format!("{}: {score}: left out, it has all values on {sets} of {} sets", self.title(), self.blocks.len())
        };
        incomplete.map(line).collect()
    }

    /// What to be careful about where its sets are compared, one line each.
    pub(super) fn cautions(&self) -> Vec<String> {
        let (training, mut found) = (self.title(), Vec::new());
        let sets = self.blocks.len();
        if sets < FEW_SETS {
            found.push(format!(
                "{training}: {sets} sets: tests over sets need {FEW_SETS} and more to mean what they say"
            ));
        }
        let groups: BTreeSet<Option<&str>> = self.blocks.iter().map(|block| block.group.as_deref()).collect();
        if let (1, Some(Some(group))) = (groups.len(), groups.first()) {
            found.push(format!(
                "{training}: all sets are of the group {group}: what is best on them need not be best on others"
            ));
        }
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        self.blocks.iter().for_each(|block| *names.entry(&block.ood).or_default() += 1);
        let several: Vec<&str> = names.iter().filter(|(_, count)| **count > 1).map(|(name, _)| *name).collect();
        if !several.is_empty() {
            found.push(format!(
                "{training}: {} counts more than once, with several in-distribution sets or groups: sets of one source are not independent, and tests are too sure",
                several.join(", ")
            ));
        }
        found
    }

    /// Whether there is something to compare.
    pub(super) fn check(&self, scores: &[&String]) -> Result<(), String> {
        if self.blocks.len() > 1 && scores.len() > 1 {
            return Ok(());
        }
        Err(format!(
            "{}: found {} and {}, expected at least 2 of each to rank",
            self.title(),
            counted(self.blocks.len(), "OOD set"),
            counted(scores.len(), "score with values on all of them")
        ))
    }
}

/// Fewer sets than this make tests over sets doubtful.
const FEW_SETS: usize = 5;

impl Block {
    /// As `CIFAR10 vs near/tin`.
    pub(super) fn title(&self) -> String {
        let set = set_name(self.group.as_deref(), &self.ood);
        self.in_distribution.as_ref().map_or_else(|| set.clone(), |own| format!("{own} vs {set}"))
    }
}

fn counted(count: usize, what: &str) -> String {
    let what = match (count, what.split_once(' ')) {
        (1, _) => what.to_owned(),
        (_, Some(("score", rest))) => format!("scores {rest}"),
        _ => format!("{what}s"),
    };
    format!("{count} {what}")
}
