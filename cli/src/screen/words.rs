//! Words around numbers.

/// `1 epoch`, `2 epochs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_singular_and_nothing_is_not() {
        assert_eq!([0, 1, 2].map(|n| super::counted(n, "step")), ["0 steps", "1 step", "2 steps"]);
    }
}
