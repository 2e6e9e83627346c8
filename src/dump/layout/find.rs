//! The splits in one folder: subfolders, archives, and OpenOOD's `<split>_<array>.npy` files.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::listing::{entries, file_name, stem};
use super::shard;
use super::source::Source;
use super::stray::{ARRAYS, Stray, is_silent};
use crate::dump::error::DumpError;
use crate::dump::format::entry::{list, printable};
use crate::dump::format::safetensors_index::is_part;
use crate::rows::element::Dtype;
use crate::rows::{ArrayKind, RowsError};

/// A split, or a folder without arrays.
pub(super) struct Found {
    pub(super) name: String,
    pub(super) place: PathBuf,
    pub(super) arrays: BTreeMap<ArrayKind, Vec<Source>>,
    /// What else lies there.
    pub(super) strays: Vec<Stray>,
}

impl Found {
    /// Whether there is anything to score.
    pub(super) fn has_rows(&self) -> bool {
        self.arrays.keys().any(|kind| *kind != ArrayKind::Labels)
    }
}

/// The splits of a folder, and what lies there beside them; names among `known` would have been understood.
pub(super) fn splits(folder: &Path, known: &'static [&'static str]) -> Result<(Vec<Found>, Vec<Stray>), DumpError> {
    let (mut found, mut strays) = (Vec::new(), Vec::new());
    let mut prefixed: BTreeMap<String, Vec<(String, Source)>> = BTreeMap::new();
    for entry in entries(folder)? {
        if entry.is_dir() {
            found.push(in_folder(&entry)?);
            continue;
        }
        if is_silent(&entry) || is_part(&entry) {
            continue;
        }
        let Some(source) = Source::of(&entry) else {
            strays.push(Stray::new(entry, known));
            continue;
        };
        let stem = stem(&entry);
        let split_and_array =
            stem.rsplit_once('_').filter(|(split, array)| !split.is_empty() && shard::parse(array).is_some());
        if let Some((split, array)) = split_and_array {
            prefixed.entry(split.to_owned()).or_default().push((array.to_owned(), source));
        } else if let Some(members) = members_of(&source)? {
            found.push(in_archive(&entry, stem, members)?);
        } else {
            strays.push(Stray::new(entry, known));
        }
    }
    for (name, named) in prefixed {
        let place = folder.join(format!("{name}_*"));
        let arrays = shard::join(&place, named)?;
        found.push(Found { name, place, arrays, strays: Vec::new() });
    }
    Ok((found, strays))
}

/// The split in a folder or an archive; `None` if the file holds one array.
pub(super) fn at(path: &Path) -> Result<Option<Found>, DumpError> {
    if path.is_dir() {
        return in_folder(path).map(Some);
    }
    let Some(source) = Source::of(path) else { return Ok(None) };
    let members = members_of(&source)?;
    members.map(|members| in_archive(path, stem(path), members)).transpose()
}

fn in_folder(folder: &Path) -> Result<Found, DumpError> {
    let (mut named, mut strays) = (Vec::new(), Vec::new());
    for file in entries(folder)? {
        match Source::of(&file).map(|source| (stem(&file), source)) {
            Some((stem, source)) if shard::parse(&stem).is_some() => named.push((stem, source)),
            _ if is_silent(&file) => {}
            _ => strays.push(Stray::new(file, ARRAYS)),
        }
    }
    let arrays = shard::join(folder, named)?;
    Ok(Found { name: file_name(folder), place: folder.to_owned(), arrays, strays })
}

fn in_archive(path: &Path, name: String, members: Vec<(String, Source)>) -> Result<Found, DumpError> {
    let members = members.into_iter().map(|(name, source)| (usual(&name).unwrap_or(name), source));
    let (named, others): (Vec<_>, Vec<_>) = members.partition(|(name, _)| shard::parse(name).is_some());
    if named.is_empty() {
        return Err(other_names(path, &others));
    }
    let strays = others.iter().map(|(member, _)| Stray::member(path, member, ARRAYS)).collect();
    Ok(Found { name, place: path.to_owned(), arrays: shard::join(path, named)?, strays })
}

/// A file of named arrays, as [`Source::members`]; a table none of whose columns is an array of a dump is no such file.
fn members_of(source: &Source) -> Result<Option<Vec<(String, Source)>>, DumpError> {
    let is_wanted =
        |members: &Vec<(String, Source)>| !source.holds_columns() || members.iter().any(|(name, _)| is_array(name));
    Ok(source.members()?.filter(is_wanted))
}

/// Whether an array of that name is known.
fn is_array(name: &str) -> bool {
    shard::parse(name).is_some() || usual(name).is_some()
}

/// Our name of an array that files of others usually call otherwise, in a dictionary or below its key `data`.
fn usual(member: &str) -> Option<String> {
    let name = match member.strip_prefix("data/").unwrap_or(member) {
        "feats" | "feas" | "fea" | "feat" | "embeddings" | "x" => "features",
        "label" | "targets" | "target" => "labels",
        name @ ("logits" | "features" | "labels") if name != member => name,
        _ => return None,
    };
    Some(name.to_owned())
}

/// An archive of arrays by other names: the names found and expected, and how to save it again.
fn other_names(path: &Path, members: &[(String, Source)]) -> DumpError {
    let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
    let found = if names.is_empty() { "no arrays".to_owned() } else { format!("arrays {}", list(&names)) };
    let archive = file_name(path);
    let saved: Vec<String> =
        guesses(members).into_iter().map(|(ours, theirs)| format!("{ours}=a['{}']", printable(&theirs))).collect();
    let remedy = if saved.is_empty() {
        Cow::Borrowed("save them by these names")
    } else {
        Cow::Owned(format!("rename them: a = numpy.load('{archive}'); numpy.savez('{archive}', {})", saved.join(", ")))
    };
    DumpError::Rows(RowsError::malformed(path, found, "arrays named logits, features or labels", remedy))
}

/// Members looked at for a hint: opening one may inflate it.
const LOOKED_AT: usize = 4;

/// Which of our names each member would have: matrices of floats are logits, or the narrower logits and the wider features; whole numbers are labels.
fn guesses(members: &[(String, Source)]) -> Vec<(&'static str, String)> {
    let mut matrices = Vec::new();
    let mut labels = Vec::new();
    for (name, source) in members.iter().take(LOOKED_AT) {
        let Ok(array) = source.open() else { continue };
        match (&array.dtype, &array.shape[..]) {
            (Dtype::Float(..), [_, columns]) => matrices.push((*columns, name.clone())),
            (Dtype::Signed(..) | Dtype::Unsigned(..), [_] | [_, 1]) => labels.push(name.clone()),
            _ => {}
        }
    }
    matrices.sort();
    let matrices: Vec<_> = if matrices.len() <= 2 { matrices } else { Vec::new() };
    let ours = ["logits", "features"].into_iter().zip(matrices.into_iter().map(|(_, name)| name));
    ours.chain(labels.into_iter().take(1).map(|name| ("labels", name))).collect()
}
