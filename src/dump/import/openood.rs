//! Scores that OpenOOD's evaluators keep.
//!
//! ```text
//! s0/scores/scale.pkl    of `scripts/eval_ood.py --save-score`: a dictionary
//!     id/test            [predictions, confidences, labels]
//!     ood/near/tin       the same of an OOD set of a group; csid/NAME of a shifted one
//! scores/svhn.npz        of an evaluator with `save_scores`: pred, conf, label (-1 on OOD rows)
//! ```
//! Folders may have other names: what the files hold tells. In a folder of both, the pickles are read.
//!
//! Confidences are higher on ID rows. Predictions are not kept, since there are no logits they could be checked against.
//!
//! Source: `openood/evaluation_api/evaluator.py`, `openood/evaluators/ood_evaluator.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::imported::{Imported, Reader, files};
use crate::dump::error::DumpError;
use crate::dump::format::{npz, pkl};
use crate::dump::layout::Taken;
use crate::dump::layout::listing::{file_name, stem};
use crate::dump::meta::RunInfo;
use crate::rows::array::StoredArray;
use crate::rows::split::matrix_of;
use crate::rows::{ArrayKind, Labels, Role, Split};

pub(super) const READER: Reader = Reader { title: "OpenOOD's scores/<postprocessor>.pkl and scores/<set>.npz", read };

/// What an archive of scores holds.
const MEMBERS: [&str; 3] = ["conf", "label", "pred"];

/// The files of a folder that may be scores.
#[derive(Default)]
struct Files {
    pickles: Vec<PathBuf>,
    archives: Vec<PathBuf>,
}

/// A run for each folder that holds scores, whatever it is called.
fn read(place: &Path) -> Result<Vec<Imported>, DumpError> {
    let mut folders: BTreeMap<PathBuf, Files> = BTreeMap::new();
    for path in files(place)? {
        // A file named without its folder is in the current one.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("pkl") => folders.entry(folder).or_default().pickles.push(path),
            Some("npz") => folders.entry(folder).or_default().archives.push(path),
            _ => {}
        }
    }
    let (mut runs, mut unread) = (Vec::new(), None);
    for (folder, files) in folders {
        let is_meant = place.is_file() || file_name(&canonical(&folder)) == "scores";
        match run_of_folder(&folder, files, is_meant) {
            Ok(run) => runs.extend(run),
            Err(error) if is_meant || folder == place => return Err(error),
            // What lies elsewhere may be anything.
            Err(error) => unread = unread.or(Some(error)),
        }
    }
    match unread {
        Some(error) if runs.is_empty() => Err(error),
        _ => Ok(runs),
    }
}

fn run_of_folder(folder: &Path, files: Files, is_meant: bool) -> Result<Option<Imported>, DumpError> {
    let Files { pickles, archives } = files;
    let Some(mut run) = run_of_pickles(folder, pickles, is_meant)? else {
        return run_of_archives(folder, archives, is_meant);
    };
    // Both tell of the same sets, and only the pickles say of which groups they are.
    let beside = archives.iter().filter(|path| npz::members(path).is_ok_and(|members| members == MEMBERS));
    run.left_out.extend(beside.map(|path| format!("{}: the pickles beside it were read", path.display())));
    Ok(Some(run))
}

/// A folder by its own name, also where it is called `.` or `..`.
fn canonical(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

/// The run of a folder of pickles, each a score; none where none of them is of OpenOOD.
fn run_of_pickles(folder: &Path, paths: Vec<PathBuf>, is_meant: bool) -> Result<Option<Imported>, DumpError> {
    let mut run = Run::of(folder);
    let mut unread = None;
    for path in paths {
        let arrays: BTreeMap<String, StoredArray> = match pkl::arrays(&path) {
            Ok(arrays) => arrays.into_iter().collect(),
            Err(error) => {
                run.left_out.push(error.to_string());
                unread = unread.or(Some(error));
                continue;
            }
        };
        if arrays.contains_key("id/test/1") {
            run.take(&path, &arrays)?;
        }
    }
    match (run.finish()?, unread) {
        (None, Some(error)) if is_meant => Err(error),
        (run, _) => Ok(run),
    }
}

/// What has been read of a run.
struct Run {
    info: RunInfo,
    splits: BTreeMap<Role, Split>,
    taken: Vec<Taken>,
    left_out: Vec<String>,
}

impl Run {
    /// `MODEL/s0/scores` says model and seed, and so does `MODEL/s0/ANOTHER`, whose run has the folder's name as well.
    fn of(folder: &Path) -> Self {
        let seed_of = |folder: &Path| file_name(folder).strip_prefix('s').and_then(|digits| digits.parse::<u64>().ok());
        let folder = canonical(folder);
        let is_scores = file_name(&folder) == "scores";
        let own = folder.parent().filter(|_| is_scores).unwrap_or(&folder);
        let outer = own.parent().filter(|outer| !is_scores && seed_of(own).is_none() && seed_of(outer).is_some());
        let above = outer.unwrap_or(own);
        let (name, seed) = (file_name(above), seed_of(above));
        let model = above.parent().map(file_name).filter(|_| seed.is_some());
        let name = model.as_ref().map_or(name.clone(), |model| format!("{model}-{name}"));
        let name = outer.map_or(name.clone(), |_| format!("{name}-{}", file_name(own)));
        let info = RunInfo { name, model, seed, ..RunInfo::default() };
        Self { info, splits: BTreeMap::new(), taken: Vec::new(), left_out: Vec::new() }
    }

    fn take(&mut self, path: &Path, arrays: &BTreeMap<String, StoredArray>) -> Result<(), DumpError> {
        let score = stem(path);
        let mut others = 0;
        for name in arrays.keys() {
            let Some(set) = name.strip_suffix("/1") else { continue };
            match role(set) {
                Some(role) => self.add(path, role, (&score, set), [name.clone(), format!("{set}/2")], arrays)?,
                None => others += 1,
            }
        }
        if others > 0 {
            self.left_out.push(format!("{}: {others} sets that are no id/test, ood or csid", path.display()));
        }
        Ok(())
    }

    /// The confidences of a set and, of ID rows, the labels.
    fn add(
        &mut self,
        path: &Path,
        role: Role,
        (score, set): (&str, &str),
        [confidences, labels]: [String; 2],
        arrays: &BTreeMap<String, StoredArray>,
    ) -> Result<(), DumpError> {
        let Some(values) = arrays.get(&confidences) else { return Ok(()) };
        let kind = ArrayKind::Score(score.to_owned());
        let matrix = matrix_of(&kind, vec![values.clone()])?;
        let place = format!("{}[{set}]", path.display());
        let split = match self.splits.remove(&role) {
            Some(split) => split,
            None => Split::new(role.clone(), place),
        };
        let mut split = split.with(kind.clone(), matrix)?;
        let mut said = vec![(kind.file_stem(), confidences, "confidences, higher on ID rows")];
        if let Some(array) = arrays.get(&labels).filter(|_| matches!(role, Role::Test) && split.labels.is_none()) {
            split = split.with_labels(Labels::new(vec![array.clone()])?)?;
            said.push(("labels".to_owned(), labels, "labels of the ID rows"));
        }
        for (what, from, why) in said {
            let from = format!("{}[{from}]", path.display());
            self.taken.push(Taken { what: format!("{role}/{what}"), from, why: why.to_owned() });
        }
        self.splits.insert(role, split);
        Ok(())
    }

    fn finish(self) -> Result<Option<Imported>, DumpError> {
        if !self.splits.contains_key(&Role::Test) {
            return Ok(None);
        }
        let splits = self.splits.into_values().collect();
        Ok(Some(Imported { info: self.info, splits, taken: self.taken, left_out: self.left_out }))
    }
}

/// `ood/near/tin` → the set tin in the group near.
fn role(set: &str) -> Option<Role> {
    match set.split('/').collect::<Vec<_>>()[..] {
        ["id", "test"] => Some(Role::Test),
        ["ood", group @ ("near" | "far"), name] => {
            Some(Role::Ood { group: Some(group.to_owned()), name: name.to_owned() })
        }
        ["csid", name] => Some(Role::Csid { name: name.to_owned() }),
        _ => None,
    }
}

/// The run of a folder of archives, of which the one whose labels are none of them -1 is ID.
fn run_of_archives(folder: &Path, paths: Vec<PathBuf>, is_meant: bool) -> Result<Option<Imported>, DumpError> {
    let (mut sets, mut left_out, mut unread) = (Vec::new(), Vec::new(), None);
    for path in paths {
        match npz::members(&path) {
            Ok(members) if members == MEMBERS => {
                let labels = Labels::new(vec![npz::open(&path, "label")?])?;
                let is_id = labels.block(0..labels.len()).iter().all(|label| *label >= 0);
                sets.push((path, is_id));
            }
            Ok(_) => {}
            Err(error) => {
                left_out.push(error.to_string());
                unread = unread.or(Some(error));
            }
        }
    }
    let id: Vec<String> = sets.iter().filter(|(_, is_id)| *is_id).map(|(path, _)| stem(path)).collect();
    match unread {
        // What is lacking may stand in the damaged one.
        Some(error) if is_meant && (sets.len() < 2 || id.len() != 1) => return Err(error),
        _ if sets.len() < 2 => return Ok(None),
        _ => {}
    }
    if id.len() != 1 {
        let found = format!("{} archives without OOD labels (-1)", id.len());
        let remedy = "put the archives of one ID set and its OOD sets into a folder";
        return Err(DumpError::malformed(folder, found, "one, that of the ID set", remedy));
    }
    let mut run = Run::of(folder);
    run.info.in_distribution = id.first().cloned();
    run.left_out = left_out;
    for (path, is_id) in sets {
        let role = if is_id { Role::Test } else { Role::Ood { group: None, name: stem(&path) } };
        let arrays = ["conf", "label"].map(|name| Ok((name.to_owned(), npz::open(&path, name)?)));
        let arrays: BTreeMap<String, StoredArray> = arrays.into_iter().collect::<Result<_, DumpError>>()?;
        run.add(&path, role, ("conf", "conf"), ["conf".to_owned(), "label".to_owned()], &arrays)?;
    }
    run.finish()
}
