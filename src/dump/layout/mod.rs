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
//! head/{weight,bias}.npy or head/{prototypes,distance_scale}.npy; head/{text,negatives}.npy
//! ```
//!
//! An array may be one file of any of the [`FORMATS`](super::format::FORMATS), or shards `logits-00000.npy`, `logits-00001.npy`, ...; a whole split
//! may be one file of named arrays (`id/test.npz`, `ood/svhn.safetensors`) with members `logits`, `features`, `labels`.
//! Features of further layers are `features@<layer>.npy`, their Gram matrices `gram@<layer>.npy`, logits of the members of an ensemble `logits@members.npy` (n, M, C); a folder whose `run.toml`
//! names other runs as `members` is the ensemble of these. What is laid out otherwise is understood by its names, and [`RunFiles::taken`] says what was
//! taken for what.

mod described;
mod ensemble;
mod files;
mod find;
mod groups;
mod guess;
pub(super) mod listing;
pub(super) mod shard;
pub(super) mod source;
pub(super) mod stray;
mod taken;

use std::path::{Path, PathBuf};

use super::error::DumpError;
use super::head::HeadFiles;
use crate::rows::Role;
pub use described::Described;
pub(super) use files::twice;
pub use files::{RunFiles, SplitFiles};
use files::{order, refuse_duplicates};
use find::Found;
use guess::Guess;
use listing::{entries, file_name};
pub use source::Source;
pub use stray::Stray;
pub use taken::Taken;

/// The folders and files of a run.
pub(super) const TOP: &[&str] = &["id", "ood", "val_ood", "csid", "nearood", "farood", "head", "run.toml"];

/// The runs in `path`: itself, or those of its folders that hold one, by name; else what the names of files and arrays in it say. `path` may be a file of
/// arrays.
///
/// # Errors
/// [`DumpError::NoRun`] if there is none, and whatever is wrong with the files of one.
pub fn discover(path: &Path) -> Result<Vec<RunFiles>, DumpError> {
    std::fs::metadata(path).map_err(|error| DumpError::io(path, error))?;
    if is_run(path) {
        return Ok(vec![RunFiles::find(path)?]);
    }
    let found = if path.is_dir() { entries(path)? } else { Vec::new() };
    let runs: Vec<&PathBuf> = found.iter().filter(|entry| is_run(entry)).collect();
    if runs.is_empty() {
        let understood = match guess::guess(path)? {
            Guess::Runs(runs) => return Ok(runs),
            Guess::None(understood) => understood,
        };
        let strays: Vec<Stray> =
            found.into_iter().map(|entry| Stray::new(entry, &["id"])).filter(|s| s.hint().is_some()).collect();
        // Names that say something, but too little, say more than names that are merely near.
        let is_folder = |stray: &Stray| stray.path.is_dir();
        let of_names = !understood.is_empty() && !strays.iter().any(is_folder);
        let hints = if strays.is_empty() || of_names { understood } else { stray::list(path, &strays) };
        let hint = if hints.is_empty() { String::new() } else { format!(" ({hints})") };
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
    path.join("id").is_dir() || ensemble::is_one(path)
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
        let mut run = Self::empty(folder);
        run.strays = stray::at_the_top(folder, TOP);
        if !folder.join("id").is_dir() {
            let members = ensemble::members(folder, is_run)?;
            run.members = members.iter().map(|member| Self::find(member)).collect::<Result<_, _>>()?;
            return Ok(run);
        }
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
        run.assign_groups()?;
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
}

/// A folder, or an array by OpenOOD's names.
fn could_be_a_set(path: &Path) -> bool {
    path.is_dir() || Source::of(path).is_some()
}

fn no_arrays(found: &Found) -> DumpError {
    DumpError::missing(
        found.place.join("logits.npy"),
        "logits.npy or features.npy of this set",
        stray::remedy("dump the set there or remove the folder", &found.place, &found.strays),
    )
}
