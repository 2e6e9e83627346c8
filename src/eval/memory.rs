//! How much memory the scores of a run will take, told before any is taken.

use std::fs;

use super::plan::Plan;
use super::score_split::BLOCKS_PER_BATCH;
use crate::numeric::sort::LONG;
use crate::rows::{Role, Split};

/// Bytes that the samples of a run and their metrics take at most: 8 per score and row of id/test and of the longest OOD set, 1 per row of these for
/// every score measured at a time, 16 per score and row that is scored at a time, and what sorting takes beside.
///
/// What scores learn from training rows is not in it; the page of such a score says what it keeps.
///
/// ```
/// // A score of 10⁸ + 10⁸ rows on two threads: 1.6 GB of scores, 0.2 GB for their order, 16 MB for 10⁶ rows at a time, 16 MiB to sort.
/// assert_eq!(oodbench::eval::memory::needed(1, 100_000_000, 100_000_000, 1_000_000, 2), 1_832_777_216);
/// ```
#[must_use]
pub fn needed(scores: usize, id_rows: usize, ood_rows: usize, batch_rows: usize, threads: usize) -> u64 {
    let rows = (id_rows + ood_rows) as u64;
    let buffers = threads * LONG.min(id_rows.max(ood_rows)) * size_of::<f64>();
    let batch = 2 * scores * batch_rows * size_of::<f64>();
    scores as u64 * rows * size_of::<f64>() as u64 + scores.min(threads) as u64 * rows + (batch + buffers) as u64
}

/// [`needed`] of a run as planned, on the threads of this process.
#[must_use]
pub fn of_plan(plan: &Plan<'_>) -> u64 {
    let ood = plan.dump.ood().map(|split| split.rows).max().unwrap_or(0);
    let test = plan.dump.split(&Role::Test).map_or(0, |split| split.rows);
    let shifted: usize = plan.dump.csid().map(|split| split.rows).sum();
    // The full spectrum holds the rows of id/test once more.
    let id = if shifted > 0 { 2 * test + shifted } else { test };
    let batch = |split: &Split| split.block_ranges().iter().take(BLOCKS_PER_BATCH).map(ExactSizeIterator::len).sum();
    let batch = plan.dump.splits.iter().map(batch).max().unwrap_or(0);
    needed(plan.scores.len(), id, ood, batch, rayon::current_num_threads())
}

/// Bytes that [`KeptScores`](super::KeptScores) of some runs take.
#[must_use]
pub fn of_kept(plans: &[Plan<'_>]) -> u64 {
    let rows = |plan: &Plan<'_>| {
        let test = plan.dump.split(&Role::Test).map_or(0, |split| split.rows);
        test + plan.dump.ood().map(|split| split.rows).sum::<usize>()
    };
    plans.iter().map(|plan| (plan.scores.len() * rows(plan) * size_of::<f64>()) as u64).sum()
}

/// Bytes that can be taken without swapping, where the system tells.
#[must_use]
pub fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
