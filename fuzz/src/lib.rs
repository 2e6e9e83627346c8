//! Feeds damaged and hostile files to every reader.
//!
//! Each target is a reader with seeds, most of them from `fixtures/`. A seed is changed at a few places ([`mutate`]), packed again where the reader
//! checks a checksum or inflates ([`target`]), written to a file and read. What is a finding:
//!
//! * a panic (an abort or a full stack ends the program; the input is the file that it leaves in its folder),
//! * an error of several lines or with control characters,
//! * more than 2 seconds, in a long run (a test on a busy machine would find its neighbours),
//! * more memory at a time than 2 × the file's size + 16 MB ([`memory`]; mapped files do not count, since they take none of it).
//!
//! The same seed of the random numbers gives the same inputs.
#![allow(clippy::unwrap_used, reason = "what is unwrapped here does not come from outside")]

pub mod checkpoint;
pub mod memory;
pub mod mutate;
mod seal;
pub mod seeds;
pub mod target;

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mutate::Mutator;
use target::Target;

/// What went wrong with an input.
#[derive(Debug)]
pub struct Finding {
    /// The target.
    pub target: &'static str,
    /// What happened.
    pub what: String,
    /// The file's content.
    pub input: Vec<u8>,
}

/// What a run of one target came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Inputs read.
    pub executions: u64,
    /// Inputs that were read without an error.
    pub accepted: u64,
    /// Seeds that were refused, by their numbers, and why: they are sound files.
    pub refused_seeds: Vec<(usize, String)>,
    /// Most bytes at a time beyond 2 × the file's size.
    pub excess: usize,
    /// Findings, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
}

/// A target is left once it has so many findings.
pub const MOST_FINDINGS: usize = 5;

/// What takes longer is a finding of a long run.
pub const SLOW: Duration = Duration::from_secs(2);
const SPARE: usize = 16 << 20;

/// Reads `executions` inputs of a target, fewer if `until` comes first, in a folder of its own below `place`; one that takes longer than `slow` is a finding.
///
/// # Panics
/// If the folder cannot be written to.
#[must_use]
pub fn run(
    target: &Target,
    executions: u64,
    until: Instant,
    seed: u64,
    place: &Path,
    slow: Option<Duration>,
) -> Outcome {
    let folder = place.join(target.name);
    let file: PathBuf = folder.join(target.file);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let seeds = (target.seeds)();
    let mut mutator = Mutator::new(seed, &seeds, target.words);
    let mut outcome = Outcome::default();
    // The seeds themselves first: a reader that refuses them checks nothing.
    for number in 0..executions {
        if number % 64 == 0 && Instant::now() > until {
            break;
        }
        let inner = match seeds.get(usize::try_from(number).unwrap_or(usize::MAX)) {
            Some(seed) => seed.clone(),
            None => mutator.input(),
        };
        let input = (target.pack)(&inner);
        std::fs::write(&file, &input).unwrap();
        // What a panic tells is in what was caught; its backtrace would count as memory of the reader.
        let told = take_hook();
        set_hook(Box::new(|_| ()));
        let before = memory::begin();
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (target.read)(&file)));
        let (took, peak) = (start.elapsed(), memory::peak_since(before));
        set_hook(told);
        outcome.executions += 1;
        let excess = peak.saturating_sub(2 * input.len());
        outcome.excess = outcome.excess.max(excess);
        let mut what = Vec::new();
        match result {
            Err(panic) => what.push(format!("panics: {}", message(panic.as_ref()))),
            Ok(Ok(())) => outcome.accepted += 1,
            Ok(Err(error)) => {
                if error.chars().any(char::is_control) {
                    what.push(format!("an error that is no line: {error:?}"));
                }
                if number < seeds.len() as u64 {
                    outcome.refused_seeds.push((number as usize, error));
                }
            }
        }
        if slow.is_some_and(|slow| took > slow) {
            what.push(format!("takes {took:?}"));
        }
        if excess > SPARE {
            what.push(format!("takes {peak} bytes for {} of file", input.len()));
        }
        if !what.is_empty() {
            outcome.findings.push(Finding { target: target.name, what: what.join(", "), input });
            if outcome.findings.len() == MOST_FINDINGS {
                break;
            }
        }
    }
    outcome
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message").to_owned()
}
