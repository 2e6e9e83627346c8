//! Which mapped file an address is of, and which mapped files were written to since.

use std::fs::{self, Metadata};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The files mapped now.
static TABLE: Mutex<Vec<Entry>> = Mutex::new(Vec::new());

struct Entry {
    number: u64,
    path: PathBuf,
    addresses: Range<usize>,
    state: State,
}

/// What shows that a file is another one, or was written to.
#[derive(PartialEq)]
struct State {
    file: (u64, u64),
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(facts: &Metadata) -> Self {
        #[cfg(unix)]
        let file = {
            use std::os::unix::fs::MetadataExt;
            (facts.dev(), facts.ino())
        };
        #[cfg(not(unix))]
        let file = (0, 0);
        Self { file, length: facts.len(), modified: facts.modified().ok() }
    }
}

/// A line of the table, for as long as the file is mapped.
pub(super) struct Watched(u64);

impl Watched {
    pub(super) fn new(path: &Path, facts: &Metadata, addresses: Range<*const u8>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let addresses = addresses.start as usize..addresses.end as usize;
        table().push(Entry { number, path: path.to_owned(), addresses, state: State::of(facts) });
        Self(number)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        table().retain(|entry| entry.number != self.0);
    }
}

fn table() -> MutexGuard<'static, Vec<Entry>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file that is mapped at an address.
pub(super) fn file_at(address: usize) -> Option<PathBuf> {
    // The last page of a map reaches beyond the file's end.
    let end = |entry: &Entry| entry.addresses.end.next_multiple_of(page_size());
    let table = table();
    let entry = table.iter().find(|entry| (entry.addresses.start..end(entry)).contains(&address))?;
    Some(entry.path.clone())
}

#[cfg(unix)]
fn page_size() -> usize {
    // SAFETY: a question without side effects.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(1).max(1)
}

#[cfg(not(unix))]
fn page_size() -> usize {
    1
}

/// The files that are mapped now and were written to or cut since: what was read of them may be half old and half new.
///
/// A file that was removed or replaced by another of its name is not among them: the map keeps the old one.
#[must_use]
pub fn changed() -> Vec<PathBuf> {
    let other = |entry: &&Entry| {
        let now = fs::metadata(&entry.path).map(|facts| State::of(&facts));
        now.is_ok_and(|now| now.file == entry.state.file && now != entry.state)
    };
    let mut paths: Vec<PathBuf> = table().iter().filter(other).map(|entry| entry.path.clone()).collect();
    paths.sort();
    paths.dedup();
    paths
}
