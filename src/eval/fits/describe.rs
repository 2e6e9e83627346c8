//! Describing fits that were just made.

use std::collections::BTreeSet;

use super::description::{Description, FORMAT, KeptScore, features};
use super::fit::Fits;
use crate::eval::plan::Plan;
use crate::rows::{ArrayKind, Split};
use crate::score::FittedScore;
use crate::table::ArrayRead;

/// What a file of these fits says of itself. Reads every array that they read once more, for its checksum.
#[must_use]
pub fn describe(plan: &Plan<'_>, fits: &Fits) -> Description {
    let dump = &plan.dump;
    Description {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: dump.info.name.clone(),
        classes: dump.classes,
        features: features(dump),
        head: dump.head.as_ref().map(|head| head.checksum()),
        read: plan.fitted_on().flat_map(|(split, arrays)| sources(split, arrays)).collect(),
        scores: fits.scores.iter().map(score).collect(),
    }
}

fn score(score: &FittedScore) -> KeptScore {
    KeptScore {
        id: score.entry.id.to_owned(),
        parameters: score.settings.all().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        notes: score.notes.clone(),
    }
}

/// The arrays of a split that are there, with their checksums.
fn sources(split: &Split, arrays: BTreeSet<ArrayKind>) -> impl Iterator<Item = ArrayRead> {
    arrays.into_iter().filter_map(|kind| {
        let checksum = split.checksum(&kind)?;
        Some(ArrayRead { split: split.role.to_string(), array: kind.file_stem(), rows: split.rows, checksum })
    })
}
