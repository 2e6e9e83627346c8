//! The only door to polars: columns of text and numbers into Parquet, one row group at a time.

use std::io::Write;
use std::sync::Arc;

use polars_arrow::array::{ArrayRef, PrimitiveArray, Utf8ViewArray};
use polars_arrow::datatypes::{ArrowDataType, ArrowSchema, Field};
use polars_arrow::record_batch::RecordBatchT;
use polars_error::PolarsError;
use polars_parquet::write::{
    CompressionOptions, Encoding, FileWriter, SchemaDescriptor, StatisticsOptions, Version, WriteOptions,
    row_group_iter, to_parquet_schema,
};

/// A column that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("parquet: {0}")]
pub struct FrameError(String);

impl From<PolarsError> for FrameError {
    fn from(error: PolarsError) -> Self {
        Self(error.to_string())
    }
}

/// What a column holds; every value may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// 64-bit integers.
    Integer,
    /// 64-bit floats.
    Float,
}

/// Values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// UTF-8 text.
    Text(Vec<Option<String>>),
    /// 64-bit integers.
    Integer(Vec<Option<i64>>),
    /// 64-bit floats.
    Float(Vec<Option<f64>>),
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
        }
    }

    fn into_array(self) -> ArrayRef {
        match self {
            Self::Text(values) => Box::new(Utf8ViewArray::from_slice(&values)),
            Self::Integer(values) => Box::new(PrimitiveArray::<i64>::from(values)),
            Self::Float(values) => Box::new(PrimitiveArray::<f64>::from(values)),
        }
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
    pub fn new(writer: W, columns: &[(String, Kind)]) -> Result<Self, FrameError> {
        let field = |(name, kind): &(String, Kind)| {
            let dtype = match kind {
                Kind::Text => ArrowDataType::Utf8View,
                Kind::Integer => ArrowDataType::Int64,
                Kind::Float => ArrowDataType::Float64,
            };
            (name.as_str().into(), Field::new(name.as_str().into(), dtype, true))
        };
        // Text repeats over thousands of rows; scores hardly ever do.
        let encoding = |(_, kind): &(String, Kind)| match kind {
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
    pub fn write(&mut self, columns: Vec<Column>) -> Result<(), FrameError> {
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
