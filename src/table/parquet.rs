//! Parquet files of records and scores, one row group at a time: the only door to polars' Parquet writer.

use std::io::Write;
use std::sync::Arc;

use polars_arrow::array::{Array, ArrayRef, PrimitiveArray, StaticArray as _, Utf8ViewArray};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field};
use polars_arrow::record_batch::RecordBatchT;
use polars_parquet::write::{
    CompressionOptions, Encoding, FileWriter, SchemaDescriptor, StatisticsOptions, Version, WriteOptions,
    row_group_iter, to_parquet_schema,
};

use super::field::{Content, Kind};
use crate::dump::format::parquet;
pub use crate::dump::format::parquet::{File, FrameError};

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column<'a> {
    /// UTF-8 text, any of it missing.
    Texts(Vec<Option<String>>),
    /// The same text, or none, in so many rows.
    SameText(Option<&'a str>, usize),
    /// 64-bit integers.
    Integers(Vec<i64>),
    /// 64-bit integers, any of them missing.
    MaybeIntegers(Vec<Option<i64>>),
    /// 64-bit floats.
    Floats(Vec<f64>),
    /// 64-bit floats, any of them missing.
    MaybeFloats(Vec<Option<f64>>),
    /// Nothing in so many rows.
    Missing(Kind, usize),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Texts(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::MaybeIntegers(values) => values.len(),
            Self::Floats(values) => values.len(),
            Self::MaybeFloats(values) => values.len(),
            Self::SameText(_, rows) | Self::Missing(_, rows) => *rows,
        }
    }

    fn into_array(self) -> ArrayRef {
        match self {
            Self::Texts(values) => Box::new(Utf8ViewArray::from_slice(&values)),
            Self::SameText(Some(text), rows) => Box::new(Utf8ViewArray::full(rows, text, arrow_type(Kind::Text))),
            Self::SameText(None, rows) => Box::new(Utf8ViewArray::new_null(arrow_type(Kind::Text), rows)),
            Self::Integers(values) => Box::new(PrimitiveArray::from_vec(values)),
            Self::MaybeIntegers(values) => Box::new(PrimitiveArray::<i64>::from(values)),
            Self::Floats(values) => Box::new(PrimitiveArray::from_vec(values)),
            Self::MaybeFloats(values) => Box::new(PrimitiveArray::<f64>::from(values)),
            Self::Missing(Kind::Text, rows) => Box::new(Utf8ViewArray::new_null(arrow_type(Kind::Text), rows)),
            Self::Missing(Kind::Integer, rows) => {
                Box::new(PrimitiveArray::<i64>::new_null(arrow_type(Kind::Integer), rows))
            }
            Self::Missing(Kind::Float, rows) => {
                Box::new(PrimitiveArray::<f64>::new_null(arrow_type(Kind::Float), rows))
            }
        }
    }
}

fn arrow_type(kind: Kind) -> ArrowDataType {
    match kind {
        Kind::Text => ArrowDataType::Utf8View,
        Kind::Integer => ArrowDataType::Int64,
        Kind::Float => ArrowDataType::Float64,
    }
}

/// A Parquet file being written.
pub struct FrameWriter<W: Write> {
    writer: FileWriter<W>,
    schema: Arc<ArrowSchema>,
    parquet: SchemaDescriptor,
    encodings: Vec<Vec<Encoding>>,
    options: WriteOptions,
}

impl<W: Write> FrameWriter<W> {
    /// Starts a file with these columns.
    ///
    /// # Errors
    /// [`FrameError`] if two columns have one name.
    pub fn new(writer: W, columns: &[(&str, Kind)]) -> Result<Self, FrameError> {
        let field = |(name, kind): &(&str, Kind)| ((*name).into(), Field::new((*name).into(), arrow_type(*kind), true));
        // Text repeats over thousands of rows; scores hardly ever do.
        let encoding = |(_, kind): &(&str, Kind)| match kind {
            Kind::Text => vec![Encoding::RleDictionary],
            Kind::Integer | Kind::Float => vec![Encoding::Plain],
        };
        let schema: ArrowSchema = columns.iter().map(field).collect();
        if schema.len() != columns.len() {
            return Err(FrameError("two columns have one name".to_owned()));
        }
        let options = WriteOptions {
            statistics: StatisticsOptions::default(),
            version: Version::V1,
            compression: CompressionOptions::Uncompressed,
            data_page_size: None,
        };
        let parquet = to_parquet_schema(&schema)?;
        let writer = FileWriter::try_new(writer, schema.clone(), options)?;
        Ok(Self {
            writer,
            schema: Arc::new(schema),
            parquet,
            encodings: columns.iter().map(encoding).collect(),
            options,
        })
    }

    /// Appends one row group: a column of equal length for every name given at the start, of the same kinds.
    ///
    /// # Errors
    /// [`FrameError`] if the columns do not fit or the file cannot be written.
    pub fn write(&mut self, columns: Vec<Column<'_>>) -> Result<(), FrameError> {
        let rows = columns.first().map_or(0, Column::len);
        let arrays = columns.into_iter().map(Column::into_array).collect();
        let batch = RecordBatchT::try_new(rows, Arc::clone(&self.schema), arrays)?;
        let group = row_group_iter(batch, self.encodings.clone().into(), self.parquet.fields().to_vec(), self.options);
        Ok(self.writer.write(rows as u64, group)?)
    }

    /// Writes the footer and hands the inner writer back.
    ///
    /// # Errors
    /// [`FrameError`] if the file cannot be written.
    pub fn finish(mut self) -> Result<W, FrameError> {
        self.writer.end(None)?;
        Ok(self.writer.into_inner())
    }
}

/// Names of columns with their contents.
pub type Read = Vec<(String, Vec<Content>)>;

/// Reads the columns of a file of texts, 64-bit integers and floats, none of whose rows takes less than a byte: records differ, and most have a value of eight.
///
/// # Errors
/// [`FrameError`] if it is not such a file.
pub fn read(bytes: Vec<u8>) -> Result<Read, FrameError> {
    let most = bytes.len();
    let file = File::open(bytes)?;
    let contents = |name: String| {
        let arrays = file.column(&name, most)?;
        let contents: Option<Vec<Vec<Content>>> = arrays.iter().map(|array| contents_of(array.as_ref())).collect();
        let found = || {
            let kind = arrays.first().map(|array| array.dtype().clone());
            FrameError(format!("column {name} holds {kind:?}, expected text, Int64 from 0 or Float64"))
        };
        let contents = contents.ok_or_else(found)?.concat();
        Ok((name, contents))
    };
    file.names().into_iter().map(contents).collect()
}

/// The numbers of one column, of floats of 32 or 64 bits or of integers, with a sign or without (those of 64 bits with one). A file has at most eight rows a byte, or a million.
///
/// # Errors
/// [`FrameError`] if it holds something else, is packed in a way that is not read, or damaged.
pub fn numbers(file: &File, name: &str) -> Result<Vec<Option<f64>>, FrameError> {
    let most = file.len().saturating_mul(8).max(1 << 20);
    let mut numbers = Vec::new();
    for array in file.column(name, most)? {
        let found = || FrameError(format!("column {name} holds {:?}, expected numbers", array.dtype()));
        numbers.extend(parquet::numbers(array.as_ref()).ok_or_else(found)?);
    }
    Ok(numbers)
}

fn contents_of(array: &dyn Array) -> Option<Vec<Content>> {
    let array = array.as_any();
    if let Some(texts) = array.downcast_ref::<Utf8ViewArray>() {
        return Some(texts.iter().map(|text| Content::Text(text.map(str::to_owned))).collect());
    }
    if let Some(numbers) = array.downcast_ref::<PrimitiveArray<i64>>() {
        // Nothing that this project writes is negative.
        let whole =
            |number: Option<&i64>| Some(Content::Integer(number.map(|own| u64::try_from(*own)).transpose().ok()?));
        return numbers.iter().map(whole).collect();
    }
    let numbers = array.downcast_ref::<PrimitiveArray<f64>>()?;
    Some(numbers.iter().map(|number| Content::Float(number.copied())).collect())
}
