//! The allocator of the program: mimalloc, and one line where there is no memory left.
//!
//! Training allocates every intermediate result anew; the allocator of the C library gives large blocks back to the system each time, which costs up to
//! half of the time. And where an allocation fails, Rust aborts: a core dump for a batch that was too large.

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write;

use mimalloc::MiMalloc;

/// mimalloc, which ends the program with one line where it has no memory left.
pub(crate) struct Allocator;

// SAFETY: hands everything on to mimalloc; what it cannot give is never returned.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those asked for here.
        or_end(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_end(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        or_end(unsafe { MiMalloc.realloc(pointer, layout, size) }, size)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
}

fn or_end(pointer: *mut u8, size: usize) -> *mut u8 {
    if pointer.is_null() {
        out_of_memory(size);
    }
    pointer
}

/// Says so without allocating.
#[cold]
#[expect(clippy::exit, reason = "nothing can go on without memory")]
fn out_of_memory(size: usize) -> ! {
    let mut line = [0_u8; 160];
    let mut rest = &mut line[..];
    let _ = writeln!(
        rest,
        "error: found no memory for {size} bytes more; take smaller batches, fewer rows or fewer threads, or allow the program more memory"
    );
    let left = rest.len();
    let _ = std::io::stderr().write_all(&line[..line.len() - left]);
    std::process::exit(oodbench_cli::FAILED.into())
}
