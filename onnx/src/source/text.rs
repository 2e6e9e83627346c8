//! Sentences, cut into tokens as the network's own tokenizer file says.

use std::ops::Range;
use std::path::Path;

use oodbench::dump::format::file;
use tokenizers::{Tokenizer, TruncationParams};

use super::Source;
use super::classes::Classes;
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
    /// Tokens of a row, where the network takes any number; the longest sentence's if none.
    pub tokens: Option<usize>,
    /// The order of the classes, where it is not that of their names.
    pub classes: Option<&'a Classes>,
    /// Whether sentences have labels before them.
    pub is_labelled: bool,
}

/// The sentences of a file.
pub struct Sentences {
    name: String,
    inputs: Vec<ModelInput>,
    /// Tokens and kinds of tokens of each sentence.
    rows: Vec<(Vec<u32>, Vec<u32>)>,
    length: usize,
    padding: u32,
    labels: Option<Vec<i64>>,
}

impl Sentences {
    /// Reads a file with `LABEL<tab>SENTENCE` a line; without labels a line may be a sentence alone.
    ///
    /// # Errors
    /// [`OnnxError`] if it or the tokenizer cannot be read, a line has no label, or the network's inputs are no tokens.
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
        let most = fixed.or(options.tokens);
        let (tokenizer, padding) = load(tokenizer, most)?;
        let text = file::text(path, MOST_BYTES)?;
        let (mut rows, mut classes) = (Vec::new(), Vec::new());
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let (label, sentence) = match line.split_once('\t') {
                Some((label, sentence)) => (Some(label), sentence),
                None => (None, line),
            };
            match label {
                Some(label) => classes.push(label.to_owned()),
                None if options.is_labelled => {
                    let found = format!("no tab in line {}", number + 1);
                    return Err(OnnxError::file(path, found, "LABEL, a tab, SENTENCE", "write the label before it"));
                }
                None => {}
            }
            let encoded = tokenizer.encode(sentence, true).map_err(|error| {
                let found = format!("line {} that cannot be cut into tokens ({error})", number + 1);
                OnnxError::file(path, found, "text the tokenizer knows", "check the tokenizer file")
            })?;
            rows.push((encoded.get_ids().to_vec(), encoded.get_type_ids().to_vec()));
        }
        let longest = rows.iter().map(|(ids, _)| ids.len()).max().unwrap_or(0);
        if longest == 0 {
            return Err(OnnxError::file(path, "no sentence", "one a line", "check the file"));
        }
        let labels = match options.is_labelled {
            true => Some(Classes::number(options.classes, &name, &classes)?),
            false => None,
        };
        let length = fixed.unwrap_or(longest);
        Ok(Self { name, inputs: inputs.to_vec(), rows, length, padding, labels })
    }
}

/// The tokenizer, cutting at so many tokens, and the token that fills a row up.
fn load(path: &Path, most: Option<usize>) -> Result<(Tokenizer, u32), OnnxError> {
    let wrong = |error: String| {
        OnnxError::file(path, format!("no tokenizer ({error})"), "a tokenizer.json", "name the network's own")
    };
    let mut tokenizer = Tokenizer::from_bytes(file::bytes(path)?).map_err(|error| wrong(error.to_string()))?;
    let named = || ["[PAD]", "<pad>"].into_iter().find_map(|token| tokenizer.token_to_id(token));
    let padding = tokenizer.get_padding().map(|padding| padding.pad_id).or_else(named).unwrap_or(0);
    tokenizer.with_padding(None);
    if let Some(max_length) = most {
        let cut = TruncationParams { max_length, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut)).map_err(|error| wrong(error.to_string()))?;
    }
    Ok((tokenizer, padding))
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
        let input = |input: &ModelInput| {
            let mut values = Vec::with_capacity(rows.len() * self.length);
            for (ids, kinds) in &self.rows[rows.clone()] {
                let there = ids.len().min(self.length);
                let (own, filling): (Vec<i32>, u32) = match role(input, &self.inputs) {
                    Some(Tokens::Mask) => (vec![1; there], 0),
                    Some(Tokens::Kinds) => (kinds[..there].iter().map(|kind| *kind as i32).collect(), 0),
                    _ => (ids[..there].iter().map(|id| *id as i32).collect(), self.padding),
                };
                values.extend(own);
                values.extend(std::iter::repeat_n(filling as i32, self.length - there));
            }
            let shape = vec![rows.len(), self.length];
            Input { name: input.name.clone(), shape, numbers: Numbers::Integer(values) }
        };
        Ok(self.inputs.iter().map(input).collect())
    }
}
