//! Arrays that come in numbered parts: `logits-00000.npy`, `logits-00001.npy`, ...

use std::collections::BTreeMap;
use std::path::Path;

use super::listing::file_name;
use super::source::Source;
use crate::dump::error::DumpError;
use crate::rows::ArrayKind;

/// `logits` → (logits, no shard), `logits-00002` → (logits, shard 2); `None` for any other name. A number beyond all numbers is the
/// largest, which never is the next one. A score is never in parts: `scores@mine-0` and `scores@mine-1` are what one calls two variants.
pub(in crate::dump) fn parse(name: &str) -> Option<(ArrayKind, Option<usize>)> {
    let numbered = || {
        let (base, number) = name.rsplit_once('-')?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Some((ArrayKind::parse(base)?, Some(number.parse().unwrap_or(usize::MAX)))))?
    };
    let in_parts = numbered().filter(|(kind, _)| !matches!(kind, ArrayKind::Score(_)));
    in_parts.or_else(|| Some((ArrayKind::parse(name)?, None)))
}

/// The arrays of one place, each with its shards in order. All names are such that [`parse`] knows them.
pub(super) fn join(place: &Path, named: Vec<(String, Source)>) -> Result<BTreeMap<ArrayKind, Vec<Source>>, DumpError> {
    let mut kinds: BTreeMap<ArrayKind, Vec<(Option<usize>, Source)>> = BTreeMap::new();
    for (name, source) in named {
        if let Some((kind, shard)) = parse(&name) {
            kinds.entry(kind).or_default().push((shard, source));
        }
    }
    let mut arrays = BTreeMap::new();
    for (kind, mut shards) in kinds {
        shards.sort_by(|(left, a), (right, b)| (left, a.path()).cmp(&(right, b.path())));
        let whole = shards.iter().filter(|(shard, _)| shard.is_none()).count();
        if whole > 0 && shards.len() > 1 {
            let names: Vec<String> = shards.iter().map(|(_, source)| file_name(source.path())).collect();
            return Err(DumpError::malformed(
                place,
                format!("the same array {} times ({})", shards.len(), names.join(", ")),
                "one file or numbered shards",
                "remove all but one",
            ));
        }
        if whole == 0 {
            for (expected, (shard, source)) in shards.iter().enumerate() {
                if *shard != Some(expected) {
                    let found = shard.filter(|shard| *shard != usize::MAX);
                    return Err(DumpError::malformed(
                        source.path(),
                        found.map_or("a shard number that is too large".to_owned(), |shard| format!("shard {shard}")),
                        format!("shard {expected} next"),
                        "copy the missing shard, or number the shards 0, 1, 2, ...",
                    ));
                }
            }
        }
        arrays.insert(kind, shards.into_iter().map(|(_, source)| source).collect());
    }
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_arrays() {
        assert_eq!(parse("logits"), Some((ArrayKind::Logits, None)));
        assert_eq!(parse("feature-00012"), Some((ArrayKind::Features, Some(12))));
        assert_eq!(parse("features@conv-1"), Some((ArrayKind::Layer("conv".to_owned()), Some(1))));
        assert_eq!(parse("features@conv-b"), Some((ArrayKind::Layer("conv-b".to_owned()), None)));
        assert_eq!(parse("labels-99999999999999999999999"), Some((ArrayKind::Labels, Some(usize::MAX))));
        assert_eq!(parse("scores@mine-00001"), Some((ArrayKind::Score("mine-00001".to_owned()), None)));
        for other in ["logit", "logits-", "logits-1a", "logits--1", "-1", ""] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
