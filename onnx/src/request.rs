//! What is asked of a model, checked before it is run: layers, rows of a batch, classes.

use oodbench::rows::{ArrayKind, Role};

use crate::error::OnnxError;
use crate::graph::{Axis, Graph};
use crate::source::{Source, batch_size};

/// Rows of a batch where neither the model nor the user says.
pub const BATCH: usize = 32;

/// Which array of the dump each features tensor becomes.
pub(crate) fn layers(graph: &Graph, features: &[String]) -> Result<Vec<ArrayKind>, OnnxError> {
    let mut kinds = vec![ArrayKind::Features];
    for (at, name) in features.iter().enumerate().skip(1) {
        let refused = |found: String| Err(OnnxError::file(graph.path(), found, LAYER_NAMES, "name another tensor"));
        let file = file_name(name);
        let kind = ArrayKind::Layer(file.clone());
        if features[..at].contains(name) {
            return refused(format!("{name:?} twice"));
        }
        if let Some(other) = kinds.iter().position(|other| *other == kind) {
            return refused(format!("{name:?} and {:?}, whose files would have one name", features[other]));
        }
        if file.is_empty() || kind.file_stem().len() + ".npy".len() > MOST_NAME {
            return refused(format!("the layer {name:?}, which gives no name of a file"));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}

/// What further layers have to be.
const LAYER_NAMES: &str = "further layers with distinct names of at most 240 letters";

/// Bytes of the name of a file, which no usual file system has more of.
const MOST_NAME: usize = 255;

/// The name of a tensor as part of a file's name; a dash before digits would be read as a part's number.
fn file_name(tensor: &str) -> String {
    let safe = |letter: char| if letter.is_alphanumeric() || ".+".contains(letter) { letter } else { '_' };
    tensor.trim_start_matches(['.', '/']).chars().map(safe).collect()
}

/// Rows of a batch.
pub(crate) fn batch(graph: &Graph, asked: Option<usize>, remarks: &mut Vec<String>) -> Result<usize, OnnxError> {
    let refused = |asked: usize, expected: String| {
        Err(OnnxError::content("--batch", asked.to_string(), expected, "leave it out"))
    };
    let fixed = graph.fixed_batch();
    // A batch that the model insists on is then filled with copies of one row.
    if let Some(operator) = graph.scales_by_block().filter(|_| fixed != Some(1)) {
        if let Some(asked) = asked.filter(|asked| *asked != 1) {
            return refused(asked, format!("1, since {operator:?} computes with all rows of a batch"));
        }
        remarks.push(format!(
            "rows are run one by one: {operator:?} computes with all rows of a batch, so a row's logits would depend on its neighbours"
        ));
        return Ok(1);
    }
    match (fixed, asked) {
        (Some(fixed), Some(asked)) if asked != fixed => refused(asked, format!("{fixed}, which the model insists on")),
        (fixed, asked) => Ok(fixed.or(asked).unwrap_or(BATCH)),
    }
}

/// Refuses rows that a model insists on and no memory has.
///
/// # Errors
/// [`OnnxError::Content`], which names the input.
pub fn check_batch(graph: &Graph) -> Result<(), OnnxError> {
    for input in graph.inputs() {
        let width = input.axes.iter().skip(1).try_fold(1_usize, |width, axis| match axis {
            Axis::Fixed(length) => width.checked_mul(*length),
            Axis::Free(_) => Some(width),
        });
        let name = format!("{}, input {}", graph.path().display(), input.text());
        batch_size(&name, graph.fixed_batch().unwrap_or(1), width.unwrap_or(usize::MAX))?;
    }
    Ok(())
}

/// Refuses classes that are none of the model's.
pub(crate) fn check_classes(
    graph: &Graph,
    sets: &[(Role, Box<dyn Source>)],
    named: Option<usize>,
    columns: usize,
) -> Result<(), OnnxError> {
    if let Some(named) = named.filter(|named| *named != columns) {
        let (found, expected) = (format!("{named} names of classes"), format!("{columns}, one for each of its logits"));
        let remedy = "list the names in the network's order with --classes";
        return Err(OnnxError::file(graph.path(), found, expected, remedy));
    }
    for (role, set) in sets.iter().filter(|(role, _)| !matches!(role, Role::Ood { .. } | Role::ValOod { .. })) {
        let labels = set.labels().unwrap_or_default();
        let other = |label: &i64| !usize::try_from(*label).is_ok_and(|label| label < columns);
        if let Some((row, label)) = labels.iter().enumerate().find(|(_, label)| other(label)) {
            let found = format!("class {label} in row {row} of {role}");
            let expected = format!("0 to {}, as the model has {columns} logits", columns.saturating_sub(1));
            return Err(OnnxError::content(set.name(), found, expected, "number the classes as the network does"));
        }
    }
    Ok(())
}
