//! Temporary names: recognisable, locked by their owner, cleared away by anyone once the owner is gone.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::pending::{self, Kind};

const PREFIX: &str = ".oodbench-";
const SUFFIX: &str = ".tmp";

/// So much of a name is kept in a temporary one: file systems take 255 bytes, and a character has up to 4.
const NAME_CHARACTERS: usize = 40;

/// Files without the suffix are of versions that knew no locks; at this age nobody writes to them any more.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// A temporary name; what it stands for is removed when this is dropped, unless it was renamed.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    renamed: bool,
    /// The lock of a folder. A file is locked by the handle that writes to it.
    _lock: Option<File>,
}

impl Temporary {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its own name, replacing a file of that name.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        pending::forget_temporary(&self.path);
        if !self.renamed {
            // Nothing can be done about one that does not go away.
            let _ = if self.path.is_dir() { fs::remove_dir_all(&self.path) } else { fs::remove_file(&self.path) };
        }
    }
}

/// A new file in `folder`, for one to be called `name`.
pub(super) fn file(folder: &Path, name: &OsStr) -> io::Result<(File, Temporary)> {
    sweep(folder);
    let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    let (file, path) = locked(folder, name, create)?;
    Ok((file, Temporary { path, renamed: false, _lock: None }))
}

/// A new folder in `folder`, for one to be called `name`.
pub(super) fn folder(folder: &Path, name: &OsStr) -> io::Result<Temporary> {
    sweep(folder);
    let create = |path: &Path| fs::create_dir(path).and_then(|()| File::open(path));
    let (lock, path) = locked(folder, name, create)?;
    Ok(Temporary { path, renamed: false, _lock: Some(lock) })
}

/// The number of the next name of this program.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The name for a folder while another takes its place: hidden, so that no reader of the folder above takes it for what it was, and without the ending
/// of what is cleared away, since it may be the only copy.
pub(super) fn aside(folder: &Path) -> PathBuf {
    let name = beginning(folder.file_name().unwrap_or_default());
    folder.with_file_name(format!("{PREFIX}{name}-{}.old", process::id()))
}

fn beginning(name: &OsStr) -> String {
    name.to_string_lossy().chars().take(NAME_CHARACTERS).collect()
}

fn locked(folder: &Path, name: &OsStr, create: impl Fn(&Path) -> io::Result<File>) -> io::Result<(File, PathBuf)> {
    let name = beginning(name);
    let process = process::id();
    loop {
        // No name twice: who takes the last owner's file for abandoned would remove the next one's.
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{PREFIX}{name}-{number}-{process}{SUFFIX}"));
        match pending::make(Kind::Temporary, &path, || create(&path)) {
            Ok(file) => {
                // Where a file system has no locks, nobody takes it for abandoned either.
                let _ = file.lock();
                // Another program may have swept it between the two steps.
                if path.exists() {
                    return Ok((file, path));
                }
                pending::forget_temporary(&path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Removes what killed programs left in a folder; once for each folder.
pub(super) fn sweep(folder: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
        return;
    }
    remove_abandoned(folder);
}

fn remove_abandoned(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()).filter(|path| is_temporary(path)) {
        // Locked until it is gone: who has just made it waits for the lock, and sees then that he needs another.
        if let Some(_lock) = abandoned(&path) {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

fn is_temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX)) && !path.is_symlink()
}

/// The file or folder, opened and locked, if the program that made it is gone. Its number in the name does not tell: numbers are used again, and other
/// containers and machines that share the folder have their own.
fn abandoned(path: &Path) -> Option<File> {
    // Opening a pipe would block.
    let kind = fs::metadata(path).ok()?.file_type();
    let file = (kind.is_file() || kind.is_dir()).then(|| File::open(path).ok())??;
    if path.extension().is_some_and(|ending| ending == "tmp") {
        return file.try_lock().is_ok().then_some(file);
    }
    // Folders of other versions may hold the only copy of what was being replaced.
    let age = SystemTime::now().duration_since(file.metadata().ok()?.modified().ok()?).ok()?;
    (kind.is_file() && age > OLD).then_some(file)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_killed_programs_left_goes_and_what_is_being_written_stays() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let age = |name: &str, hours: u64| {
            let file = File::create(at(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).unwrap();
        };
        age(".oodbench-scores.parquet-1.tmp", 0);
        age(".oodbench-abcdef", 48);
        age(".oodbench-fedcba", 1);
        age("notes.tmp", 48);
        fs::create_dir(at(".oodbench-out-1.tmp")).unwrap();
        fs::write(at(".oodbench-out-1.tmp/half"), "").unwrap();
        fs::create_dir(at(".oodbench-old-abc")).unwrap();
        std::os::unix::fs::symlink("notes.tmp", at(".oodbench-link-1.tmp")).unwrap();
        let other = File::create(at(".oodbench-other-1.tmp")).unwrap();
        other.lock().unwrap();
        sweep(root.path());
        let mut left: Vec<String> =
            fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        let expected =
            [".oodbench-fedcba", ".oodbench-link-1.tmp", ".oodbench-old-abc", ".oodbench-other-1.tmp", "notes.tmp"];
        assert_eq!(left, expected);
    }

    #[test]
    fn what_was_put_aside_is_hidden_and_stays() {
        let root = tempfile::tempdir().unwrap();
        let aside = aside(&root.path().join("x".repeat(255)));
        fs::create_dir(&aside).unwrap();
        sweep(root.path());
        assert!(aside.exists() && aside.file_name().unwrap().to_str().unwrap().starts_with('.'), "{}", aside.display());
    }

    #[test]
    fn what_is_found_abandoned_is_locked() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(".oodbench-x-1.tmp");
        File::create(&path).unwrap();
        let lock = abandoned(&path).unwrap();
        assert!(File::open(&path).unwrap().try_lock().is_err());
        drop(lock);
        assert!(File::open(&path).unwrap().try_lock().is_ok());
    }

    /// Between making a file and locking it another program may take it for abandoned; it must not go afterwards.
    #[test]
    fn nothing_goes_once_its_owner_has_it() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let owner = scope.spawn(|| {
                for _ in 0..3000 {
                    let (_file, temporary) = file(root.path(), OsStr::new("x")).unwrap();
                    std::thread::yield_now();
                    assert!(temporary.path().exists());
                }
            });
            while !owner.is_finished() {
                remove_abandoned(root.path());
            }
        });
    }

    #[test]
    fn a_temporary_name_says_what_it_is_for_and_whose_it_is() {
        let root = tempfile::tempdir().unwrap();
        let (_file, temporary) = file(root.path(), OsStr::new("run.fit")).unwrap();
        let name = temporary.path().file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with(".oodbench-run.fit-") && name.ends_with(&format!("-{}.tmp", process::id())), "{name}");
        // Others see its lock.
        assert!(abandoned(temporary.path()).is_none());
        let path = temporary.path().to_owned();
        drop(temporary);
        assert!(!path.exists());
    }
}
