//! Recordings, for networks that take the waveform: 16-bit PCM, one channel, the network's own rate.

use std::ops::Range;
use std::path::{Path, PathBuf};

use oodbench::dump::format::file;
use oodbench::error::FileError;

use super::Source;
use super::classes::Classes;
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
    /// The order of the classes, where it is not that of the folders' names.
    pub classes: Option<&'a Classes>,
    /// Whether folders are classes.
    pub is_labelled: bool,
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
        let length = input.axes.last().filter(|_| matches!(input.axes.len(), 2 | 3) && input.kind == Kind::Float);
        let Some(length) = length else {
            return Err(OnnxError::content(&name, input.text(), "an input (n, samples) of floats", "use npy:DIR"));
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
        let Some(rate) = options.rate else {
            let expected = "the samples per second the network was trained with";
            return Err(OnnxError::content("--rate", "none", expected, "say it"));
        };
        let (files, classes) = list(folder, options.is_labelled)?;
        let labels = match options.is_labelled {
            true => Some(Classes::number(options.classes, &name, &classes)?),
            false => None,
        };
        Ok(Self { name, input: input.clone(), rate, samples, files, labels })
    }
}

/// The recordings and the folders they are in.
fn list(folder: &Path, is_labelled: bool) -> Result<(Vec<PathBuf>, Vec<String>), OnnxError> {
    let entries = |folder: &Path| -> Result<Vec<PathBuf>, OnnxError> {
        let paths = std::fs::read_dir(folder).map_err(FileError::reading(folder))?.map(|entry| Ok(entry?.path()));
        let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(FileError::reading(folder))?;
        paths.sort();
        Ok(paths)
    };
    let is_wav = |path: &&PathBuf| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"));
    let (mut files, mut classes) = (Vec::new(), Vec::new());
    let own = entries(folder)?;
    for class in own.iter().filter(|path| path.is_dir()) {
        let name = class.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for path in entries(class)?.iter().filter(is_wav) {
            files.push(path.clone());
            classes.push(name.clone());
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
        let mut values = Vec::with_capacity(rows.len() * self.samples);
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
        for length in 0..60 {
            let whole = wav(8000, 1, &[1, 2, 3]);
            std::fs::write(&path, &whole[..length.min(whole.len())]).unwrap();
            let _ = read(&path, 8000);
        }
    }
}
