//! Gram matrices of a split on their way to the disk: they are many times the features, and are never in memory together.

use ndarray::Array2;
use oodbench::dump::{DumpWriter, RowStream};
use oodbench::rows::{ArrayKind, Role};

use super::data::ImageSet;
use super::error::TrainError;
use super::outputs::check_rows;

/// The files of a split that are being written.
pub(super) struct Streams<'w> {
    writer: &'w DumpWriter,
    role: &'w Role,
    set: &'w ImageSet,
    files: Vec<(String, usize, RowStream)>,
}

impl<'w> Streams<'w> {
    /// No file yet.
    pub(super) fn new(writer: &'w DumpWriter, role: &'w Role, set: &'w ImageSet) -> Self {
        Self { writer, role, set, files: Vec::new() }
    }

    /// Adds the rows of a layer for a batch of that many images; the first batch starts the file.
    pub(super) fn push(&mut self, layer: &str, rows: &Array2<f32>, images: usize) -> Result<(), TrainError> {
        let kind = ArrayKind::Gram(layer.to_owned());
        let at = match self.files.iter().position(|(name, ..)| name == layer) {
            Some(at) => at,
            None => {
                let file = self.writer.rows(self.role, &kind, [self.set.len(), rows.ncols()])?;
                self.files.push((layer.to_owned(), rows.ncols(), file));
                self.files.len() - 1
            }
        };
        let (_, columns, file) = &mut self.files[at];
        check_rows(&kind, rows, (images, *columns), (self.set.len() - file.left(), self.set))?;
        Ok(file.push(rows.iter().copied())?)
    }

    /// Ends the files.
    pub(super) fn finish(self) -> Result<(), TrainError> {
        self.files.into_iter().try_for_each(|(.., file)| Ok(file.finish()?))
    }
}
