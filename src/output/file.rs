//! One file, whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::place::{Place, folder_of};
use super::sync::sync_names;
use super::temporary::{self, Temporary};

/// A file that gets its name by [`AtomicFile::commit`], when it is complete; dropped before, it leaves nothing.
///
/// A pipe or a character device in its place is written to as the bytes come.
#[derive(Debug)]
pub struct AtomicFile {
    writer: BufWriter<File>,
    rename: Option<Rename>,
}

#[derive(Debug)]
struct Rename {
    temporary: Temporary,
    target: PathBuf,
}

impl AtomicFile {
    /// Starts a file for the path `target`, in its folder; links are followed.
    ///
    /// # Errors
    /// If the folder cannot be written to, or if what is there is a folder, a disk, a socket, a pipe that no program reads, or the file
    /// that this program's own output goes to.
    pub fn create(target: &Path) -> io::Result<Self> {
        let target = match Place::of(target)? {
            Place::Stream(file) => return Ok(Self { writer: BufWriter::new(file), rename: None }),
            Place::File(target) => target,
        };
        let name = target.file_name().ok_or_else(|| io::Error::other("found no file name, expected one"))?;
        let (file, temporary) = temporary::file(folder_of(&target), name)?;
        Ok(Self { writer: BufWriter::new(file), rename: Some(Rename { temporary, target }) })
    }

    /// Whether the bytes go to a pipe or a device, which cannot be replaced.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.rename.is_none()
    }

    /// Gives the file its name, replacing what was there; its bytes are on the disk before.
    ///
    /// # Errors
    /// If the last bytes cannot be written or the file cannot be renamed.
    pub fn commit(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some(Rename { temporary, target }) = self.rename else { return Ok(()) };
        if let Ok(old) = fs::metadata(&target) {
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()?;
        temporary.rename(&target)?;
        sync_names(folder_of(&target));
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes a whole file at once.
///
/// # Errors
/// As [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write_atomically(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_file_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.txt");
        write_atomically(&target, b"old").unwrap();
        let mut abandoned = AtomicFile::create(&target).unwrap();
        abandoned.write_all(b"half").unwrap();
        drop(abandoned);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&target, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn two_writers_of_one_name_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x".repeat(255));
        let mut files = [AtomicFile::create(&target).unwrap(), AtomicFile::create(&target).unwrap()];
        files[0].write_all(b"first").unwrap();
        files[1].write_all(b"second").unwrap();
        let [first, second] = files;
        second.commit().unwrap();
        first.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_their_end_and_stay() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("disk")).unwrap();
        symlink("disk/real", at("second")).unwrap();
        symlink("second", at("first")).unwrap();
        // First to a file that is not there yet, then over it.
        for text in [b"one", b"two"] {
            write_atomically(&at("first"), text).unwrap();
            assert_eq!(fs::read(at("disk/real")).unwrap(), text);
            assert!(at("first").is_symlink() && at("second").is_symlink());
        }
        assert_eq!(fs::read_dir(at("disk")).unwrap().count(), 1);
        symlink("b", at("a")).unwrap();
        symlink("a", at("b")).unwrap();
        assert!(write_atomically(&at("a"), b"never").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_of_a_replaced_file_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("secret");
        fs::write(&target, b"old").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
        write_atomically(&target, b"new").unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_atomically(folder.path(), b"x").unwrap_err().to_string();
        assert!(error.contains("found a folder"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_written_to_and_stay_devices() {
        write_atomically(Path::new("/dev/null"), b"x").unwrap();
        assert!(AtomicFile::create(Path::new("/dev/null")).unwrap().is_stream());
        assert_eq!(write_atomically(Path::new("/dev/full"), b"x").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!fs::metadata("/dev/full").unwrap().is_file());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_written_to_if_somebody_reads() {
        use rustix::fs::{CWD, Mode, mkfifoat};
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
        let error = write_atomically(&pipe, b"x").unwrap_err().to_string();
        assert!(error.contains("no program reads"), "{error}");
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        // The reader is there as soon as the pipe can be opened.
        let mut file = loop {
            match AtomicFile::create(&pipe) {
                Ok(file) => break file,
                Err(_) => std::thread::yield_now(),
            }
        };
        file.write_all(b"through").unwrap();
        file.commit().unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }
}
