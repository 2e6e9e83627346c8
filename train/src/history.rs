//! The record of a run, epoch by epoch: `history.csv`.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use oodbench::output::AtomicFile;

/// One epoch; one row of `history.csv`. Accuracies lie between 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Counted from 1.
    pub epoch: usize,
    /// The learning rate of the epoch's last step.
    pub rate: f64,
    /// Mean loss over the training images, as they were seen.
    pub train_loss: f64,
    /// Accuracy over the training images, as they were seen.
    pub train_accuracy: f64,
    /// Mean loss over the held-out images, if any are held out.
    pub validation_loss: Option<f64>,
    /// Accuracy over the held-out images, if any are held out.
    pub validation_accuracy: Option<f64>,
    /// Training time without validation.
    pub seconds: f64,
    /// Training images per second.
    pub images_per_second: f64,
}

/// Writes all epochs with a header.
///
/// # Errors
/// If the file cannot be written.
pub fn write_history(file: &Path, records: &[EpochRecord]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(AtomicFile::create(file)?);
    for record in records {
        writer.serialize(record).map_err(io::Error::other)?;
    }
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?.commit()
}

/// Reads what [`write_history`] wrote.
///
/// # Errors
/// If the file cannot be read or is not such a table.
pub fn read_history(file: &Path) -> io::Result<Vec<EpochRecord>> {
    let mut reader = csv::Reader::from_path(file).map_err(io::Error::other)?;
    reader.deserialize().map(|record| record.map_err(io::Error::other)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_comes_back_and_has_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.csv");
        let first = EpochRecord {
            epoch: 1,
            rate: 0.1,
            train_loss: 2.25,
            train_accuracy: 0.5,
            validation_loss: None,
            validation_accuracy: None,
            seconds: 1.5,
            images_per_second: 100.0,
        };
        let second =
            EpochRecord { epoch: 2, validation_loss: Some(1.0), validation_accuracy: Some(0.75), ..first.clone() };
        write_history(&file, &[first.clone(), second.clone()]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            text.lines().next(),
            Some("epoch,rate,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds,images_per_second")
        );
        assert_eq!(read_history(&file).unwrap(), [first, second]);
    }
}
