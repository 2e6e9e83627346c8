//! Describing fits that were just made.

use super::description::{Description, FORMAT, KeptScore, features, others};
use super::fit::Fits;
use crate::eval::plan::Plan;
use crate::rows::Texts;
use crate::score::FittedScore;

/// What a file of these fits says of itself.
#[must_use]
pub fn describe(plan: &Plan<'_>, fits: &Fits) -> Description {
    let dump = &plan.dump;
    Description {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: dump.info.name.clone(),
        classes: dump.classes,
        features: features(dump),
        others: others(dump),
        head: dump.head.as_ref().map(|head| head.checksum()),
        texts: plan.texts_read().map(Texts::checksum),
        read: plan.fitted_on().flat_map(|(split, arrays)| plan.read_of(split, arrays)).collect(),
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
