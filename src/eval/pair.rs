//! Records of one score on in-distribution rows and one OOD set.

use rayon::prelude::*;

use super::cautions;
use super::measures::Measures;
use crate::metric::{PairCounts, Procedure, Ranking, Sample, confidence};
use crate::rows::Role;
use crate::score::Settings;
use crate::table::{Record, Remark};

/// A score on ID rows and an OOD set, ranked.
pub(super) struct Pair<'a> {
    /// What its records have in common.
    pub(super) record: &'a Record,
    /// The order of both.
    pub(super) ranking: &'a Ranking,
    /// The scores as numbers, where they are at hand: some procedures read them.
    pub(super) samples: Option<(&'a Sample, &'a Sample)>,
    /// Why it is not known which ID rows are classified rightly, where it is not.
    pub(super) unknown: &'a str,
}

/// What was found of one score on one OOD set.
pub(super) struct Measured {
    pub(super) records: Vec<Record>,
    pub(super) warnings: Vec<Remark>,
}

impl Pair<'_> {
    /// What procedures find; those that need to know which ID rows are classified rightly say why that is unknown, where it is.
    ///
    /// # Panics
    /// If a procedure reads numbers and there are none.
    pub(super) fn measure(
        &self,
        measures: &Measures,
        procedures: &[&'static Procedure],
        half_precision: bool,
    ) -> Measured {
        let ranking = self.ranking;
        let counts = PairCounts::in_ranking(ranking);
        let pair = Record { tied_share: Some(counts.tied_share()), ..self.record.clone() };
        let bootstrap = measures.bootstrap.as_ref();
        let intervals = bootstrap.map(|bootstrap| confidence::intervals(ranking, procedures, bootstrap));
        let mut records = Vec::new();
        let values = |procedure: &'static Procedure| match self.samples {
            Some((id, ood)) => procedure.measure(ranking, id, ood),
            None => procedure.values(ranking),
        };
        let measure = |procedure: &&'static Procedure| {
            let can_be = ranking.knows_errors() || !procedure.needs_predictions();
            (*procedure, can_be.then(|| values(procedure)))
        };
        let found: Vec<_> = procedures.par_iter().map(measure).collect();
        for (procedure, values) in found {
            let pair = if procedure.is_of_id() { of_id_alone(&pair) } else { pair.clone() };
            let Some(values) = values else {
                records.extend(missing(&pair, [procedure], self.unknown));
                continue;
            };
            for (metric, value) in values.iter() {
                let interval = intervals.as_ref().and_then(|intervals| intervals.of(procedure.id, metric));
                let is_defined = value.is_finite();
                records.push(Record {
                    procedure: procedure.id.to_owned(),
                    metric: metric.to_owned(),
                    value: is_defined.then_some(value),
                    missing: (!is_defined).then(|| format!("{metric} is undefined for these rows and scores")),
                    low: interval.map(|interval| interval.low),
                    high: interval.map(|interval| interval.high),
                    level: interval.and(bootstrap).map(|bootstrap| bootstrap.level),
                    ..pair.clone()
                });
            }
        }
        let warnings = cautions::of_pair(&pair.run, half_precision, &pair.score, &pair.ood, &counts);
        Measured { records, warnings }
    }
}

/// The record of a score with these parameters on an OOD set, without metric and value.
pub(super) fn record(common: &Record, role: &Role, score: &'static str, settings: Option<&Settings>) -> Record {
    let (group, ood) = match role {
        Role::Ood { group, name } => (group.clone(), name.clone()),
        role => (None, role.to_string()),
    };
    let parameters = settings.map(|settings| {
        let all = settings.all().map(|(name, value)| format!("{name}={value}"));
        all.collect::<Vec<_>>().join(" ")
    });
    Record {
        ood,
        group,
        score: score.to_owned(),
        parameters: parameters.filter(|parameters| !parameters.is_empty()),
        ..common.clone()
    }
}

/// The set of a procedure that looks at ID rows alone: those of id/test that are classified wrongly.
const MISCLASSIFIED: &str = "misclassified";

/// A record of id/test alone in place of one of a pair.
pub(super) fn of_id_alone(pair: &Record) -> Record {
    Record { ood: MISCLASSIFIED.to_owned(), group: None, tied_share: None, ..pair.clone() }
}

/// Records without values of every metric of some procedures.
pub(super) fn missing(
    pair: &Record,
    procedures: impl IntoIterator<Item = &'static Procedure>,
    why: &str,
) -> Vec<Record> {
    let metrics = procedures.into_iter().flat_map(|procedure| {
        procedure.metrics.iter().map(|metric| Record {
            procedure: procedure.id.to_owned(),
            metric: metric.id.to_owned(),
            missing: Some(why.to_owned()),
            ..pair.clone()
        })
    });
    metrics.collect()
}
