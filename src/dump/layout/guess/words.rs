//! What the words in the name of an array say: what it is, and what its rows are for.

/// What rows are for, as far as a name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// In-distribution rows to fit on.
    Train,
    /// In-distribution rows to choose parameters on.
    Val,
    /// In-distribution rows of every value.
    Test,
    /// OOD rows to choose parameters on.
    ValOod,
    /// OOD rows, of a group that the name says.
    Ood(Option<&'static str>),
    /// Outliers to train on, which a dump does not hold.
    Outliers,
    /// The last layer.
    Head,
}

/// What an array holds, by its name in our layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Array {
    /// An array of a split: logits, features or labels.
    OfSplit(&'static str),
    /// A parameter of the head, or negatives.
    OfHead(&'static str),
    /// Embeddings of the names of the classes, which are the weight of a head as well.
    Texts,
}

/// Words for the arrays of a split, in names of files.
const ARRAYS: &[(&str, &[&str])] = &[
    ("logits", &["logits", "logit"]),
    (
        "features",
        &["features", "feature", "feats", "feat", "feas", "fea", "embeddings", "embedding", "embeds", "embs", "emb"],
    ),
    ("labels", &["labels", "label", "targets", "target"]),
];

/// The same of the names of arrays in a file, where shorter ones are usual.
const KEYS: &[(&str, &[&str])] = &[("features", &["x"]), ("labels", &["y"])];

const PARAMETERS: &[(&str, &[&str])] = &[
    ("weight", &["weight", "weights", "w", "kernel"]),
    ("bias", &["bias", "b"]),
    ("prototypes", &["prototypes"]),
    ("distance_scale", &["scale"]),
];

const HEADS: &[&str] = &["fc", "head", "classifier", "linear"];
/// Texts that name no class.
const NEGATIVES: &[&str] = &["neg", "negative", "negatives"];
const TRAIN: &[&str] = &["train", "training", "tr"];
const VAL: &[&str] = &["val", "valid", "validation"];
const TEST: &[&str] = &["test", "testing", "id", "ind", "in", "iid", "indist", "known"];
const OOD: &[&str] = &["ood", "out", "outdist", "novel", "unknown"];
const NEAR_OR_FAR: &[(&str, &str)] = &[("nearood", "near"), ("farood", "far")];
/// They say nothing: `in_distribution`, `labels_true`, `data/logits`.
const FILLERS: &[&str] = &["distribution", "of", "set", "true", "data"];
/// Who says so holds no labels.
const PREDICTIONS: &[&str] = &["pred", "preds", "predicted", "prediction", "predictions"];

/// What a name says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// What its rows are for; none if no word tells.
    pub(super) purpose: Option<Purpose>,
    /// What it holds; none if no word tells.
    pub(super) array: Option<Array>,
    /// The number of its part.
    pub(super) part: Option<usize>,
    /// The words that told what its rows are for.
    pub(super) because: Vec<String>,
    /// Words that say neither: the run's name, the set's name.
    pub(super) rest: Vec<String>,
}

/// What the name of an array says: the path of its file without ending, and its name in there, if it has one.
pub(super) fn read(path: &str, member: Option<&str>) -> Said {
    let is_word = |words: &[&str], word: &str| words.contains(&word);
    let split = |text: &str| -> Vec<String> {
        let words = text.split(['_', '-', '.', ' ', '/', '\\', '(', ')', '[', ']']).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    };
    let of_file = split(path);
    let of_member = member.map(split).unwrap_or_default();
    let alone = of_member.len() == 1;
    let first_of_member = of_file.len();
    let words: Vec<String> = of_file.into_iter().chain(of_member).collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let has = |known: &[&str]| lower.iter().any(|word| is_word(known, word));
    let find = |lists: &'static [(&str, &[&str])], word: &str| {
        lists.iter().find(|(_, words)| words.contains(&word)).map(|(name, _)| *name)
    };
    let of_key = |at: usize| if alone && at == first_of_member { find(KEYS, &lower[at]) } else { None };
    // The last word for an array names it: `resnet_feature_ood_logits` are logits.
    let array_at = (0..lower.len()).rev().find(|&at| find(ARRAYS, &lower[at]).or_else(|| of_key(at)).is_some());
    let mut used = vec![false; words.len()];
    let mut array = array_at.and_then(|at| find(ARRAYS, &lower[at]).or_else(|| of_key(at))).map(Array::OfSplit);
    let mut part = None;
    if let Some(at) = array_at {
        used[at] = true;
        // `labels_true_12` is the part 12, too.
        let last = lower.len() - 1;
        let is_behind = at < last && lower[at + 1..last].iter().all(|word| is_word(FILLERS, word));
        if let Some(number) = lower[last].parse().ok().filter(|_| is_behind) {
            part = Some(number);
            used[last] = true;
        }
    }
    if has(PREDICTIONS) && array == Some(Array::OfSplit("labels")) {
        array = None;
    }
    let mut purpose = None;
    let mut because = Vec::new();
    let mut take = |known: &[&str]| {
        for at in 0..lower.len() {
            if is_word(known, &lower[at]) {
                used[at] = true;
                because.push(words[at].clone());
            }
        }
    };
    let parameter = (0..lower.len()).rev().find_map(|at| Some((at, find(PARAMETERS, &lower[at])?)));
    // `fc.pkl` of ViM is the list [weight, bias].
    let of_list = member.and_then(|member| ["weight", "bias"].get(member.parse::<usize>().ok()?).copied());
    let is_text = has(&["text", "texts"]) && array == Some(Array::OfSplit("features"));
    if is_text {
        let array_of_texts = if has(NEGATIVES) { Array::OfHead("negatives") } else { Array::Texts };
        (purpose, array) = (Some(Purpose::Head), Some(array_of_texts));
        take(&["text", "texts"]);
        take(NEGATIVES);
    } else if let (true, Some(name)) = (has(HEADS), parameter.map(|(_, name)| name).or(of_list)) {
        (purpose, array) = (Some(Purpose::Head), Some(Array::OfHead(name)));
        take(HEADS);
        if let Some((at, _)) = parameter {
            used[at] = true;
        } else if let Some(used) = used.last_mut() {
            *used = true;
        }
    } else {
        let group = NEAR_OR_FAR.iter().find(|(word, _)| has(&[word])).map(|(_, group)| *group);
        let group = group.or_else(|| ["near", "far"].into_iter().find(|group| has(OOD) && has(&[group])));
        if has(OOD) || group.is_some() {
            purpose = Some(match (has(TRAIN), has(VAL)) {
                (true, _) => Purpose::Outliers,
                (_, true) => Purpose::ValOod,
                _ => Purpose::Ood(group),
            });
            [OOD, &["nearood", "farood", "near", "far"], VAL, TEST].into_iter().for_each(take);
        } else if has(TRAIN) {
            purpose = Some(Purpose::Train);
            [TRAIN, TEST].into_iter().for_each(take);
        } else if has(VAL) {
            purpose = Some(Purpose::Val);
            [VAL, TEST].into_iter().for_each(take);
        } else if has(TEST) {
            purpose = Some(Purpose::Test);
            take(TEST);
        }
    }
    let is_rest = |at: &usize| !used[*at] && !is_word(FILLERS, &lower[*at]) && find(ARRAYS, &lower[*at]).is_none();
    let rest = (0..words.len()).filter(is_rest).map(|at| words[at].clone()).collect();
    Said { purpose, array, part, because, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_rows_are_for() {
        let ood = |group| Some(Purpose::Ood(group));
        for (path, member, purpose, array, rest) in [
            ("ood_logits", None, ood(None), "logits", ""),
            ("ind_logits", None, Some(Purpose::Test), "logits", ""),
            ("resnet18_test_ood_logits", None, ood(None), "logits", "resnet18"),
            ("tag_feature_ood_logits", None, ood(None), "logits", "tag"),
            ("id_train_features", None, Some(Purpose::Train), "features", ""),
            ("val_ood_svhn_feats", None, Some(Purpose::ValOod), "features", "svhn"),
            ("near_ood_tin_logits", None, ood(Some("near")), "logits", "tin"),
            ("farood/svhn_feature", None, ood(Some("far")), "features", "svhn"),
            ("val_features", Some("logits"), Some(Purpose::Val), "logits", ""),
            ("model_outputs_id", Some("feas"), Some(Purpose::Test), "features", "model outputs"),
            ("everything", Some("ood_svhn_labels"), ood(None), "labels", "everything svhn"),
            ("train", Some("x"), Some(Purpose::Train), "features", ""),
            ("out_of_distribution/lsun/logits", None, ood(None), "logits", "lsun"),
            ("in_distribution_embeddings", None, Some(Purpose::Test), "features", ""),
        ] {
            let said = read(path, member);
            let found = (said.purpose, said.array, said.rest.join(" "));
            assert_eq!(found, (purpose, Some(Array::OfSplit(array)), rest.to_owned()), "{path} {member:?}");
        }
        assert_eq!(read("train_ood_features", None).purpose, Some(Purpose::Outliers));
        assert_eq!(read("imagenet/features_12", None).part, Some(12));
        assert_eq!(read("imagenet_val/labels_true_3", None).part, Some(3));
        assert_eq!(read("id_pred_labels", None).array, None);
    }

    #[test]
    fn heads_are_known_by_their_layer_or_by_text() {
        for (path, member, name) in [
            ("fc", Some("0"), "weight"),
            ("fc", Some("1"), "bias"),
            ("fc_weight", None, "weight"),
            ("head", Some("b"), "bias"),
            ("neg_text_features", None, "negatives"),
        ] {
            let said = read(path, member);
            assert_eq!(
                (said.purpose, said.array),
                (Some(Purpose::Head), Some(Array::OfHead(name))),
                "{path} {member:?}"
            );
        }
        for (path, member) in [("text_features", None), ("clip/text_features", Some("features"))] {
            let said = read(path, member);
            assert_eq!((said.purpose, said.array), (Some(Purpose::Head), Some(Array::Texts)), "{path} {member:?}");
        }
    }
}
