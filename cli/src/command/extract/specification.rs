//! What `--data` and `--ood` name for an ONNX model.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use anyhow::bail;
use oodbench::dump::name::check_name;
use oodbench_onnx::OnnxError;
use oodbench_onnx::graph::ModelInput;
use oodbench_onnx::source::classes::{ClassName, Classes};
use oodbench_onnx::source::npy::Arrays;
use oodbench_onnx::source::text::{self, Sentences, TextOptions};
use oodbench_onnx::source::wav::{self, Recordings, WavOptions};
use oodbench_onnx::source::{First, Source};

use crate::option::model::ModelOptions;

/// Files of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) kind: Kind,
    pub(super) path: &'a Path,
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

    /// The kind of files; `None` for images.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Files(files) => Some(files.kind),
            Self::Images(_) => None,
        }
    }
}

/// `NAME=DATA`, or data alone.
///
/// # Errors
/// A name that is none of a set, or no data behind it.
pub(super) fn named(text: &str) -> anyhow::Result<(Option<&str>, &str)> {
    let Some((name, data)) = text.split_once('=') else { return Ok((None, text)) };
    let is_of_files = |text: &str| matches!(Specification::of(text), Specification::Files(_));
    // A path may have the sign in it.
    if is_of_files(name) || (name.contains(['/', ':']) && !data.is_empty() && !is_of_files(data)) {
        return Ok((None, text));
    }
    if data.is_empty() {
        bail!("{text}: found a name without data, expected NAME=DATA; say the data behind it");
    }
    check_name(name)?;
    Ok((Some(name), data))
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

    /// The classes that the splits have names for, where labels are names.
    pub(super) fn class_names(&self) -> Result<Vec<ClassName>, OnnxError> {
        let of = |path: PathBuf| match self.kind {
            Kind::Npy => Ok(Vec::new()),
            Kind::Wav => wav::classes(&path),
            Kind::Text => text::classes(&path),
        };
        let (train, test) = (self.part("train"), self.part("test"));
        let whole = (train.is_none() && test.is_none()).then(|| self.path.to_owned());
        let names = train.into_iter().chain(test).chain(whole).map(of).collect::<Result<Vec<_>, _>>()?;
        Ok(names.concat())
    }

    /// The training split, where there is one.
    pub(super) fn train(
        &self,
        inputs: &[ModelInput],
        options: &ModelOptions,
        classes: &Classes,
    ) -> anyhow::Result<Option<Box<dyn Source>>> {
        self.part("train").map(|path| self.open(&path, inputs, options, Some(classes))).transpose()
    }

    /// The test split, or all there is; without classes its labels are not looked for.
    pub(super) fn test(
        &self,
        inputs: &[ModelInput],
        options: &ModelOptions,
        classes: Option<&Classes>,
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
        self.open(&path, inputs, options, classes)
    }

    fn open(
        &self,
        path: &Path,
        inputs: &[ModelInput],
        options: &ModelOptions,
        classes: Option<&Classes>,
    ) -> anyhow::Result<Box<dyn Source>> {
        Ok(match self.kind {
            Kind::Npy => Box::new(Arrays::open(path, inputs)?),
            Kind::Wav => {
                let (rate, samples) = (options.rate.map(NonZeroU32::get), options.samples.map(NonZeroUsize::get));
                Box::new(Recordings::open(path, inputs, WavOptions { rate, samples, classes })?)
            }
            Kind::Text => {
                let (tokenizer, tokens) = (options.tokenizer.as_deref(), options.tokens.map(NonZeroUsize::get));
                Box::new(Sentences::open(path, inputs, TextOptions { tokenizer, tokens, classes })?)
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
        assert_eq!(named("letters=npy:a=b").unwrap(), (Some("letters"), "npy:a=b"));
        for data in ["npy:a=b", "svhn:a=b", "folder/a=b", "photos"] {
            assert_eq!(named(data).unwrap(), (None, data));
        }
        for bad in ["../x=npy:far", "a/b=npy:far", "=npy:far", "..=svhn"] {
            assert!(named(bad).unwrap_err().to_string().contains("name"), "{bad}");
        }
        for empty in ["a=", "a/b=", "a:b="] {
            assert!(named(empty).unwrap_err().to_string().contains("found a name without data"), "{empty}");
        }
    }
}
