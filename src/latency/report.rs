//! The measurements, as tidy rows.

use serde::Serialize;

use super::data::Unfitted;
use super::machine::Machine;
use super::round_robin::{Costs, LEAST_GROUP_NS};
use super::subject::{Reference, Subject, SubjectKind};

/// What was measured, where and how. The names of the fields in JSON are stable.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Features D.
    pub features: usize,
    /// Training rows that scores were fitted on.
    pub train_rows: usize,
    /// Rounds in which everything was timed in turn; fewer for expensive scores, see `samples`.
    pub rounds: usize,
    /// What was subtracted from each duration for reading the clock.
    pub clock_overhead_ns: f64,
    /// One row per number of classes, size of batch and thing measured.
    pub measurements: Vec<Measurement>,
    /// What could not be measured.
    pub unmeasured: Vec<Unmeasured>,
}

/// The costs of one thing, in nanoseconds per row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement {
    /// Classes C.
    pub classes: usize,
    /// Rows in a batch.
    pub batch: usize,
    /// Score, or part of the classifier.
    pub kind: SubjectKind,
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Median of the cost from rows of which nothing is known.
    pub p50_ns: f64,
    /// 95th percentile of it.
    pub p95_ns: f64,
    /// The least of all: what it costs where nothing interferes.
    pub min_ns: f64,
    /// `p50_ns` in units of that of the arg max.
    pub per_arg_max: f64,
    /// Median of the cost from rows whose predicted classes are known; none for what reads no logits, which then adds all that it costs.
    pub added_p50_ns: Option<f64>,
    /// 95th percentile of it.
    pub added_p95_ns: Option<f64>,
    /// `added_p50_ns` in units of the arg max.
    pub added_per_arg_max: Option<f64>,
    /// Durations that `p50_ns`, `p95_ns` and `min_ns` are of.
    pub samples: usize,
    /// Batches in each of these durations.
    pub batches_per_sample: usize,
}

/// A score that was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmeasured {
    /// Classes C.
    pub classes: usize,
    /// The score's id.
    pub score: &'static str,
    /// Why not.
    pub reason: String,
}

impl Report {
    /// Adds the costs of all subjects, among them the arg max.
    pub(super) fn add(&mut self, classes: usize, batch: usize, subjects: &[Subject<'_>], costs: &[Costs]) {
        let arg_max = subjects.iter().zip(costs).find(|(subject, _)| subject.id == Reference::ArgMax.id());
        let unit = arg_max.map_or(f64::NAN, |(_, costs)| costs.alone.p50);
        self.measurements.extend(subjects.iter().zip(costs).map(|(subject, Costs { alone, added })| Measurement {
            classes,
            batch,
            kind: subject.kind(),
            id: subject.id,
            title: subject.title,
            p50_ns: alone.p50,
            p95_ns: alone.p95,
            min_ns: alone.min,
            per_arg_max: alone.p50 / unit,
            added_p50_ns: added.map(|added| added.p50),
            added_p95_ns: added.map(|added| added.p95),
            added_per_arg_max: added.map(|added| added.p50 / unit),
            samples: alone.samples,
            batches_per_sample: alone.group,
        }));
    }

    pub(super) fn add_unmeasured(&mut self, classes: usize, unfitted: Vec<Unfitted>) {
        self.unmeasured.extend(unfitted.into_iter().map(|(score, reason)| Unmeasured { classes, score, reason }));
    }

    /// Numbers of classes, in the order measured.
    #[must_use]
    pub fn classes(&self) -> Vec<usize> {
        distinct(self.measurements.iter().map(|row| row.classes))
    }

    /// Sizes of batches, in the order measured.
    #[must_use]
    pub fn batches(&self) -> Vec<usize> {
        distinct(self.measurements.iter().map(|row| row.batch))
    }

    /// What was measured for a number of classes: one row per thing, its measurements in the order of [`Report::batches`].
    #[must_use]
    pub fn rows(&self, classes: usize) -> Vec<Vec<&Measurement>> {
        let of_classes = || self.measurements.iter().filter(|row| row.classes == classes);
        distinct(of_classes().map(|row| row.id))
            .into_iter()
            .map(|id| of_classes().filter(|row| row.id == id).collect())
            .collect()
    }

    /// The whole as JSON.
    ///
    /// # Errors
    /// Never for finite values, which durations are.
    pub fn json(&self) -> serde_json::Result<String> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// How the measurements came about, one sentence per line.
    #[must_use]
    pub fn conditions(&self) -> Vec<String> {
        let Machine { processor, threads, system, instructions, oodbench } = &self.machine;
        let processor = processor.as_deref().unwrap_or("unknown processor");
        vec![
            format!("{processor}, {threads} threads, of which one is used; {system}, {instructions}; oodbench {oodbench}."),
            format!("{} features, fitted on {} rows; logits and features are f32.", self.features, self.train_rows),
            format!(
                "Nanoseconds of processor time per sample: median (95th percentile) over groups of batches of at least {} µs, up to {} \
                 rounds in turn, {} ns subtracted for the clock.",
                LEAST_GROUP_NS / 1e3,
                self.rounds,
                self.clock_overhead_ns
            ),
            "alone: from rows as they come from the dump; × arg max: alone by the classifier's own arg max; added: from rows whose predicted \
             classes are known, for scores that read logits (others add all that they cost)."
                .to_owned(),
        ]
    }
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut seen, value| {
        if !seen.contains(&value) {
            seen.push(value);
        }
        seen
    })
}

/// A number of nanoseconds to three significant digits, or to the whole one with commas between thousands.
#[must_use]
pub fn nanoseconds(value: f64) -> String {
    match value {
        value if value < 9.995 => return format!("{value:.2}"),
        value if value < 99.95 => return format!("{value:.1}"),
        _ => {}
    }
    let digits = format!("{value:.0}");
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// A share in percent; one that would be rounded to 0 is named as small.
#[must_use]
pub fn percent(share: f64) -> String {
    if share < 5e-5 { "< 0.01 %".to_owned() } else { format!("{:.2} %", 100.0 * share) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_grouped() {
        let shown = [0.0, 4.264, 9.996, 99.94, 99.96, 1234.4, 1_234_567.8].map(nanoseconds);
        assert_eq!(shown, ["0.00", "4.26", "10.0", "99.9", "100", "1,234", "1,234,568"]);
        assert_eq!([0.000_04, 0.000_06, 0.0464].map(percent), ["< 0.01 %", "0.01 %", "4.64 %"]);
    }
}
