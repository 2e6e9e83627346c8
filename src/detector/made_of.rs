//! What a detector is made of: a fitted score and what is known of the network, from a run or from fits in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::eval::{Model, Plan};
use crate::rows::{ArrayKind, Head, Role, Split};
use crate::score::need::Splits;
use crate::score::{FittedScore, Need};
use crate::table::ArrayRead;

/// A fitted score, and all that a detector has to know beside it.
pub(super) struct MadeOf<'a> {
    /// The run's name.
    pub(super) run: &'a str,
    /// What messages call the run.
    pub(super) place: String,
    pub(super) score: Arc<FittedScore>,
    pub(super) head: Option<&'a Head>,
    /// Number of classes, if it is known.
    pub(super) classes: Option<usize>,
    /// The splits that tell which arrays new rows have.
    pub(super) splits: Vec<&'a Split>,
    /// The arrays that the score reads of them: features too where logits have to be made from them.
    pub(super) kinds: BTreeSet<ArrayKind>,
    /// Whether the score reads features, and not only to make logits of them.
    pub(super) reads_features: bool,
    /// The arrays that the fit read.
    pub(super) read: Vec<ArrayRead>,
}

impl<'a> MadeOf<'a> {
    /// The only score of a plan, fitted.
    pub(super) fn plan(plan: &'a Plan<'_>, score: FittedScore) -> Self {
        let dump = &plan.dump;
        let shows = |split: &&Split| matches!(split.role, Role::Val | Role::Test | Role::Ood { .. });
        let of_rows =
            |need: &Need| matches!(need.reads(dump), Some((Splits::Scored, of)) if of.contains(&ArrayKind::Features));
        Self {
            run: &dump.info.name,
            place: dump.folder.display().to_string(),
            reads_features: score.needs.iter().any(of_rows),
            // Of the score that was fitted: what its fit compared and left is not asked of new rows.
            kinds: Splits::Scored.arrays(&score.needs, dump),
            score: Arc::new(score),
            head: dump.head.as_ref(),
            classes: dump.classes,
            splits: dump.splits.iter().filter(shows).collect(),
            read: plan.fitted_on().flat_map(|(split, arrays)| plan.read_of(split, arrays)).collect(),
        }
    }

    /// The first score of fits in memory, for rows like these.
    pub(super) fn model(
        model: &'a Model,
        score: &Arc<FittedScore>,
        split: &'a Split,
        kinds: BTreeSet<ArrayKind>,
    ) -> Self {
        let description = model.description();
        Self {
            run: &description.run,
            place: split.place.display().to_string(),
            score: Arc::clone(score),
            head: model.head(),
            classes: description.classes,
            splits: vec![split],
            kinds,
            reads_features: model.reads_features(),
            read: description.read.clone(),
        }
    }
}
