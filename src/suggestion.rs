//! The name that was meant by a misspelt one.

/// The known name nearest to `name`, if one is near: one wrong character in every three, and at least one; or the only name that begins
/// with what was typed.
///
/// ```
/// use oodbench::suggestion::nearest;
///
/// let known = ["energy", "mds", "temperature"];
/// assert_eq!(nearest("enrgy", known), Some("energy"));
/// assert_eq!(nearest("temp", known), Some("temperature"));
/// assert_eq!(nearest("accuracy", known), None);
/// ```
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let known: Vec<&str> = known.into_iter().collect();
    let near = known
        .iter()
        .map(|&candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= (length / 3).max(1) && *distance < length)
        .map(|(_, candidate)| candidate);
    near.or_else(|| {
        let mut longer = known.iter().filter(|candidate| length >= 3 && candidate.starts_with(name));
        let first = longer.next().copied();
        first.filter(|_| longer.next().is_none())
    })
}

/// What to write in place of a name that is not known: the one that was meant, or one of all.
///
/// ```
/// use oodbench::suggestion::instead_of;
///
/// assert_eq!(instead_of("softmx", ["isomax", "softmax"]), "did you mean softmax?");
/// assert_eq!(instead_of("hinge", ["isomax", "softmax"]), "expected one of isomax, softmax");
/// ```
#[must_use]
pub fn instead_of<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("expected one of {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["es", "mds", "mps", "max_logit", "mahalanobis", "mahalanobis_pp", "model", "seed"];
        for (typed, meant) in [
            ("dms", Some("mds")),
            ("modle", Some("model")),
            ("sed", Some("seed")),
            ("maxlogit", Some("max_logit")),
            ("mahalonobis", Some("mahalanobis")),
            ("max_", Some("max_logit")),
            // Two begin with it.
            ("maha", None),
            ("xyz", None),
            ("x", None),
            ("", None),
            ("confidence", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }
}
