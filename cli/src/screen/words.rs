//! Words around numbers.

/// `1 epoch`, `2 epochs`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `1st`, `2nd`, `11th`.
#[cfg(feature = "train")]
pub(crate) fn ordinal(number: usize) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_singular_and_nothing_is_not() {
        assert_eq!([0, 1, 2].map(|n| super::counted(n, "step")), ["0 steps", "1 step", "2 steps"]);
    }

    #[cfg(feature = "train")]
    #[test]
    fn places_are_counted_as_they_are_said() {
        let places = [1, 2, 3, 4, 11, 12, 13, 21, 112].map(super::ordinal);
        assert_eq!(places, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]);
    }
}
