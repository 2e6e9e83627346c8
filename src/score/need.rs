//! What scores read, and whether a dump has it.

use std::collections::BTreeSet;
use std::fmt;

use crate::rows::{ArrayKind, Head, Role, RunRows, Split};
use crate::suggestion::nearest;

/// Something a score reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Logits of the rows to be scored, from the file or from features and head.
    Logits,
    /// Features of the rows to be scored.
    Features,
    /// Features of a named layer of the rows to be scored.
    Layer(String),
    /// Every array of features of the rows to be scored, a named layer among them.
    Layers,
    /// Values of this name that somebody else computed, of the rows to be scored.
    Score(String),
    /// Logits under a name, such as those of the members of an ensemble, of the rows to be scored.
    Variant(String),
    /// Every array of logits whose name begins so, of the rows to be scored.
    Variants(&'static str),
    /// The same of the validation rows, of the training rows where there are none.
    CalibrationVariants(&'static str),
    /// The same of the OOD set of this name that parameters are chosen on.
    ValOodVariants(String, &'static str),
    /// Every array of somebody else's values whose name begins so, of the rows to be scored.
    Scores(&'static str),
    /// The same of the validation rows.
    ValScores(&'static str),
    /// The same of the OOD set of this name that parameters are chosen on; without a name, of the only such set.
    ValOodScores(Option<String>, &'static str),
    /// The Gram matrices of a named layer, of the rows to be scored.
    Gram(String),
    /// Every array of Gram matrices of the rows to be scored.
    Grams,
    /// The same of the training rows.
    TrainGrams,
    /// The same of the validation rows.
    ValGrams,
    /// A linear head: weight and bias in `head/`.
    LinearHead,
    /// Prototypes in `head/`.
    Prototypes,
    /// Embeddings of the names of the classes in `head/`.
    ClassTexts,
    /// Embeddings of words that name no class in `head/`.
    NegativeTexts,
    /// Logits of the training rows, from the file or from features and head.
    TrainLogits,
    /// Features of the training rows.
    TrainFeatures,
    /// Features of a named layer of the training rows.
    TrainLayer(String),
    /// Every array of features of the training rows.
    TrainLayers,
    /// Labels of the training rows.
    TrainLabels,
    /// Logits of the validation rows, of the training rows where there are none.
    CalibrationLogits,
    /// Features of the validation rows, of the training rows where there are none.
    CalibrationFeatures,
    /// Labels of the validation rows, of the training rows where there are none.
    CalibrationLabels,
    /// Logits of the validation rows.
    ValLogits,
    /// Every array of features of the validation rows.
    ValLayers,
    /// Every array of features of the OOD set of this name that parameters are chosen on; without a name, of the only such set.
    ValOodLayers(Option<String>),
    /// Features of the OOD set of this name that parameters are chosen on; without a name, of the only such set.
    ValOodFeatures(Option<String>),
}

/// Which splits a need reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Splits {
    /// id/test, every set in csid and every OOD set.
    Scored,
    /// id/train.
    Train,
    /// id/val, or id/train where there is none.
    Calibration,
    /// id/val.
    Val,
    /// The set of this name in val_ood, or all sets there.
    ValOod(Option<String>),
}

impl Splits {
    /// The splits of a dump that are meant.
    pub fn of<'d>(&self, run: &'d RunRows) -> impl Iterator<Item = &'d Split> {
        let calibration = if run.split(&Role::Val).is_some() { Role::Val } else { Role::Train };
        run.splits.iter().filter(move |split| match self {
            Self::Scored => matches!(split.role, Role::Test | Role::Csid { .. } | Role::Ood { .. }),
            Self::Train => split.role == Role::Train,
            Self::Calibration => split.role == calibration,
            Self::Val => split.role == Role::Val,
            Self::ValOod(wanted) => match &split.role {
                Role::ValOod { name } => wanted.as_ref().is_none_or(|wanted| wanted == name),
                _ => false,
            },
        })
    }

    /// Where they would be, were there any.
    fn place(&self) -> String {
        match self {
            Self::Scored => "id/test".to_owned(),
            Self::Train | Self::Calibration => "id/train".to_owned(),
            Self::Val => "id/val".to_owned(),
            Self::ValOod(name) => format!("val_ood/{}", name.as_deref().unwrap_or("<name>")),
        }
    }

    /// The arrays that some needs read of these rows: features too where logits have to be made from them.
    #[must_use]
    pub fn arrays<'n>(&self, needs: impl IntoIterator<Item = &'n Need>, run: &RunRows) -> BTreeSet<ArrayKind> {
        let read = needs.into_iter().filter_map(|need| need.reads(run)).filter(|(of, _)| of == self);
        let mut arrays: BTreeSet<ArrayKind> = read.flat_map(|(_, arrays)| arrays).collect();
        if arrays.contains(&ArrayKind::Logits) && self.of(run).any(|split| split.logits.is_none()) {
            arrays.insert(ArrayKind::Features);
        }
        arrays
    }
}

impl Need {
    /// Whether it is of the rows to be scored, and not of those that a fit reads, or of the head.
    #[must_use]
    pub fn is_of_rows(&self) -> bool {
        matches!(
            self,
            Self::Logits
                | Self::Features
                | Self::Layer(_)
                | Self::Layers
                | Self::Score(_)
                | Self::Variant(_)
                | Self::Variants(_)
                | Self::Scores(_)
                | Self::Gram(_)
                | Self::Grams
        )
    }

    /// These needs, with what a fit has chosen in place of those of the rows to be scored.
    pub(super) fn narrowed(all: &[Self], of_rows: Option<Vec<Self>>) -> Vec<Self> {
        match of_rows {
            Some(of_rows) => all.iter().filter(|need| !need.is_of_rows()).cloned().chain(of_rows).collect(),
            None => all.to_vec(),
        }
    }

    /// The splits it reads, and which arrays of them; none for the head.
    #[must_use]
    pub fn reads(&self, run: &RunRows) -> Option<(Splits, BTreeSet<ArrayKind>)> {
        let one = |rows, array| Some((rows, BTreeSet::from([array])));
        match self {
            Self::Logits => one(Splits::Scored, ArrayKind::Logits),
            Self::Features => one(Splits::Scored, ArrayKind::Features),
            Self::Layer(name) => one(Splits::Scored, ArrayKind::Layer(name.clone())),
            Self::Layers => Some((Splits::Scored, layers(run))),
            Self::Score(name) => one(Splits::Scored, ArrayKind::Score(name.clone())),
            Self::Variant(name) => one(Splits::Scored, ArrayKind::Variant(name.clone())),
            Self::Variants(prefix) => Some((Splits::Scored, variants(run, prefix))),
            Self::CalibrationVariants(prefix) => Some((Splits::Calibration, variants(run, prefix))),
            Self::ValOodVariants(name, prefix) => Some((Splits::ValOod(Some(name.clone())), variants(run, prefix))),
            Self::Scores(prefix) => Some((Splits::Scored, scores(run, prefix))),
            Self::ValScores(prefix) => Some((Splits::Val, scores(run, prefix))),
            Self::ValOodScores(name, prefix) => Some((Splits::ValOod(name.clone()), scores(run, prefix))),
            Self::Gram(layer) => one(Splits::Scored, ArrayKind::Gram(layer.clone())),
            Self::Grams => Some((Splits::Scored, grams(run))),
            Self::TrainGrams => Some((Splits::Train, grams(run))),
            Self::ValGrams => Some((Splits::Val, grams(run))),
            Self::TrainLogits => one(Splits::Train, ArrayKind::Logits),
            Self::TrainFeatures => one(Splits::Train, ArrayKind::Features),
            Self::TrainLayer(name) => one(Splits::Train, ArrayKind::Layer(name.clone())),
            Self::TrainLayers => Some((Splits::Train, layers(run))),
            Self::TrainLabels => one(Splits::Train, ArrayKind::Labels),
            Self::CalibrationLogits => one(Splits::Calibration, ArrayKind::Logits),
            Self::CalibrationFeatures => one(Splits::Calibration, ArrayKind::Features),
            Self::CalibrationLabels => one(Splits::Calibration, ArrayKind::Labels),
            Self::ValLogits => one(Splits::Val, ArrayKind::Logits),
            Self::ValLayers => Some((Splits::Val, layers(run))),
            Self::ValOodLayers(name) => Some((Splits::ValOod(name.clone()), layers(run))),
            Self::ValOodFeatures(name) => one(Splits::ValOod(name.clone()), ArrayKind::Features),
            Self::LinearHead | Self::Prototypes | Self::ClassTexts | Self::NegativeTexts => None,
        }
    }

    /// What a run lacks of it: a file or an array to add, a set to be chosen, or what is wrong with the head; `None` if nothing.
    #[must_use]
    pub fn lacking(&self, run: &RunRows) -> Option<String> {
        if let Some((rows, arrays)) = self.reads(run) {
            let file = |place: String, array: &ArrayKind| run.origin.array(&place, &array.file_stem());
            let mut splits = rows.of(run).peekable();
            if self.is_open(run) {
                return Some(rows.place());
            }
            if splits.peek().is_none() {
                return arrays.last().map(|array| file(rows.place(), array));
            }
            return splits.find_map(|split| self.lacking_in(split, run));
        }
        match (self, &run.head) {
            (Self::LinearHead, Some(Head::Linear { .. })) => None,
            (Self::LinearHead, _) => Some(run.origin.array("head", "weight")),
            (Self::ClassTexts, _) => run.texts.is_none().then(|| run.origin.array("head", "text")),
            (Self::NegativeTexts, _) => {
                let there = run.texts.as_ref().is_some_and(|texts| texts.negatives.is_some());
                (!there).then(|| run.origin.array("head", "negatives"))
            }
            (_, Some(Head::Prototypes { .. } | Head::NormalisedPrototypes { .. })) => None,
            (_, _) => Some(run.origin.array("head", "prototypes")),
        }
    }

    /// What one split lacks of it, be it read there or not: a file to add; `None` if nothing.
    #[must_use]
    pub fn lacking_in(&self, split: &Split, run: &RunRows) -> Option<String> {
        let (_, arrays) = self.reads(run)?;
        let without = arrays.iter().find(|array| !has(split, array, run))?;
        Some(run.origin.array(&split.role.to_string(), &without.file_stem()))
    }

    /// Whether there are several sets where one has to be chosen.
    fn is_open(&self, run: &RunRows) -> bool {
        matches!(self, Self::ValOodLayers(None) | Self::ValOodFeatures(None) | Self::ValOodScores(None, _))
            && run.val_ood().nth(1).is_some()
    }

    /// What may have been meant, if it is something of a name that the dump does not know, or of no name where one is needed.
    #[must_use]
    pub fn instead(&self, run: &RunRows) -> Option<String> {
        let (name, known): (&str, BTreeSet<&str>) = match self {
            Self::Layer(name) | Self::TrainLayer(name) => {
                (name, run.splits.iter().flat_map(|split| split.layers.keys().map(String::as_str)).collect())
            }
            Self::Score(name) => (name, run.own_scores()),
            Self::Variant(name) => {
                let all = run.variants();
                if all.contains(&ArrayKind::Variant(name.clone())) {
                    return None;
                }
                let there = all.into_iter().map(|kind| kind.file_stem()).find(|own| are_same(own, name))?;
                return Some(format!("there is {there}; give it this name"));
            }
            Self::ValOodLayers(Some(name))
            | Self::ValOodFeatures(Some(name))
            | Self::ValOodScores(Some(name), _)
            | Self::ValOodVariants(name, _) => (name, run.val_ood().collect()),
            Self::ValOodLayers(None) | Self::ValOodFeatures(None) | Self::ValOodScores(None, _)
                if self.is_open(run) =>
            {
                let names: Vec<&str> = run.val_ood().collect();
                return Some(format!("set its parameter fit_on to one of {}", names.join(", ")));
            }
            _ => return None,
        };
        if known.is_empty() || known.contains(name) {
            return None;
        }
        Some(match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the run has {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        })
    }
}

/// Whether a file's name is `logits@` and a name of the same words and numbers, be they spelt otherwise: `odin_1000.0_0.010` and `odin_1000_0.01`.
fn are_same(stem: &str, name: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let mut parts = stem.strip_prefix("logits@").unwrap_or(stem).split('_').zip(name.split('_'));
    let same_count = stem.split('_').count() == name.split('_').count();
    same_count && parts.all(|(one, other)| one == other || number(one).is_some_and(|own| number(other) == Some(own)))
}

/// Every array of features of a run. Where no layer has a name, one to be dumped is among them, which no split has.
fn layers(run: &RunRows) -> BTreeSet<ArrayKind> {
    let mut arrays = run.feature_arrays();
    if !arrays.iter().any(|array| matches!(array, ArrayKind::Layer(_))) {
        arrays.insert(ArrayKind::Layer("<layer>".to_owned()));
    }
    arrays
}

/// Every array of Gram matrices of a run. Where there is none, one to be dumped, which no split has.
fn grams(run: &RunRows) -> BTreeSet<ArrayKind> {
    let mut arrays = run.gram_arrays();
    if arrays.is_empty() {
        arrays.insert(ArrayKind::Gram("<layer>".to_owned()));
    }
    arrays
}

/// Every array of logits of a run whose name begins so. Where there is none, one to be dumped, which no split has.
fn variants(run: &RunRows, prefix: &str) -> BTreeSet<ArrayKind> {
    let begins = |kind: &ArrayKind| matches!(kind, ArrayKind::Variant(name) if name.starts_with(prefix));
    let mut arrays: BTreeSet<ArrayKind> = run.variants().into_iter().filter(begins).collect();
    if arrays.is_empty() {
        arrays.insert(ArrayKind::Variant(format!("{prefix}<T>_<epsilon>")));
    }
    arrays
}

/// Every array of somebody else's values whose name begins so. Where there is none, one to be dumped, which no split has.
fn scores(run: &RunRows, prefix: &str) -> BTreeSet<ArrayKind> {
    let own = run.own_scores().into_iter().filter(|name| name.starts_with(prefix));
    let mut arrays: BTreeSet<ArrayKind> = own.map(|name| ArrayKind::Score(name.to_owned())).collect();
    if arrays.is_empty() {
        arrays.insert(ArrayKind::Score(format!("{prefix}<layer>_<epsilon>")));
    }
    arrays
}

/// Whether a split has an array, or can be given it: logits come from features and head as well.
fn has(split: &Split, kind: &ArrayKind, run: &RunRows) -> bool {
    match kind {
        ArrayKind::Labels => split.labels.is_some(),
        ArrayKind::Logits => split.logits.is_some() || (split.features.is_some() && run.head.is_some()),
        _ => split.matrix(kind).is_some(),
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Logits => "logits",
            Self::Features => "features",
            Self::Layer(name) => return write!(f, "features@{name}"),
            Self::Layers => "layers",
            Self::Score(name) => return write!(f, "scores@{name}"),
            Self::Variant(name) => return write!(f, "logits@{name}"),
            Self::Variants(prefix) => return write!(f, "logits@{prefix}*"),
            Self::CalibrationVariants(prefix) => return write!(f, "val or train logits@{prefix}*"),
            Self::ValOodVariants(_, prefix) => return write!(f, "val_ood logits@{prefix}*"),
            Self::Scores(prefix) => return write!(f, "scores@{prefix}*"),
            Self::ValScores(prefix) => return write!(f, "val scores@{prefix}*"),
            Self::ValOodScores(_, prefix) => return write!(f, "val_ood scores@{prefix}*"),
            Self::Gram(layer) => return write!(f, "gram@{layer}"),
            Self::Grams => "gram@*",
            Self::TrainGrams => "train gram@*",
            Self::ValGrams => "val gram@*",
            Self::LinearHead => "linear head",
            Self::Prototypes => "prototypes",
            Self::ClassTexts => "class texts",
            Self::NegativeTexts => "negative texts",
            Self::TrainLogits => "train logits",
            Self::TrainFeatures => "train features",
            Self::TrainLayer(name) => return write!(f, "train features@{name}"),
            Self::TrainLayers => "train layers",
            Self::TrainLabels => "train labels",
            Self::CalibrationLogits => "val or train logits",
            Self::CalibrationFeatures => "val or train features",
            Self::CalibrationLabels => "val or train labels",
            Self::ValLogits => "val logits",
            Self::ValLayers => "val layers",
            Self::ValOodLayers(_) => "val_ood layers",
            Self::ValOodFeatures(_) => "val_ood features",
        })
    }
}
