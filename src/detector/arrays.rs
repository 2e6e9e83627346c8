//! What is read of the rows to be decided: what the score reads, and logits where predicted classes are needed or known.

use std::collections::BTreeSet;

use super::error::DetectorError;
use super::input::Input;
use super::made_of::MadeOf;
use crate::rows::{ArrayKind, Split};
use crate::score::Need;

/// The arrays of a run that a detector reads.
pub(super) struct Arrays {
    /// All of them.
    pub(super) kinds: BTreeSet<ArrayKind>,
    /// The same, as new rows have to have them.
    pub(super) inputs: Vec<Input>,
    /// Whether logits are made from features and head, since something needs them.
    pub(super) makes_logits: bool,
    /// Whether predicted classes can be told.
    pub(super) predictions: bool,
}

impl Arrays {
    /// What new rows have to have: what the score reads, logits as well where classes are needed or, if all splits have them, known.
    pub(super) fn of(of: &MadeOf<'_>, calibrated_on: &Split, needs_classes: bool) -> Result<Self, DetectorError> {
        let mut kinds = of.kinds.clone();
        let reads_logits = of.score.needs.contains(&Need::Logits);
        let all_have = |kind: &ArrayKind| of.splits.iter().all(|split| split.matrix(kind).is_some());
        let needs_logits = reads_logits || needs_classes;
        let has_logits = all_have(&ArrayKind::Logits);
        let makes_logits = needs_logits && !has_logits;
        if makes_logits {
            if !(of.head.is_some() && all_have(&ArrayKind::Features)) {
                return Err(DetectorError::Lacking {
                    place: of.place.clone(),
                    what: "logits in every split",
                    by: "a threshold that asks for the predicted class",
                    remedy: "dump logits.npy, or features.npy and head/",
                });
            }
            kinds.remove(&ArrayKind::Logits);
            kinds.insert(ArrayKind::Features);
        } else if needs_logits && !of.reads_features {
            // Features are read only by those who need them, not to make logits that are there.
            kinds.remove(&ArrayKind::Features);
        }
        if has_logits {
            kinds.insert(ArrayKind::Logits);
        }
        let mut inputs = Vec::new();
        for (kind, matrix) in kinds.iter().filter_map(|kind| Some((kind, calibrated_on.matrix(kind)?))) {
            let required = *kind != ArrayKind::Logits || needs_logits;
            let input = Input::of(kind.clone(), matrix, required);
            input.check_width(matrix)?;
            inputs.push(input);
        }
        Ok(Self { kinds, inputs, makes_logits, predictions: has_logits || makes_logits })
    }
}
