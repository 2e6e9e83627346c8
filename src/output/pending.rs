//! What an interrupted program has to clear away.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

static PENDING: Ledger = Ledger(Mutex::new(Entries { all: Vec::new(), is_ending: false }));

/// Temporary files and folders not yet renamed, and folders made for outputs.
struct Ledger(Mutex<Entries>);

struct Entries {
    /// In the order in which they were made.
    all: Vec<Entry>,
    /// Set for good by [`Ledger::discard`].
    is_ending: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file or folder under a temporary name: goes with all it holds.
    Temporary,
    /// A folder made for an output: goes if nothing came into it.
    Made,
}

struct Entry {
    kind: Kind,
    path: PathBuf,
}

/// Makes a file or folder that is to be cleared away should the program end early.
pub(super) fn make<T>(kind: Kind, path: &Path, create: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    PENDING.make(kind, path, create)
}

pub(super) fn forget_temporary(path: &Path) {
    PENDING.entries().all.retain(|entry| entry.kind != Kind::Temporary || entry.path != path);
}

/// Removes what was started and not finished, and folders made for it that are still empty; for a program about to end early, on a
/// signal or on an error. From then on no output is started: a thread that would start one waits for the end of the program.
pub fn discard_pending() {
    PENDING.discard();
}

impl Ledger {
    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Made and entered in one step: a signal between the two would leave it.
    fn make<T>(&self, kind: Kind, path: &Path, create: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut entries = self.entries();
        if entries.is_ending {
            drop(entries);
            loop {
                thread::park();
            }
        }
        let made = create()?;
        entries.all.push(Entry { kind, path: path.to_owned() });
        Ok(made)
    }

    fn discard(&self) {
        let mut entries = self.entries();
        entries.is_ending = true;
        clear(std::mem::take(&mut entries.all));
    }
}

/// The last first: a folder is empty once what was made in it is gone.
fn clear(all: Vec<Entry>) {
    for Entry { kind, path } in all.into_iter().rev() {
        // Nothing can be done about one that does not go away.
        let _ = match kind {
            Kind::Temporary if path.is_dir() => remove_folder(&path),
            Kind::Temporary => fs::remove_file(path),
            Kind::Made => fs::remove_dir(path),
        };
    }
}

/// Removes a folder with all it holds, be something put into it meanwhile: the work that was interrupted goes on until the program ends.
fn remove_folder(folder: &Path) -> io::Result<()> {
    let mut tries = 0..100;
    loop {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && tries.next().is_some() => {
                thread::sleep(Duration::from_millis(5));
            }
            removed => return removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Somebody writes into the folder all the while.
    #[test]
    fn a_folder_goes_while_it_is_written_into() {
        let root = tempfile::tempdir().unwrap();
        let (folder, done) = (root.path().join("work"), AtomicBool::new(false));
        fs::create_dir(&folder).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0;
                while !done.load(Ordering::Relaxed) {
                    number += 1;
                    let _ = fs::write(folder.join(number.to_string()), "");
                }
            });
            thread::sleep(Duration::from_millis(20));
            let removed = remove_folder(&folder);
            done.store(true, Ordering::Relaxed);
            removed.unwrap();
        });
        assert!(!folder.exists());
    }

    // Not by `discard_pending`: other tests of this process have files under way.
    #[test]
    fn what_is_unfinished_goes_and_what_holds_something_stays() {
        let root = tempfile::tempdir().unwrap();
        let [empty, filled, work] = ["empty", "filled", "empty/work"].map(|name| root.path().join(name));
        for folder in [&empty, &filled, &work] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(work.join("half"), "").unwrap();
        fs::write(filled.join("whole"), "").unwrap();
        let half = filled.join("half");
        fs::write(&half, "").unwrap();
        let all = [(Kind::Made, &empty), (Kind::Made, &filled), (Kind::Temporary, &work), (Kind::Temporary, &half)];
        clear(all.map(|(kind, path)| Entry { kind, path: path.clone() }).into());
        assert!(!empty.exists() && filled.join("whole").exists() && !half.exists());
    }

    /// Whenever the end comes, what is being made then goes, too, and nothing is made later.
    #[test]
    fn nothing_is_left_of_work_that_goes_on_making() {
        let root = tempfile::tempdir().unwrap();
        for end in 0..50 {
            let ledger = Ledger(Mutex::new(Entries { all: Vec::new(), is_ending: false }));
            let ledger: &'static Ledger = Box::leak(Box::new(ledger));
            let (at, began) = (root.path().to_owned(), std::sync::Arc::new(AtomicBool::new(false)));
            let begins = began.clone();
            // It waits for ever once the end has come.
            thread::spawn(move || {
                for number in 0.. {
                    let (outer, inner) = (at.join(format!("{end}-{number}")), at.join(format!("{end}-{number}/work")));
                    ledger.make(Kind::Made, &outer, || fs::create_dir(&outer)).unwrap();
                    ledger.make(Kind::Temporary, &inner, || fs::write(&inner, "")).unwrap();
                    begins.store(true, Ordering::Relaxed);
                }
            });
            while !began.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            ledger.discard();
            thread::sleep(Duration::from_millis(2));
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        }
    }
}
