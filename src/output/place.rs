//! What stands where an output is to go.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// As many links in a row are followed, as on Linux.
const LINKS: usize = 40;

/// Where an output goes.
pub(super) enum Place {
    /// A file of its own, there or not; links are resolved.
    File(PathBuf),
    /// A pipe or a character device, opened.
    Stream(File),
}

impl Place {
    /// Looks at what is there. A pipe is opened at once: a program that finds out at the end that nobody reads has worked for nothing.
    pub(super) fn of(target: &Path) -> io::Result<Self> {
        match fs::metadata(target) {
            Ok(facts) if facts.is_file() && is_own_output(&facts) => Err(io::Error::other(
                "found the file that this program's own output goes to, expected another; name the file itself",
            )),
            Ok(facts) if facts.is_file() => fs::canonicalize(target).map(Self::File),
            Ok(facts) if facts.is_dir() => {
                Err(io::Error::new(ErrorKind::IsADirectory, "found a folder, expected a file; name a file in it"))
            }
            Ok(facts) => open_stream(target, &facts).map(Self::Stream),
            Err(error) if error.kind() == ErrorKind::NotFound => end_of_links(target).map(Self::File),
            Err(error) => Err(error),
        }
    }
}

/// The file that a link without a target points to, or the path itself.
pub(super) fn end_of_links(target: &Path) -> io::Result<PathBuf> {
    let mut path = target.to_owned();
    for _ in 0..LINKS {
        let Ok(link) = fs::read_link(&path) else { return Ok(path) };
        path = folder_of(&path).join(link);
    }
    Err(io::Error::other("found links that lead in a circle, expected a file"))
}

/// The folder of a path, the current one for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether it is the file behind standard output or standard error: renaming over that would part it from the program.
#[cfg(unix)]
fn is_own_output(facts: &Metadata) -> bool {
    use std::os::fd::{AsFd, BorrowedFd};
    use std::os::unix::fs::MetadataExt;
    let same = |stream: BorrowedFd<'_>| -> io::Result<bool> {
        let own = File::from(stream.try_clone_to_owned()?).metadata()?;
        Ok((own.dev(), own.ino()) == (facts.dev(), facts.ino()))
    };
    same(io::stdout().as_fd()).unwrap_or(false) || same(io::stderr().as_fd()).unwrap_or(false)
}

#[cfg(not(unix))]
fn is_own_output(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn open_stream(target: &Path, facts: &Metadata) -> io::Result<File> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

    let kind = facts.file_type();
    if kind.is_block_device() || kind.is_socket() {
        let found = if kind.is_socket() { "a socket" } else { "a disk" };
        return Err(io::Error::other(format!("found {found}, expected a file, a pipe or a character device")));
    }
    // Without waiting for a reader: there may never be one.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = File::options().write(true).custom_flags(flags.bits() as i32).open(target);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() && kind.is_fifo() => {
            io::Error::other("found a pipe that no program reads; start the reader first, or name a file")
        }
        _ => error,
    })?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
fn open_stream(target: &Path, _: &Metadata) -> io::Result<File> {
    File::options().write(true).open(target)
}
