//! A split as a Parquet file: a list column for each matrix, a column of whole numbers for labels.

use std::io::{self, Write};
use std::ops::Range;

use polars_arrow::array::{ArrayRef, FixedSizeListArray, PrimitiveArray};
use polars_arrow::datatypes::{ArrowSchema, Field};
use polars_arrow::record_batch::RecordBatchT;
use polars_arrow::types::NativeType;
use polars_parquet::write::{
    CompressionOptions, Encoding, FileWriter, StatisticsOptions, Version, WriteOptions, row_group_iter,
    to_parquet_schema,
};

use super::file::FrameError;
use crate::dump::format::tensor::Tensor;
use crate::rows::Rows;

/// Rows of a row group: its elements are in memory at a time.
const GROUP: usize = 1 << 16;

/// Writes named arrays of as many rows.
pub(in crate::dump) fn write(out: &mut dyn Write, tensors: &[(String, Tensor<'_>)]) -> io::Result<()> {
    of_frames(out, tensors).map_err(io::Error::other)
}

fn of_frames(out: &mut dyn Write, tensors: &[(String, Tensor<'_>)]) -> Result<(), FrameError> {
    let rows = tensors.first().map_or(0, |(_, tensor)| tensor.shape()[0]);
    let arrays =
        |range: Range<usize>| tensors.iter().map(|(_, tensor)| array(tensor, range.clone())).collect::<Vec<_>>();
    let field = |(tensor, array): (&(String, Tensor<'_>), ArrayRef)| {
        (tensor.0.as_str().into(), Field::new(tensor.0.as_str().into(), array.dtype().clone(), true))
    };
    let schema: ArrowSchema = tensors.iter().zip(arrays(0..0)).map(field).collect();
    let options = WriteOptions {
        statistics: StatisticsOptions::empty(),
        version: Version::V1,
        compression: CompressionOptions::Uncompressed,
        data_page_size: None,
    };
    let parquet = to_parquet_schema(&schema)?;
    let encodings = vec![vec![Encoding::Plain]; tensors.len()];
    let mut writer = FileWriter::try_new(out, schema.clone(), options)?;
    let schema = std::sync::Arc::new(schema);
    let mut start = 0;
    while start < rows {
        let end = rows.min(start + GROUP);
        let batch = RecordBatchT::try_new(end - start, std::sync::Arc::clone(&schema), arrays(start..end))?;
        let group = row_group_iter(batch, encodings.clone().into(), parquet.fields().to_vec(), options);
        writer.write((end - start) as u64, group)?;
        start = end;
    }
    writer.end(None)?;
    Ok(())
}

fn array(tensor: &Tensor<'_>, range: Range<usize>) -> ArrayRef {
    match tensor {
        Tensor::Rows(Rows::F32(rows)) => lists(rows.view().as_slice().unwrap_or_default(), rows.view().ncols(), range),
        Tensor::Rows(Rows::F64(rows)) => lists(rows.view().as_slice().unwrap_or_default(), rows.view().ncols(), range),
        Tensor::Labels(labels) => Box::new(PrimitiveArray::from_vec(labels[range].to_vec())),
    }
}

/// Rows as lists of as many numbers.
fn lists<T: NativeType>(elements: &[T], columns: usize, range: Range<usize>) -> ArrayRef {
    let values = PrimitiveArray::from_vec(elements[range.start * columns..range.end * columns].to_vec());
    let dtype = FixedSizeListArray::default_datatype(values.dtype().clone(), columns);
    Box::new(FixedSizeListArray::new(dtype, range.len(), Box::new(values), None))
}
