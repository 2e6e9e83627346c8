//! Files mapped into memory, each known by its address while it is.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;

use super::array::Memory;
use super::watch::Watched;

/// A file's bytes, mapped for reading.
///
/// Another program that cuts the file takes pages away from under the map. Reading them raises a signal, which
/// [`fault::install`](super::fault::install) turns into a message; [`watch::changed`](super::watch::changed) tells of a file that was
/// written to meanwhile.
pub struct Mapped {
    map: Mmap,
    _watched: Option<Watched>,
}

impl Mapped {
    /// Maps an opened file; `path` stands for it in messages.
    ///
    /// # Errors
    /// If the system cannot map it.
    pub fn file(path: &Path, file: &File) -> io::Result<Self> {
        // SAFETY: the map is read-only. What another program does to the file is noticed (see above), though not prevented: no system
        // offers that for a map of a file.
        let map = unsafe { Mmap::map(file) }?;
        let watched = Watched::new(path, &file.metadata()?, map.as_ptr_range());
        Ok(Self { map, _watched: Some(watched) })
    }

    /// Maps a temporary file of this program's own that has no name, so that nobody else can change it.
    ///
    /// # Errors
    /// If the system cannot map it.
    pub fn unnamed(file: &File) -> io::Result<Self> {
        // SAFETY: the map is read-only and nothing else can change the file.
        Ok(Self { map: unsafe { Mmap::map(file) }?, _watched: None })
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}

impl Memory for Mapped {
    fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Asks the system to map some bytes at once, before they are read for the first time: one call costs less than a page fault for every few
    /// pages. Where the system cannot, reading maps them as ever.
    fn populate(&self, bytes: Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(memmap2::Advice::PopulateRead, bytes.start, bytes.len());
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::super::watch::{changed, file_at};
    use super::*;

    #[test]
    fn a_file_that_grows_or_shrinks_is_told_and_one_that_is_replaced_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let maps = ["kept", "cut", "longer", "replaced"].map(|name| {
            fs::write(at(name), [7; 10_000]).unwrap();
            Mapped::file(&at(name), &File::open(at(name)).unwrap()).unwrap()
        });
        let mine = || changed().into_iter().filter(|path| path.starts_with(folder.path())).collect::<Vec<_>>();
        assert!(mine().is_empty());
        File::options().write(true).open(at("cut")).unwrap().set_len(5_000).unwrap();
        File::options().append(true).open(at("longer")).unwrap().write_all(b"x").unwrap();
        fs::write(at("new"), "x").unwrap();
        fs::rename(at("new"), at("replaced")).unwrap();
        assert_eq!(mine(), [at("cut"), at("longer")]);
        assert_eq!(maps[3][9_999], 7);
        drop(maps);
        assert!(mine().is_empty());
    }

    #[test]
    fn an_address_tells_its_file_up_to_the_end_of_the_last_page() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, [1; 5_000]).unwrap();
        let map = Mapped::file(&path, &File::open(&path).unwrap()).unwrap();
        let start = map.as_ptr() as usize;
        for (address, found) in [(start, true), (start + 4_999, true), (start + 5_000, true)] {
            assert_eq!(file_at(address).is_some_and(|file| file == path), found, "{address}");
        }
        drop(map);
        // Another thread may have mapped another file there.
        assert_ne!(file_at(start + 1), Some(path));
    }
}
