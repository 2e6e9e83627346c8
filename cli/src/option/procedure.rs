//! Procedures by their names in arguments, and what the help says of them: all from the library's list.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::trimmed::Trimmed;
use oodbench::metric::registry::find;
use oodbench::metric::{PROCEDURES, Procedure};

/// The name that stands for every procedure.
const ALL: &str = "all";

/// What an item of `--procedure` asks for.
#[derive(Clone, Copy)]
pub(crate) enum ProcedureName {
    All,
    One(&'static Procedure),
}

/// An id of [`PROCEDURES`], or `all`.
pub(crate) fn parser() -> impl TypedValueParser<Value = ProcedureName> {
    let names = PROCEDURES.iter().map(|procedure| procedure.id).chain([ALL]);
    // No other name passes, so what is no procedure's is `all`.
    Trimmed(PossibleValuesParser::new(names)).map(|name| find(&name).map_or(ProcedureName::All, ProcedureName::One))
}

/// The procedures of some names, each once.
pub(crate) fn named(names: &[ProcedureName]) -> Vec<&'static Procedure> {
    let mut procedures: Vec<&'static Procedure> = Vec::new();
    for name in names {
        match name {
            ProcedureName::All => return PROCEDURES.iter().collect(),
            ProcedureName::One(one) if procedures.iter().any(|other| other.id == one.id) => {}
            ProcedureName::One(one) => procedures.push(one),
        }
    }
    procedures
}

/// The ids of the procedures, each with the ids of its metrics, one procedure a line.
pub(crate) fn metric_ids() -> String {
    let widest = PROCEDURES.iter().map(|procedure| procedure.id.len()).max().unwrap_or_default();
    let line = |procedure: &Procedure| {
        let metrics: Vec<&str> = procedure.metrics.iter().map(|metric| metric.id).collect();
        format!("  {:widest$}  {}", procedure.id, metrics.join(" "))
    };
    PROCEDURES.iter().map(line).collect::<Vec<_>>().join("\n")
}
