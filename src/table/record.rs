//! What an evaluation found, one value per record.

use serde::{Deserialize, Serialize, Serializer};

use super::field::{Content, Field, Kind, fields, finite};
use super::remark::Remark;
use crate::dump::RunInfo;
use crate::numeric::checksum::Checksum;

/// The version of the fields of [`Record`]; changes whenever a record of before could be misread.
pub const SCHEMA: u64 = 3;

/// How a run's in-distribution set is called together with its sets under a covariate shift: its name, a comma and this.
pub const FULL_SPECTRUM: &str = "full spectrum";

fields! {
    /// One value, or one that is missing. The names of the fields, of which every format has all, and the ids in them are an interface.
    ///
    /// A value that is not finite is missing: `null` in JSON and Parquet, an empty field in CSV.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Record {
        /// The run; of a mean over seeds, model and loss of the runs and how many these are.
        run: String,
        /// The in-distribution set, if `run.toml` names it.
        in_distribution: Option<String>,
        /// The OOD set; of a mean over OOD sets, how many these are.
        ood: String,
        /// Its group (`near`, `far`, ...), if it has one.
        group: Option<String>,
        /// The score's id.
        score: String,
        /// The procedure's id.
        procedure: String,
        /// The metric's id.
        metric: String,
        /// The value as a fraction, never rounded; missing where `missing` says why.
        #[serde(serialize_with = "or_null")]
        value: Option<f64>,
        /// The lower end of its bootstrap interval, if one was asked for.
        #[serde(serialize_with = "or_null")]
        low: Option<f64>,
        /// The upper end.
        #[serde(serialize_with = "or_null")]
        high: Option<f64>,
        /// The share of draws that the interval holds.
        #[serde(serialize_with = "or_null")]
        level: Option<f64>,
        /// What it is a mean over; none for a value of one run on one OOD set.
        mean_over: Option<MeanOver>,
        /// How many values it is the mean of.
        members: Option<u64>,
        /// Their sample standard deviation (n − 1 in the denominator), of a mean over seeds.
        #[serde(serialize_with = "or_null")]
        std: Option<f64>,
        /// Why there is no value.
        missing: Option<String>,
        /// Share of (ID, OOD) pairs with equal scores; the largest one in a mean.
        #[serde(serialize_with = "or_null")]
        tied_share: Option<f64>,
        /// The network, if `run.toml` names it.
        model: Option<String>,
        /// The training loss, if `run.toml` names it.
        loss: Option<String>,
        /// The training seed, if `run.toml` names it.
        seed: Option<u64>,
        /// The parameters of the score, `name=value` with blanks between.
        parameters: Option<String>,
        /// XXH3 (128 bits) of the logits of id/test or, without them, of what else it holds: two runs that have it in common are one, whatever was chosen.
        data: Option<String>,
        /// The version of oodbench that found the value.
        version: String,
        /// [`SCHEMA`].
        schema: u64,
    }
}

impl Default for Record {
    /// No value of nothing, by this version.
    fn default() -> Self {
        Self {
            run: String::new(),
            in_distribution: None,
            ood: String::new(),
            group: None,
            score: String::new(),
            procedure: String::new(),
            metric: String::new(),
            value: None,
            low: None,
            high: None,
            level: None,
            mean_over: None,
            members: None,
            std: None,
            missing: None,
            tied_share: None,
            model: None,
            loss: None,
            seed: None,
            parameters: None,
            data: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: SCHEMA,
        }
    }
}

/// An OOD set with its group, as headings have it.
///
/// ```
/// use oodbench::table::record::set_name;
/// assert_eq!((set_name(Some("near"), "cifar100"), set_name(None, "svhn")), ("near/cifar100".to_owned(), "svhn".to_owned()));
/// ```
#[must_use]
pub fn set_name(group: Option<&str>, ood: &str) -> String {
    group.map_or_else(|| ood.to_owned(), |group| format!("{group}/{ood}"))
}

fn or_null<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    finite(*value).serialize(serializer)
}

impl Record {
    /// The OOD set with its group, as in headings.
    #[must_use]
    pub fn set(&self) -> String {
        set_name(self.group.as_deref(), &self.ood)
    }

    /// What names its value.
    #[must_use]
    pub fn key(&self) -> Key {
        Key {
            run: self.run.clone(),
            in_distribution: self.in_distribution.clone(),
            set: self.set(),
            score: self.score.clone(),
            procedure: self.procedure.clone(),
            metric: self.metric.clone(),
            mean_over: self.mean_over,
        }
    }

    /// Model and loss, of a run that has a seed: what runs that differ by it have in common. None where neither is known: nothing says then that runs
    /// belong together.
    #[must_use]
    pub fn family(&self) -> Option<String> {
        self.seed?;
        self.model.as_ref().or(self.loss.as_ref())?;
        Some(format!("{} {}", self.model.as_deref().unwrap_or("?"), self.loss.as_deref().unwrap_or("?")))
    }
}

/// What names a value: no two records that belong together share it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are the record's fields")]
pub struct Key {
    pub run: String,
    pub in_distribution: Option<String>,
    /// As tables name it: `a/b` may be a set `b` of a group `a`, or a set of that name.
    pub set: String,
    pub score: String,
    pub procedure: String,
    pub metric: String,
    pub mean_over: Option<MeanOver>,
}

/// What a mean is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeanOver {
    /// The OOD sets of a run.
    Ood,
    /// Runs that differ by seed, on one OOD set.
    Seeds,
    /// Runs that differ by seed, of each the mean over its OOD sets.
    OodAndSeeds,
}

impl MeanOver {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Ood, "ood"), (Self::Seeds, "seeds"), (Self::OodAndSeeds, "ood_and_seeds")];
}

impl Field for Option<MeanOver> {
    const KIND: Kind = Kind::Text;

    fn content(&self) -> Content {
        let name = self.and_then(|own| MeanOver::ALL.iter().find(|(over, _)| *over == own));
        Content::Text(name.map(|(_, name)| (*name).to_owned()))
    }

    fn from_content(content: Content) -> Option<Self> {
        match content {
            Content::Text(None) => Some(None),
            Content::Text(Some(text)) => {
                MeanOver::ALL.iter().find(|(_, name)| *name == text).map(|(over, _)| Some(*over))
            }
            _ => None,
        }
    }
}

/// A score that a run does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The score's id.
    pub score: &'static str,
    /// Why: what it needs and the run lacks, or why it is not applicable.
    pub why: String,
}

/// A set of ID classes under a covariate shift.
#[derive(Clone, Debug, PartialEq)]
pub struct Shifted {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: usize,
    /// Share of them that is classified rightly, where logits and labels are there.
    pub accuracy: Option<f64>,
}

/// What is known of a run beside its values.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// Its description.
    pub info: RunInfo,
    /// Share of ID test rows classified rightly, where logits and labels are there.
    pub accuracy: Option<f64>,
    /// ID test rows.
    pub id_rows: usize,
    /// Sets of ID classes under a covariate shift.
    pub shifted: Vec<Shifted>,
    /// Scores left out.
    pub skipped: Vec<Skipped>,
    /// The arrays that were read, with their checksums.
    pub arrays: Vec<ArrayRead>,
}

/// An array that values were made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrayRead {
    /// Its split, e.g. `id/train`; `head` for all of the head together, whose rows are classes.
    pub split: String,
    /// Its file's name without extension, e.g. `features`.
    pub array: String,
    /// Its rows.
    pub rows: usize,
    /// Its checksum.
    pub checksum: Checksum,
}

/// Everything an evaluation found.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// Every value of every procedure; no means, see [`with_means`](super::means::with_means).
    pub records: Vec<Record>,
    /// What to be careful about.
    pub warnings: Vec<Remark>,
    /// What was noticed while fitting.
    pub notes: Vec<Remark>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_and_columns_have_the_same_names() {
        let json = serde_json::to_value(Record::default()).unwrap();
        let mut names: Vec<&str> = Record::FIELDS.iter().map(|(name, _)| *name).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(Record::default()).unwrap();
        let header = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(header.lines().next().unwrap(), names.join(","));
        names.sort_unstable();
        assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), names);
        for (over, name) in MeanOver::ALL {
            assert_eq!(serde_json::to_value(over).unwrap(), name);
        }
    }
}
