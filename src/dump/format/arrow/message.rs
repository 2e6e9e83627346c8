//! Messages of a stream, and the places that a file's footer tells. No length is believed: what is told to lie behind the end is refused.
//!
//! ```text
//! stream   message message ... FF FF FF FF 00 00 00 00
//! message  FF FF FF FF, length of the metadata (i32), metadata, body
//! file     ARROW1 00 00, stream, footer, length of the footer (i32), ARROW1
//! ```

use std::ops::Range;

use polars_arrow_format::ipc::planus::{Error, ReadAsRoot as _};
use polars_arrow_format::ipc::{FooterRef, MessageHeaderRef, MessageRef, MetadataVersion, RecordBatchRef};

use super::refusal::Defect;
use super::schema::{Fields, fields};

/// The first and the last bytes of a file.
pub(super) const MAGIC: &[u8] = b"ARROW1";
/// Those of a file of Feather's first version, which is another format.
const FIRST_FEATHER: &[u8] = b"FEA1";
const CONTINUED: [u8; 4] = [0xff; 4];
/// Where Arrow 0.17 noted by what it had packed a batch.
const EXPERIMENT: &str = "ARROW:experimental_compression";
/// Notes of a message that are looked at: Arrow wrote one, and each may be as long as the message.
const MOST_NOTES: usize = 1024;

/// A message: metadata, and where its body lies.
pub(super) struct Message<'b> {
    pub(super) header: MessageHeaderRef<'b>,
    pub(super) body: Range<usize>,
    metadata: MessageRef<'b>,
}

impl Message<'_> {
    /// Whether the buffers of its batch are packed, and only a note of that time says so. Later versions of the format have a field for it, and do not read the note.
    pub(super) fn is_packed_by_0_17(&self, batch: RecordBatchRef<'_>) -> Result<bool, Error> {
        if batch.compression()?.is_some() || self.metadata.version()? > MetadataVersion::V4 {
            return Ok(false);
        }
        for note in self.metadata.custom_metadata()?.into_iter().flatten().take(MOST_NOTES) {
            if note?.key()? == Some(EXPERIMENT) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The message that begins at a byte; none where the stream ends there.
pub(super) fn message(bytes: &[u8], at: usize) -> Result<Option<Message<'_>>, Defect> {
    let cut = || format!("a message at byte {at} that ends behind the file ({} bytes)", bytes.len());
    let prefix = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>).ok_or_else(cut)?;
    let (mark, length) = (prefix.first_chunk::<4>(), prefix.last_chunk::<4>());
    if mark != Some(&CONTINUED) {
        return Err(format!("no message of Arrow 0.15 or later at byte {at}"));
    }
    let length = length.map_or(0, |length| i32::from_le_bytes(*length));
    if length == 0 {
        return Ok(None);
    }
    let start = at + prefix.len();
    let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length)).ok_or_else(cut)?;
    let message = MessageRef::read_as_root(bytes.get(start..end).ok_or_else(cut)?).map_err(|_| damaged(at))?;
    let length = message.body_length().map_err(|_| damaged(at))?;
    let body_end = usize::try_from(length).ok().and_then(|length| end.checked_add(length)).ok_or_else(cut)?;
    if body_end > bytes.len() {
        return Err(cut());
    }
    let header = message.header().map_err(|_| damaged(at))?.ok_or_else(|| damaged(at))?;
    Ok(Some(Message { header, body: end..body_end, metadata: message }))
}

fn damaged(at: usize) -> Defect {
    format!("a message at byte {at} whose metadata is damaged")
}

/// The columns, and where each record batch begins. Batches lie one behind the other, so that all together are no longer than the file.
pub(super) fn contents(bytes: &[u8]) -> Result<(Fields, Vec<usize>), Defect> {
    if bytes.starts_with(MAGIC) {
        return of_file(bytes);
    }
    if bytes.starts_with(FIRST_FEATHER) {
        return Err("Feather of version 1, the default until 2020".to_owned());
    }
    of_stream(bytes)
}

fn of_file(bytes: &[u8]) -> Result<(Fields, Vec<usize>), Defect> {
    let broken = || "a footer that is damaged or cut off".to_owned();
    let footer = || {
        let (rest, length) = bytes.strip_suffix(MAGIC)?.split_last_chunk::<4>()?;
        let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
        rest.get(rest.len().checked_sub(length)?..)
    };
    let footer = footer().ok_or_else(broken)?;
    let told = FooterRef::read_as_root(footer).map_err(|_| broken())?;
    let schema = told.schema().ok().flatten().ok_or_else(broken)?;
    let columns = fields(schema, footer.len())?;
    let mut batches = Vec::new();
    let mut free = 0;
    for block in told.record_batches().map_err(|_| broken())?.into_iter().flatten() {
        let at = usize::try_from(block.offset()).ok().filter(|at| *at >= free).ok_or_else(broken)?;
        free = message(bytes, at)?.ok_or_else(broken)?.body.end;
        batches.push(at);
    }
    Ok((columns, batches))
}

fn of_stream(bytes: &[u8]) -> Result<(Fields, Vec<usize>), Defect> {
    let mut at = 0;
    let mut columns = None;
    let mut batches = Vec::new();
    while let Some(message) = message(bytes, at)? {
        match message.header {
            MessageHeaderRef::Schema(schema) if columns.is_none() => {
                columns = Some(fields(schema, message.body.start - at)?);
            }
            MessageHeaderRef::RecordBatch(_) => batches.push(at),
            // Texts of columns that are no numbers.
            MessageHeaderRef::DictionaryBatch(_) => {}
            _ => return Err(format!("an unexpected message at byte {at}")),
        }
        at = message.body.end;
    }
    let columns = columns.ok_or("a stream without a schema")?;
    Ok((columns, batches))
}
