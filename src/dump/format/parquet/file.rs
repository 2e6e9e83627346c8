//! The columns of a Parquet file: the only door to polars' Parquet reader. Nothing that a file claims of itself is believed before room is made for it.

use std::io::Cursor;

use polars_arrow::array::ArrayRef;
use polars_arrow::datatypes::ArrowSchema;
use polars_buffer::Buffer;
use polars_error::PolarsError;
use polars_parquet::parquet::compression::{Compression, DecompressionContext};
use polars_parquet::parquet::page::{CompressedPage, Page};
use polars_parquet::read::{
    BasicDecompressor, FileMetadata, PageReader, ParquetError, column_iter_to_arrays, decompress, infer_schema,
    read_metadata,
};

use super::thrift;
use crate::caught::caught;
use crate::dump::format::limit::Limit;

/// How pages may be packed.
const READ: [Compression; 4] = [Compression::Uncompressed, Compression::Snappy, Compression::Gzip, Compression::Zstd];

/// A column that could not be written or read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("parquet: {0}")]
pub struct FrameError(pub(crate) String);

impl From<ParquetError> for FrameError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl From<PolarsError> for FrameError {
    fn from(error: PolarsError) -> Self {
        Self(error.to_string())
    }
}

/// A Parquet file whose metadata is sound.
pub struct File {
    bytes: Buffer<u8>,
    metadata: FileMetadata,
    /// Of two columns of one name polars makes none.
    schema: Result<ArrowSchema, FrameError>,
}

impl File {
    /// Reads the metadata.
    ///
    /// # Errors
    /// [`FrameError`] if it is damaged.
    pub fn open(bytes: Vec<u8>) -> Result<Self, FrameError> {
        guarded(|| {
            if !thrift::is_sound(&bytes) {
                return Err(FrameError("its metadata is damaged or cut off".to_owned()));
            }
            let metadata = read_metadata(&mut Cursor::new(&bytes[..]))?;
            let schema = infer_schema(&metadata).map_err(FrameError::from);
            Ok(Self { bytes: Buffer::from(bytes), metadata, schema })
        })
    }

    /// The names of the columns, in their order. Where one stands twice, no column can be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.metadata.schema().fields().iter().map(|field| field.name().to_owned()).collect()
    }

    /// Bytes of the file.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The arrays of a column, one or several a row group, of `most` values at most.
    pub(crate) fn column(&self, name: &str, most: usize) -> Result<Vec<ArrayRef>, FrameError> {
        guarded(|| {
            check_lengths(&self.metadata, name, self.bytes.len(), most)?;
            let schema = self.schema.as_ref().map_err(Clone::clone)?;
            read_column(&self.bytes, &self.metadata, schema, name)
        })
    }
}

/// polars trusts a file in places; what it does not foresee is one message all the same.
fn guarded<T>(read: impl FnOnce() -> Result<T, FrameError>) -> Result<T, FrameError> {
    caught(read).unwrap_or_else(|| Err(FrameError("the file is damaged".to_owned())))
}

/// That the lengths a file claims for a column are possible, before room is made for what it claims: it has the rows of its group, where its rows are no lists, is
/// packed in a way that is read, and has at most so many values.
fn check_lengths(metadata: &FileMetadata, name: &str, bytes: usize, most: usize) -> Result<(), FrameError> {
    let (mut rows, mut values) = (0_usize, 0_usize);
    for group in &metadata.row_groups {
        rows = rows.saturating_add(group.num_rows());
        for column in group.columns_under_root_iter(name).into_iter().flatten() {
            let own = usize::try_from(column.num_values()).unwrap_or(usize::MAX);
            values = values.saturating_add(own);
            let is_flat = column.descriptor().descriptor.max_rep_level == 0;
            if is_flat && own != group.num_rows() {
                let found = format!("a column of {} values in {} rows", column.num_values(), group.num_rows());
                return Err(FrameError(format!("{found}; expected as many")));
            }
            let compression = column.compression();
            if !READ.contains(&compression) {
                return Err(FrameError(format!("a column packed by {compression:?}, expected one of {READ:?}")));
            }
        }
    }
    if rows != metadata.num_rows || rows > most || values > most {
        return Err(FrameError(format!("a file of {bytes} bytes claims {} rows, {values} values", metadata.num_rows)));
    }
    Ok(())
}

/// The same of every page of a column of so many values: polars makes room for what each of them claims.
/// `first` is what the first page claims to be once unpacked.
fn check_pages(mut pages: PageReader, first: Option<usize>, values: usize, limit: u64) -> Result<(), FrameError> {
    let (mut claimed, mut unpacked) = (None, 0_u64);
    let mut admit = |size: usize| {
        unpacked = unpacked.saturating_add(size as u64);
        match unpacked > limit {
            true => Err(FrameError(format!("pages claim {unpacked} bytes once unpacked, expected at most {limit}"))),
            false => Ok(()),
        }
    };
    if let Some(dictionary) = pages.read_dict()? {
        admit(first.ok_or_else(|| FrameError("a page without its size".to_owned()))?)?;
        // What polars reads a dictionary with makes room for the number of texts before it can be seen.
        let page = decompress(CompressedPage::Dict(dictionary), &mut Vec::new(), &mut DecompressionContext::Unset)?;
        if let Page::Dict(page) = page {
            // A text has its length before it, in four bytes; numbers have as many.
            claimed = (page.num_values > page.buffer.len() / 4).then_some(page.num_values);
        }
    }
    for page in pages {
        if let CompressedPage::Data(page) = page? {
            admit(page.uncompressed_size())?;
            claimed = claimed.or((page.num_values() > values).then_some(page.num_values()));
        }
    }
    claimed.map_or(Ok(()), |found| Err(FrameError(format!("a page claims {found} values, of {values}"))))
}

fn read_column(
    bytes: &Buffer<u8>,
    metadata: &FileMetadata,
    schema: &ArrowSchema,
    name: &str,
) -> Result<Vec<ArrayRef>, FrameError> {
    let field = schema.get(name).ok_or_else(|| FrameError(format!("no column {name}")))?;
    let limit = Limit::in_memory(bytes.len()).bytes();
    let mut all = Vec::new();
    for group in &metadata.row_groups {
        let places: Vec<_> = group.columns_under_root_iter(name).into_iter().flatten().collect();
        let [place] = places[..] else {
            let found = format!("a row group with {} columns {name}", places.len());
            return Err(FrameError(format!("{found}, expected one, not nested")));
        };
        let range = place.byte_range();
        let range = range.start as usize..range.end as usize;
        if range.end > bytes.len() || range.start > range.end {
            return Err(FrameError(format!("column {name} lies outside the file")));
        }
        let largest = range.len();
        let bytes = bytes.clone().sliced(range);
        let pages = || PageReader::new(Cursor::new(bytes.clone()), place, Vec::new(), largest);
        let values = usize::try_from(place.num_values()).unwrap_or(usize::MAX);
        check_pages(pages(), thrift::unpacked_size(&bytes), values, limit)?;
        let kind = &place.descriptor().descriptor.primitive_type;
        let pages = BasicDecompressor::new(pages(), Vec::new());
        let (arrays, _) = column_iter_to_arrays(vec![pages], vec![kind], field.clone(), None)?;
        all.extend(arrays);
    }
    Ok(all)
}
