//! What a file of elements alone holds, as `--dtype` and `--shape` say.

use std::path::Path;

use crate::option::elements::Elements;
use crate::screen::remarks;

use super::fact::{Fact, OF_RUN, SUSPICIOUS, array_text, suspicious};
use oodbench::dump::diagnose::diagnose_array;
use oodbench::dump::format::raw;

/// The facts of a file.
pub(super) fn describe(file: &Path, elements: &Elements) -> anyhow::Result<Vec<Fact>> {
    let run = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut facts = Vec::new();
    let mut say = |part: &str, name: &str, found: String| {
        facts.push(Fact { run: run.clone(), part: part.to_owned(), name: name.to_owned(), found });
    };
    if let Some(raw) = elements.of(file)? {
        let array = diagnose_array(raw::open(file, &raw)?)?;
        say(OF_RUN, "file", file.display().to_string());
        say(OF_RUN, "array", array_text(&array));
        array.values.iter().flat_map(suspicious).for_each(|what| say(SUSPICIOUS, "", what));
    }
    remarks::unchanged()?;
    Ok(facts)
}
