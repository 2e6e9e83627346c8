//! A layout that a file describes: which arrays are which, where names do not tell.
//!
//! ```toml
//! [id]
//! train = "train.npz"                                    # a file with logits, features, labels; or array by array:
//! test = { logits = "val.pt:logits", labels = "val.pt:labels" }
//!
//! [ood]
//! svhn = { features = { file = "svhn.mmap", dtype = "float32", shape = [-1, 512] } }
//! near.tin = { logits = ["tin_0.npy", "tin_1.npy"] }     # parts in order; a set in the group near
//!
//! [head]
//! weight = "fc.pkl:0"
//! bias = "fc.pkl:1"
//! ```
//! Files are named from the run's folder; `FILE:NAME` is an array of several. Other sections are `val_ood` and `csid`. Raw files have `dtype` and `shape`, of whose
//! first axis -1 is told by the file's length, and may have `offset` (bytes before the first element) and `order = "F"`; other files have none of these.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::files::{RunFiles, SplitFiles, order, refuse_duplicates};
use super::find;
use super::source::Source;
use super::taken::Taken;
use crate::dump::error::DumpError;
use crate::dump::format::raw::{self, Raw};
use crate::dump::format::{entry, file};
use crate::dump::head::NAMES;
use crate::dump::meta;
use crate::rows::{ArrayKind, Role};
use crate::suggestion::instead_of;

/// No description is longer.
const MOST_BYTES: u64 = 1 << 20;

/// What a layout file says.
#[derive(Clone, Debug)]
pub struct Described {
    path: PathBuf,
    table: Table,
}

impl Described {
    /// Reads a layout file.
    ///
    /// # Errors
    /// [`DumpError`] if it cannot be read or is no TOML.
    pub fn read(path: &Path) -> Result<Self, DumpError> {
        let text = file::text(path, MOST_BYTES)?;
        let table = toml::from_str(&text).map_err(|error| meta::damaged(path, &text, &error))?;
        Ok(Self { path: path.to_owned(), table })
    }

    /// The run whose files it names in a folder.
    ///
    /// # Errors
    /// [`DumpError`] if it says what is not understood, or a file cannot be opened.
    pub fn run(&self, folder: &Path) -> Result<RunFiles, DumpError> {
        let mut run = RunFiles::empty(folder);
        for (section, content) in &self.table {
            let Value::Table(content) = content else {
                return Err(self.wrong(format!("{section} = ..."), "sections as [id], [ood], [head]"));
            };
            match section.as_str() {
                "head" => self.head(&mut run, content)?,
                "id" => {
                    for (name, split) in content {
                        let role = match name.as_str() {
                            "train" => Role::Train,
                            "val" => Role::Val,
                            "test" => Role::Test,
                            _ => return Err(self.unknown(&format!("id.{name}"), &["train", "val", "test"])),
                        };
                        self.split(&mut run, role, split)?;
                    }
                }
                "val_ood" => self.named(&mut run, content, |name| Role::ValOod { name })?,
                "csid" => self.named(&mut run, content, |name| Role::Csid { name })?,
                "ood" => {
                    for (name, set) in content {
                        match set {
                            Value::Table(sets) if !is_split(sets) => {
                                let group = |set: String| Role::Ood { group: Some(name.clone()), name: set };
                                self.named(&mut run, sets, group)?;
                            }
                            set => self.split(&mut run, Role::Ood { group: None, name: name.clone() }, set)?,
                        }
                    }
                }
                _ => return Err(self.unknown(section, &["id", "ood", "val_ood", "csid", "head"])),
            }
        }
        if !run.splits.iter().any(|split| split.role == Role::Test) {
            return Err(self.wrong("no id.test".to_owned(), "the in-distribution test split, [id] test = ..."));
        }
        run.assign_groups()?;
        run.splits.sort_by_key(|split| order(&split.role));
        refuse_duplicates(&run.splits)?;
        Ok(run)
    }

    fn named(&self, run: &mut RunFiles, sets: &Table, role: impl Fn(String) -> Role) -> Result<(), DumpError> {
        sets.iter().try_for_each(|(name, set)| self.split(run, role(name.clone()), set))
    }

    fn split(&self, run: &mut RunFiles, role: Role, content: &Value) -> Result<(), DumpError> {
        let split = match content {
            Value::String(name) => {
                let path = run.folder.join(name);
                let found = find::at(&path)?;
                let Some(found) = found.filter(find::Found::has_rows) else {
                    let found = format!("{role} = {name:?}, which holds no logits or features by name");
                    return Err(self.wrong(found, "a file or folder of such, or { logits = ..., features = ... }"));
                };
                run.strays.extend(found.strays);
                SplitFiles { role, place: found.place, arrays: found.arrays }
            }
            Value::Table(arrays) => {
                let mut split = SplitFiles { role, place: run.folder.clone(), arrays: Default::default() };
                for (name, content) in arrays {
                    let Some(kind) = ArrayKind::parse(name) else {
                        let known = ["logits", "features", "labels", "features@LAYER", "gram@LAYER", "scores@NAME"];
                        return Err(self.unknown(&format!("{}.{name}", split.role), &known));
                    };
                    split.arrays.insert(kind, self.sources(run, &format!("{}.{name}", split.role), content)?);
                }
                if !split.arrays.keys().any(|kind| *kind != ArrayKind::Labels) {
                    return Err(self.wrong(format!("{} without rows", split.role), "logits or features"));
                }
                split
            }
            _ => {
                return Err(
                    self.wrong(format!("{role} of another type"), "a file, or { logits = ..., features = ... }")
                );
            }
        };
        for (kind, sources) in &split.arrays {
            let from: Vec<String> = sources.iter().map(|source| source.shown(&run.folder)).collect();
            let why = format!("named in {}", self.path.display());
            run.taken.push(Taken {
                what: format!("{}/{}", split.role, kind.file_stem()),
                from: entry::list(&from),
                why,
            });
        }
        run.splits.push(split);
        Ok(())
    }

    fn head(&self, run: &mut RunFiles, content: &Table) -> Result<(), DumpError> {
        for (name, content) in content {
            if !NAMES.contains(&name.as_str()) {
                return Err(self.unknown(&format!("head.{name}"), NAMES));
            }
            let mut sources = self.sources(run, &format!("head.{name}"), content)?;
            let (Some(source), true) = (sources.pop(), sources.is_empty()) else {
                return Err(self.wrong(format!("head.{name} of several files"), "one"));
            };
            let why = format!("named in {}", self.path.display());
            run.taken.push(Taken { what: format!("head/{name}"), from: source.shown(&run.folder), why });
            run.head.set(name, source)?;
        }
        Ok(())
    }

    /// The files of an array, each one there.
    fn sources(&self, run: &RunFiles, what: &str, content: &Value) -> Result<Vec<Source>, DumpError> {
        match content {
            Value::Array(parts) if !parts.is_empty() => {
                let parts = parts.iter().map(|part| self.sources(run, what, part));
                Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
            }
            Value::String(name) => {
                let source = Source::named(&run.folder, name);
                let expected = "a file of arrays, or { file = ..., dtype = ..., shape = ... } for elements alone";
                source.map(|source| vec![source]).ok_or_else(|| self.wrong(format!("{what} = {name:?}"), expected))
            }
            Value::Table(raw) => self.raw(run, what, raw).map(|source| vec![source]),
            _ => Err(self.wrong(format!("{what} of another type"), "\"FILE\" or \"FILE:NAME\", or a list of such")),
        }
    }

    fn raw(&self, run: &RunFiles, what: &str, content: &Table) -> Result<Source, DumpError> {
        let known = ["file", "dtype", "shape", "offset", "order"];
        if let Some(unknown) = content.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(self.unknown(&format!("{what}.{unknown}"), &known));
        }
        let text = |key: &str| content.get(key).and_then(Value::as_str);
        let need = |key: &str, expected: &'static str| self.wrong(format!("{what} without a valid {key}"), expected);
        let file = text("file").ok_or_else(|| need("file", "file = \"NAME\""))?;
        // Whoever says where elements start or in which order they are says that there is nothing else in the file.
        if content.len() == 1 {
            return self.sources(run, what, &Value::String(file.to_owned())).map(|mut sources| sources.remove(0));
        }
        let dtype = raw::dtype(text("dtype").unwrap_or_default()).map_err(|expected| need("dtype", expected))?;
        let expected = "shape = [ROWS, COLUMNS], ROWS -1 where the file's length tells it";
        let shape = content.get("shape").and_then(Value::as_array).ok_or_else(|| need("shape", expected))?;
        let axes: Option<Vec<i64>> = shape.iter().map(Value::as_integer).collect();
        let (rows, inner) = axes.and_then(|axes| raw::axes(&axes)).ok_or_else(|| need("shape", expected))?;
        let offset = content.get("offset").map_or(Some(0), |offset| usize::try_from(offset.as_integer()?).ok());
        let offset = offset.ok_or_else(|| need("offset", "offset = BYTES"))?;
        let fortran = match content.get("order").map(Value::as_str) {
            None | Some(Some("C")) => false,
            Some(Some("F")) => true,
            _ => return Err(need("order", "order = \"C\" or \"F\"")),
        };
        Ok(Source::raw(&run.folder.join(file), Raw { dtype, rows, inner, offset, fortran }))
    }

    fn wrong(&self, found: String, expected: &str) -> DumpError {
        let found = crate::printable::line(&found).into_owned();
        DumpError::malformed(
            &self.path,
            found,
            expected.to_owned(),
            "correct the layout file; `oodbench explain layout` shows one",
        )
    }

    fn unknown(&self, key: &str, known: &[&str]) -> DumpError {
        let own = key.rsplit('.').next().unwrap_or(key);
        self.wrong(format!("the key {key:?}"), &instead_of(own, known.iter().copied()))
    }
}

/// Whether a table of an OOD set names its arrays; else it is a group of sets.
fn is_split(table: &Table) -> bool {
    table.keys().any(|key| ArrayKind::parse(key).is_some())
}
