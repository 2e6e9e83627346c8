//! How long work tells its observer where it is.

/// Someone who watches long work.
pub trait Progress: Sync {
    /// A new piece of work of so many rows begins.
    fn begin(&self, what: &str, rows: usize);

    /// So many more rows are done.
    fn advance(&self, rows: usize);

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
