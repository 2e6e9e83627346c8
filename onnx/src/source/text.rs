//! Sentences, cut into tokens as the network's own tokenizer file says.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::Path;

use oodbench::dump::format::file;
use tokenizers::{PaddingDirection, PaddingParams, PaddingStrategy, Tokenizer, TruncationParams};

use super::classes::{ClassName, Classes, without_mark};
use super::{Source, batch_size};
use crate::error::OnnxError;
use crate::graph::{Axis, Kind, ModelInput};
use crate::runtime::{Input, Numbers};

/// No set of sentences is longer.
const MOST_BYTES: u64 = 1 << 31;

/// How sentences are read.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions<'a> {
    /// The network's `tokenizer.json`.
    pub tokenizer: Option<&'a Path>,
    /// Most tokens of a row, where the network takes any number; as many as a row has if it is not told which are padding.
    pub tokens: Option<usize>,
    /// The classes, where sentences have labels before them.
    pub classes: Option<&'a Classes>,
}

/// The sentences of a file.
pub struct Sentences {
    name: String,
    inputs: Vec<ModelInput>,
    /// Tokens and kinds of tokens of each sentence.
    rows: Vec<(Vec<u32>, Vec<u32>)>,
    length: usize,
    padding: Padding,
    labels: Option<Vec<i64>>,
}

/// What a row is filled up with.
#[derive(Clone, Copy, Debug)]
struct Padding {
    token: u32,
    kind: u32,
    is_before: bool,
}

/// A line of a file.
struct Line<'a> {
    number: usize,
    label: Option<&'a str>,
    sentence: &'a str,
}

impl Sentences {
    /// Reads a file with `LABEL<tab>SENTENCE` a line; without labels a line may be a sentence alone.
    ///
    /// # Errors
    /// [`OnnxError`] if it or the tokenizer cannot be read, a line has no label, the network's inputs are no tokens, or rows would be filled up
    /// with tokens that the network takes for a part of them.
    pub fn open(path: &Path, inputs: &[ModelInput], options: TextOptions<'_>) -> Result<Self, OnnxError> {
        let name = path.display().to_string();
        if let Some(other) = inputs
            .iter()
            .find(|input| input.kind != Kind::Integer || input.axes.len() != 2 || role(input, inputs).is_none())
        {
            let expected = "inputs (n, tokens) named input_ids, attention_mask, token_type_ids, or a single one";
            return Err(OnnxError::content(&name, format!("input {}", other.text()), expected, "use npy:DIR"));
        }
        let Some(tokenizer) = options.tokenizer else {
            return Err(OnnxError::content("--tokenizer", "none", "the network's tokenizer.json", "name it"));
        };
        let fixed = inputs.iter().find_map(|input| match input.axes.get(1) {
            Some(Axis::Fixed(length)) => Some(*length),
            _ => None,
        });
        if let (Some(fixed), Some(asked)) = (fixed, options.tokens.filter(|asked| Some(*asked) != fixed)) {
            let expected = format!("{fixed}, which the model insists on");
            return Err(OnnxError::content("--tokens", asked.to_string(), expected, "leave it out"));
        }
        let asked = fixed.or(options.tokens);
        batch_size(&name, 1, asked.unwrap_or(1))?;
        let tokenizer_path = tokenizer;
        let (tokenizer, own) = load(tokenizer_path, asked)?;
        let text = file::text(path, MOST_BYTES)?;
        let mut rows = Vec::new();
        let mut names = Vec::new();
        for line in lines(&text) {
            if options.classes.is_some() {
                names.push(class_name(path, &line)?);
            }
            let encoded = tokenizer.encode(line.sentence, true).map_err(|error| {
                let found = format!("line {} that cannot be cut into tokens ({error})", line.number);
                OnnxError::file(path, found, "text the tokenizer knows", "check the tokenizer file")
            })?;
            rows.push((encoded.get_ids().to_vec(), encoded.get_type_ids().to_vec()));
        }
        let lengths = || rows.iter().map(|(ids, _)| ids.len());
        let (shortest, longest) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
        if longest == 0 {
            return Err(OnnxError::file(path, "no sentence", "one a line", "check the file"));
        }
        // Which tokens are padding is told to a network by a mask; without one the length of a set's longest sentence would change the logits of all.
        let has_mask = inputs.iter().any(|input| matches!(role(input, inputs), Some(Tokens::Mask)));
        let asked = fixed.or(options.tokens.filter(|_| !has_mask));
        let length = asked.or(fixed_length(own.as_ref())).unwrap_or_else(|| rounded(longest, own.as_ref()));
        if longest > length {
            let expected = format!("at most {length}, to which the tokenizer fills rows up");
            return Err(OnnxError::file(path, format!("a sentence of {longest} tokens"), expected, "say --tokens"));
        }
        let is_filled = shortest < length;
        if is_filled && !has_mask && asked.is_none() && fixed_length(own.as_ref()).is_none() {
            let found = format!("sentences of {shortest} to {longest} tokens for a model without attention_mask");
            let expected = "rows of one length, since what fills them up changes the logits";
            return Err(OnnxError::file(
                path,
                found,
                expected,
                "say the length the network was trained with, --tokens",
            ));
        }
        let padding = match padding(&tokenizer, own.as_ref()) {
            Some(padding) => padding,
            None if is_filled => {
                let expected = "one in its padding, or a token [PAD] or <pad>";
                let found = "no token that fills rows up";
                return Err(OnnxError::file(tokenizer_path, found, expected, "save the tokenizer with its padding"));
            }
            None => Padding { token: 0, kind: 0, is_before: false },
        };
        let labels = options.classes.map(|classes| classes.number(&names)).transpose()?;
        Ok(Self { name, inputs: inputs.to_vec(), rows, length, padding, labels })
    }
}

/// The classes of a file of sentences.
///
/// # Errors
/// [`OnnxError`] if it cannot be read, or a line has no label.
pub fn classes(path: &Path) -> Result<Vec<ClassName>, OnnxError> {
    let text = file::text(path, MOST_BYTES)?;
    lines(&text).map(|line| class_name(path, &line)).collect()
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let lines = without_mark(text).lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| match line.split_once('\t') {
        Some((label, sentence)) => Line { number: at + 1, label: Some(label), sentence },
        None => Line { number: at + 1, label: None, sentence: line },
    })
}

fn class_name(path: &Path, line: &Line<'_>) -> Result<ClassName, OnnxError> {
    let missing = || {
        let found = format!("no tab in line {}", line.number);
        OnnxError::file(path, found, "LABEL, a tab, SENTENCE", "write the label before it")
    };
    let name = line.label.ok_or_else(missing)?.to_owned();
    Ok(ClassName { place: format!("{}, line {}", path.display(), line.number), name })
}

/// The tokenizer, cutting as its file says but at so many tokens, and how it fills rows up, which is done here.
fn load(path: &Path, most: Option<usize>) -> Result<(Tokenizer, Option<PaddingParams>), OnnxError> {
    let wrong = |error: String| {
        OnnxError::file(path, format!("no tokenizer ({error})"), "a tokenizer.json", "name the network's own")
    };
    let mut tokenizer = Tokenizer::from_bytes(file::bytes(path)?).map_err(|error| wrong(error.to_string()))?;
    let padding = tokenizer.get_padding().cloned();
    tokenizer.with_padding(None);
    if let Some(max_length) = most {
        // Pieces after the first are not read, so that what they share does not matter.
        let own = tokenizer.get_truncation().cloned().unwrap_or_default();
        let cut = TruncationParams { max_length, stride: 0, ..own };
        tokenizer.with_truncation(Some(cut)).map_err(|error| wrong(error.to_string()))?;
    }
    Ok((tokenizer, padding))
}

/// The length that a tokenizer brings all rows to.
fn fixed_length(own: Option<&PaddingParams>) -> Option<usize> {
    own.and_then(|own| match own.strategy {
        PaddingStrategy::Fixed(length) => Some(rounded(length, Some(own))),
        PaddingStrategy::BatchLongest => None,
    })
}

/// A length, or the next one that the tokenizer makes rows of.
fn rounded(length: usize, own: Option<&PaddingParams>) -> usize {
    let multiple = own.and_then(|own| own.pad_to_multiple_of).filter(|multiple| *multiple > 0).unwrap_or(1);
    length.checked_next_multiple_of(multiple).unwrap_or(length)
}

/// What fills rows up: what the tokenizer's file says, else its token of a usual name after the sentence.
fn padding(tokenizer: &Tokenizer, own: Option<&PaddingParams>) -> Option<Padding> {
    let named = || {
        let token = ["[PAD]", "<pad>"].into_iter().find_map(|token| tokenizer.token_to_id(token))?;
        Some(Padding { token, kind: 0, is_before: false })
    };
    let of = |own: &PaddingParams| Padding {
        token: own.pad_id,
        kind: own.pad_type_id,
        is_before: matches!(own.direction, PaddingDirection::Left),
    };
    own.map(of).or_else(named)
}

/// What an input of tokens holds.
enum Tokens {
    Ids,
    Mask,
    Kinds,
}

fn role(input: &ModelInput, inputs: &[ModelInput]) -> Option<Tokens> {
    match input.name.as_str() {
        "attention_mask" => Some(Tokens::Mask),
        "token_type_ids" => Some(Tokens::Kinds),
        "input_ids" => Some(Tokens::Ids),
        _ => (inputs.len() == 1).then_some(Tokens::Ids),
    }
}

impl Source for Sentences {
    fn name(&self) -> &str {
        &self.name
    }

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    fn batch(&self, rows: Range<usize>) -> Result<Vec<Input>, OnnxError> {
        let size = batch_size(&self.name, rows.len(), self.length)?;
        let input = |input: &ModelInput| {
            let mut values = Vec::with_capacity(size);
            for (ids, kinds) in &self.rows[rows.clone()] {
                let (own, filling): (Vec<i32>, u32) = match role(input, &self.inputs) {
                    Some(Tokens::Mask) => (vec![1; ids.len()], 0),
                    Some(Tokens::Kinds) => (kinds.iter().map(|kind| *kind as i32).collect(), self.padding.kind),
                    _ => (ids.iter().map(|id| *id as i32).collect(), self.padding.token),
                };
                let filling = std::iter::repeat_n(filling as i32, self.length - own.len());
                match self.padding.is_before {
                    true => values.extend(filling.chain(own)),
                    false => values.extend(own.into_iter().chain(filling)),
                }
            }
            let shape = vec![rows.len(), self.length];
            Input { name: input.name.clone(), shape, numbers: Numbers::Integer(values) }
        };
        Ok(self.inputs.iter().map(input).collect())
    }

    /// Of the tokens alone: what fills rows up depends on the set.
    fn key(&self, row: usize) -> Result<u64, OnnxError> {
        let mut hasher = DefaultHasher::new();
        self.rows[row].hash(&mut hasher);
        Ok(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const IDS: &str = "input_ids";
    const MASK: &str = "attention_mask";
    const KINDS: &str = "token_type_ids";

    /// A tokenizer of words, with these words put into its file.
    fn tokenizer(folder: &Path, padding: &str, truncation: &str, pad: &str) -> PathBuf {
        let text = format!(
            r#"{{"version":"1.0","truncation":{truncation},"padding":{padding},"added_tokens":[],"normalizer":null,
            "pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,
            "model":{{"type":"WordLevel","vocab":{{"{pad}":7,"?":1,"a":2,"b":3,"c":4,"d":5}},"unk_token":"?"}}}}"#
        );
        let path = folder.join("tokenizer.json");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn inputs(names: &[&str], length: Axis) -> Vec<ModelInput> {
        let axes = vec![Axis::Free("n".to_owned()), length];
        names
            .iter()
            .map(|name| ModelInput { name: (*name).to_owned(), kind: Kind::Integer, axes: axes.clone() })
            .collect()
    }

    /// What the inputs of these names get of two sentences.
    fn batch(
        folder: &Path,
        tokenizer: &Path,
        names: &[&str],
        length: Axis,
        tokens: Option<usize>,
    ) -> Result<Vec<Vec<i32>>, OnnxError> {
        let path = folder.join("set.tsv");
        std::fs::write(&path, "a b c\nd\n").unwrap();
        let options = TextOptions { tokenizer: Some(tokenizer), tokens, classes: None };
        let batch = Sentences::open(&path, &inputs(names, length), options)?.batch(0..2)?;
        let numbers = |input: Input| match input.numbers {
            Numbers::Integer(values) => values,
            other => panic!("{other:?}"),
        };
        Ok(batch.into_iter().map(numbers).collect())
    }

    fn free() -> Axis {
        Axis::Free("t".to_owned())
    }

    #[test]
    fn rows_are_filled_up_as_the_tokenizer_says() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let padding = |strategy: &str, direction: &str| {
            format!(
                r#"{{"strategy":{strategy},"direction":"{direction}","pad_to_multiple_of":null,"pad_id":7,"pad_type_id":9,"pad_token":"[PAD]"}}"#
            )
        };
        let left = tokenizer(here, &padding(r#""BatchLongest""#, "Left"), "null", "[PAD]");
        let got = batch(here, &left, &[IDS, MASK, KINDS], free(), None).unwrap();
        assert_eq!(got, [[2, 3, 4, 7, 7, 5], [1, 1, 1, 0, 0, 1], [0, 0, 0, 9, 9, 0]]);
        let fixed = tokenizer(here, &padding(r#"{"Fixed":4}"#, "Right"), "null", "[PAD]");
        assert_eq!(batch(here, &fixed, &[IDS], free(), None).unwrap(), [[2, 3, 4, 7, 5, 7, 7, 7]]);
        let short = tokenizer(here, &padding(r#"{"Fixed":2}"#, "Right"), "null", "[PAD]");
        let error = batch(here, &short, &[IDS], free(), None).unwrap_err().to_string();
        assert!(error.contains("found a sentence of 3 tokens, expected at most 2"), "{error}");
    }

    /// A row's logits would depend on the other rows of its set.
    #[test]
    fn without_a_mask_rows_have_one_length() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let plain = tokenizer(here, "null", "null", "[PAD]");
        let error = batch(here, &plain, &[IDS], free(), None).unwrap_err().to_string();
        assert!(error.contains("found sentences of 1 to 3 tokens for a model without attention_mask"), "{error}");
        assert_eq!(batch(here, &plain, &[IDS], free(), Some(4)).unwrap(), [[2, 3, 4, 7, 5, 7, 7, 7]]);
        assert_eq!(batch(here, &plain, &[IDS], Axis::Fixed(4), None).unwrap(), [[2, 3, 4, 7, 5, 7, 7, 7]]);
        // With a mask as many as the longest sentence needs.
        assert_eq!(batch(here, &plain, &[IDS, MASK], free(), Some(4)).unwrap()[0], [2, 3, 4, 5, 7, 7]);
        let huge = batch(here, &plain, &[IDS], Axis::Fixed(1 << 60), None).unwrap_err().to_string();
        assert!(huge.contains("found a batch of 1 rows of 1152921504606846976 numbers"), "{huge}");
    }

    #[test]
    fn sentences_are_cut_at_the_end_the_tokenizer_says() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let cut = r#"{"direction":"Left","max_length":9,"strategy":"LongestFirst","stride":3}"#;
        let left = tokenizer(here, "null", cut, "[PAD]");
        assert_eq!(batch(here, &left, &[IDS], free(), Some(2)).unwrap(), [[3, 4, 5, 7]]);
        let right = tokenizer(here, "null", "null", "[PAD]");
        assert_eq!(batch(here, &right, &[IDS], free(), Some(2)).unwrap(), [[2, 3, 5, 7]]);
    }

    /// The token 0 is a word like any other.
    #[test]
    fn no_token_is_made_up_to_fill_rows() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let none = tokenizer(here, "null", "null", "nothing");
        let error = batch(here, &none, &[IDS, MASK], free(), None).unwrap_err().to_string();
        assert!(error.contains("tokenizer.json: found no token that fills rows up"), "{error}");
        assert_eq!(batch(here, &none, &[IDS], free(), Some(1)).unwrap(), [[2, 5]]);
    }

    #[test]
    fn labels_are_read_behind_the_mark_of_an_editor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.tsv");
        std::fs::write(&path, "\u{feff}3\ta\n10\tb\n").unwrap();
        let met = classes(&path).unwrap();
        assert_eq!(Classes::of(&met).unwrap().number(&met).unwrap(), [3, 10]);
        std::fs::write(&path, "label\ttext\n3\ta\n").unwrap();
        let error = Classes::of(&classes(&path).unwrap()).unwrap_err().to_string();
        assert!(error.contains("set.tsv, line 1: found class \"label\" beside \"3\""), "{error}");
        std::fs::write(&path, "3\ta\nb\n").unwrap();
        assert!(classes(&path).unwrap_err().to_string().contains("found no tab in line 2"));
    }
}
