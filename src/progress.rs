//! How long-running work reports its progress.

/// Someone who watches long work: rows being read or scored, rounds being timed.
pub trait Progress: Sync {
    /// A new piece of work of so many steps begins.
    fn begin(&self, what: &str, steps: usize);

    /// So many more steps are done.
    fn advance(&self, steps: usize);

    /// The piece is done.
    fn end(&self);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: usize) {}

    fn advance(&self, _: usize) {}

    fn end(&self) {}
}
