//! Threads that survive `fork`: a pool belongs to the process that made it. The global pool of rayon is never used, since it has no threads in a child.

use std::mem::forget;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::refused;

/// What several threads may use: one that panicked keeps it from none of the others.
#[derive(Default)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pool of this process, and how many threads it is to have; 0 means one per core.
struct Threads {
    wanted: usize,
    pool: Option<Arc<ThreadPool>>,
}

/// Locked only where the interpreter is held, so never while another thread forks.
static THREADS: Shared<Threads> = Shared::new(Threads { wanted: 0, pool: None });

/// More help nobody, and take seconds to start.
const MOST: usize = 1024;

/// How many threads compute; the variable OODBENCH_NUM_THREADS or one per core unless set.
#[pyfunction]
pub(crate) fn get_num_threads() -> PyResult<usize> {
    Ok(pool()?.current_num_threads())
}

/// Has so many threads compute from here on, 0 meaning one per core. The values do not depend on it. In a worker of Dask, Ray, Spark or of a data loader
/// pass 1.
#[pyfunction]
pub(crate) fn set_num_threads(threads: usize) -> PyResult<()> {
    if threads > MOST {
        return Err(refused(format!("found {threads} threads, expected at most {MOST}; 0 means one per core")));
    }
    let mut own = THREADS.lock();
    (own.wanted, own.pool) = (threads, None);
    Ok(())
}

/// Forgets the threads of the parent process, which a child does not have.
#[pyfunction]
pub(crate) fn after_fork() {
    let mut own = THREADS.lock();
    // Dropping it would wait for threads that are not there.
    forget(own.pool.take());
    LEFT_BEHIND.store(USED.load(Ordering::Relaxed), Ordering::Relaxed);
}

/// Whether records were made here, which polars has threads of its own for, and whether that was in a parent of this process.
static USED: AtomicBool = AtomicBool::new(false);
static LEFT_BEHIND: AtomicBool = AtomicBool::new(false);

/// To be called before records are made: the threads of polars cannot be started anew, and a child that waits for them waits for ever.
pub(crate) fn for_records() -> PyResult<()> {
    if LEFT_BEHIND.load(Ordering::Relaxed) {
        return Err(refused(
            "found a process that was forked after its parent had made records; start it by multiprocessing's \"spawn\", or make records in one of the two only",
        ));
    }
    USED.store(true, Ordering::Relaxed);
    Ok(())
}

fn pool() -> PyResult<Arc<ThreadPool>> {
    let mut own = THREADS.lock();
    if let Some(pool) = &own.pool {
        return Ok(Arc::clone(pool));
    }
    let builder = ThreadPoolBuilder::new().num_threads(own.wanted).thread_name(|thread| format!("oodbench {thread}"));
    let pool = Arc::new(builder.build().map_err(|error| refused(format!("cannot start threads: {error}")))?);
    own.pool = Some(Arc::clone(&pool));
    Ok(pool)
}

/// Does work on the threads, with the interpreter released.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let pool = pool()?;
    Ok(py.detach(|| pool.install(work)))
}

/// The same for work that may be too little to ask another thread for.
pub(crate) fn run_if<T: Send>(py: Python<'_>, is_much: bool, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    if is_much { run(py, work) } else { Ok(py.detach(work)) }
}
