//! What an interrupted program has to clear away.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Temporary files and folders not yet renamed, and folders made for outputs, in the order they were made.
static PENDING: Mutex<Vec<Pending>> = Mutex::new(Vec::new());

enum Pending {
    /// A file or folder under a temporary name: goes with all it holds.
    Temporary(PathBuf),
    /// A folder made for an output: goes if nothing came into it.
    Made(PathBuf),
}

fn pending() -> MutexGuard<'static, Vec<Pending>> {
    PENDING.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn add_temporary(path: &Path) {
    pending().push(Pending::Temporary(path.to_owned()));
}

pub(super) fn forget_temporary(path: &Path) {
    pending().retain(|one| !matches!(one, Pending::Temporary(other) if other == path));
}

pub(super) fn add_made(folder: &Path) {
    pending().push(Pending::Made(folder.to_owned()));
}

/// Removes what was started and not finished, and folders made for it that are still empty; for a program about to end early, on a
/// signal or on an error.
pub fn discard_pending() {
    clear(std::mem::take(&mut *pending()));
}

/// The last first: a folder is empty once what was made in it is gone.
fn clear(all: Vec<Pending>) {
    for one in all.into_iter().rev() {
        // Nothing can be done about one that does not go away.
        let _ = match one {
            Pending::Temporary(path) if path.is_dir() => remove_folder(&path),
            Pending::Temporary(path) => fs::remove_file(path),
            Pending::Made(folder) => fs::remove_dir(folder),
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
        clear(vec![
            Pending::Made(empty.clone()),
            Pending::Made(filled.clone()),
            Pending::Temporary(work),
            Pending::Temporary(half.clone()),
        ]);
        assert!(!empty.exists() && filled.join("whole").exists() && !half.exists());
    }
}
