//! The columns of all record batches. Every length that a batch tells is compared with the bytes that are there before anything is made of it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use polars_arrow_format::ipc::planus::Error;
use polars_arrow_format::ipc::{BodyCompressionMethod, CompressionType, MessageHeaderRef, RecordBatchRef};

use super::message;
use super::refusal::{Defect, refusal};
use super::schema::{Field, Fields, Kind};
use super::unpack::unpack;
use crate::dump::error::DumpError;
use crate::dump::format::entry::printable;
use crate::dump::format::limit::{self, Limit};
use crate::rows::array::{Memory, StoredArray};
use crate::rows::element::Dtype;

/// The record batches of a file or stream.
pub(super) struct Batches {
    memory: Arc<dyn Memory>,
    columns: Fields,
    /// Where each begins.
    places: Vec<usize>,
}

impl Batches {
    /// Those of a file's bytes.
    pub(super) fn new(memory: Arc<dyn Memory>) -> Result<Self, Defect> {
        let (columns, places) = message::contents(memory.bytes())?;
        Ok(Self { memory, columns, places })
    }

    /// The names of the columns, in their order.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Some columns, each an array.
    pub(super) fn columns(&self, path: &Path, wanted: &[usize]) -> Result<Vec<StoredArray>, DumpError> {
        let mut room = Room { path, limit: Limit::in_memory(self.memory.bytes().len()), taken: 0 };
        let fields: Vec<&Field> = wanted.iter().map(|at| &self.columns.fields[*at]).collect();
        let mut parts: Vec<Vec<StoredArray>> = vec![Vec::new(); fields.len()];
        for &place in &self.places {
            let batch = self.batch(place).map_err(|defect| refusal(path, &defect))?;
            for (field, parts) in fields.iter().zip(&mut parts) {
                parts.extend(batch.part(field, &mut room)?);
            }
        }
        let columns = fields.into_iter().zip(parts).map(|(field, parts)| joined(path, field, parts));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let is_even = columns.iter().all(|column| column.shape[0] == columns[0].shape[0]);
        is_even.then_some(columns).ok_or_else(|| refusal(path, "columns of several lengths"))
    }

    fn batch(&self, place: usize) -> Result<Batch<'_>, Defect> {
        let damaged = || format!("a record batch at byte {place} that is damaged");
        let Some(message) = message::message(self.memory.bytes(), place)? else { return Err(damaged()) };
        let MessageHeaderRef::RecordBatch(batch) = message.header else { return Err(damaged()) };
        if message.is_packed_by_0_17(batch).map_err(|_| damaged())? {
            // The same bytes would be read as numbers.
            return Err("buffers packed as Arrow 0.17 did, before there was a format for it".to_owned());
        }
        Batch::new(self, batch, message.body).map_err(|_| damaged())?.ok_or_else(damaged)
    }
}

/// A column of its parts in all batches.
fn joined(path: &Path, field: &Field, mut parts: Vec<StoredArray>) -> Result<StoredArray, DumpError> {
    let width = |part: &StoredArray| part.shape.get(1).copied();
    let Some(first) = parts.first() else {
        return Err(refusal(path, &format!("{} without rows", field.shown())));
    };
    if parts.iter().any(|part| width(part) != width(first)) {
        return Err(refusal(path, &format!("{} holds lists of several lengths", field.shown())));
    }
    if parts.len() == 1 {
        return Ok(parts.swap_remove(0));
    }
    let rows = parts.iter().map(|part| part.shape[0]).sum();
    let shape = std::iter::once(rows).chain(width(first)).collect();
    // As long as what has been read of all batches, whatever the file claims.
    let mut bytes = limit::reserve(path, parts.iter().map(|part| part.bytes().len()).sum())?;
    parts.iter().for_each(|part| bytes.extend_from_slice(part.bytes()));
    let whole = StoredArray::new(path.to_owned(), first.dtype.clone(), shape, Arc::new(bytes), 0);
    whole.ok_or_else(|| refusal(path, &field.is_short()))
}

impl Field {
    /// What messages call it.
    fn shown(&self) -> String {
        format!("column {}", printable(&self.name))
    }

    fn is_short(&self) -> Defect {
        format!("{} with fewer numbers than its rows need", self.shown())
    }
}

/// How much may still be read; `path` stands in messages.
struct Room<'p> {
    path: &'p Path,
    limit: Limit,
    taken: u64,
}

impl Room<'_> {
    /// Lets so many bytes more be read.
    fn take(&mut self, bytes: u64) -> Result<(), DumpError> {
        self.taken = self.taken.saturating_add(bytes);
        self.limit.admit(self.path, self.taken).map(drop)
    }
}

/// A record batch.
struct Batch<'b> {
    memory: &'b Arc<dyn Memory>,
    rows: usize,
    /// Lengths, and whether values are missing.
    nodes: Vec<(usize, bool)>,
    /// Where buffers lie.
    buffers: Vec<Range<usize>>,
    /// How many buffers a view has besides those that every one has.
    variadic: Vec<usize>,
    packed: Option<CompressionType>,
}

/// Bytes of a buffer: in the file, or unpacked.
struct Buffer {
    memory: Arc<dyn Memory>,
    range: Range<usize>,
}

impl Buffer {
    fn bytes(&self) -> &[u8] {
        &self.memory.bytes()[self.range.clone()]
    }
}

impl<'b> Batch<'b> {
    /// The parts of a batch; none where they are not those of the schema, or lie outside the body.
    fn new(of: &'b Batches, batch: RecordBatchRef<'_>, body: Range<usize>) -> Result<Option<Self>, Error> {
        let total = of.columns.total;
        let length = |number: i64| usize::try_from(number).ok();
        let nodes = batch.nodes()?.into_iter().flatten();
        let nodes = nodes.map(|node| Some((length(node.length())?, node.null_count() != 0)));
        let buffers = batch.buffers()?.into_iter().flatten().map(|buffer| {
            let start = body.start.checked_add(length(buffer.offset())?)?;
            let end = start.checked_add(length(buffer.length())?)?;
            (end <= body.end).then_some(start..end)
        });
        let variadic = batch.variadic_buffer_counts()?.into_iter().flatten().map(length);
        let (Some(rows), Some(nodes), Some(buffers), Some(variadic)) =
            (length(batch.length()?), nodes.collect(), buffers.collect(), variadic.collect())
        else {
            return Ok(None);
        };
        let packed = match batch.compression()? {
            Some(packed) if packed.method()? == BodyCompressionMethod::Buffer => Some(packed.codec()?),
            Some(_) => return Ok(None),
            None => None,
        };
        let own = Self { memory: &of.memory, rows, nodes, buffers, variadic, packed };
        let further = own.further(own.variadic.len());
        let is_whole = own.nodes.len() == total.nodes
            && own.variadic.len() == total.variadic
            && further.and_then(|further| further.checked_add(total.buffers)) == Some(own.buffers.len());
        Ok(is_whole.then_some(own))
    }

    /// The buffers of the first so many views besides those that every one has.
    fn further(&self, views: usize) -> Option<usize> {
        self.variadic.get(..views)?.iter().try_fold(0_usize, |sum, &own| sum.checked_add(own))
    }

    /// The rows of a column; none in a batch without rows.
    fn part(&self, field: &Field, room: &mut Room<'_>) -> Result<Option<StoredArray>, DumpError> {
        let path = room.path;
        let refuse = |what: &str| refusal(path, &format!("{} {what}", field.shown()));
        let (dtype, lists) = match &field.kind {
            Kind::Numbers(dtype) => (dtype, false),
            Kind::FixedLists(_, dtype) | Kind::Lists(_, dtype) => (dtype, true),
            Kind::Other(kind) => return Err(refuse(&format!("holds {kind}"))),
        };
        let nodes = &self.nodes[field.before.nodes..][..1 + usize::from(lists)];
        if nodes[0].0 != self.rows {
            return Err(refuse(&format!("of {} rows in a batch of {}", nodes[0].0, self.rows)));
        }
        if nodes.iter().any(|(_, has_missing)| *has_missing) {
            return Err(refuse("holds rows without a value"));
        }
        if self.rows == 0 {
            return Ok(None);
        }
        let first = self.further(field.before.variadic).unwrap_or_default() + field.before.buffers;
        // The first buffer says which values are missing.
        let (elements, shape, data) = match field.kind {
            Kind::FixedLists(width, _) => (0..self.rows.saturating_mul(width), vec![self.rows, width], first + 2),
            Kind::Lists(size, _) => {
                let ends = self.buffer(first + 1, room)?;
                let all = even(ends.bytes(), size, self.rows);
                let all = all.ok_or_else(|| refuse("holds lists of several lengths"))?;
                (all.clone(), vec![self.rows, all.len() / self.rows], first + 3)
            }
            _ => (0..self.rows, vec![self.rows], first + 1),
        };
        if shape.contains(&0) {
            return Err(refuse("holds lists of no numbers"));
        }
        if lists && nodes[1].0 < elements.end {
            return Err(refusal(path, &field.is_short()));
        }
        let data = self.buffer(data, room)?;
        let array = array(path, dtype, shape, elements.start, data);
        array.map(Some).ok_or_else(|| refusal(path, &field.is_short()))
    }

    /// A buffer of the body. A packed one has the length it is to have before it, or -1 where it is not packed after all.
    fn buffer(&self, at: usize, room: &mut Room<'_>) -> Result<Buffer, DumpError> {
        let range = self.buffers[at].clone();
        let stored = Buffer { memory: Arc::clone(self.memory), range };
        let Some(codec) = self.packed.filter(|_| !stored.range.is_empty()) else {
            room.take(stored.range.len() as u64)?;
            return Ok(stored);
        };
        let defect = |found: String| refusal(room.path, &format!("a packed buffer {found}"));
        let Some((length, packed)) = stored.bytes().split_first_chunk::<8>() else {
            return Err(defect("without its length".to_owned()));
        };
        let length = i64::from_le_bytes(*length);
        if length == -1 {
            let range = stored.range.start + 8..stored.range.end;
            room.take(range.len() as u64)?;
            return Ok(Buffer { range, ..stored });
        }
        let promised = u64::try_from(length).map_err(|_| defect(format!("of {length} bytes")))?;
        room.take(promised)?;
        let mut content = limit::reserve(room.path, room.limit.admit(room.path, promised)?)?;
        unpack(codec, packed, promised, &mut content).map_err(defect)?;
        let range = 0..content.len();
        Ok(Buffer { memory: Arc::new(content), range })
    }
}

/// The array of a buffer's elements from one of them on; none if there are not so many.
fn array(path: &Path, dtype: &Dtype, shape: Vec<usize>, first: usize, data: Buffer) -> Option<StoredArray> {
    let start = first.checked_mul(dtype.size()?)?.checked_add(data.range.start)?;
    let length = shape.iter().try_fold(dtype.size()?, |bytes, &axis| bytes.checked_mul(axis))?;
    // What lies behind the buffer is another's.
    (start.checked_add(length)? <= data.range.end)
        .then(|| StoredArray::new(path.to_owned(), dtype.clone(), shape, data.memory, start))?
}

/// The elements of so many lists whose ends are told in so many bytes each; none if they do not have as many each.
fn even(ends: &[u8], size: usize, rows: usize) -> Option<Range<usize>> {
    let length = rows.checked_add(1)?.checked_mul(size)?;
    let end = |bytes: &[u8]| match bytes.try_into() {
        Ok(bytes) => usize::try_from(i64::from_le_bytes(bytes)).ok(),
        Err(_) => usize::try_from(i32::from_le_bytes(bytes.try_into().ok()?)).ok(),
    };
    let ends: Vec<usize> = ends.get(..length)?.chunks_exact(size).map(end).collect::<Option<_>>()?;
    let (first, second, last) = (*ends.first()?, *ends.get(1)?, *ends.last()?);
    let width = second.checked_sub(first)?;
    let is_even = ends.windows(2).all(|pair| pair[1].checked_sub(pair[0]) == Some(width));
    is_even.then_some(first..last)
}

#[cfg(test)]
mod tests {
    use super::even;

    fn ends(ends: &[i32]) -> Vec<u8> {
        ends.iter().flat_map(|end| end.to_le_bytes()).collect()
    }

    #[test]
    fn lists_have_as_many_numbers_each() {
        assert_eq!(even(&ends(&[2, 5, 8]), 4, 2), Some(2..8));
        assert_eq!(even(&ends(&[0, 3, 6, 9]), 4, 2), Some(0..6));
        assert_eq!(even(&[&3_i64.to_le_bytes()[..], &7_i64.to_le_bytes()].concat(), 8, 1), Some(3..7));
        // Of several lengths, backwards, before the beginning, fewer than told.
        for (wrong, rows) in [(&[0, 3, 5][..], 2), (&[6, 3, 0], 2), (&[-3, 0, 3], 2), (&[0, 3], 2), (&[0], usize::MAX)]
        {
            assert_eq!(even(&ends(wrong), 4, rows), None, "{wrong:?}");
        }
    }
}
