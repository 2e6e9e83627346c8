//! Measuring many things in turn, so that a clock rate or a neighbour that changes meanwhile hits all of them alike.

use std::hint::black_box;
use std::ops::Range;

use super::clock::Clock;
use super::percentile::nearest_rank;
use super::subject::Subject;
use crate::progress::Progress;
use crate::rows::RowBlock;

/// Batches are timed in groups of at least so many nanoseconds: errors of the clock of some 10 ns then do not matter.
pub const LEAST_GROUP_NS: f64 = 20_000.0;

/// Most batches that are classified beforehand for one group: more of them would not stay in the first-level cache.
const MOST_CLASSIFIED: usize = 64;

/// Most batches in a group.
const MOST_BATCHES: usize = 4096;

/// Groups above this are not run once for warming up before each measurement: nothing of the group before is left when they end.
const LONG_GROUP_NS: f64 = 1e6;

/// Time that one thing may take altogether, in nanoseconds; expensive ones are measured in fewer rounds, spread evenly.
const BUDGET_NS: f64 = 5e8;

/// Least rounds that a thing is measured in, unless fewer were asked for.
const LEAST_SAMPLES: usize = 10;

/// Most batches whose shortest duration is the first guess of what one takes.
const GUESSES: usize = 5;

/// No more of them once one took so many nanoseconds.
const LONG_GUESS_NS: f64 = 1e7;

/// Durations of batches per row, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Median over the groups.
    pub p50: f64,
    /// 95th percentile over the groups.
    pub p95: f64,
    /// The least of all groups.
    pub min: f64,
    /// Number of groups.
    pub samples: usize,
    /// Batches in a group.
    pub group: usize,
}

/// The costs of one thing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// From a block of rows of which nothing is known.
    pub alone: Cost,
    /// Of a score of logits from a block whose predicted classes are known: what detection costs where classification is done anyway.
    pub added: Option<Cost>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Alone,
    Added,
}

/// One thing to be timed in turn.
struct Trial<'s, 'a> {
    subject: &'s Subject<'a>,
    mode: Mode,
    group: usize,
    samples: usize,
    long: bool,
    durations: Vec<f64>,
    next_row: usize,
}

/// How batches are timed.
#[derive(Clone, Copy, Debug)]
pub struct RoundRobin {
    /// Rows in a batch.
    pub batch: usize,
    /// Rounds; in each, everything is timed at most once.
    pub rounds: usize,
    /// The clock.
    pub clock: Clock,
}

impl RoundRobin {
    /// Measures everything. `progress` hears of every round that is done.
    ///
    /// The subjects' splits have at least one batch of rows.
    pub fn measure(&self, subjects: &[Subject<'_>], progress: &dyn Progress) -> Vec<Costs> {
        let mut out = vec![0.0; self.batch];
        let mut trials: Vec<Trial> = Vec::new();
        for subject in subjects {
            trials.push(self.trial(subject, Mode::Alone, &mut out));
            if subject.shares_logits() {
                trials.push(self.trial(subject, Mode::Added, &mut out));
            }
        }
        let count = trials.len();
        for round in 0..self.rounds {
            for turn in 0..count {
                // Another one begins each round, so nothing always follows the same one.
                let trial = &mut trials[(turn + round) % count];
                if (round + 1) * trial.samples / self.rounds > round * trial.samples / self.rounds {
                    let duration = self.sample(trial, &mut out);
                    trial.durations.push(duration);
                }
            }
            progress.advance(1);
        }
        let cost = |subject: &Subject<'_>, mode: Mode| {
            let trial = trials.iter().find(|trial| std::ptr::eq(trial.subject, subject) && trial.mode == mode)?;
            Some(Cost {
                p50: nearest_rank(&trial.durations, 0.5),
                p95: nearest_rank(&trial.durations, 0.95),
                min: trial.durations.iter().copied().fold(f64::INFINITY, f64::min),
                samples: trial.durations.len(),
                group: trial.group,
            })
        };
        let costs = |subject| Some(Costs { alone: cost(subject, Mode::Alone)?, added: cost(subject, Mode::Added) });
        subjects.iter().filter_map(costs).collect()
    }

    /// How many batches are timed together, and how often.
    fn trial<'s, 'a>(&self, subject: &'s Subject<'a>, mode: Mode, out: &mut [f64]) -> Trial<'s, 'a> {
        let mut trial = Trial { subject, mode, group: 1, samples: 1, long: true, durations: Vec::new(), next_row: 0 };
        let mut batch = f64::INFINITY;
        for _ in 0..GUESSES {
            batch = batch.min(self.sample(&mut trial, out) * self.batch as f64).max(1.0);
            if batch > LONG_GUESS_NS {
                break;
            }
        }
        let most = if mode == Mode::Added { MOST_CLASSIFIED } else { MOST_BATCHES };
        trial.group = ((LEAST_GROUP_NS / batch).ceil() as usize).clamp(1, most);
        let group = batch * trial.group as f64;
        trial.long = group > LONG_GROUP_NS;
        let affordable = (BUDGET_NS / group) as usize;
        trial.samples = affordable.max(LEAST_SAMPLES).min(self.rounds);
        trial.durations.reserve(trial.samples);
        trial
    }

    /// Nanoseconds per row of the next group of batches.
    fn sample(&self, trial: &mut Trial<'_, '_>, out: &mut [f64]) -> f64 {
        let first = trial.next_row;
        let groups = if trial.long { 1 } else { 2 };
        let mut duration = 0.0;
        for _ in 0..groups {
            trial.next_row = first;
            let batches: Vec<Range<usize>> = (0..trial.group).map(|_| self.next_batch(trial)).collect();
            let subject = trial.subject;
            duration = match trial.mode {
                Mode::Alone => self.clock.time(|| {
                    for rows in &batches {
                        let block = subject.block(rows.clone());
                        subject.compute(black_box(&block), out);
                    }
                }),
                Mode::Added => {
                    let blocks: Vec<RowBlock> =
                        batches.iter().map(|rows| subject.classified_block(rows.clone())).collect();
                    self.clock.time(|| blocks.iter().for_each(|block| subject.compute(black_box(block), out)))
                }
            };
        }
        duration / (trial.group * self.batch) as f64
    }

    /// The rows of the next batch, from the start again where the split ends.
    fn next_batch(&self, trial: &mut Trial<'_, '_>) -> Range<usize> {
        if trial.next_row + self.batch > trial.subject.split.rows {
            trial.next_row = 0;
        }
        let first = trial.next_row;
        trial.next_row += self.batch;
        first..first + self.batch
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::subject::{Reference, Work};
    use super::super::synthetic::{Shape, dump};
    use super::*;
    use crate::rows::HeadKind;
    use crate::rows::{ArrayKind, Role};
    use crate::score::{Fitted, State};

    /// Remembers the blocks it was given: the first logit of each.
    struct Remembers(Mutex<Vec<f64>>);

    impl Fitted for Remembers {
        fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
            assert_eq!((block.rows(), out.len()), (16, 16));
            out.fill(1.0);
            self.0.lock().unwrap().push(block.tops()[0].value);
        }

        fn save(&self) -> State<'_> {
            State::new()
        }
    }

    /// Counts what is done.
    struct Counts(AtomicUsize);

    impl Progress for Counts {
        fn begin(&self, _: &str, _: usize) {}

        fn advance(&self, rounds: usize) {
            self.0.fetch_add(rounds, Ordering::Relaxed);
        }

        fn end(&self) {}
    }

    #[test]
    fn everything_is_timed_in_every_round_on_all_batches() {
        let shape = Shape { classes: 3, features: 4, train_rows: 3, test_rows: 50 };
        let dump = dump(shape, HeadKind::Linear, false).unwrap();
        let test = dump.split(&Role::Test).unwrap();
        let remembers = Remembers(Mutex::new(Vec::new()));
        let score = Subject {
            id: "score",
            title: "Score",
            split: test,
            arrays: [ArrayKind::Logits].into(),
            head: None,
            work: Work::Score(&remembers),
        };
        let subjects = [Subject::reference(Reference::ArgMax, test, dump.head.as_ref().unwrap()), score];
        let timing = RoundRobin { batch: 16, rounds: 7, clock: Clock { overhead: 0.0 } };
        let counts = Counts(AtomicUsize::new(0));
        let costs = timing.measure(&subjects, &counts);

        assert_eq!(counts.0.into_inner(), 7);
        assert!(costs[0].added.is_none());
        for cost in [Some(costs[0].alone), Some(costs[1].alone), costs[1].added].into_iter().flatten() {
            assert_eq!(cost.samples, 7);
            assert!(0.0 < cost.min && cost.min <= cost.p50 && cost.p50 <= cost.p95, "{cost:?}");
        }
        // The last two of the 50 rows fill no batch.
        let block = |first: usize| subjects[0].block(first..first + 16).tops()[0].value;
        let mut seen = remembers.0.lock().unwrap().clone();
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        let mut expected = vec![block(0), block(16), block(32)];
        expected.sort_by(f64::total_cmp);
        assert_eq!(seen, expected);
    }
}
