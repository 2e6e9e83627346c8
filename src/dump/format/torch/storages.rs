//! The storages of a file: members of an archive, or what stands behind the pickles of the old form.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::plan::{Plan, element};
use crate::dump::error::DumpError;
use crate::dump::format::archive::{Archive, Content};
use crate::dump::format::limit::Limit;
use crate::dump::format::pickle::{Defect, Id, Pickle};
use crate::rows::array::{Memory, StoredArray, shape_text};
use crate::rows::element::Endian;
use crate::rows::mapped::Mapped;

pub(super) const REMEDY: &str =
    "save tensors alone: torch.save({'features': x}, file), or torch.save(model.state_dict(), file)";

/// A part of some memory: where it starts and its length.
pub(super) type Part = (Arc<dyn Memory>, usize, usize);

/// The storages of one file.
pub(super) struct Storages<'a> {
    path: &'a Path,
    map: &'a Arc<Mapped>,
    place: Place<'a>,
    /// Whether numbers have their most significant byte first.
    pub(super) big: bool,
    /// Bytes of tensors that were copied into rows.
    copied: usize,
    /// Those found so far.
    known: BTreeMap<String, Part>,
}

/// Where storages are.
enum Place<'a> {
    /// Members of an archive.
    Archive {
        archive: Archive<'a>,
        /// What their names begin with.
        root: String,
        /// Bytes that deflated members have become.
        unpacked: u64,
    },
    /// All of them are known.
    Known,
}

impl<'a> Storages<'a> {
    /// Those of an archive.
    pub(super) fn of_archive(path: &'a Path, map: &'a Arc<Mapped>, archive: Archive<'a>, root: String) -> Self {
        let place = Place::Archive { archive, root, unpacked: 0 };
        Self { path, map, place, big: false, copied: 0, known: BTreeMap::new() }
    }

    /// Those of the old form, by name.
    pub(super) fn of_old_form(path: &'a Path, map: &'a Arc<Mapped>, big: bool, known: BTreeMap<String, Part>) -> Self {
        Self { path, map, place: Place::Known, big, copied: 0, known }
    }

    /// The content of a member of the archive.
    pub(super) fn member(&mut self, name: &str) -> Result<Part, DumpError> {
        if let Some(part) = self.known.get(name) {
            return Ok(part.clone());
        }
        let Place::Archive { archive, root, unpacked } = &mut self.place else {
            let expected = "the storages of all tensors";
            return Err(DumpError::malformed(self.path, "a tensor without its storage", expected, REMEDY));
        };
        let whole = format!("{root}{name}");
        let part: Part = match archive.find(self.path, &whole)? {
            Content::Stored(range) => (Arc::<Mapped>::clone(self.map), range.start, range.len()),
            Content::Deflated { size, .. } => {
                let limit = Limit::in_memory(self.map.bytes().len());
                *unpacked = unpacked.saturating_add(size);
                limit.admit(self.path, *unpacked)?;
                let content = limit.read_exactly(self.path, &mut archive.inflated(self.path, &whole)?, size)?;
                let length = content.len();
                (Arc::new(content), 0, length)
            }
        };
        self.known.insert(name.to_owned(), part.clone());
        Ok(part)
    }

    /// The tensor that a call with these arguments would rebuild; messages call it `shown`.
    pub(super) fn tensor(
        &mut self,
        pickle: &Pickle<'_>,
        shown: &Path,
        arguments: &[Id],
    ) -> Result<StoredArray, DumpError> {
        let wrong = |found: Defect| DumpError::malformed(shown, found, "a tensor of real numbers", REMEDY);
        let plan = Plan::of(pickle, arguments).map_err(wrong)?;
        let (memory, start, length) = self.member(&format!("data/{}", plan.key))?;
        let endian = if self.big { Endian::Big } else { Endian::Little };
        let (dtype, size) =
            element(plan.storage, endian).ok_or_else(|| wrong(format!("elements of a {}", plan.storage)))?;
        let short = || {
            wrong(format!(
                "a tensor of shape {} that reaches behind its storage of {length} bytes",
                shape_text(&plan.shape)
            ))
        };
        let (elements, last) = plan.extent().ok_or_else(short)?;
        if elements > 0 && last >= length / size {
            return Err(short());
        }
        if elements == 0 || plan.is_row_by_row() {
            let at = start + if elements == 0 { 0 } else { plan.offset * size };
            return StoredArray::new(shown.to_owned(), dtype, plan.shape.clone(), memory, at).ok_or_else(short);
        }
        // A tensor that repeats elements of its storage could be of any size.
        self.copied = self.copied.saturating_add(elements.saturating_mul(size));
        if elements > length / size || self.copied > self.map.bytes().len() {
            return Err(wrong(format!("a tensor of shape {} that repeats its storage", shape_text(&plan.shape))));
        }
        let rows = plan.gather(&memory.bytes()[start..start + length], elements, size);
        StoredArray::new(shown.to_owned(), dtype, plan.shape.clone(), Arc::new(rows), 0).ok_or_else(short)
    }
}
