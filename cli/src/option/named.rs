//! Networks and losses by their names in arguments.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use oodbench_train::loss::LossKind;
use oodbench_train::model::Architecture;

/// A network of [`Architecture::ALL`].
pub(crate) fn model() -> impl TypedValueParser<Value = Architecture> {
    let names = Architecture::ALL.map(Architecture::name);
    PossibleValuesParser::new(names).try_map(|name| Architecture::from_name(&name).ok_or("no such network"))
}

/// A loss of [`LossKind::ALL`].
pub(crate) fn loss() -> impl TypedValueParser<Value = LossKind> {
    let names = LossKind::ALL.map(LossKind::name);
    PossibleValuesParser::new(names).try_map(|name| LossKind::from_name(&name).ok_or("no such loss"))
}
