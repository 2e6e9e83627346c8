//! What is measured: a score, or the part of the classifier that it is compared with.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::ops::Range;

use serde::Serialize;

use crate::rows::{ArrayKind, Head, RowBlock, Split};
use crate::score::Fitted;

/// A part of the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Taking the rows from the dump, with nothing computed: contained in every other cost.
    ReadBlock,
    /// The predicted class from given logits.
    ArgMax,
    /// The logits from given features by a linear head.
    LinearHead,
    /// The logits from given features by an IsoMax+ head.
    PrototypeHead,
}

impl Reference {
    /// Its name in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::ReadBlock => "read_block",
            Self::ArgMax => "arg_max",
            Self::LinearHead => "linear_head",
            Self::PrototypeHead => "prototype_head",
        }
    }

    /// Its name in tables.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::ReadBlock => "Reading the rows",
            Self::ArgMax => "Classifier: arg max",
            Self::LinearHead => "Classifier: linear head",
            Self::PrototypeHead => "Classifier: IsoMax+ head",
        }
    }
}

/// Whether something is a score or a part of the classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A part of the classifier.
    Reference,
    /// A score.
    Score,
}

/// What is computed of a block.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    /// A part of the classifier.
    Reference(Reference),
    /// A fitted score.
    Score(&'a dyn Fitted),
}

/// Something whose cost is measured, and the rows it is measured on.
pub struct Subject<'a> {
    /// Name in files.
    pub id: &'static str,
    /// Name in tables.
    pub title: &'static str,
    /// The rows.
    pub split: &'a Split,
    /// The arrays it reads of them.
    pub arrays: BTreeSet<ArrayKind>,
    /// The head that the blocks know.
    pub head: Option<&'a Head>,
    /// What is computed.
    pub work: Work<'a>,
}

impl<'a> Subject<'a> {
    /// A part of the classifier, on the rows of a split.
    #[must_use]
    pub fn reference(reference: Reference, split: &'a Split, head: &'a Head) -> Self {
        let reads = match reference {
            Reference::ReadBlock | Reference::ArgMax => ArrayKind::Logits,
            Reference::LinearHead | Reference::PrototypeHead => ArrayKind::Features,
        };
        Self {
            id: reference.id(),
            title: reference.title(),
            split,
            arrays: BTreeSet::from([reads]),
            head: Some(head),
            work: Work::Reference(reference),
        }
    }

    /// Whether it is a score.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        match self.work {
            Work::Reference(_) => SubjectKind::Reference,
            Work::Score(_) => SubjectKind::Score,
        }
    }

    /// Whether it is a score that reads logits, so that some of its work may be done when the predicted classes are known.
    #[must_use]
    pub fn shares_logits(&self) -> bool {
        self.kind() == SubjectKind::Score && self.arrays.contains(&ArrayKind::Logits)
    }

    /// Some rows, with nothing computed of them yet.
    #[must_use]
    pub fn block(&self, rows: Range<usize>) -> RowBlock<'a> {
        self.split.block(rows, &self.arrays, self.head)
    }

    /// The same rows as the classifier leaves them: the predicted classes are known.
    ///
    /// # Panics
    /// If it reads no logits.
    #[must_use]
    pub fn classified_block(&self, rows: Range<usize>) -> RowBlock<'a> {
        let block = self.block(rows);
        black_box(block.tops());
        block
    }

    /// Computes what is measured. `out` has one place per row.
    pub fn compute(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        match self.work {
            Work::Reference(Reference::ReadBlock) => {
                black_box(block.logits());
            }
            Work::Reference(Reference::ArgMax) => {
                black_box(block.tops());
            }
            Work::Reference(Reference::LinearHead | Reference::PrototypeHead) => {
                black_box(block.head_logits());
            }
            Work::Score(scorer) => scorer.score_block(block, out),
        }
        black_box(out);
    }
}
