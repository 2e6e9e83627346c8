//! How many threads compute.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use anyhow::bail;

/// Any machine may start so many; more only if it has the cores.
const ALWAYS: usize = 64;

/// rayon's own variable, which counts where `--threads` is not given.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Starts the threads asked for. Many more than there are cores take seconds to start and to wait for each other, 100,000 never come back.
pub(crate) fn start(asked: Option<NonZeroUsize>) -> anyhow::Result<()> {
    let (name, threads) = match asked {
        Some(threads) => ("--threads", threads.get()),
        None => match std::env::var(VARIABLE).ok().and_then(|value| value.parse().ok()) {
            Some(threads) => (VARIABLE, threads),
            None => return Ok(()),
        },
    };
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let most = ALWAYS.max(4 * cores);
    if threads > most {
        bail!(
            "{name}: found {threads}, expected at most {most} on this machine ({cores} cores); leave it out for one per core"
        );
    }
    // 0 means one per core to rayon.
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    Ok(())
}
