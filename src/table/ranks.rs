//! Scores ranked over many OOD sets, and which of them cannot be told from the best: from records alone.
//!
//! A set is an in-distribution set with an OOD set; what a score has on it is the mean over the seeds of a training. A score without a value on each of
//! the sets and seeds is left out, and said to be: others would be ranked on easier or harder sets. Whether scores differ at all is
//! [Friedman's test](crate::stats::friedman) in the form of Iman and Davenport; which are worse than the best, [Nemenyi's](crate::stats::nemenyi).
//! [Conover's with Holm's correction](crate::stats::conover_holm) is shown beside it and decides nothing: it calls equally good scores worse too often where
//! others keep their order.
//!
//! ```
//! use oodbench::metric::openood;
//! use oodbench::table::{Record, Verdict, ranks::ranked};
//! let record = |(set, score, value): (usize, &str, f64)| Record {
//!     run: "run".to_owned(),
//!     ood: format!("set {set}"),
//!     score: score.to_owned(),
//!     procedure: "openood".to_owned(),
//!     metric: "auroc".to_owned(),
//!     value: Some(value),
//!     ..Record::default()
//! };
//! // On each of six sets mds is above es, and es above mps.
//! let of_set = |set| [(set, "es", 0.8), (set, "mds", 0.9), (set, "mps", 0.7)].map(record);
//! let records: Vec<Record> = (0..6).flat_map(of_set).collect();
//! let found = ranked(&records, &openood::PROCEDURE, openood::PROCEDURE.metric("auroc").unwrap(), 0.05);
//! let lines = &found.tables[0].lines;
//! let ranks: Vec<(&str, f64, Verdict)> = lines.iter().map(|line| (line.score.as_str(), line.mean_rank, line.verdict)).collect();
//! assert_eq!(ranks, [("mds", 1.0, Verdict::Best), ("es", 2.0, Verdict::MayBeBest), ("mps", 3.0, Verdict::Worse)]);
//! // 2.344·√(12/36): es is nearer than that.
//! assert!((found.tables[0].critical_difference - 1.3532).abs() < 1e-4);
//! ```

use std::ops::Range;

use serde::Serialize;

use super::against_best::Verdict;
use super::record::Record;
use super::trainings::{Block, Training, trainings};
use crate::metric::{Better, Metric, Procedure};
use crate::stats::cliques::cliques;
use crate::stats::conover_holm::{Pair, pairs};
use crate::stats::friedman::{Friedman, friedman};
use crate::stats::nemenyi;

/// What was ranked, and what could not be.
#[derive(Clone, Debug, Default)]
pub struct Ranked {
    /// One per training, in the order of the records.
    pub tables: Vec<RankTable>,
    /// Trainings that could not be ranked and why, one line each.
    pub untested: Vec<String>,
}

/// The scores of one training, ranked by one metric over its sets.
#[derive(Clone, Debug)]
pub struct RankTable {
    /// The run, or model and loss and how many runs.
    pub training: String,
    /// The sets, as `CIFAR10 vs near/tin`.
    pub sets: Vec<String>,
    /// Whether the scores differ at all; scores in the order of `lines`.
    pub friedman: Friedman,
    /// The level of the tests.
    pub level: f64,
    /// How far apart mean ranks have to be for Nemenyi's test.
    pub critical_difference: f64,
    /// The scores, the best first.
    pub lines: Vec<RankLine>,
    /// Groups of lines of which no two differ by Nemenyi's test.
    pub nemenyi: Vec<Range<usize>>,
    /// Groups of lines of which no two differ by Conover's test with Holm's correction.
    pub conover: Vec<Range<usize>>,
    /// Scores that were left out and why, one line each.
    pub left_out: Vec<String>,
    /// What to be careful about, one line each.
    pub cautions: Vec<String>,
}

/// A score. These field names are an interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankLine {
    /// The run, or model and loss and how many runs.
    pub training: String,
    /// The procedure's id.
    pub procedure: &'static str,
    /// The metric's id.
    pub metric: &'static str,
    /// How many sets it was ranked on.
    pub sets: usize,
    /// The score's id.
    pub score: String,
    /// Its mean over the sets, as a fraction.
    pub mean: f64,
    /// The mean of its ranks; 1 is the best.
    pub mean_rank: f64,
    /// p-value of Friedman's test (Iman and Davenport's F) that no scores of the training differ.
    pub p_friedman: f64,
    /// p-value of the pair with the best one, all pairs accounted for: Nemenyi.
    pub p_nemenyi: Option<f64>,
    /// The same by Conover's test with Holm's correction.
    pub p_conover: Option<f64>,
    /// Letters of the groups it is in by Nemenyi's test: scores that share one do not differ.
    pub groups_nemenyi: String,
    /// The same by Conover's test.
    pub groups_conover: String,
    /// Whether it may be the best one: by Nemenyi's test, if Friedman's finds that scores differ at all.
    pub verdict: Verdict,
}

/// Ranks the scores of every training by one metric.
#[must_use]
pub fn ranked(records: &[Record], procedure: &'static Procedure, metric: &'static Metric, level: f64) -> Ranked {
    let mut found = Ranked::default();
    for training in trainings(records, procedure, metric) {
        match training.table(procedure, metric, level) {
            Ok(table) => found.tables.push(table),
            Err(why) => found.untested.push(why),
        }
    }
    found
}

/// The ranks of a training: methods of what is defined beside the values.
impl Training {
    /// The table, or why there is none.
    fn table(&self, procedure: &'static Procedure, metric: &'static Metric, level: f64) -> Result<RankTable, String> {
        let training = self.title();
        let scores = self.complete();
        self.check(&scores)?;
        let left_out = self.left_out();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let of_block = |block: &Block| scores.iter().map(|score| mean(&block.values[*score])).collect::<Vec<f64>>();
        let values: Vec<Vec<f64>> = self.blocks.iter().map(of_block).collect();
        let means: Vec<f64> =
            (0..scores.len()).map(|j| mean(&values.iter().map(|block| block[j]).collect::<Vec<_>>())).collect();

        let sign = if metric.better == Better::Higher { 1.0 } else { -1.0 };
        let ranked = |order: &[usize]| {
            let turned: Vec<Vec<f64>> =
                values.iter().map(|block| order.iter().map(|&j| sign * block[j]).collect()).collect();
            friedman(&turned).ok_or("expected two scores and two sets")
        };
        let mut order: Vec<usize> = (0..scores.len()).collect();
        let mean_ranks = ranked(&order)?.mean_ranks;
        order.sort_by(|&a, &b| mean_ranks[a].total_cmp(&mean_ranks[b]));
        let friedman = ranked(&order)?;

        let ranks = &friedman.mean_ranks;
        let (k, n) = (ranks.len(), friedman.blocks);
        let pairs = pairs(&friedman);
        let pair = |a: usize, b: usize| pair(&pairs, k, a.min(b), a.max(b));
        let p_nemenyi = |a: usize, b: usize| nemenyi::p_value(ranks[a] - ranks[b], k, n);
        let by_nemenyi = cliques(k, |a, b| p_nemenyi(a, b) < level);
        let by_conover = cliques(k, |a, b| pair(a, b).p_adjusted < level);
        let line = |place: usize| RankLine {
            training: training.clone(),
            procedure: procedure.id,
            metric: metric.id,
            sets: n,
            score: scores[order[place]].clone(),
            mean: means[order[place]],
            mean_rank: ranks[place],
            p_friedman: friedman.p,
            p_nemenyi: (place > 0).then(|| p_nemenyi(0, place)),
            p_conover: (place > 0).then(|| pair(0, place).p_adjusted),
            groups_nemenyi: letters(&by_nemenyi, place),
            groups_conover: letters(&by_conover, place),
            verdict: match place {
                0 => Verdict::Best,
                _ if friedman.p < level && p_nemenyi(0, place) < level => Verdict::Worse,
                _ => Verdict::MayBeBest,
            },
        };
        let lines = (0..k).map(line).collect();
        Ok(RankTable {
            sets: self.blocks.iter().map(Block::title).collect(),
            level,
            critical_difference: nemenyi::critical_difference(k, n, level),
            lines,
            nemenyi: by_nemenyi,
            conover: by_conover,
            left_out,
            cautions: self.cautions(),
            friedman,
            training,
        })
    }
}

/// The pair of two of `k` treatments, the first below the second, in the order 0–1, 0–2, …, 1–2, ….
fn pair(pairs: &[Pair], k: usize, first: usize, second: usize) -> Pair {
    pairs[first * (2 * k - first - 1) / 2 + second - first - 1]
}

/// The letters of the groups that hold a place.
fn letters(groups: &[Range<usize>], place: usize) -> String {
    let letter = |number: usize| ('a'..='z').chain('A'..='Z').nth(number).unwrap_or('…');
    (0..groups.len()).filter(|&number| groups[number].contains(&place)).map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::openood;

    fn record(run: &str, set: &str, score: &str, value: Option<f64>) -> Record {
        Record {
            run: run.to_owned(),
            in_distribution: Some("ID".to_owned()),
            ood: set.to_owned(),
            score: score.to_owned(),
            procedure: "openood".to_owned(),
            metric: "fpr95".to_owned(),
            value,
            ..Record::default()
        }
    }

    fn ranked_by_fpr(records: &[Record]) -> Ranked {
        let metric = openood::PROCEDURE.metrics.iter().find(|metric| metric.better == Better::Lower).unwrap();
        let records: Vec<Record> =
            records.iter().map(|record| Record { metric: metric.id.to_owned(), ..record.clone() }).collect();
        ranked(&records, &openood::PROCEDURE, metric, 0.05)
    }

    #[test]
    fn lower_is_better_where_the_metric_says_so_and_seeds_are_averaged() {
        let mut records = Vec::new();
        for (seed, shift) in [(0, 0.0), (1, 0.1)] {
            for set in ["a", "b", "c"] {
                for (score, value) in [("x", 0.3), ("y", 0.2), ("z", 0.4)] {
                    records.push(Record {
                        seed: Some(seed),
                        model: Some("net".to_owned()),
                        ..record(&format!("run{seed}"), set, score, Some(value + shift))
                    });
                }
            }
        }
        let found = ranked_by_fpr(&records);
        let table = &found.tables[0];
        assert_eq!(table.training, "net ? (2 runs)");
        assert_eq!(table.lines.iter().map(|line| line.score.as_str()).collect::<Vec<_>>(), ["y", "x", "z"]);
        assert!((table.lines[0].mean - 0.25).abs() < 1e-12);
        assert_eq!(table.sets, ["ID vs a", "ID vs b", "ID vs c"]);
        assert!(table.cautions[0].contains("3 sets: tests over sets need 5"), "{:?}", table.cautions);
    }

    #[test]
    fn what_lacks_a_value_is_left_out_and_said() {
        let records = ["a", "b"].map(|set| {
            ["x", "y", "z"].map(|score| record("run", set, score, ((set, score) != ("b", "z")).then_some(0.5)))
        });
        let found = ranked_by_fpr(&records.concat());
        assert_eq!(found.tables[0].left_out, ["run: z: left out, it has all values on 1 of 2 sets"]);
        assert_eq!(found.tables[0].lines.len(), 2);
        // One set only.
        let found = ranked_by_fpr(&records[0]);
        assert_eq!(
            found.untested,
            ["run: found 1 OOD set and 3 scores with values on all of them, expected at least 2 of each to rank"]
        );
    }

    #[test]
    fn pairs_are_found_by_their_places() {
        let ranked = friedman(&[vec![5.0, 4.0, 3.0, 2.0, 1.0], vec![5.0, 4.0, 2.0, 3.0, 1.0]]).unwrap();
        let all = pairs(&ranked);
        for own in &all {
            assert_eq!(pair(&all, 5, own.first, own.second), *own);
        }
    }
}
