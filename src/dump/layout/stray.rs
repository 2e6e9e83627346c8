//! Files and folders in a dump that are not part of its layout: each is named, with a guess at what was meant, and never silently ignored.

use std::path::{Path, PathBuf};

use super::listing::{entries, file_name, stem};
use crate::dump::format::entry::{Format, printable};
use crate::dump::format::{FORMATS, by_content, by_name, file};
use crate::suggestion::nearest;

/// Something that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The file or folder, or `FILE[MEMBER]`.
    pub path: PathBuf,
    /// Why it is left out; where nothing is said, its name is not among the known ones.
    reason: Option<String>,
    /// Names (without endings) that would have been understood there.
    known: &'static [&'static str],
}

/// Formats of arrays that are not read as part of a dump.
const FOREIGN: &[&str] = &["h5", "hdf5", "ckpt", "bin", "json"];

/// Whether a file may lie anywhere: hidden ones, READMEs, and what systems leave behind. Folders may be sets, whatever they are called.
pub(super) fn is_silent(path: &Path) -> bool {
    let name = file_name(path).to_lowercase();
    let is_array = by_name(path).is_some_and(|format| !format.holds_columns());
    let is_readme = stem(path).to_lowercase() == "readme" && !is_array;
    name.starts_with('.') || !path.is_dir() && (is_readme || name == "thumbs.db" || name == "desktop.ini")
}

impl Stray {
    /// Something at `path`, where names among `known` (without endings) would have been understood.
    pub(super) fn new(path: PathBuf, known: &'static [&'static str]) -> Self {
        Self { path, reason: None, known }
    }

    /// Something of a known name that is left out for another reason.
    pub(in crate::dump) fn because(path: PathBuf, reason: String) -> Self {
        Self { path, reason: Some(reason), known: &[] }
    }

    /// As [`new`](Self::new), but for what may lie anywhere.
    pub(in crate::dump) fn unless_silent(path: PathBuf, known: &'static [&'static str]) -> Option<Self> {
        (!is_silent(&path)).then(|| Self::new(path, known))
    }

    /// A member of an archive.
    pub(super) fn member(path: &Path, member: &str, known: &'static [&'static str]) -> Self {
        let reason = near(member, known).map(|known| format!("did you mean {known}?"));
        Self { path: PathBuf::from(format!("{}[{member}]", path.display())), reason, known: &[] }
    }

    /// What to do about it. Made when it is shown, because it may look into the file and there may be many.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.reason.clone().or_else(|| hint(&self.path, self.known))
    }

    /// Its name and the hint, if there is one.
    pub(super) fn shown(&self, place: &Path) -> Option<String> {
        self.hint().map(|_| self.describe(place))
    }

    /// Its name below `place`, with the hint.
    pub(super) fn describe(&self, place: &Path) -> String {
        let below = self.path.strip_prefix(place).ok().filter(|below| !below.as_os_str().is_empty());
        let shown = printable(&below.unwrap_or(&self.path).to_string_lossy());
        self.hint().map_or_else(|| shown.clone(), |hint| format!("{shown} ({hint})"))
    }
}

fn hint(path: &Path, known: &[&str]) -> Option<String> {
    if path.is_dir() {
        return near(&file_name(path), known).map(|known| format!("did you mean {known}?"));
    }
    let with_ending = known.iter().copied().filter(|known| known.contains('.'));
    if let Some(known) = nearest(&file_name(path).to_lowercase(), with_ending) {
        return Some(format!("did you mean {known}?"));
    }
    let stem = stem(path);
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if FOREIGN.contains(&ending.as_str()) {
        return Some(format!("an array is read from {}: save it with numpy.save", endings()));
    }
    if by_name(path).is_none() {
        let format = by_content(&file::head(path))?;
        return Some(format!(
            "it holds what a .{0} file holds: rename it to {1}.{0}",
            format.ending(),
            printable(&stem)
        ));
    }
    if matches!(stem.as_str(), "score" | "scores") {
        return Some(
            "ready scores: save them as logits.npy of shape (n, 1), higher = more in-distribution, and take --score max_logit"
                .to_owned(),
        );
    }
    // OpenOOD's `SET_ARRAY`, else a name of its own, which may hold a `_` as well.
    let of_set =
        stem.rsplit_once('_').and_then(|(set, array)| Some(format!("{}_{}", printable(set), near(array, ARRAYS)?)));
    let meant = of_set.or_else(|| near(&stem, known).map(str::to_owned))?;
    // Its name is a known one; why it is left out nonetheless is told elsewhere.
    if meant == stem {
        return None;
    }
    Some(format!("did you mean {meant}.{ending}?"))
}

/// Names of arrays, for suggestions.
pub(super) const ARRAYS: &[&str] = &["logits", "features", "labels"];

/// The known name that was probably meant, in whatever case.
pub(super) fn near<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    nearest(&name.to_lowercase(), known.iter().copied())
}

/// `.npy, .npz, ...`
fn endings() -> String {
    FORMATS.iter().map(|format| format!(".{}", format.ending())).collect::<Vec<_>>().join(", ")
}

/// Names shown.
const SHOWN: usize = 6;

/// The strays as one text, paths relative to `place`.
pub(super) fn list(place: &Path, strays: &[Stray]) -> String {
    let mut shown: Vec<String> = strays.iter().take(SHOWN).map(|stray| stray.describe(place)).collect();
    if strays.len() > SHOWN {
        shown.push(format!("and {} more", strays.len() - SHOWN));
    }
    shown.join(", ")
}

/// What to do about something missing in `place`, with what lies there instead.
pub(super) fn remedy(what: &str, place: &Path, strays: &[Stray]) -> String {
    match strays {
        [] => what.to_owned(),
        [one] => format!("{what} ({} is there and is not part of the layout)", one.describe(place)),
        _ => format!("{what} ({} are there and are not part of the layout)", list(place, strays)),
    }
}

/// What lies at the top of a run and looks as if it had been meant to be a part of it. Other files are welcome there: results, plots, notes, weights.
pub(super) fn at_the_top(folder: &Path, known: &'static [&'static str]) -> Vec<Stray> {
    let Ok(entries) = entries(folder) else { return Vec::new() };
    let unknown = entries.into_iter().filter(|path| !known.contains(&file_name(path).as_str()));
    unknown.filter(|path| looks_meant(path, known)).map(|path| Stray::new(path, known)).collect()
}

fn looks_meant(path: &Path, known: &[&str]) -> bool {
    let name = file_name(path);
    if near(&name, known).is_some() {
        return true;
    }
    let is_array = |path: &Path| match by_name(path).map(Format::ending) {
        None => false,
        Some("npy" | "npz" | "mat") => true,
        // Weights, fits, results and notes are kept in the others as well.
        Some(_) => path.file_stem().is_some_and(|stem| super::shard::parse(&stem.to_string_lossy()).is_some()),
    };
    if path.is_dir() {
        entries(path).is_ok_and(|inside| inside.iter().any(|path| is_array(path)))
    } else {
        is_array(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names that others chose are repeated in hints, and reach a terminal with them.
    #[test]
    fn hints_hold_no_control_characters() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["te\u{86}st", "a\u{1b}[2Jb_logit.npy"] {
            let path = folder.path().join(name);
            std::fs::write(&path, b"\x93NUMPY\x01\x00").unwrap();
            let shown = Stray::new(path, ARRAYS).describe(folder.path());
            assert!(shown.contains("rename") || shown.contains("did you mean"), "{shown}");
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}
