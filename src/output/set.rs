//! Files that belong together: all of one run or all of the other.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::file::{AtomicFile, write_atomically};
use super::folder::{AtomicFolder, make_folder, resolve};
use super::place::{Place, folder_of};
use super::sync::{sync_all, sync_names};
use super::temporary::{self, Temporary};

/// Stands in a folder whose files are being replaced one by one.
pub(super) const MARK: &str = "INCOMPLETE.txt";

const MARK_TEXT: &str = "The files of this folder are being replaced. If no oodbench is running, it was stopped meanwhile,\n\
     and they are of two runs: run the command again.\n";

/// A folder of outputs that appear together.
///
/// They are written into a new folder beside it, which is swapped for it in one step: a program that is killed leaves all old files or
/// all new ones, and readers need not know how. A folder that also holds other things, the current one and one that is mounted cannot be
/// swapped; there the files are renamed one by one, and `INCOMPLETE.txt` stands beside them meanwhile.
#[derive(Debug)]
pub struct OutputSet {
    work: Work,
    target: PathBuf,
    names: Vec<&'static str>,
}

#[derive(Debug)]
enum Work {
    /// Beside the target.
    Beside(AtomicFolder),
    /// In the target, where the folder above it cannot be written to or lies on another disk.
    Inside(Temporary),
}

impl OutputSet {
    /// Starts a set for the folder `target`. `names` are all files that such a set may hold: those of an earlier run that are not written
    /// this time are removed, since they are not of this run.
    ///
    /// # Errors
    /// If `target` is no folder, or cannot be written to.
    pub fn begin(target: &Path, names: &[&'static str]) -> io::Result<Self> {
        let target = resolve(target)?;
        let names: Vec<&'static str> = names.iter().copied().chain([MARK]).collect();
        names.iter().try_for_each(|name| refuse_unless_file(&target.join(name)))?;
        let beside =
            if is_own_disk(&target) { Err(ErrorKind::CrossesDevices.into()) } else { AtomicFolder::create(&target) };
        let work = match beside {
            Ok(folder) => Work::Beside(folder),
            Err(_) if target.is_dir() => Work::Inside(temporary::folder(&target, OsStr::new("set"))?),
            Err(error) => return Err(error),
        };
        if target.is_dir() {
            temporary::sweep(&target);
        }
        Ok(Self { work, target, names })
    }

    /// Starts one of the files.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(&self, name: &'static str) -> io::Result<AtomicFile> {
        debug_assert!(self.names.contains(&name), "{name} is not of the set");
        AtomicFile::create(&self.folder().join(name))
    }

    /// Writes one of the files.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &'static str, bytes: &[u8]) -> io::Result<()> {
        debug_assert!(self.names.contains(&name), "{name} is not of the set");
        write_atomically(&self.folder().join(name), bytes)
    }

    fn folder(&self) -> &Path {
        match &self.work {
            Work::Beside(folder) => folder.path(),
            Work::Inside(folder) => folder.path(),
        }
    }

    /// Lets the files appear. Gives back their names.
    ///
    /// # Errors
    /// If they cannot be renamed.
    pub fn commit(self) -> io::Result<Vec<String>> {
        let written = names_in(self.folder())?;
        let shown = written.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let Self { work, target, names } = self;
        let swappable = !target.is_dir() || only(&target, &names)? && !is_current(&target);
        match work {
            Work::Beside(folder) if swappable => folder.commit()?,
            Work::Beside(folder) => one_by_one(folder.path(), &target, &written, &names)?,
            Work::Inside(folder) => one_by_one(folder.path(), &target, &written, &names)?,
        }
        Ok(shown)
    }
}

/// Replaces files singly, with a mark beside them meanwhile.
fn one_by_one(work: &Path, target: &Path, written: &BTreeSet<OsString>, names: &[&str]) -> io::Result<()> {
    sync_all(work)?;
    make_folder(target)?;
    write_atomically(&target.join(MARK), MARK_TEXT.as_bytes())?;
    for name in names.iter().filter(|name| **name != MARK && !written.contains(OsStr::new(name))) {
        match fs::remove_file(target.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for name in written {
        put(&work.join(name), &target.join(name))?;
    }
    sync_names(target);
    fs::remove_file(target.join(MARK))?;
    sync_names(target);
    Ok(())
}

/// Moves a file over another; where that is a link, over what it points to.
fn put(from: &Path, to: &Path) -> io::Result<()> {
    if let Place::File(end) = Place::of(to)? {
        match fs::rename(from, end) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => {}
            done => return done,
        }
    }
    let mut copy = AtomicFile::create(to)?;
    io::copy(&mut fs::File::open(from)?, &mut copy)?;
    copy.commit()
}

/// Before anything is computed: what cannot be replaced at the end is refused at the beginning.
fn refuse_unless_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() => Place::of(path).map(drop).map_err(|error| in_set(path, &error)),
        Ok(_) => Err(in_set(path, &"found no regular file, expected a file or nothing; move it away")),
        Err(_) => Ok(()),
    }
}

fn in_set(path: &Path, reason: &dyn std::fmt::Display) -> io::Error {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    io::Error::other(format!("{name}: {reason}"))
}

fn names_in(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

/// Whether a folder holds plain files of these names and nothing else.
fn only(folder: &Path, names: &[&str]) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A link that was put there is followed, not swapped away.
        if !entry.file_type()?.is_file() || !names.iter().any(|name| entry.file_name() == *name) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether the program, and so the user's shell, stands in this folder: swapped away, it would be gone under their feet.
fn is_current(folder: &Path) -> bool {
    std::env::current_dir().and_then(fs::canonicalize).is_ok_and(|current| current.starts_with(folder))
}

/// Whether the folder is where another disk is mounted.
#[cfg(unix)]
fn is_own_disk(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(inner), Ok(outer)) = (fs::metadata(folder), fs::metadata(folder_of(folder))) else { return false };
    inner.dev() != outer.dev()
}

#[cfg(not(unix))]
fn is_own_disk(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    /// A set of these files, each with this text.
    fn write(target: &Path, names: &[&'static str], text: &str) -> io::Result<Vec<String>> {
        let set = OutputSet::begin(target, &NAMES)?;
        names.iter().try_for_each(|name| set.write(name, text.as_bytes()))?;
        set.commit()
    }

    fn listing(folder: &Path) -> Vec<String> {
        names_in(folder).unwrap().into_iter().map(|name| name.into_string().unwrap()).collect()
    }

    fn inode(folder: &Path) -> u64 {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(folder).unwrap().ino()
    }

    #[test]
    fn a_set_replaces_the_whole_folder() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        assert_eq!(write(&target, &["a", "b"], "1").unwrap(), ["a", "b"]);
        let before = inode(&target);
        write(&target, &["a", "c"], "2").unwrap();
        assert_ne!(inode(&target), before, "swapped, not filled");
        assert_eq!(listing(&target), ["a", "c"]);
        assert_eq!(listing(root.path()), ["out"]);
    }

    #[test]
    fn what_else_is_in_the_folder_stays() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        write(&target, &["a", "b"], "1").unwrap();
        fs::write(target.join("notes"), "mine").unwrap();
        let before = inode(&target);
        write(&target, &["a", "c"], "2").unwrap();
        assert_eq!(inode(&target), before);
        assert_eq!(listing(&target), ["a", "c", "notes"]);
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "2");
        assert_eq!(listing(root.path()), ["out"]);
    }

    #[test]
    fn a_link_in_the_folder_stays_one() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink("../elsewhere", target.join("b")).unwrap();
        write(&target, &["a", "b"], "1").unwrap();
        assert!(target.join("b").is_symlink());
        assert_eq!(fs::read_to_string(root.path().join("elsewhere")).unwrap(), "1");
    }

    #[test]
    fn an_abandoned_set_leaves_the_old_one() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        write(&target, &["a"], "1").unwrap();
        let set = OutputSet::begin(&target, &NAMES).unwrap();
        set.write("a", b"2").unwrap();
        drop(set);
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "1");
        assert_eq!(listing(root.path()), ["out"]);
    }

    #[test]
    fn files_replaced_singly_are_marked_until_all_are() {
        let root = tempfile::tempdir().unwrap();
        let (work, target) = (root.path().join("work"), root.path().join("out"));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(work.join("a"), "2").unwrap();
        fs::write(work.join("b"), "2").unwrap();
        // Something that cannot be replaced stops it in the middle.
        fs::create_dir(target.join("b")).unwrap();
        assert!(one_by_one(&work, &target, &names_in(&work).unwrap(), &NAMES).is_err());
        assert_eq!(listing(&target), [MARK, "a", "b"]);
        fs::remove_dir(target.join("b")).unwrap();
        write(&target, &["a", "b"], "3").unwrap();
        assert_eq!(listing(&target), ["a", "b"]);
    }

    #[test]
    fn what_cannot_be_replaced_is_refused_at_once() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        fs::create_dir_all(target.join("b")).unwrap();
        let error = OutputSet::begin(&target, &NAMES).unwrap_err().to_string();
        assert!(error.starts_with("b: found no regular file"), "{error}");
    }
}
