//! Scores that come in portions or from several machines: a state that merges, and gives the values of all rows at once.
//!
//! Where all scores fit one machine, a [`Metrics`] per worker is all that is needed: `update` it, send its bytes, `merge`, `compute`. An aggregate function of a
//! query engine is these four.
//!
//! Where they do not, they are cut into parts first. [`KeyCounts`](super::KeyCounts) of all shards add up to [`Cuts`]; each shard is
//! [split](Metrics::split) at these; the pieces of a part are merged wherever there is room and [ranked](Metrics::ranking), which leaves one byte per score; the
//! rankings, [joined](Ranking::joined), are the ranking of all rows, from which [`Procedure::values`] are those of one machine to the last bit.
//!
//! ```
//! use oodbench::metric::{KeyCounts, Metrics, Ranking, openood};
//! // Two shards: 15 of the 16 pairs of an ID and an OOD score are in order.
//! let (mut one, mut other) = (Metrics::new(), Metrics::new());
//! one.update(&[0.9, 0.8], &[0.5, 0.4])?;
//! other.update(&[0.7, 0.6], &[0.65, 0.3])?;
//!
//! let mut counts = KeyCounts::new();
//! for scores in [one.id(), one.ood(), other.id(), other.ood()] {
//!     counts.add(scores)?;
//! }
//! let cuts = counts.cuts(3);
//! let (one, other) = (one.split(&cuts), other.split(&cuts));
//! let parts = one.into_iter().zip(other).map(|(mut part, more)| {
//!     part.merge(more);
//!     part.ranking()
//! });
//! let ranking = Ranking::joined(parts);
//! assert_eq!(openood::PROCEDURE.values(&ranking)["auroc"], 15.0 / 16.0);
//! # Ok::<(), oodbench::metric::SampleError>(())
//! ```

use std::borrow::Cow;

use super::bytes::{BytesError, Kind, Numbers, opened, sealed, write_numbers};
use super::cuts::Cuts;
use super::sample::{SampleError, finite};
use super::{MetricValues, Procedure, Ranking, Sample};
use crate::numeric::sort::sort;

/// ID and OOD scores, and which ID rows are classified wrongly, where that is known. It takes 8 bytes per score.
///
/// ```
/// use oodbench::metric::{Metrics, openood};
/// let (mut one, mut other) = (Metrics::new(), Metrics::new());
/// one.update(&[0.9, 0.7], &[0.4])?;
/// other.update(&[0.8, 0.6], &[0.65, 0.5, 0.3])?;
/// one.merge(Metrics::from_bytes(&other.to_bytes())?);
/// // 15 of the 16 pairs are in order.
/// assert_eq!(one.compute(&openood::PROCEDURE)?["auroc"], 15.0 / 16.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    id: Vec<f64>,
    ood: Vec<f64>,
    /// Scores of ID rows that are classified wrongly.
    wrong: Vec<f64>,
    /// ID rows of which it is known.
    known: usize,
}

/// Why there are no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum ComputeError {
    /// There are none on one side.
    #[error("{side} scores: {error}")]
    Sample { side: &'static str, error: SampleError },
    /// It is not known of every ID row whether it is classified rightly.
    #[error("procedure {procedure} needs to know which ID rows are classified rightly")]
    NeedsPredictions { procedure: &'static str },
}

const KIND: Kind = Kind { name: "scores of metrics", magic: b"oodmtrc1" };

impl Metrics {
    /// No scores.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds scores of ID and of OOD rows; either may be empty.
    ///
    /// # Errors
    /// [`SampleError::NotFinite`] for a NaN or infinite score, by its row; then nothing is added.
    pub fn update(&mut self, id: &[f64], ood: &[f64]) -> Result<(), SampleError> {
        [id, ood].into_iter().filter(|scores| !scores.is_empty()).try_for_each(finite)?;
        self.id.extend_from_slice(id);
        self.ood.extend_from_slice(ood);
        Ok(())
    }

    /// Adds scores of ID rows, knowing of each whether it is classified rightly.
    ///
    /// # Errors
    /// As [`Metrics::update`].
    ///
    /// # Panics
    /// If there are not as many of both.
    pub fn update_with_predictions(&mut self, id: &[f64], right: &[bool]) -> Result<(), SampleError> {
        assert_eq!(id.len(), right.len(), "a prediction for each score");
        self.update(id, &[])?;
        self.wrong.extend(id.iter().zip(right).filter(|(_, right)| !**right).map(|(score, _)| *score));
        self.known += id.len();
        Ok(())
    }

    /// Adds all that another one has; the order in which states are merged changes no value.
    pub fn merge(&mut self, other: Self) {
        self.id.extend(other.id);
        self.ood.extend(other.ood);
        self.wrong.extend(other.wrong);
        self.known += other.known;
    }

    /// The ID scores, in no order.
    #[must_use]
    pub fn id(&self) -> &[f64] {
        &self.id
    }

    /// The OOD scores, in no order.
    #[must_use]
    pub fn ood(&self) -> &[f64] {
        &self.ood
    }

    /// Whether it is known of every ID row whether it is classified rightly.
    #[must_use]
    pub fn knows_errors(&self) -> bool {
        self.known == self.id.len()
    }

    /// The scores of each part, from the lowest.
    #[must_use]
    pub fn split(self, cuts: &Cuts) -> Vec<Self> {
        let mut parts = vec![Self::new(); cuts.parts()];
        let knows = self.knows_errors();
        for score in self.id {
            let part = &mut parts[cuts.part_of(score)];
            part.id.push(score);
            part.known += usize::from(knows);
        }
        self.ood.into_iter().for_each(|score| parts[cuts.part_of(score)].ood.push(score));
        // What is known of some ID rows only serves nobody.
        self.wrong.into_iter().filter(|_| knows).for_each(|score| parts[cuts.part_of(score)].wrong.push(score));
        parts
    }

    /// Sorts what there is, so that [`Metrics::ranking_with`] need not do it again for every OOD set.
    pub fn sort(&mut self) {
        [&mut self.id, &mut self.ood, &mut self.wrong].into_iter().for_each(|scores| sort(scores));
    }

    /// The order of all scores, of which there may be none on either side.
    #[must_use]
    pub fn ranking(&self) -> Ranking {
        self.ranking_with(self)
    }

    /// The order of these ID scores and of the OOD scores of another one.
    #[must_use]
    pub fn ranking_with(&self, other: &Self) -> Ranking {
        let wrong = self.knows_errors().then(|| ascending(&self.wrong));
        Ranking::of_ascending(&ascending(&self.id), wrong.as_deref(), &ascending(&other.ood))
    }

    /// The values of a procedure: those of all rows at once, to the last bit, in whatever order and number of portions they came.
    ///
    /// # Errors
    /// [`ComputeError`] if there are no scores on one side, or the procedure [needs predictions](Procedure::needs_predictions) that are not there.
    pub fn compute(&self, procedure: &Procedure) -> Result<MetricValues, ComputeError> {
        if procedure.needs_predictions() && !(self.knows_errors() && self.known > 0) {
            return Err(ComputeError::NeedsPredictions { procedure: procedure.id });
        }
        let sample =
            |side, scores: &[f64]| Sample::new(scores.to_vec()).map_err(|error| ComputeError::Sample { side, error });
        let (id, ood) = (sample("ID", &self.id)?, sample("OOD", &self.ood)?);
        let wrong = (procedure.needs_predictions()).then(|| ascending(&self.wrong));
        let ranking = Ranking::of_ascending(id.ascending(), wrong.as_deref(), ood.ascending());
        Ok(procedure.measure(&ranking, &id, &ood))
    }

    /// What [`Metrics::from_bytes`] reads: 8 bytes per score and 56 more.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let lists = [&self.id, &self.ood, &self.wrong];
        let scores: usize = lists.iter().map(|list| list.len()).sum();
        sealed(KIND, (4 + scores) * size_of::<f64>(), |bytes| {
            write_numbers(bytes, lists.iter().map(|list| list.len() as u64).chain([self.known as u64]));
            for list in lists {
                list.iter().for_each(|score| bytes.extend_from_slice(&score.to_le_bytes()));
            }
        })
    }

    /// Reads what [`Metrics::to_bytes`] made.
    ///
    /// # Errors
    /// [`BytesError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        Self::read(Numbers(opened(KIND, bytes)?)).ok_or(BytesError::damaged(KIND))
    }

    fn read(mut numbers: Numbers<'_>) -> Option<Self> {
        let [id, ood, wrong, known] = [numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?];
        let own = Self {
            id: numbers.scores(id)?,
            ood: numbers.scores(ood)?,
            wrong: numbers.scores(wrong)?,
            known: usize::try_from(known).ok()?,
        };
        (numbers.0.is_empty() && wrong <= known && known <= id).then_some(own)
    }
}

/// The scores in ascending order, where they are in another.
fn ascending(scores: &[f64]) -> Cow<'_, [f64]> {
    if scores.is_sorted_by(|a, b| a.total_cmp(b).is_le()) {
        return Cow::Borrowed(scores);
    }
    let mut sorted = scores.to_vec();
    sort(&mut sorted);
    Cow::Owned(sorted)
}
