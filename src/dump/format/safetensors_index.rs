//! Tensors spread over several `.safetensors` files, with an index that says which is where (`NAME.safetensors.index.json`), as Hugging Face's libraries write them.
//!
//! ```text
//! {"metadata": {...}, "weight_map": {"logits": "test-00001-of-00002.safetensors", ...}}
//! ```
//! The files lie beside the index; a name that leads elsewhere is refused, and one with control characters.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::entry::{Format, list, only, printable};
use super::{file, safetensors};
use crate::dump::error::DumpError;
use crate::rows::array::StoredArray;

/// An index of tensors in several files.
pub struct SafetensorsIndex;

/// What its file's name ends with.
const ENDING: &str = "safetensors.index.json";
/// No index is longer.
const MOST_BYTES: u64 = 1 << 24;

impl Format for SafetensorsIndex {
    fn ending(&self) -> &'static str {
        ENDING
    }

    fn recognises(&self, path: &Path, _: &[u8]) -> bool {
        path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(&format!(".{ENDING}")))
    }

    fn members(&self, path: &Path) -> Result<Option<Vec<String>>, DumpError> {
        Ok(Some(read(path)?.into_keys().collect()))
    }

    fn open(&self, path: &Path, member: Option<&str>) -> Result<StoredArray, DumpError> {
        let places = read(path)?;
        let names: Vec<String> = places.keys().cloned().collect();
        let wanted = member.map_or_else(|| only(path, &names), Ok)?;
        let Some(place) = places.get(wanted) else {
            let found = format!("tensors {}", list(&names));
            return Err(DumpError::malformed(path, found, format!("one named {}", printable(wanted)), "rename it"));
        };
        safetensors::Safetensors.open(place, Some(wanted))
    }
}

/// The file of each tensor.
fn read(path: &Path) -> Result<BTreeMap<String, PathBuf>, DumpError> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let text = file::text(path, MOST_BYTES)?;
    let wrong = |found: String| {
        let remedy = "write the files again with their index";
        DumpError::malformed(path, found, "a weight_map of tensors and files beside it", remedy)
    };
    let index: Index =
        serde_json::from_str(&text).map_err(|error| wrong(format!("no index ({})", printable(&error.to_string()))))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let beside = |(tensor, name): (String, String)| match Path::new(&name).file_name() {
        Some(own) if *own == *name && !name.contains(char::is_control) => Ok((tensor, folder.join(name))),
        _ => Err(wrong(format!("the file {:?}", printable(&name)))),
    };
    index.weight_map.into_iter().map(beside).collect()
}

/// Whether a file is one of those that an index beside it names: `test-00001-of-00002.safetensors` with `test.safetensors.index.json`.
pub(in crate::dump) fn is_part(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let base = || {
        let (rest, of) = name.strip_suffix(".safetensors")?.rsplit_once("-of-")?;
        let (base, number) = rest.rsplit_once('-')?;
        (is_number(of) && is_number(number)).then_some(base)
    };
    base().is_some_and(|base| path.with_file_name(format!("{base}.{ENDING}")).is_file())
}
