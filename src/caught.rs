//! Code that may break off on what a file holds: a library that trusts it, a score that restores arrays of other widths. The file is then refused in one line, and
//! the message of the panic is not printed before it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are expected.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// What `run` gives; none where it panics, which is told nowhere. Panics of other threads are told as before.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = take_hook();
        set_hook(Box::new(move |panic| {
            if !EXPECTED.get() {
                told(panic);
            }
        }));
    });
    let before = EXPECTED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    EXPECTED.set(before);
    result.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_expected_inside_alone() {
        assert_eq!(caught(|| 1), Some(1));
        let inner = caught(|| (caught(|| panic!("expected")), EXPECTED.get()));
        assert_eq!((inner, EXPECTED.get()), (Some((None::<()>, true)), false));
        assert_eq!(caught(|| -> u8 { panic!("expected") }), None);
        assert!(!EXPECTED.get() && !std::thread::spawn(|| EXPECTED.get()).join().unwrap());
    }
}
