//! Runs of scores alone: one archive per run, as it is kept of OpenOOD's evaluations.
//!
//! | member | what |
//! |---|---|
//! | `id` | scores of the in-distribution rows |
//! | `<set>` or `<group>__<set>` | scores of an OOD set |
//! | the same with `@conf` behind | the same: what OpenOOD calls the confidence |
//! | the same with `@pred`, `@label` behind | predictions and labels; not read |
//!
//! Arrays are of shape (n,) or (n, 1). A name that ends on `-s1`, `_s1`, `-seed1` or `_seed1` says the seed; what stands before is the model, and the name of
//! the in-distribution set, so that archives that differ by seed belong together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::DumpError;
use super::format::{self, Format};
use super::{Dump, RunInfo};
use crate::rows::array::shape_text;
use crate::rows::{ArrayKind, Matrix, Role, RunRows, Split};

/// The archives at a place: itself, or those of a folder, in the order of their names.
///
/// # Errors
/// [`DumpError`] if there are none, or one of them cannot be read: a mean over the others would not be what was asked for.
pub fn find(place: &Path) -> Result<Vec<PathBuf>, DumpError> {
    if !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let unreadable = |error| DumpError::io(place, error);
    let entries = std::fs::read_dir(place).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let mut paths = Vec::new();
    for path in entries.into_iter().map(|entry| entry.path()) {
        if archive(&path)?.is_some() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        let expected = ".npz, .safetensors or .mat files with members id and one per OOD set";
        return Err(DumpError::malformed(place, "no archive of scores", expected, "name the folder that holds them"));
    }
    Ok(paths)
}

/// Whether a path may be one archive or a folder of such: a file that says by its name that it holds one array, or text, is none.
#[must_use]
pub fn is_named(place: &Path) -> bool {
    place.is_dir() || !matches!(archive(place), Ok(None))
}

/// How a file is read, and the names of its arrays.
type Archive = (&'static dyn Format, Vec<String>);

/// The members of an archive; none for a file that holds no named arrays.
fn archive(path: &Path) -> Result<Option<Archive>, DumpError> {
    let Some(format) = format::by_name(path) else { return Ok(None) };
    Ok(format.members(path)?.map(|members| (format, members)))
}

/// Opens an archive as a run whose only score has this name.
///
/// # Errors
/// [`DumpError`] if it is no archive, lacks a set, names one twice, or holds something else than one number per row.
pub fn open(path: &Path, score: &str) -> Result<Dump, DumpError> {
    let wrong = |found: String, expected: &str| {
        DumpError::malformed(path, found, expected.to_owned(), "`oodbench measure --help` shows what is read")
    };
    let sets = "members id and one per OOD set";
    let Some((format, members)) = archive(path)? else { return Err(wrong("no archive".to_owned(), sets)) };
    let mut names = BTreeSet::new();
    let mut splits = Vec::new();
    for member in &members {
        let Some(role) = role(member) else { continue };
        if !names.insert(role.to_string()) {
            return Err(wrong(format!("{role} twice"), "distinct names"));
        }
        let array = format.open(path, Some(member))?;
        if !matches!(array.shape[..], [_] | [_, 1]) {
            let found = format!("shape {} of {member}", shape_text(&array.shape));
            return Err(wrong(found, "one number per row, shape (rows,)"));
        }
        let place = format!("{}:{member}", path.display());
        let matrix = Matrix::column(&place, array.numbers().collect())?;
        splits.push(Split::new(role, place).with(ArrayKind::Score(score.to_owned()), matrix)?);
    }
    splits.sort_by_key(|split| split.role != Role::Test);
    if splits.len() < 2 || splits[0].role != Role::Test {
        let list = members.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        return Err(wrong(format!("members {list}"), sets));
    }
    let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (family, seed) = seed(&name);
    let info = RunInfo {
        in_distribution: Some(family.to_owned()),
        model: seed.is_some().then(|| family.to_owned()),
        seed,
        name: name.clone(),
        ..RunInfo::default()
    };
    Ok(Dump::from_parts(info, RunRows::new(path, splits, None)?))
}

/// What a member holds; none for predictions and labels.
fn role(member: &str) -> Option<Role> {
    let name = match member.split_once('@') {
        None => member,
        Some((name, "conf")) => name,
        Some(_) => return None,
    };
    Some(match name.split_once("__") {
        _ if name == "id" => Role::Test,
        Some((group, set)) if !group.is_empty() && !set.is_empty() => {
            Role::Ood { group: Some(group.to_owned()), name: set.to_owned() }
        }
        _ => Role::Ood { group: None, name: name.to_owned() },
    })
}

/// What stands before the seed in a name, and the seed.
fn seed(name: &str) -> (&str, Option<u64>) {
    let rest = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let before = ["-seed", "_seed", "-s", "_s"].iter().find_map(|end| rest.strip_suffix(end));
    match (before, name[rest.len()..].parse().ok()) {
        (Some(before), Some(seed)) if !before.is_empty() => (before, Some(seed)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_names_say_what_they_are() {
        let ood = |group: Option<&str>, name: &str| {
            Some(Role::Ood { group: group.map(str::to_owned), name: name.to_owned() })
        };
        for (member, expected) in [
            ("id", Some(Role::Test)),
            ("id@conf", Some(Role::Test)),
            ("id@pred", None),
            ("svhn", ood(None, "svhn")),
            ("near__tin@conf", ood(Some("near"), "tin")),
            ("__tin", ood(None, "__tin")),
            ("near__tin@label", None),
        ] {
            assert_eq!(role(member), expected, "{member}");
        }
        for (name, expected) in [
            ("scale-cifar10-s0", ("scale-cifar10", Some(0))),
            ("knn_seed12", ("knn", Some(12))),
            ("resnets18", ("resnets18", None)),
            ("-s1", ("-s1", None)),
            ("a-s99999999999999999999", ("a-s99999999999999999999", None)),
            ("2024", ("2024", None)),
        ] {
            assert_eq!(seed(name), expected, "{name}");
        }
    }
}
