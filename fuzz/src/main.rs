//! `cargo run --release -p oodbench-fuzz -- [--target NAME] [--executions N] [--seconds S] [--seed N]`
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, reason = "a tool of the developers")]

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use oodbench_fuzz::SLOW;
use oodbench_fuzz::target::TARGETS;

struct Options {
    targets: Vec<String>,
    executions: u64,
    seconds: u64,
    seed: u64,
}

fn options() -> Option<Options> {
    let mut options = Options { targets: Vec::new(), executions: 100_000, seconds: u64::from(u32::MAX), seed: 0 };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--target" if TARGETS.iter().any(|target| target.name == value) => options.targets.push(value),
            "--target" => {
                let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
                eprintln!("error: --target {value:?}: found no such target, expected one of {}", known.join(", "));
                return None;
            }
            "--executions" => options.executions = value.parse().ok()?,
            "--seconds" => options.seconds = value.parse().ok()?,
            "--seed" => options.seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!(
            "oodbench-fuzz [--target NAME]... [--executions N (of each target)] [--seconds S (for each)] [--seed N]"
        );
        return ExitCode::from(2);
    };
    // Files in memory, where there is such a folder: millions are written.
    let shared = Path::new("/dev/shm");
    let place = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    let place = place.keep();
    println!("inputs in {} (the last one of a target stays there if the program is ended by it)", place.display());
    std::panic::set_hook(Box::new(|_| {}));
    let (mut all, mut findings) = (0, Vec::new());
    println!(
        "{:<14} {:>12} {:>12} {:>10} {:>16} {:>9}",
        "target", "executions", "accepted", "seconds", "excess bytes", "findings"
    );
    let chosen = |name: &str| options.targets.is_empty() || options.targets.iter().any(|target| target == name);
    for target in TARGETS.iter().filter(|target| chosen(target.name)) {
        let start = Instant::now();
        let until = start + Duration::from_secs(options.seconds);
        let outcome = oodbench_fuzz::run(target, options.executions, until, options.seed, &place, Some(SLOW));
        println!(
            "{:<14} {:>12} {:>12} {:>10.1} {:>16} {:>9}",
            target.name,
            outcome.executions,
            outcome.accepted,
            start.elapsed().as_secs_f64(),
            outcome.excess,
            outcome.findings.len()
        );
        all += outcome.executions;
        findings.extend(outcome.findings);
    }
    println!("{all} executions, {} findings", findings.len());
    for (number, finding) in findings.iter().enumerate() {
        let file = format!("finding-{}-{number}", finding.target);
        std::fs::write(&file, &finding.input).unwrap();
        println!("{file}: {}", finding.what);
    }
    let _ = std::fs::remove_dir_all(place);
    ExitCode::from(u8::from(!findings.is_empty()))
}
