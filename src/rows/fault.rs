//! What happens when a mapped file loses pages while it is read: the system raises SIGBUS in the thread that reads.
//!
//! A handler may do next to nothing, so the thread that was hit hands the address to another thread and sleeps; that other thread
//! is ordinary code. Costs one sleeping thread, and nothing while reading.

use std::io;
use std::path::PathBuf;

/// From here on the first thread that reads a lost page is stopped for good, and `report` is called with the file, or with `None` where the
/// address is of no file that this library maps. `report` should end the program: what the stopped thread was to do never gets
/// done.
///
/// To be called once, by the program; a library that is called from another program leaves signals alone. Does nothing where there
/// is no SIGBUS.
///
/// # Errors
/// If the system does not let a handler be installed.
pub fn install(report: impl FnOnce(Option<PathBuf>) + Send + 'static) -> io::Result<()> {
    #[cfg(unix)]
    return unix::install(report);
    #[cfg(not(unix))]
    {
        drop(report);
        Ok(())
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, Read, pipe};
    use std::os::fd::{IntoRawFd, OwnedFd};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicI32, Ordering};
    use std::{mem, ptr, thread};

    use super::super::watch::file_at;

    /// The end of the pipe that the handler writes to; never closed once it is there.
    static WRITE_END: AtomicI32 = AtomicI32::new(-1);

    pub(super) fn install(report: impl FnOnce(Option<PathBuf>) + Send + 'static) -> io::Result<()> {
        let (read, write) = pipe()?;
        let mut read = File::from(OwnedFd::from(read));
        thread::Builder::new().name("lost pages".to_owned()).spawn(move || {
            let mut address = [0; size_of::<usize>()];
            if read.read_exact(&mut address).is_ok() {
                report(file_at(usize::from_ne_bytes(address)));
            }
        })?;
        WRITE_END.store(write.into_raw_fd(), Ordering::Release);
        // SAFETY: the structure is zeroed, which is valid for it, then filled; the handler calls only what may be called in one.
        let installed = unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = hand_over as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(libc::SIGBUS, &action, ptr::null_mut())
        };
        if installed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Writes the address to the pipe and never comes back. `write` and `pause` are async-signal-safe.
    extern "C" fn hand_over(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the system hands over a valid structure with SA_SIGINFO, and the bytes written are those of a local variable.
        unsafe {
            let address = ((*info).si_addr() as usize).to_ne_bytes();
            libc::write(WRITE_END.load(Ordering::Acquire), address.as_ptr().cast(), address.len());
            loop {
                libc::pause();
            }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};
    use std::sync::mpsc;
    use std::thread;

    use super::super::mapped::Mapped;

    #[test]
    fn a_lost_page_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let [kept, cut] = ["kept", "cut"].map(|name| folder.path().join(name));
        let [kept_map, cut_map] = [&kept, &cut].map(|path| {
            fs::write(path, vec![3; 1 << 20]).unwrap();
            Mapped::file(path, &File::open(path).unwrap()).unwrap()
        });
        let (send, receive) = mpsc::channel();
        super::install(move |file| send.send(file).unwrap()).unwrap();
        File::options().write(true).open(&cut).unwrap().set_len(100).unwrap();
        // Never comes back.
        thread::spawn(move || cut_map.iter().map(|&byte| u64::from(byte)).sum::<u64>());
        assert_eq!(receive.recv().unwrap(), Some(cut));
        assert_eq!(kept_map.iter().map(|&byte| u64::from(byte)).sum::<u64>(), 3 << 20);
    }
}
