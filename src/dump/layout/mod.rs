//! Finding runs on disk: the native layout and the one of OpenOOD's notebook, told apart by what is there.
//!
//! ```text
//! native                                             OpenOOD's notebook
//! run.toml                        optional           (also read if present)
//! id/{train,val,test}/logits.npy  (n, C)             id/test_logits.npy
//! id/{train,val,test}/features.npy (n, D)            id/test_feature.npy
//! id/{train,val,test}/labels.npy  (n,)               id/test_labels.npy
//! val_ood/<name>/...              optional
//! csid/<name>/...                 optional
//! ood/<name>/...  or ood/<group>/<name>/...          nearood/<name>_logits.npy, farood/<name>_logits.npy
//! head/{weight,bias}.npy or head/{prototypes,distance_scale}.npy
//! ```
//!
//! An array may be one file of any of the [`FORMATS`](super::format::FORMATS), or shards `logits-00000.npy`, `logits-00001.npy`, ...; a whole split
//! may be one file of named arrays (`id/test.npz`, `ood/svhn.safetensors`) with members `logits`, `features`, `labels`.
//! Features of further layers are `features@<layer>.npy`.

mod find;
mod groups;
pub(super) mod listing;
pub(super) mod shard;
pub(super) mod source;
pub(super) mod stray;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::DumpError;
use super::head::HeadFiles;
use crate::rows::{ArrayKind, Role};
use find::Found;
use listing::{entries, file_name};
pub use source::Source;
pub use stray::Stray;

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
    /// Its last layer.
    pub head: HeadFiles,
    /// Files and folders that are not part of the layout.
    pub strays: Vec<Stray>,
    /// Folders beside it that were probably meant to be runs; named with the first run of a folder only.
    beside: Vec<Stray>,
}

/// The folders and files of a run.
const TOP: &[&str] = &["id", "ood", "val_ood", "csid", "nearood", "farood", "head", "run.toml"];

/// The runs in `path`: itself, or those of its folders that hold one, by name.
///
/// # Errors
/// [`DumpError::NoRun`] if there is none, and whatever is wrong with the files of one.
pub fn discover(path: &Path) -> Result<Vec<RunFiles>, DumpError> {
    if is_run(path) {
        return Ok(vec![RunFiles::find(path)?]);
    }
    let found = entries(path)?;
    let runs: Vec<&PathBuf> = found.iter().filter(|entry| is_run(entry)).collect();
    if runs.is_empty() {
        let strays: Vec<Stray> =
            found.into_iter().map(|entry| Stray::new(entry, &["id"])).filter(|s| s.hint().is_some()).collect();
        let hint = if strays.is_empty() { String::new() } else { format!(" ({})", stray::list(path, &strays)) };
        return Err(DumpError::NoRun { path: path.to_owned(), hint });
    }
    let mut files = runs.into_iter().map(|run| RunFiles::find(run)).collect::<Result<Vec<_>, _>>()?;
    if let Some(first) = files.first_mut() {
        first.beside = found.iter().filter(|entry| !is_run(entry)).filter_map(|entry| almost_a_run(entry)).collect();
    }
    Ok(files)
}

/// Whether [`discover`] would look for runs here: whether the folder, or a folder in it, has one of the name `id`.
#[must_use]
pub fn holds_runs(path: &Path) -> bool {
    is_run(path) || entries(path).is_ok_and(|found| found.iter().any(|entry| is_run(entry)))
}

/// A folder that holds something of nearly the name `id`.
fn almost_a_run(folder: &Path) -> Option<Stray> {
    let inside = if folder.is_dir() { entries(folder).ok()? } else { return None };
    // The name first: a folder may hold as many files as a data set has images, and each look at one costs.
    let hint = |entry: PathBuf| {
        let is_near = stray::near(&file_name(&entry), &["id"]).is_some();
        (is_near && entry.is_dir()).then(|| Stray::new(entry, &["id"]).shown(folder))?
    };
    let reason = inside.into_iter().find_map(hint)?;
    Some(Stray::because(folder.to_owned(), format!("no run: it holds {reason}")))
}

fn is_run(path: &Path) -> bool {
    path.join("id").is_dir()
}

impl SplitFiles {
    /// The files of new rows: a folder with logits or features, or an archive of them. `None` for a file that holds one array.
    ///
    /// # Errors
    /// [`DumpError`] if there is nothing to score in it.
    pub fn of_new_rows(path: &Path) -> Result<Option<Self>, DumpError> {
        let Some(found) = find::at(path)? else { return Ok(None) };
        if !found.has_rows() {
            return Err(no_arrays(&found));
        }
        Ok(Some(Self { role: Role::Test, place: found.place, arrays: found.arrays }))
    }
}

impl RunFiles {
    fn find(folder: &Path) -> Result<Self, DumpError> {
        let mut run = Self {
            folder: folder.to_owned(),
            splits: Vec::new(),
            head: HeadFiles::default(),
            strays: stray::at_the_top(folder, TOP),
            beside: Vec::new(),
        };
        run.find_id(&folder.join("id"))?;
        run.find_named(&folder.join("val_ood"), |name| Role::ValOod { name })?;
        run.find_named(&folder.join("csid"), |name| Role::Csid { name })?;
        let ungrouped = folder.join("ood");
        for (group, place) in
            [(Some("near"), folder.join("nearood")), (Some("far"), folder.join("farood")), (None, ungrouped)]
        {
            if place.is_dir() {
                run.find_ood(&place, group)?;
            }
        }
        run.head = HeadFiles::find(&folder.join("head"), &mut run.strays)?;
        let mut roles: Vec<&mut Role> = run.splits.iter_mut().map(|split| &mut split.role).collect();
        groups::assign(folder, &mut roles)?;
        run.splits.sort_by_key(|split| order(&split.role));
        refuse_duplicates(&run.splits)?;
        Ok(run)
    }

    fn find_id(&mut self, folder: &Path) -> Result<(), DumpError> {
        const ROLES: &[&str] = &["train", "val", "test"];
        let (found, mut strays) = find::splits(folder, ROLES)?;
        for split in found {
            let role = match split.name.as_str() {
                "train" => Role::Train,
                "val" => Role::Val,
                "test" => Role::Test,
                _ => {
                    strays.push(Stray::new(split.place, ROLES));
                    continue;
                }
            };
            self.add(role, split)?;
        }
        if !self.splits.iter().any(|split| split.role == Role::Test) {
            return Err(DumpError::missing(
                folder.join("test"),
                "the in-distribution test split",
                stray::remedy("dump the ID test set there", folder, &strays),
            ));
        }
        self.strays.append(&mut strays);
        Ok(())
    }

    fn find_ood(&mut self, folder: &Path, group: Option<&str>) -> Result<(), DumpError> {
        let (found, strays) = find::splits(folder, stray::ARRAYS)?;
        self.strays.extend(strays);
        for set in found {
            if set.arrays.is_empty() && group.is_none() && set.strays.iter().any(|stray| could_be_a_set(&stray.path)) {
                // A folder without arrays but with sets in it is a group of sets.
                let before = self.splits.len();
                self.find_ood(&set.place, Some(&set.name))?;
                if self.splits.len() == before {
                    return Err(no_arrays(&set));
                }
            } else {
                self.add(Role::Ood { group: group.map(str::to_owned), name: set.name.clone() }, set)?;
            }
        }
        Ok(())
    }

    /// The sets of a folder, which may be absent, as splits of a role.
    fn find_named(&mut self, folder: &Path, role: fn(String) -> Role) -> Result<(), DumpError> {
        if !folder.is_dir() {
            return Ok(());
        }
        let (found, strays) = find::splits(folder, stray::ARRAYS)?;
        self.strays.extend(strays);
        found.into_iter().try_for_each(|set| self.add(role(set.name.clone()), set))
    }

    /// A split with something to score.
    fn add(&mut self, role: Role, found: Found) -> Result<(), DumpError> {
        if !found.has_rows() {
            return Err(no_arrays(&found));
        }
        self.strays.extend(found.strays);
        self.splits.push(SplitFiles { role, place: found.place, arrays: found.arrays });
        Ok(())
    }

    /// What is left out, one line for the run and one for the folders beside it, if anything.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        let above = self.folder.parent().unwrap_or(&self.folder);
        [(&*self.folder, &self.strays), (above, &self.beside)].into_iter().filter(|(_, strays)| !strays.is_empty()).map(
            |(place, strays)| {
                format!(
                    "{}: left out, since it is not part of the layout: {}; `oodbench explain layout` shows what is",
                    place.display(),
                    stray::list(place, strays)
                )
            },
        )
    }

    /// What lies in the folder of a file of this run (`id/test/logits.npy`) in its place, for a message that misses the file.
    #[must_use]
    pub fn instead_of(&self, file: &str) -> Option<String> {
        let place = self.folder.join(file);
        let place = place.parent()?;
        let there: Vec<Stray> =
            self.strays.iter().filter(|stray| stray.path.parent() == Some(place)).cloned().collect();
        (!there.is_empty()).then(|| stray::list(place, &there))
    }
}

/// A folder, or an array by OpenOOD's names.
fn could_be_a_set(path: &Path) -> bool {
    path.is_dir() || Source::of(path).is_some()
}

/// Sort key: train, val, OOD sets to choose parameters on, test, csid, near, far, other groups, sets without a group; by name within each.
fn order(role: &Role) -> (usize, Option<String>, String) {
    match role {
        Role::Train => (0, None, String::new()),
        Role::Val => (1, None, String::new()),
        Role::ValOod { name } => (2, None, name.clone()),
        Role::Test => (3, None, String::new()),
        Role::Csid { name } => (4, None, name.clone()),
        Role::Ood { group, name } => {
            let rank = match group.as_deref() {
                Some("near") => 5,
                Some("far") => 6,
                Some(_) => 7,
                None => 8,
            };
            (rank, group.clone(), name.clone())
        }
    }
}

fn refuse_duplicates(splits: &[SplitFiles]) -> Result<(), DumpError> {
    let Some((first, second)) = twice(splits.iter().map(|split| &split.role)) else { return Ok(()) };
    let [first, second] = [&splits[first], &splits[second]];
    let (name, first, second) = (own_name(&second.role), first.place.clone(), second.place.clone());
    Err(DumpError::DuplicateSet { name, first, second })
}

/// What tells a split from the others of its run: the names of OOD sets, whatever their groups; tables show no more of them.
fn own_name(role: &Role) -> String {
    match role {
        Role::Ood { name, .. } => name.clone(),
        role => role.to_string(),
    }
}

/// The first two splits of one name, by their positions.
pub(super) fn twice<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Option<(usize, usize)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    roles.into_iter().enumerate().find_map(|(at, role)| Some((seen.insert(own_name(role), at)?, at)))
}

fn no_arrays(found: &Found) -> DumpError {
    DumpError::missing(
        found.place.join("logits.npy"),
        "logits.npy or features.npy of this set",
        stray::remedy("dump the set there or remove the folder", &found.place, &found.strays),
    )
}
