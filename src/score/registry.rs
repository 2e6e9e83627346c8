//! The score of a name: one of the list, somebody else's values, or a composition.

use super::assumption::Assumed;
use super::composed::{self, CompositionError};
use super::entry::ScoreEntry;
use super::list::{REGISTRY, UnknownName, find_listed};
use super::own;
use crate::dump::Dump;

/// A name that no score has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnknownScore {
    /// It is not in the list.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// It is a composition that cannot be understood.
    #[error(transparent)]
    Composed(#[from] CompositionError),
}

/// The score of an id or alias, of somebody else's values, `scores@<name>`, or a composition, `react+dice`.
///
/// # Errors
/// [`UnknownScore`] with the nearest known name, or the place in the composition.
pub fn find(name: &str) -> Result<&'static ScoreEntry, UnknownScore> {
    if let Some(own) = own::entry(name.trim()) {
        return Ok(own);
    }
    let single = find_listed(name);
    // Aliases as `mahalanobis++` come first.
    if single.is_err() && composed::is_composed(name) {
        return Ok(composed::entry(name.trim())?);
    }
    Ok(single?)
}

/// What may not suit a run about some scores, or about the parts of a composition; of each score once.
#[must_use]
pub fn cautions<'e>(entries: impl IntoIterator<Item = &'e ScoreEntry>, dump: &Dump) -> Vec<String> {
    let assumed = Assumed::of(dump);
    let of_part = |part: &ScoreEntry| {
        let broken = part.assumes.iter().filter_map(|assumption| assumed.caution(part.id, *assumption));
        (part.caution)(dump).into_iter().chain(broken).collect::<Vec<_>>()
    };
    let of_score = |entry: &ScoreEntry| {
        let mut own: Vec<String> = composed::parts(entry.id).into_iter().chain([entry]).flat_map(of_part).collect();
        own.dedup();
        own
    };
    entries.into_iter().flat_map(of_score).collect()
}

/// The scores of some names (ids, aliases or `all`), each once, and whether all are meant.
///
/// # Errors
/// [`UnknownScore`] for the first name that is not in the list.
pub fn entries(names: &[String]) -> Result<(Vec<&'static ScoreEntry>, bool), UnknownScore> {
    if names.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return Ok((REGISTRY.iter().collect(), true));
    }
    let mut entries: Vec<&'static ScoreEntry> = Vec::new();
    for name in names {
        let entry = find(name)?;
        if !entries.iter().any(|other| other.id == entry.id) {
            entries.push(entry);
        }
    }
    Ok((entries, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_aliases_are_unique_and_defaults_build() {
        let mut names: Vec<&str> =
            REGISTRY.iter().flat_map(|entry| entry.aliases.iter().copied().chain([entry.id])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for entry in REGISTRY {
            assert!(!entry.with_defaults().needs().is_empty(), "{} needs nothing", entry.id);
        }
    }

    #[test]
    fn every_value_of_a_grid_is_valid_and_the_default_is_among_them() {
        for entry in REGISTRY {
            for parameter in entry.parameters.iter().filter(|parameter| !parameter.grid.is_empty()) {
                for value in parameter.grid {
                    let mut settings = entry.settings();
                    settings.set(parameter.name, value).unwrap();
                    assert!((entry.build)(&settings).is_ok(), "{}.{}={value}", entry.id, parameter.name);
                }
                let default = parameter.default;
                assert!(default.is_empty() || parameter.grid.contains(&default), "{}.{}", entry.id, parameter.name);
            }
        }
    }

    #[test]
    fn pages_have_their_headings() {
        let headings = [
            "## Formula",
            "## Reads",
            "## Orientation",
            "## Numerics",
            "## Cost",
            "## Parameters",
            "## Differences",
            "## Reference",
            "## Example",
        ];
        for entry in REGISTRY {
            let at: Vec<Option<usize>> = headings.iter().map(|heading| entry.page.find(heading)).collect();
            assert!(at.iter().all(Option::is_some), "{} lacks a heading: {at:?}", entry.id);
            assert!(at.is_sorted(), "{}: headings out of order", entry.id);
        }
    }

    #[test]
    fn misspelt_names_are_answered() {
        assert_eq!(find("MSP").map(|entry| entry.id), Ok("mps"));
        assert_eq!(find("maxlogit").map(|entry| entry.id), Ok("max_logit"));
        let error = find("enrgy").err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("unknown score \"enrgy\"; did you mean energy?"));
    }
}
