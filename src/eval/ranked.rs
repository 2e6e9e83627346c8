//! Records of scores that were ranked elsewhere, such as in parts on several machines: those of [`evaluate`](super::evaluate()) on the same rows.
//!
//! ```
//! use oodbench::dump::RunInfo;
//! use oodbench::eval::{Measures, RankedRun};
//! use oodbench::metric::{Ranking, Sample};
//! use oodbench::rows::Role;
//! use oodbench::score::registry::find;
//!
//! let ranking = Ranking::new(&Sample::new(vec![0.9, 0.8, 0.7, 0.6])?, &Sample::new(vec![0.65, 0.5, 0.4, 0.3])?);
//! let mut run = RankedRun::new(&RunInfo::default(), None, Measures::default())?;
//! let energy = find("energy")?;
//! run.add(energy.id, &energy.settings(), &Role::Ood { group: None, name: "svhn".to_owned() }, &ranking)?;
//! let records = run.results().records;
//! let auroc = records.iter().find(|record| (&*record.procedure, &*record.metric) == ("openood", "auroc"));
//! // 15 of the 16 pairs are in order.
//! assert_eq!(auroc.and_then(|record| record.value), Some(15.0 / 16.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeSet;

use super::cautions;
use super::measures::Measures;
use super::pair::{self, Pair};
use super::run_record;
use crate::dump::RunInfo;
use crate::metric::confidence::{TooManyRows, check_rows};
use crate::metric::{Procedure, Ranking};
use crate::numeric::checksum::Checksum;
use crate::rows::Role;
use crate::score::Settings;
use crate::table::{Record, Remark, Results};

/// A run whose scores are ranked elsewhere.
pub struct RankedRun {
    common: Record,
    measures: Measures,
    /// Whether logits are dumped with 16 bits, which warnings of ties say.
    pub half_precision: bool,
    /// Scores of which procedures that look at ID rows alone were measured.
    of_id: BTreeSet<&'static str>,
    results: Results,
}

/// What cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum RankedError {
    /// A procedure reads more than the order.
    #[error(
        "found procedure {0}, which reads scores as numbers, expected one that reads their order alone: a ranking has no numbers"
    )]
    ReadsNumbers(&'static str),
    /// A side has no scores.
    #[error("{score} on {set}: found {id} ID and {ood} OOD scores, expected some of both")]
    Empty { score: &'static str, set: String, id: usize, ood: usize },
    /// No intervals are made of so many rows.
    #[error("{set}: {error}")]
    TooMany { set: String, error: TooManyRows },
}

impl RankedRun {
    /// A run of which this is said; `data` is its [`identity`](super::identity::identity).
    ///
    /// # Errors
    /// [`RankedError::ReadsNumbers`] for a procedure that cannot do with an order.
    pub fn new(info: &RunInfo, data: Option<Checksum>, measures: Measures) -> Result<Self, RankedError> {
        if let Some(procedure) = measures.procedures.iter().find(|procedure| procedure.reads_numbers()) {
            return Err(RankedError::ReadsNumbers(procedure.id));
        }
        let common = run_record::of_info(info, data);
        Ok(Self { common, measures, half_precision: false, of_id: BTreeSet::new(), results: Results::default() })
    }

    /// That so many ID and OOD rows can be measured, which is known before they are scored.
    ///
    /// # Errors
    /// [`RankedError::TooMany`] where intervals are wanted of more than [`check_rows`] allows.
    pub fn check_rows(&self, set: &Role, id: usize, ood: usize) -> Result<(), RankedError> {
        if self.measures.bootstrap.is_none() {
            return Ok(());
        }
        check_rows(id.saturating_add(ood)).map_err(|error| RankedError::TooMany { set: set.to_string(), error })
    }

    /// Warns of few ID rows, and of scores that are the same on all of them: `ends` are the least and the greatest value of a score.
    pub fn warn_of_id<'s>(&mut self, rows: usize, ends: impl IntoIterator<Item = (&'s str, (f64, f64))>) {
        let run = &self.common.run;
        let of_ends = ends.into_iter().filter_map(|(score, ends)| cautions::of_ends(run, score, ends, rows));
        let warnings: Vec<Remark> = cautions::of_rows(run, rows).into_iter().chain(of_ends).collect();
        self.results.warnings.extend(warnings);
    }

    /// Measures a score of these parameters on an OOD set. Records come in the order of calls; the command line has set by set, and score by score of each.
    /// Procedures that look at ID rows alone are measured once per score.
    ///
    /// # Errors
    /// [`RankedError::Empty`], and as [`RankedRun::check_rows`].
    pub fn add(
        &mut self,
        score: &'static str,
        settings: &Settings,
        set: &Role,
        ranking: &Ranking,
    ) -> Result<(), RankedError> {
        let (id, ood) = (ranking.id(), ranking.ood());
        if id == 0 || ood == 0 {
            return Err(RankedError::Empty { score, set: set.to_string(), id, ood });
        }
        self.check_rows(set, id, ood)?;
        let is_new = self.of_id.insert(score);
        let measured = |procedure: &&'static Procedure| is_new || !procedure.is_of_id();
        let procedures: Vec<_> = self.measures.procedures.iter().copied().filter(measured).collect();
        let record = pair::record(&self.common, set, score, Some(settings));
        let unknown = "it needs the predictions of id/test";
        let pair = Pair { record: &record, ranking, samples: None, unknown };
        let found = pair.measure(&self.measures, &procedures, self.half_precision);
        self.results.records.extend(found.records);
        self.results.warnings.extend(found.warnings);
        Ok(())
    }

    /// What was found.
    #[must_use]
    pub fn results(self) -> Results {
        self.results
    }
}
