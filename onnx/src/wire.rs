//! Lengths of an `.onnx` file, checked before anything believes them.
//!
//! The file is a protobuf message of messages, each behind its length. `rten-onnx` makes room for a length before it looks whether so many bytes
//! are there, and does not stop a message at the end of the one around it; a damaged length could therefore take all memory. Here every message
//! that it descends into is walked first: each field ends where the message around it does or before, numbers in packed fields are whole.

use std::ops::Range;

/// Deeper graphs inside graphs are no network of anybody, and a reader that descends would overflow its stack.
const MOST_DEPTH: usize = 64;

/// As many messages are more than any network has, and a reader makes some hundred bytes of each.
const MOST_MESSAGES: usize = 1 << 20;

/// So many bytes at least a message of a network has; a file of empty ones would be read into hundreds of times its size.
const BYTES_OF_MESSAGE: usize = 3;

/// Messages that the smallest model may have whatever its size.
const FEW_MESSAGES: usize = 1024;

/// Networks of more operators are none of anybody.
const MOST_NODES: usize = 100_000;

/// Messages of ONNX that hold others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Value,
    Type,
    TypeOfTensor,
    TypeOfSequence,
    Shape,
    Pairs,
}

impl Message {
    /// The message in a field of this one.
    pub(crate) fn inner(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, GRAPH_OF_MODEL) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 8 | 14) | (Self::Tensor, EXTERNAL_OF_TENSOR) | (Self::Shape, 1) => Self::Pairs,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            (Self::Graph, 11 | OUTPUT_OF_GRAPH | 13) => Self::Value,
            (Self::Node, 5) => Self::Attribute,
            (Self::Value, 2) | (Self::TypeOfSequence, 1) | (Self::Attribute, 14 | 15) => Self::Type,
            (Self::Type, 1) => Self::TypeOfTensor,
            (Self::Type, 4) => Self::TypeOfSequence,
            (Self::TypeOfTensor, 2) => Self::Shape,
            _ => return None,
        })
    }

    /// The width of the numbers packed into a field of this message; 1 for those of variable length.
    fn packed(self, field: u64) -> Option<usize> {
        match (self, field) {
            (Self::Tensor, 4) => Some(4),
            (Self::Tensor, 10) => Some(8),
            (Self::Tensor, 5 | 7 | 11) => Some(1),
            _ => None,
        }
    }
}

/// The field of a model that holds its graph.
pub(crate) const GRAPH_OF_MODEL: u64 = 7;

/// The field of a model that holds a function of its own.
pub(crate) const FUNCTION_OF_MODEL: u64 = 25;

/// The field of a tensor that holds a pair of where its numbers are.
pub(crate) const EXTERNAL_OF_TENSOR: u64 = 13;

/// The field of a graph that holds an output.
pub(crate) const OUTPUT_OF_GRAPH: u64 = 12;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defect {
    /// The byte at which it is seen.
    pub(crate) at: usize,
    /// In words.
    pub(crate) found: &'static str,
}

/// A field: its number, its bytes with the tag, its contents where they have a length.
pub(crate) struct Field {
    pub(crate) number: u64,
    pub(crate) whole: Range<usize>,
    pub(crate) contents: Option<Range<usize>>,
}

/// Checks the whole of a model.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Defect> {
    walk(bytes, 0..bytes.len(), Message::Model, 0, &mut Seen::default())
}

/// What was met so far.
#[derive(Default)]
struct Seen {
    messages: usize,
    nodes: usize,
}

fn walk(bytes: &[u8], range: Range<usize>, message: Message, depth: usize, seen: &mut Seen) -> Result<(), Defect> {
    seen.messages += 1;
    seen.nodes += usize::from(message == Message::Node);
    let wrong = |found| Defect { at: range.start, found };
    if depth > MOST_DEPTH {
        return Err(wrong("messages inside each other without end"));
    }
    if seen.nodes > MOST_NODES {
        return Err(wrong("more than 100000 operators"));
    }
    if seen.messages > MOST_MESSAGES.min(FEW_MESSAGES + bytes.len() / BYTES_OF_MESSAGE) {
        return Err(wrong("more messages than a network of this size has"));
    }
    let mut graphs = 0;
    for field in fields(bytes, range) {
        let field = field?;
        let Some(contents) = field.contents else { continue };
        if message == Message::Model && field.number == GRAPH_OF_MODEL {
            graphs += 1;
            if graphs > 1 {
                return Err(Defect { at: contents.start, found: "a second graph" });
            }
        }
        if let Some(inner) = message.inner(field.number) {
            walk(bytes, contents, inner, depth + 1, seen)?;
        } else if let Some(width) = message.packed(field.number) {
            let torn = bytes[contents.clone()].last().is_some_and(|last| *last >= 0x80);
            if contents.len() % width != 0 || (width == 1 && torn) {
                return Err(Defect { at: contents.start, found: "numbers that are cut off" });
            }
        }
    }
    Ok(())
}

/// The fields of the message in `range`, until the first that does not fit into it.
pub(crate) fn fields(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Result<Field, Defect>> {
    let end = range.end;
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let field = field(&bytes[..end], at);
        at = field.as_ref().map_or(end, |field| field.whole.end);
        Some(field)
    })
}

fn field(bytes: &[u8], start: usize) -> Result<Field, Defect> {
    let wrong = |found| Defect { at: start, found };
    let cut = || wrong("a field that goes beyond the end");
    let mut at = start;
    let tag = varint(bytes, &mut at).ok_or_else(cut)?;
    let mut contents = None;
    let end = match tag & 7 {
        0 => {
            varint(bytes, &mut at).ok_or_else(cut)?;
            Some(at)
        }
        1 => at.checked_add(8),
        5 => at.checked_add(4),
        2 => {
            let length = varint(bytes, &mut at).ok_or_else(cut)?;
            let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
            contents = end.map(|end| at..end);
            end
        }
        _ => return Err(wrong("a field of an unknown kind")),
    };
    let end = end.filter(|end| *end <= bytes.len()).ok_or_else(cut)?;
    Ok(Field { number: tag >> 3, whole: start..end, contents })
}

/// The number in a field that has no length.
pub(crate) fn number(bytes: &[u8], whole: &Range<usize>) -> Option<u64> {
    let mut at = whole.start;
    let tag = varint(bytes, &mut at)?;
    (tag & 7 == 0).then(|| varint(bytes, &mut at)).flatten()
}

/// A number of 7 bits a byte, the lowest first.
pub(crate) fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends a number of 7 bits a byte.
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(field: u64, contents: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push_varint(&mut out, field << 3 | 2);
        push_varint(&mut out, contents.len() as u64);
        out.extend(contents);
        out
    }

    #[test]
    fn a_length_ends_with_the_message_around_it() {
        let tensor = message(9, &[1, 2, 3, 4]);
        let model = message(7, &message(5, &tensor));
        assert_eq!(check(&model), Ok(()));
        // The tensor's bytes claim one more than its message has; the graph's bytes would hold it.
        let mut graph = message(5, &tensor);
        graph[3] += 1;
        graph.extend(message(2, b"name"));
        assert_eq!(check(&message(7, &graph)).unwrap_err().found, "a field that goes beyond the end");
        let mut huge = vec![7 << 3 | 2];
        push_varint(&mut huge, u64::MAX);
        assert!(check(&huge).is_err());
    }

    #[test]
    fn packed_numbers_are_whole() {
        for (field, contents, is_whole) in [
            (4, &[0_u8; 8][..], true),
            (4, &[0; 7], false),
            (10, &[0; 12], false),
            (7, &[0x80, 1], true),
            (7, &[1, 0x80], false),
        ] {
            let model = message(7, &message(5, &message(field, contents)));
            assert_eq!(check(&model).is_ok(), is_whole, "{field} {contents:?}");
        }
    }

    #[test]
    fn graphs_do_not_nest_without_end() {
        let mut graph = Vec::new();
        for _ in 0..200 {
            graph = message(1, &message(5, &message(6, &graph)));
        }
        assert_eq!(check(&message(7, &graph)).unwrap_err().found, "messages inside each other without end");
        let two = [message(7, &[]), message(7, &[])].concat();
        assert_eq!(check(&two).unwrap_err().found, "a second graph");
    }

    /// A reader makes hundreds of bytes of each of the two.
    #[test]
    fn empty_messages_do_not_fill_memory() {
        let empty = |field: u8| [field << 3 | 2, 0].repeat(10_000);
        for field in [1, 5, 11] {
            let error = check(&message(7, &empty(field))).unwrap_err();
            assert_eq!(error.found, "more messages than a network of this size has", "{field}");
        }
        let nodes = |count: usize| message(7, &message(1, b"\x22\x04Relu").repeat(count));
        assert_eq!(check(&nodes(20_000)), Ok(()));
        assert_eq!(check(&nodes(100_001)).unwrap_err().found, "more than 100000 operators");
    }

    #[test]
    fn numbers_of_seven_bits_come_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, value);
            assert_eq!(varint(&bytes, &mut 0), Some(value));
            assert_eq!(varint(&bytes[..bytes.len() - 1], &mut 0), None);
        }
    }
}
