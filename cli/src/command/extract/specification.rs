//! What `--data` and `--ood` name for an ONNX model.

use std::path::{Path, PathBuf};

use anyhow::bail;
use oodbench_onnx::graph::ModelInput;
use oodbench_onnx::source::classes::Classes;
use oodbench_onnx::source::npy::Arrays;
use oodbench_onnx::source::text::{Sentences, TextOptions};
use oodbench_onnx::source::wav::{Recordings, WavOptions};
use oodbench_onnx::source::{First, Source};

use crate::option::model::ModelOptions;

/// Files of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Npy,
    Wav,
    Text,
}

/// What was named: files of a kind, or images, which the trainer finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Specification<'a> {
    Files(FilesAt<'a>),
    Images(&'a str),
}

/// Files of one kind at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FilesAt<'a> {
    kind: Kind,
    path: &'a Path,
}

impl<'a> Specification<'a> {
    /// Reads `npy:DIR`, `wav:DIR`, `text:FILE`, or anything else as images.
    pub(super) fn of(text: &'a str) -> Self {
        let kinds = [("npy:", Kind::Npy), ("wav:", Kind::Wav), ("text:", Kind::Text)];
        let files = kinds.into_iter().find_map(|(start, kind)| Some((kind, text.strip_prefix(start)?)));
        match files {
            Some((kind, path)) => Self::Files(FilesAt { kind, path: Path::new(path) }),
            None => Self::Images(text),
        }
    }
}

/// `NAME=DATA`, or data alone.
pub(super) fn named(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, data)) if !name.contains(['/', ':']) => (Some(name), data),
        _ => (None, text),
    }
}

impl FilesAt<'_> {
    /// The name of a set that has none: its folder's or file's.
    pub(super) fn name(&self) -> String {
        self.path.file_stem().map_or_else(|| "set".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Where a split lies: in a folder (for sentences a file) of its name, where there is one.
    fn part(&self, split: &str) -> Option<PathBuf> {
        let below = match self.kind {
            Kind::Text => self.path.join(format!("{split}.tsv")),
            Kind::Npy | Kind::Wav => self.path.join(split),
        };
        below.exists().then_some(below)
    }

    /// The training split, where there is one.
    pub(super) fn train(
        &self,
        inputs: &[ModelInput],
        options: &ModelOptions,
    ) -> anyhow::Result<Option<Box<dyn Source>>> {
        self.part("train").map(|path| self.open(&path, inputs, options, true)).transpose()
    }

    /// The test split, or all there is.
    pub(super) fn test(
        &self,
        inputs: &[ModelInput],
        options: &ModelOptions,
        is_labelled: bool,
    ) -> anyhow::Result<Box<dyn Source>> {
        let path = match (self.part("test"), self.part("train")) {
            (Some(test), _) => test,
            (None, Some(train)) => bail!(
                "{}: found {} alone, expected `test` beside it; name the folder to test on",
                self.path.display(),
                train.display()
            ),
            (None, None) => self.path.to_owned(),
        };
        self.open(&path, inputs, options, is_labelled)
    }

    fn open(
        &self,
        path: &Path,
        inputs: &[ModelInput],
        options: &ModelOptions,
        is_labelled: bool,
    ) -> anyhow::Result<Box<dyn Source>> {
        let classes = options.classes.as_deref().map(Classes::read).transpose()?;
        let classes = classes.as_ref();
        Ok(match self.kind {
            Kind::Npy => Box::new(Arrays::open(path, inputs)?),
            Kind::Wav => {
                let (rate, samples) = (options.rate, options.samples);
                Box::new(Recordings::open(path, inputs, WavOptions { rate, samples, classes, is_labelled })?)
            }
            Kind::Text => {
                let (tokenizer, tokens) = (options.tokenizer.as_deref(), options.tokens);
                Box::new(Sentences::open(path, inputs, TextOptions { tokenizer, tokens, classes, is_labelled })?)
            }
        })
    }
}

/// The first rows that `--images` leaves.
pub(super) fn first(source: Box<dyn Source>, most: Option<usize>) -> Box<dyn Source> {
    match most {
        Some(rows) => Box::new(First { source, rows }),
        None => source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_names_are_told_apart() {
        assert!(
            matches!(Specification::of("npy:a/b"), Specification::Files(FilesAt { kind: Kind::Npy, path }) if path == Path::new("a/b"))
        );
        assert_eq!(Specification::of("svhn:a"), Specification::Images("svhn:a"));
        assert_eq!(named("letters=npy:a=b"), (Some("letters"), "npy:a=b"));
        assert_eq!(named("npy:a=b"), (None, "npy:a=b"));
    }
}
