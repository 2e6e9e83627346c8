//! Records as comma-separated values with a header.

use crate::table::Record;

/// The records; what is not known is an empty field.
///
/// # Errors
/// Never in memory; the signature is that of the writer behind it.
pub fn records(records: &[Record]) -> csv::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in records {
        writer.serialize(record)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
