//! The files of a run, however they were found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::groups;
use super::source::Source;
use super::stray::{self, Stray};
use super::taken::Taken;
use crate::dump::error::DumpError;
use crate::dump::head::HeadFiles;
use crate::dump::meta::RunInfo;
use crate::rows::{ArrayKind, Role};

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
    /// The runs that are the members of an ensemble, where run.toml names some; then there are no splits here.
    pub members: Vec<RunFiles>,
    /// Files and folders that are not part of the layout.
    pub strays: Vec<Stray>,
    /// What was taken for what, where names had to be understood; empty for the known layouts.
    pub taken: Vec<Taken>,
    /// The run's name, where its folder holds several.
    pub(super) name: Option<String>,
    /// Folders beside it that were probably meant to be runs; named with the first run of a folder only.
    pub(super) beside: Vec<Stray>,
}

impl RunFiles {
    /// No file of a run.
    pub(super) fn empty(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            splits: Vec::new(),
            head: HeadFiles::default(),
            members: Vec::new(),
            strays: Vec::new(),
            taken: Vec::new(),
            name: None,
            beside: Vec::new(),
        }
    }

    /// What `run.toml` says of it.
    ///
    /// # Errors
    /// [`DumpError`] if that cannot be read.
    pub fn info(&self) -> Result<RunInfo, DumpError> {
        let info = RunInfo::read(&self.folder)?;
        Ok(match &self.name {
            Some(name) => RunInfo { name: name.clone(), ..info },
            None => info,
        })
    }

    /// What tells it from other runs: its folder, and its name there where it is not the only one.
    #[must_use]
    pub fn place(&self) -> (&Path, Option<&str>) {
        (&self.folder, self.name.as_deref())
    }

    /// Gives OOD sets the groups that `run.toml` says they belong to.
    pub(super) fn assign_groups(&mut self) -> Result<(), DumpError> {
        let mut roles: Vec<&mut Role> = self.splits.iter_mut().map(|split| &mut split.role).collect();
        groups::assign(&self.folder, &mut roles)
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

/// Sort key: train, val, OOD sets to choose parameters on, test, csid, near, far, other groups, sets without a group; by name within each.
pub(super) fn order(role: &Role) -> (usize, Option<String>, String) {
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

/// Refuses two splits of one name.
pub(super) fn refuse_duplicates(splits: &[SplitFiles]) -> Result<(), DumpError> {
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
pub(in crate::dump) fn twice<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Option<(usize, usize)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    roles.into_iter().enumerate().find_map(|(at, role)| Some((seen.insert(own_name(role), at)?, at)))
}
