//! Recordings, for networks that take the waveform: 16-bit PCM, one channel, the network's own rate.

use std::ops::Range;
use std::path::{Path, PathBuf};

use oodbench::dump::format::file;
use oodbench::error::FileError;

use super::classes::{ClassName, Classes};
use super::{Source, batch_size};
use crate::error::OnnxError;
use crate::graph::{Axis, Kind, ModelInput};
use crate::runtime::{Input, Numbers};

/// How recordings are read.
#[derive(Clone, Copy, Debug)]
pub struct WavOptions<'a> {
    /// Samples a second that the network was trained with.
    pub rate: Option<u32>,
    /// Samples of a row, where the network takes any number.
    pub samples: Option<usize>,
    /// The classes, where folders are classes.
    pub classes: Option<&'a Classes>,
}

/// The recordings of a folder.
pub struct Recordings {
    name: String,
    input: ModelInput,
    rate: u32,
    samples: usize,
    files: Vec<PathBuf>,
    labels: Option<Vec<i64>>,
}

impl Recordings {
    /// Lists `FOLDER/CLASS/*.wav`, or `FOLDER/*.wav` where folders are no classes, in the order of their paths.
    ///
    /// # Errors
    /// [`OnnxError`] if there are none, the network takes no waveform, or its rate or length are not known.
    pub fn open(folder: &Path, inputs: &[ModelInput], options: WavOptions<'_>) -> Result<Self, OnnxError> {
        let name = folder.display().to_string();
        let [input] = inputs else {
            return Err(OnnxError::content(
                &name,
                format!("{} inputs", inputs.len()),
                "one, the waveform",
                "use npy:DIR",
            ));
        };
        // In (n, samples, 1) the last axis is one of channels, and would make a single sample a row.
        let length = match &input.axes[..] {
            [_, length] | [_, Axis::Fixed(1), length] if input.kind == Kind::Float => length,
            _ => {
                let expected = "an input (n, samples) or (n, 1, samples) of floats";
                return Err(OnnxError::content(&name, input.text(), expected, "use npy:DIR"));
            }
        };
        let samples = match (length, options.samples) {
            (Axis::Fixed(fixed), None) => *fixed,
            (Axis::Fixed(fixed), Some(asked)) if *fixed == asked => asked,
            (Axis::Free(_), Some(asked)) => asked,
            _ => {
                let found = options.samples.map_or_else(|| "none".to_owned(), |samples| samples.to_string());
                return Err(OnnxError::content("--samples", found, input.text(), "say how many samples a row has"));
            }
        };
        batch_size(&name, 1, samples)?;
        let Some(rate) = options.rate else {
            let expected = "the samples per second the network was trained with";
            return Err(OnnxError::content("--rate", "none", expected, "say it"));
        };
        let (files, folders) = list(folder, options.classes.is_some())?;
        let labels = options.classes.map(|classes| classes.number(&folders)).transpose()?;
        Ok(Self { name, input: input.clone(), rate, samples, files, labels })
    }
}

/// The classes of a folder of recordings: its folders, with recordings or without.
///
/// # Errors
/// [`OnnxError`] if it cannot be read.
pub fn classes(folder: &Path) -> Result<Vec<ClassName>, OnnxError> {
    Ok(entries(folder)?.iter().filter(|path| is_class(path)).map(|path| class_name(path)).collect())
}

/// Whether a path is the folder of a class; programs keep hidden ones beside them.
fn is_class(path: &Path) -> bool {
    path.is_dir() && !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn class_name(folder: &Path) -> ClassName {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    ClassName { place: folder.display().to_string(), name }
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, OnnxError> {
    let paths = std::fs::read_dir(folder).map_err(FileError::reading(folder))?.map(|entry| Ok(entry?.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(FileError::reading(folder))?;
    paths.sort();
    Ok(paths)
}

/// The recordings and the folders they are in.
fn list(folder: &Path, is_labelled: bool) -> Result<(Vec<PathBuf>, Vec<ClassName>), OnnxError> {
    let is_wav = |path: &&PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
    let (mut files, mut classes) = (Vec::new(), Vec::new());
    let own = entries(folder)?;
    for class in own.iter().filter(|path| is_class(path)) {
        for path in entries(class)?.iter().filter(is_wav) {
            files.push(path.clone());
            classes.push(class_name(class));
        }
    }
    let loose: Vec<PathBuf> = own.iter().filter(is_wav).cloned().collect();
    if let Some(loose) = loose.first().filter(|_| is_labelled) {
        return Err(OnnxError::file(loose, "a recording in no folder", "a folder per class", "move it"));
    }
    files.extend(loose);
    match files.is_empty() {
        true => Err(OnnxError::file(folder, "no recording", "files named *.wav", "check the path")),
        false => Ok((files, classes)),
    }
}

impl Source for Recordings {
    fn name(&self) -> &str {
        &self.name
    }

    fn rows(&self) -> usize {
        self.files.len()
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    /// Longer recordings are cut, shorter ones end in zeros.
    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        let mut values = Vec::with_capacity(batch_size(&self.name, rows.len(), self.samples)?);
        for path in &self.files[rows.clone()] {
            let samples = read(path, self.rate)?;
            let zeros = self.samples.saturating_sub(samples.len());
            values.extend(samples.into_iter().take(self.samples));
            values.extend(std::iter::repeat_n(0.0, zeros));
        }
        let shape = match self.input.axes.len() {
            2 => vec![rows.len(), self.samples],
            _ => vec![rows.len(), 1, self.samples],
        };
        Ok(vec![Input { name: self.input.name.clone(), shape, numbers: Numbers::Float(values) }])
    }
}

/// Samples of a recording, from -1 to 1.
///
/// # Errors
/// [`OnnxError`] if it is no WAV file of 16-bit PCM with one channel and that rate.
pub fn read(path: &Path, rate: u32) -> Result<Vec<f32>, OnnxError> {
    let bytes = file::bytes(path)?;
    let wrong = |found: String| {
        let expected = format!("16-bit PCM of one channel with {rate} samples a second");
        OnnxError::file(path, found, expected, "convert it, or use npy:DIR")
    };
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
        return Err(wrong("no WAV file".to_owned()));
    }
    let short = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let (mut at, mut has_format) = (12, false);
    while let Some(head) = bytes.get(at..at + 8) {
        let claimed = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let contents = &bytes[at + 8..];
        // Programs that write to a pipe leave the length of the samples open.
        let contents = &contents[..claimed.min(contents.len())];
        match &head[..4] {
            b"fmt " if contents.len() >= 16 => {
                let (format, channels, bits) = (short(contents, 0), short(contents, 2), short(contents, 14));
                let found = u32::from_le_bytes([contents[4], contents[5], contents[6], contents[7]]);
                if (format, channels, bits, found) != (1, 1, 16, rate) {
                    return Err(wrong(format!(
                        "format {format} of {bits} bits, {channels} channels, {found} samples a second"
                    )));
                }
                has_format = true;
            }
            b"data" if has_format => {
                // Silence would be a row like any other.
                if contents.len() < 2 {
                    return Err(wrong("no samples".to_owned()));
                }
                let sample = |two: &[u8]| f32::from(i16::from_le_bytes([two[0], two[1]])) / 32768.0;
                return Ok(contents.chunks_exact(2).map(sample).collect());
            }
            _ => {}
        }
        at = at.saturating_add(8 + claimed + claimed % 2);
    }
    Err(wrong("no samples".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WAVEJUNK\x01\0\0\0x\0fmt \x10\0\0\0\x01\0".to_vec();
        out.extend(channels.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend([0; 6]);
        out.extend(16_u16.to_le_bytes());
        out.extend(b"data\xff\xff\xff\xff");
        out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        out
    }

    #[test]
    fn samples_are_read_and_another_rate_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.wav");
        std::fs::write(&path, wav(8000, 1, &[0, 16384, -32768])).unwrap();
        assert_eq!(read(&path, 8000).unwrap(), [0.0, 0.5, -1.0]);
        assert!(read(&path, 16000).unwrap_err().to_string().contains("8000 samples a second, expected"));
        std::fs::write(&path, wav(8000, 2, &[0, 1])).unwrap();
        assert!(read(&path, 8000).unwrap_err().to_string().contains("2 channels"));
        std::fs::write(&path, wav(8000, 1, &[])).unwrap();
        assert!(read(&path, 8000).unwrap_err().to_string().contains("found no samples"));
        let whole = wav(8000, 1, &[1, 2, 3]);
        let head = whole.len() - 6;
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let samples = read(&path, 8000).map(|samples| samples.len());
            // What is there of the samples is read: programs that write to a pipe leave their number open.
            assert_eq!(samples.ok(), (length >= head + 2).then(|| (length - head) / 2), "{length}");
        }
    }

    fn input(axes: &[Axis]) -> ModelInput {
        ModelInput { name: "w".to_owned(), kind: Kind::Float, axes: axes.to_vec() }
    }

    fn open(folder: &Path, axes: &[Axis], classes: Option<&Classes>) -> Result<Recordings, OnnxError> {
        let samples = matches!(axes.last(), Some(Axis::Free(_))).then_some(4);
        Recordings::open(folder, &[input(axes)], WavOptions { rate: Some(8000), samples, classes })
    }

    /// A test split that lacks a class has the numbers of the others all the same; so has one with an empty folder.
    #[test]
    fn classes_are_numbered_over_all_splits() {
        let folder = tempfile::tempdir().unwrap();
        for (split, class) in [("train", "a"), ("train", "b"), ("train", "c"), ("test", "b"), ("test", "c")] {
            let class = folder.path().join(split).join(class);
            std::fs::create_dir_all(&class).unwrap();
            std::fs::write(class.join("1.wav"), wav(8000, 1, &[1, 2])).unwrap();
        }
        std::fs::remove_file(folder.path().join("train/a/1.wav")).unwrap();
        std::fs::create_dir(folder.path().join("train/.cache")).unwrap();
        let (train, test) = (folder.path().join("train"), folder.path().join("test"));
        let all = [classes(&train).unwrap(), classes(&test).unwrap()].concat();
        let all = Classes::of(&all).unwrap();
        let axes = [Axis::Free("n".to_owned()), Axis::Fixed(4)];
        let labels = |split: &Path| open(split, &axes, Some(&all)).unwrap().labels().unwrap().to_vec();
        assert_eq!((all.count(), labels(&train), labels(&test)), (Some(3), vec![1, 2], vec![1, 2]));
    }

    #[test]
    fn an_axis_of_one_is_no_recording() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.wav"), wav(8000, 1, &[1, 2])).unwrap();
        let free = |name: &str| Axis::Free(name.to_owned());
        let recordings = open(folder.path(), &[free("n"), Axis::Fixed(1), free("t")], None).unwrap();
        assert_eq!(recordings.batch(0..1).unwrap()[0].shape, [1, 1, 4]);
        let refused = |axes: &[Axis]| open(folder.path(), axes, None).err().unwrap().to_string();
        for axes in [[free("n"), free("t"), Axis::Fixed(1)], [free("n"), Axis::Fixed(2), free("t")]] {
            let error = refused(&axes);
            assert!(error.contains("expected an input (n, samples) or (n, 1, samples)"), "{error}");
        }
        let error = refused(&[free("n"), Axis::Fixed(1 << 60)]);
        assert!(error.contains("a batch of 1 rows of 1152921504606846976 numbers"), "{error}");
    }
}
