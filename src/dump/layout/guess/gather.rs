//! All arrays below a place, with what their names say.

use std::path::Path;

use super::words::{self, Said};
use crate::dump::error::DumpError;
use crate::dump::format::safetensors_index::is_part;
use crate::dump::layout::listing::{files_below, stem};
use crate::dump::layout::source::Source;
use crate::dump::layout::stray::{Stray, is_silent};

/// Folders between the place and a file.
const DEPTH: usize = 2;
/// Files of arrays, and folders; a folder of more is no dump by names.
const MOST_FILES: usize = 4096;

/// An array, and what its name says.
pub(super) struct Named {
    /// Where it is.
    pub(super) source: Source,
    /// What its name says.
    pub(super) said: Said,
}

/// What lies at a place.
pub(super) enum Gathered {
    /// The arrays in a file, or in a folder and those in it; and files whose arrays cannot be listed.
    Arrays(Vec<Named>, Vec<Stray>),
    /// More files than a dump has; why that is too many.
    TooMany(String),
}

/// All arrays at a place.
pub(super) fn gather(place: &Path) -> Result<Gathered, DumpError> {
    let (mut named, mut strays) = (Vec::new(), Vec::new());
    let is_array = |file: &Path| Source::of(file).is_some() && !is_silent(file) && !is_part(file);
    let Some(files) = files_below(place, (DEPTH, MOST_FILES), is_array)? else {
        let why =
            format!("more than {MOST_FILES} files of arrays and folders, too many to be told apart by their names");
        return Ok(Gathered::TooMany(why));
    };
    for path in files {
        let Some(source) = Source::of(&path) else { continue };
        // Of a file that is named itself, its own name says nothing that its arrays share.
        let below = if path == place { Path::new("") } else { path.strip_prefix(place).unwrap_or(&path) };
        let below = below.with_file_name(if path == place { String::new() } else { stem(&path) });
        let below = below.to_string_lossy();
        match source.members() {
            Ok(None) => {
                let said = words::read(&below, None);
                if said.array.is_some() || !source.holds_columns() {
                    named.push(Named { said, source });
                }
            }
            Ok(Some(members)) => {
                let alone = members.len() == 1;
                for (member, source) in members {
                    let mut said = words::read(&below, Some(&member));
                    if source.holds_columns() && said.array.is_none() {
                        // A column of anything else.
                        continue;
                    }
                    if said.array.is_none() && alone {
                        // The only array of a file is what the file is called.
                        said = words::read(&below, None);
                    }
                    named.push(Named { source, said });
                }
            }
            // Notes and results are tables and texts, too.
            Err(_) if source.holds_columns() && path != place && words::read(&below, None).purpose.is_none() => {}
            Err(error) => strays.push(Stray::because(path, format!("its arrays cannot be listed: {error}"))),
        }
    }
    Ok(Gathered::Arrays(named, strays))
}
