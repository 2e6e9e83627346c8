//! Networks and losses by their names in arguments.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use oodbench_train::loss::{LOSSES, LossChoice};
use oodbench_train::model::{Architecture, NETWORKS};

/// A network of [`NETWORKS`].
pub(crate) fn model() -> impl TypedValueParser<Value = Architecture> {
    let names = NETWORKS.map(|entry| entry.id);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Architecture>())
}

/// A loss of [`LOSSES`], with parameters.
pub(crate) fn loss(text: &str) -> Result<LossChoice, String> {
    text.parse().map_err(|error: oodbench_train::loss::LossError| error.to_string())
}

/// The losses with their parameters, for help.
pub(crate) fn losses() -> String {
    let parameter = |parameter: &oodbench::score::settings::Parameter| {
        format!("{} [default: {}], {}", parameter.name, parameter.default, parameter.help)
    };
    let lines = LOSSES.iter().map(|entry| {
        let parameters: Vec<String> = entry.parameters.iter().map(parameter).collect();
        let parameters = if parameters.is_empty() { String::new() } else { format!("; {}", parameters.join("; ")) };
        format!("  {:12} {}{parameters}\n", entry.id, entry.summary)
    });
    lines.collect()
}
