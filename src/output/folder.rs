//! One folder, whole or not at all.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::pending::{self, Kind};
use super::place::{end_of_links, folder_of};
use super::sync::{sync_all, sync_names};
use super::temporary::{self, Temporary};

/// A folder filled under a temporary name beside its own; dropped before [`AtomicFolder::commit`], it leaves nothing.
#[derive(Debug)]
pub struct AtomicFolder {
    work: Temporary,
    target: PathBuf,
}

impl AtomicFolder {
    /// Starts a folder for the path `target`; links are followed, missing folders above are made.
    ///
    /// # Errors
    /// If what is there is no folder, or the folder above cannot be written to.
    pub fn create(target: &Path) -> io::Result<Self> {
        let target = resolve(target)?;
        let name = target.file_name().ok_or_else(|| io::Error::other("found no name, expected one for the folder"))?;
        make_folder(folder_of(&target))?;
        let work = temporary::folder(folder_of(&target), name)?;
        Ok(Self { work, target })
    }

    /// Where to write for now.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.work.path()
    }

    /// Gives the folder its name once all bytes are on the disk. A folder that is there is swapped for it in one step and then
    /// removed with all it holds.
    ///
    /// # Errors
    /// If something cannot be written or renamed; then the old folder stays.
    pub fn commit(self) -> io::Result<()> {
        sync_all(self.work.path())?;
        let above = folder_of(&self.target).to_owned();
        match fs::metadata(&self.target) {
            Ok(old) => {
                fs::set_permissions(self.work.path(), old.permissions())?;
                self.replace()?;
            }
            Err(_) => self.work.rename(&self.target)?,
        }
        sync_names(&above);
        Ok(())
    }

    fn replace(self) -> io::Result<()> {
        match exchange(self.work.path(), &self.target) {
            // The old folder has the temporary name now, and goes with it.
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Unsupported || error.kind() == ErrorKind::InvalidInput => {}
            Err(error) => return Err(error),
        }
        self.replace_in_two_steps()
    }

    /// If the program is killed between the steps, the old folder has a name that nobody clears away.
    fn replace_in_two_steps(self) -> io::Result<()> {
        let aside = temporary::aside(&self.target);
        fs::rename(&self.target, &aside)?;
        if let Err(error) = self.work.rename(&self.target) {
            fs::rename(&aside, &self.target)?;
            return Err(error);
        }
        // The new folder is in its place; what stays of the old one has a name that says what it is.
        let _ = fs::remove_dir_all(aside);
        Ok(())
    }
}

/// Makes a folder and those above it. [`discard_pending`](super::discard_pending) removes those that stay empty.
///
/// # Errors
/// If one cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    match pending::make(Kind::Made, folder, || fs::create_dir(folder)) {
        // Another program was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// The folder that is meant, links followed.
pub(super) fn resolve(target: &Path) -> io::Result<PathBuf> {
    match fs::metadata(target) {
        Ok(facts) if facts.is_dir() => fs::canonicalize(target),
        Ok(_) => Err(io::Error::new(ErrorKind::NotADirectory, "found a file, expected a folder or nothing")),
        Err(error) if error.kind() == ErrorKind::NotFound => end_of_links(target),
        Err(error) => Err(error),
    }
}

/// Swaps two names in one step.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_swapped_whole_and_an_abandoned_one_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("deep/out");
        let first = AtomicFolder::create(&target).unwrap();
        fs::write(first.path().join("a"), "1").unwrap();
        assert!(!target.exists());
        first.commit().unwrap();
        let second = AtomicFolder::create(&target).unwrap();
        fs::create_dir(second.path().join("sub")).unwrap();
        fs::write(second.path().join("sub/b"), "2").unwrap();
        second.commit().unwrap();
        assert!(!target.join("a").exists());
        assert_eq!(fs::read_to_string(target.join("sub/b")).unwrap(), "2");
        drop(AtomicFolder::create(&target).unwrap());
        assert_eq!(fs::read_dir(root.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_system_that_cannot_swap_takes_two_steps() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        let filled = |text: &str| {
            let folder = AtomicFolder::create(&target).unwrap();
            fs::write(folder.path().join("a"), text).unwrap();
            folder
        };
        filled("1").commit().unwrap();
        filled("2").replace_in_two_steps().unwrap();
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "2");
        // The second step fails: the old folder is back.
        let lost = filled("3");
        fs::remove_dir_all(lost.path()).unwrap();
        lost.replace_in_two_steps().unwrap_err();
        assert_eq!(fs::read_to_string(target.join("a")).unwrap(), "2");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_in_its_place_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out");
        fs::write(&target, "mine").unwrap();
        assert!(AtomicFolder::create(&target).unwrap_err().to_string().contains("found a file"));
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays() {
        let root = tempfile::tempdir().unwrap();
        let link = root.path().join("link");
        fs::create_dir(root.path().join("disk")).unwrap();
        std::os::unix::fs::symlink("disk/out", &link).unwrap();
        for text in ["1", "2"] {
            let folder = AtomicFolder::create(&link).unwrap();
            fs::write(folder.path().join("a"), text).unwrap();
            folder.commit().unwrap();
            assert_eq!(fs::read_to_string(root.path().join("disk/out/a")).unwrap(), text);
            assert!(link.is_symlink());
        }
    }
}
