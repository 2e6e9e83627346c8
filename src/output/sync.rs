//! Bytes that are on the disk, not only in the memory of the system.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Syncs the names in a folder, after a file in it was renamed. Some file systems cannot; the file itself is complete all the same.
pub(super) fn sync_names(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

/// Syncs all files below a folder and all names in it.
///
/// # Errors
/// If a file cannot be read or synced, as on a disk that is full or broken.
pub(super) fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { sync_all(&path)? } else { File::open(&path)?.sync_all()? }
    }
    sync_names(folder);
    Ok(())
}
