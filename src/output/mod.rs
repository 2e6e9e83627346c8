//! Files and folders that are complete or not there at all.
//!
//! Everything is written under a temporary name beside its own (`.oodbench-NAME-NUMBER-PID.tmp`), synced to the disk and renamed. Links are
//! followed: the file a link points to is replaced, never the link. Pipes and character devices are written to as they are, since a rename
//! would put a file in their place.
//!
//! Whoever writes holds a lock on the temporary name. One without a lock was left by a program that was killed; the next
//! program that writes to the same folder removes it.

mod file;
mod folder;
mod pending;
mod place;
mod set;
mod sync;
mod temporary;

pub use file::{AtomicFile, write_atomically};
pub use folder::{AtomicFolder, make_folder};
pub use pending::discard_pending;
pub use set::OutputSet;
