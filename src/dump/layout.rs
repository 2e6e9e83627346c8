//! Finding runs on disk: the native layout and the one of OpenOOD's notebook, told apart by what is there.
//!
//! ```text
//! native                                             OpenOOD's notebook
//! run.toml                        optional           (also read if present)
//! id/{train,val,test}/logits.npy  (n, C)             id/test_logits.npy
//! id/{train,val,test}/features.npy (n, D)            id/test_feature.npy
//! id/{train,val,test}/labels.npy  (n,)               id/test_labels.npy
//! val_ood/<name>/...              optional
//! ood/<name>/...  or ood/<group>/<name>/...          nearood/<name>_logits.npy, farood/<name>_logits.npy
//! head/{weight,bias}.npy or head/{prototypes,distance_scale}.npy
//! ```
//!
//! An array may be one `.npy` file, one `.npz` file, or shards `logits-00000.npy`, `logits-00001.npy`, ...; a whole split
//! may be one archive (`id/test.npz`, `ood/svhn.npz`) with members `logits`, `features`, `labels`.
//! Features of further layers are `features@<layer>.npy`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::DumpError;
use super::{npy, npz};
use crate::rows::array::StoredArray;
use crate::rows::{ArrayKind, Role};

/// Where one stored array is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An `.npy` file.
    Npy(PathBuf),
    /// A member of an `.npz` archive; `None` for the only one.
    Npz(PathBuf, Option<String>),
}

impl Source {
    /// Opens the array.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read.
    pub fn open(&self) -> Result<StoredArray, DumpError> {
        match self {
            Self::Npy(path) => npy::open(path),
            Self::Npz(path, Some(member)) => npz::open(path, member),
            Self::Npz(path, None) => match &npz::members(path)?[..] {
                [only] => npz::open(path, only),
                members => Err(DumpError::malformed(
                    path,
                    format!("{} arrays ({})", members.len(), members.join(", ")),
                    "one array",
                    "save one array per file, or the whole split as one archive (e.g. id/test.npz)",
                )),
            },
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Npy(path) | Self::Npz(path, _) => path,
        }
    }
}

/// The files of one split.
#[derive(Clone, Debug)]
pub struct SplitFiles {
    /// What the split is for.
    pub role: Role,
    /// The folder, archive or file prefix it was found at.
    pub place: PathBuf,
    /// Every array with its shards in order.
    pub arrays: BTreeMap<ArrayKind, Vec<Source>>,
}

/// The files of one run.
#[derive(Clone, Debug)]
pub struct RunFiles {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its splits: train, val, OOD sets to choose parameters on, test, then the OOD sets (near, far, then by name).
    pub splits: Vec<SplitFiles>,
}

/// The runs in `path`: itself, or those of its folders that hold one, by name.
///
/// # Errors
/// [`DumpError::NoRun`] if there is none, and whatever is wrong with the files of one.
pub fn discover(path: &Path) -> Result<Vec<RunFiles>, DumpError> {
    if is_run(path) {
        return Ok(vec![RunFiles::find(path)?]);
    }
    let runs: Vec<PathBuf> = entries(path)?.into_iter().filter(|entry| is_run(entry)).collect();
    if runs.is_empty() {
        return Err(DumpError::NoRun { path: path.to_owned() });
    }
    runs.iter().map(|run| RunFiles::find(run)).collect()
}

fn is_run(path: &Path) -> bool {
    path.join("id").is_dir()
}

impl RunFiles {
    fn find(folder: &Path) -> Result<Self, DumpError> {
        let mut splits = Vec::new();
        for (name, place, arrays) in find_splits(&folder.join("id"))? {
            let role = match name.as_str() {
                "train" => Role::Train,
                "val" => Role::Val,
                "test" => Role::Test,
                _ => continue,
            };
            splits.push(SplitFiles { role, place, arrays });
        }
        if !splits.iter().any(|split| split.role == Role::Test) {
            return Err(DumpError::missing(
                folder.join("id/test"),
                "the in-distribution test split",
                "dump the ID test set there",
            ));
        }
        let validation = folder.join("val_ood");
        if validation.is_dir() {
            find_val_ood(&validation, &mut splits)?;
        }
        let ungrouped = folder.join("ood");
        for (group, place) in
            [(Some("near"), folder.join("nearood")), (Some("far"), folder.join("farood")), (None, ungrouped)]
        {
            if place.is_dir() {
                find_ood(&place, group, &mut splits)?;
            }
        }
        splits.sort_by_key(|split| order(&split.role));
        refuse_duplicates(&splits)?;
        Ok(Self { folder: folder.to_owned(), splits })
    }
}

/// Sort key: train, val, OOD sets to choose parameters on, test, near, far, other groups, sets without a group; by name within each.
fn order(role: &Role) -> (usize, Option<String>, String) {
    match role {
        Role::Train => (0, None, String::new()),
        Role::Val => (1, None, String::new()),
        Role::ValOod { name } => (2, None, name.clone()),
        Role::Test => (3, None, String::new()),
        Role::Ood { group, name } => {
            let rank = match group.as_deref() {
                Some("near") => 4,
                Some("far") => 5,
                Some(_) => 6,
                None => 7,
            };
            (rank, group.clone(), name.clone())
        }
    }
}

fn refuse_duplicates(splits: &[SplitFiles]) -> Result<(), DumpError> {
    let mut seen: BTreeMap<String, &Path> = BTreeMap::new();
    for split in splits {
        let name = match &split.role {
            Role::Ood { name, .. } => name.clone(),
            role => role.to_string(),
        };
        if let Some(first) = seen.insert(name.clone(), &split.place) {
            return Err(DumpError::DuplicateSet { name, first: first.to_owned(), second: split.place.clone() });
        }
    }
    Ok(())
}

fn find_ood(folder: &Path, group: Option<&str>, splits: &mut Vec<SplitFiles>) -> Result<(), DumpError> {
    let found = find_splits(folder)?;
    for (name, place, arrays) in found {
        if !arrays.is_empty() {
            splits.push(SplitFiles { role: Role::Ood { group: group.map(str::to_owned), name }, place, arrays });
        } else if group.is_none() && !entries(&place)?.is_empty() {
            // A folder without arrays but with something in it is a group of sets.
            let before = splits.len();
            find_ood(&place, Some(&name), splits)?;
            if splits.len() == before {
                return Err(no_arrays(&place));
            }
        } else {
            return Err(no_arrays(&place));
        }
    }
    Ok(())
}

fn find_val_ood(folder: &Path, splits: &mut Vec<SplitFiles>) -> Result<(), DumpError> {
    for (name, place, arrays) in find_splits(folder)? {
        if arrays.is_empty() {
            return Err(no_arrays(&place));
        }
        splits.push(SplitFiles { role: Role::ValOod { name }, place, arrays });
    }
    Ok(())
}

fn no_arrays(place: &Path) -> DumpError {
    DumpError::missing(
        place.join("logits.npy"),
        "logits.npy or features.npy of this OOD set",
        "dump the set there or remove the folder",
    )
}

type FoundSplit = (String, PathBuf, BTreeMap<ArrayKind, Vec<Source>>);

/// The splits in one folder: subfolders, archives, and OpenOOD's `<split>_<array>.npy` files.
fn find_splits(folder: &Path) -> Result<Vec<FoundSplit>, DumpError> {
    let mut found = Vec::new();
    let mut prefixed: BTreeMap<String, Vec<(String, Source)>> = BTreeMap::new();
    for entry in entries(folder)? {
        let Some(name) = entry.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if entry.is_dir() {
            let mut named = Vec::new();
            for file in entries(&entry)? {
                if let Some(array) = named_array(&file) {
                    named.push(array);
                }
            }
            found.push((name, entry.clone(), join_shards(&entry, named)?));
            continue;
        }
        let Some((stem, source)) = named_array(&entry) else { continue };
        let split_and_array = stem.rsplit_once('_').filter(|(_, array)| shard_of(array).is_some());
        if let Some((split, array)) = split_and_array {
            prefixed.entry(split.to_owned()).or_default().push((array.to_owned(), source));
        } else if let Source::Npz(path, _) = source {
            let members = npz::members(&path)?;
            let named = members.into_iter().map(|m| (m.clone(), Source::Npz(path.clone(), Some(m)))).collect();
            found.push((stem, entry.clone(), join_shards(&entry, named)?));
        }
    }
    for (split, named) in prefixed {
        let place = folder.join(format!("{split}_*"));
        let arrays = join_shards(&place, named)?;
        found.push((split, place, arrays));
    }
    Ok(found)
}

/// A file's name without its extension, if it is an array file.
fn named_array(path: &Path) -> Option<(String, Source)> {
    let stem = path.file_stem()?.to_str()?.to_owned();
    match path.extension()?.to_str()? {
        "npy" => Some((stem, Source::Npy(path.to_owned()))),
        "npz" => Some((stem, Source::Npz(path.to_owned(), None))),
        _ => None,
    }
}

/// `logits` → (logits, no shard), `logits-00002` → (logits, shard 2); `None` for a name that is no array of ours.
fn shard_of(name: &str) -> Option<(ArrayKind, Option<usize>)> {
    if let Some(kind) = ArrayKind::parse(name) {
        let numbered = name.rsplit_once('-').and_then(|(base, n)| Some((ArrayKind::parse(base)?, n.parse().ok()?)));
        return Some(numbered.map_or((kind, None), |(base, shard)| (base, Some(shard))));
    }
    let (base, number) = name.rsplit_once('-')?;
    Some((ArrayKind::parse(base)?, Some(number.parse().ok()?)))
}

fn join_shards(place: &Path, named: Vec<(String, Source)>) -> Result<BTreeMap<ArrayKind, Vec<Source>>, DumpError> {
    let mut kinds: BTreeMap<ArrayKind, Vec<(Option<usize>, Source)>> = BTreeMap::new();
    for (name, source) in named {
        if let Some((kind, shard)) = shard_of(&name) {
            kinds.entry(kind).or_default().push((shard, source));
        }
    }
    let mut arrays = BTreeMap::new();
    for (kind, mut shards) in kinds {
        shards.sort();
        let whole = shards.iter().filter(|(shard, _)| shard.is_none()).count();
        if whole > 0 && shards.len() > 1 {
            let names: Vec<String> = shards.iter().map(|(_, s)| file_name(s.path())).collect();
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
                    return Err(DumpError::malformed(
                        source.path(),
                        format!("shard {}", shard.unwrap_or_default()),
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

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What is in a folder, by name, without hidden files.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DumpError> {
    let listing = std::fs::read_dir(folder).map_err(|error| DumpError::io(folder, error))?;
    let mut paths = Vec::new();
    for entry in listing {
        let path = entry.map_err(|error| DumpError::io(folder, error))?.path();
        if !file_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}
