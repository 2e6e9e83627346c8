//! What scores read, and whether a dump has it.

use std::collections::BTreeSet;
use std::fmt;

use crate::dump::{ArrayKind, Dump, Head, Role, Split};

/// Something a score reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Logits of the rows to be scored, from the file or from features and head.
    Logits,
    /// Features of the rows to be scored.
    Features,
    /// A linear head: weight and bias in `head/`.
    LinearHead,
    /// Prototypes in `head/`.
    Prototypes,
    /// Logits of the training rows, from the file or from features and head.
    TrainLogits,
    /// Features of the training rows.
    TrainFeatures,
    /// Labels of the training rows.
    TrainLabels,
    /// Logits of the validation rows, of the training rows where there are none.
    CalibrationLogits,
    /// Labels of the validation rows, of the training rows where there are none.
    CalibrationLabels,
}

/// Which splits a need reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// id/test and every OOD set.
    Scored,
    /// id/train.
    Train,
    /// id/val, or id/train where there is none.
    Calibration,
}

impl Rows {
    /// The splits of a dump that are meant.
    pub fn of(self, dump: &Dump) -> impl Iterator<Item = &Split> {
        let calibration = if dump.split(&Role::Val).is_some() { Role::Val } else { Role::Train };
        dump.splits.iter().filter(move |split| match self {
            Self::Scored => matches!(split.role, Role::Test | Role::Ood { .. }),
            Self::Train => split.role == Role::Train,
            Self::Calibration => split.role == calibration,
        })
    }

    /// The arrays that some needs read of these rows: features too where logits have to be made from them.
    #[must_use]
    pub fn arrays<'n>(self, needs: impl IntoIterator<Item = &'n Need>, dump: &Dump) -> BTreeSet<ArrayKind> {
        let read = needs.into_iter().filter_map(|need| need.reads()).filter(|(of, _)| *of == self);
        let mut arrays: BTreeSet<ArrayKind> = read.map(|(_, kind)| kind).collect();
        if arrays.contains(&ArrayKind::Logits) && self.of(dump).any(|split| split.logits.is_none()) {
            arrays.insert(ArrayKind::Features);
        }
        arrays
    }
}

impl Need {
    /// The splits it reads, and which array of them; none for the head.
    #[must_use]
    pub fn reads(self) -> Option<(Rows, ArrayKind)> {
        match self {
            Self::Logits => Some((Rows::Scored, ArrayKind::Logits)),
            Self::Features => Some((Rows::Scored, ArrayKind::Features)),
            Self::TrainLogits => Some((Rows::Train, ArrayKind::Logits)),
            Self::TrainFeatures => Some((Rows::Train, ArrayKind::Features)),
            Self::TrainLabels => Some((Rows::Train, ArrayKind::Labels)),
            Self::CalibrationLogits => Some((Rows::Calibration, ArrayKind::Logits)),
            Self::CalibrationLabels => Some((Rows::Calibration, ArrayKind::Labels)),
            Self::LinearHead | Self::Prototypes => None,
        }
    }

    /// What a dump lacks of it: a file to add, or what is wrong with the head; `None` if nothing.
    #[must_use]
    pub fn lacking(self, dump: &Dump) -> Option<String> {
        if let Some((rows, kind)) = self.reads() {
            let mut splits = rows.of(dump).peekable();
            if splits.peek().is_none() {
                return Some(format!("id/train/{}.npy", kind.file_stem()));
            }
            let without = splits.find(|split| !has(split, &kind, dump))?;
            return Some(format!("{}/{}.npy", without.role, kind.file_stem()));
        }
        match (self, &dump.head) {
            (Self::LinearHead, Some(Head::Linear { .. })) => None,
            (Self::LinearHead, _) => Some("head/weight.npy".to_owned()),
            (_, Some(Head::Prototypes { .. } | Head::NormalisedPrototypes { .. })) => None,
            (_, _) => Some("head/prototypes.npy".to_owned()),
        }
    }
}

/// Whether a split has an array, or can be given it: logits come from features and head as well.
fn has(split: &Split, kind: &ArrayKind, dump: &Dump) -> bool {
    match kind {
        ArrayKind::Labels => split.labels.is_some(),
        ArrayKind::Logits => split.logits.is_some() || (split.features.is_some() && dump.head.is_some()),
        _ => split.matrix(kind).is_some(),
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logits => "logits",
            Self::Features => "features",
            Self::LinearHead => "linear head",
            Self::Prototypes => "prototypes",
            Self::TrainLogits => "train logits",
            Self::TrainFeatures => "train features",
            Self::TrainLabels => "train labels",
            Self::CalibrationLogits => "val or train logits",
            Self::CalibrationLabels => "val or train labels",
        })
    }
}
