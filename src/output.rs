//! Files that are complete or not there at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::{NamedTempFile, TempPath};

/// Temporary files not yet renamed, for an interrupted program to remove.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file written beside its final name and renamed by [`AtomicFile::commit`]; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    writer: BufWriter<File>,
    temporary: TempPath,
    target: PathBuf,
}

impl AtomicFile {
    /// Starts a file in the folder of `target`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn create(target: &Path) -> io::Result<Self> {
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (file, temporary) = NamedTempFile::with_prefix_in(".oodbench-", folder)?.into_parts();
        if let Ok(mut pending) = PENDING.lock() {
            pending.push(temporary.to_path_buf());
        }
        Ok(Self { writer: BufWriter::new(file), temporary, target: target.to_owned() })
    }

    /// Gives the file its final name, replacing what was there.
    ///
    /// # Errors
    /// If the last bytes cannot be written or the file cannot be renamed.
    pub fn commit(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        make_readable(&file)?;
        let temporary = self.temporary.to_path_buf();
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        if let Ok(mut pending) = PENDING.lock() {
            pending.retain(|path| *path != temporary);
        }
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
/// If it cannot be written.
pub fn write_atomically(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(target)?;
    file.write_all(bytes)?;
    file.commit()
}

/// Removes the files that were started and not finished; for a program about to end on a signal.
pub fn discard_pending() {
    if let Ok(mut pending) = PENDING.lock() {
        for path in pending.drain(..) {
            // Nothing can be done about one that does not go away.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Temporary files are private to their owner; finished ones are as readable as any other.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
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
        assert_eq!(std::fs::read(&target).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&target, b"new").unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn an_interrupt_removes_what_is_pending() {
        let folder = tempfile::tempdir().unwrap();
        let pending = AtomicFile::create(&folder.path().join("out.txt")).unwrap();
        let path = pending.temporary.to_path_buf();
        assert!(path.exists());
        discard_pending();
        assert!(!path.exists());
    }
}
