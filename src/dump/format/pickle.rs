//! Pickles of plain data, arrays and tensors, decoded and never run.
//!
//! A pickle is a program for a stack machine that may call any Python function. This decoder knows the instructions that
//! Python writes for numbers, texts, lists, tuples, dictionaries and objects (protocols 2 to 5); of functions and classes it knows
//! those that its caller names, and calls none. Everything else is refused by name.
//!
//! Values live in one list and refer to each other by index, so deep nesting, cycles and dropping need no recursion, and a value used twice is not
//! copied: a made-up file cannot exhaust the stack, which the published decoder that was tried (serde-pickle 1.2) does. The number of values, of entries
//! of the memo and of the stack is bounded by the length of the pickle, and so are the bytes of decoded texts.
//!
//! Source: Python's `pickletools`, which documents each instruction.

use std::borrow::Cow;
use std::collections::HashMap;

use super::entry::printable;

/// Index of a value.
pub type Id = usize;

/// A decoded value. Texts are their UTF-8 bytes: Python 2 and 3 disagree on which of the two a key is.
#[derive(Debug)]
pub enum Value<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A text or bytes.
    Bytes(Cow<'a, [u8]>),
    /// A tuple.
    Tuple(Vec<Id>),
    /// A list.
    List(Vec<Id>),
    /// A dictionary, ordered ones as well: keys and values in the order they were set.
    Dict(Vec<(Id, Id)>),
    /// A function or class, one of those that the caller named.
    Function(&'static str),
    /// What a call would give.
    Call {
        /// The function or class called.
        function: &'static str,
        /// Its tuple of arguments.
        arguments: Id,
        /// The state that the object would be restored from.
        state: Option<Id>,
    },
    /// Something kept outside of the pickle, by what identifies it.
    Persistent(Id),
}

/// What is wrong with a pickle, as "found ...".
pub type Defect = String;

/// The function of Python 3 that gives bytes back in protocol 2, known to every pickle.
const ENCODE: &str = "_codecs.encode";
/// The class of a `state_dict`, known to every pickle.
const ORDERED_DICT: &str = "collections.OrderedDict";
/// Values, entries of the memo, entries of the stack: as many as this, and one more for every 16 bytes. A `state_dict` needs some 25 for each tensor,
/// for which Python writes some 200 bytes.
const MOST_VALUES: usize = 1 << 17;

/// All values of a pickle.
#[derive(Debug)]
pub struct Pickle<'a> {
    values: Vec<Value<'a>>,
    top: Id,
}

impl<'a> Pickle<'a> {
    /// Decodes a pickle that may mention these functions and classes, as `module.name`.
    ///
    /// # Errors
    /// [`Defect`] where it is damaged, mentions another function, or has more values than its length allows.
    pub fn decode(bytes: &'a [u8], functions: &'static [&'static str]) -> Result<Self, Defect> {
        Self::decode_first(bytes, functions).map(|(pickle, _)| pickle)
    }

    /// The same of the first of several pickles, and where it ends.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn decode_first(bytes: &'a [u8], functions: &'static [&'static str]) -> Result<(Self, usize), Defect> {
        let mut machine = Machine {
            rest: bytes,
            functions,
            most: MOST_VALUES + bytes.len() / 16,
            texts: bytes.len(),
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while machine
            .step()
            .map_err(|defect| format!("{defect} before byte {} of the pickle", bytes.len() - machine.rest.len()))?
        {
        }
        let top = machine.pop()?;
        let length = bytes.len() - machine.rest.len();
        Ok((Self { values: machine.values, top }, length))
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Id {
        self.top
    }

    /// All values, in the order they were made.
    pub fn values(&self) -> impl Iterator<Item = &Value<'a>> {
        self.values.iter()
    }

    /// The value the pickle stands for.
    #[must_use]
    pub fn top(&self) -> &Value<'a> {
        self.get(self.top)
    }

    /// A value.
    #[must_use]
    pub fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id]
    }

    /// The entry of the outermost dictionary under a text key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Value<'a>> {
        let Value::Dict(entries) = self.top() else { return None };
        let found =
            entries.iter().find(|(id, _)| matches!(self.get(*id), Value::Bytes(text) if **text == *key.as_bytes()));
        found.map(|&(_, value)| self.get(value))
    }
}

struct Machine<'a> {
    rest: &'a [u8],
    functions: &'static [&'static str],
    /// Values, and entries of the memo and of the stack, that there may be.
    most: usize,
    /// Bytes of texts that may still be decoded; Python writes each text once.
    texts: usize,
    values: Vec<Value<'a>>,
    stack: Vec<Id>,
    /// Heights of the stack where a MARK stands.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Runs one instruction; false at the end.
    fn step(&mut self) -> Result<bool, Defect> {
        let [instruction] = self.array()?;
        match instruction {
            b'.' => return Ok(false),
            0x80 => drop(self.array::<1>()?), // protocol
            0x95 => drop(self.array::<8>()?), // frame
            b'(' => {
                bounded(self.marks.len(), self.most, "marks")?;
                self.marks.push(self.stack.len());
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' => self.int(|[byte]: [u8; 1]| byte.into())?,
            b'M' => self.int(|bytes| u16::from_le_bytes(bytes).into())?,
            b'J' => self.int(|bytes| i32::from_le_bytes(bytes).into())?,
            0x8a => self.long()?,
            b'G' => {
                let number = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(number))?;
            }
            b'U' | b'C' | 0x8c => self.text(|[byte]: [u8; 1]| byte.into())?,
            b'T' | b'B' | b'X' => self.text(|bytes| u32::from_le_bytes(bytes).into())?,
            0x8d | 0x8e | 0x96 => self.text(u64::from_le_bytes)?,
            b')' => self.push(Value::Tuple(Vec::new()))?,
            b']' => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            0x85..=0x87 => self.tuple(usize::from(instruction - 0x84))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items))?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'q' => {
                let [place] = self.array()?;
                self.remember(place.into())?;
            }
            b'r' => {
                let place = u32::from_le_bytes(self.array()?);
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len() as u32)?,
            b'h' => {
                let [place] = self.array()?;
                self.recall(place.into())?;
            }
            b'j' => {
                let place = u32::from_le_bytes(self.array()?);
                self.recall(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                let function = self.known(module, name)?;
                self.push(Value::Function(function))?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Bytes(module), Value::Bytes(name)) = (&self.values[module], &self.values[name]) else {
                    return Err("a function without a name".into());
                };
                let function = self.known(module, name)?;
                self.push(Value::Function(function))?;
            }
            b'R' | 0x81 => self.call()?,
            b'b' => {
                let (new, object) = (self.pop()?, self.top()?);
                match &mut self.values[object] {
                    Value::Call { state, .. } => *state = Some(new),
                    // Attributes of a dictionary: the `_metadata` of a `state_dict`.
                    Value::Dict(_) => {}
                    _ => return Err("a state for something that has none".into()),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id))?;
            }
            other => return Err(format!("the instruction 0x{other:02x}, which plain data do not need,")),
        }
        Ok(true)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Defect> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(|| String::from("the end of the file"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Defect> {
        let bytes = self.bytes(N)?;
        Ok(std::array::from_fn(|at| bytes[at]))
    }

    fn line(&mut self) -> Result<&'a [u8], Defect> {
        let end = self.rest.iter().position(|&byte| byte == b'\n').ok_or("a line without an end")?;
        let line = self.bytes(end)?;
        self.bytes(1)?;
        Ok(line)
    }

    fn push(&mut self, value: Value<'a>) -> Result<(), Defect> {
        bounded(self.values.len().max(self.stack.len()), self.most, "values")?;
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, Defect> {
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err("an empty stack".into());
        }
        self.stack.pop().ok_or_else(|| "an empty stack".into())
    }

    fn top(&mut self) -> Result<Id, Defect> {
        let id = self.pop()?;
        self.stack.push(id);
        Ok(id)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Defect> {
        let mark = self.marks.pop().ok_or("a missing mark")?;
        Ok(self.stack.split_off(mark))
    }

    fn int<const N: usize>(&mut self, number: impl Fn([u8; N]) -> i64) -> Result<(), Defect> {
        let number = number(self.array()?);
        self.push(Value::Int(number))
    }

    /// A whole number of up to 8 bytes; no length and no offset has more.
    fn long(&mut self) -> Result<(), Defect> {
        let [length] = self.array()?;
        let bytes = self.bytes(length.into())?;
        if bytes.len() > 8 {
            return Err(format!("a number of {length} bytes"));
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text<const N: usize>(&mut self, length: impl Fn([u8; N]) -> u64) -> Result<(), Defect> {
        let length = length(self.array()?);
        let text = self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.push(Value::Bytes(Cow::Borrowed(text)))
    }

    fn tuple(&mut self, length: usize) -> Result<(), Defect> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Value::Tuple(items))
    }

    fn append(&mut self, mut items: Vec<Id>) -> Result<(), Defect> {
        let list = self.top()?;
        match &mut self.values[list] {
            Value::List(list) => list.append(&mut items),
            _ => return Err("items for something that is no list".into()),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Id]) -> Result<(), Defect> {
        let dict = self.top()?;
        let (pairs, []) = items.as_chunks() else { return Err("a key without a value".into()) };
        match &mut self.values[dict] {
            Value::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
            _ => return Err("entries for something that is no dictionary".into()),
        }
        Ok(())
    }

    fn remember(&mut self, place: u32) -> Result<(), Defect> {
        let id = self.top()?;
        bounded(self.memo.len(), self.most, "remembered values")?;
        self.memo.insert(place, id);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<(), Defect> {
        let id = *self.memo.get(&place).ok_or("a reference to nothing")?;
        bounded(self.stack.len(), self.most, "values")?;
        self.stack.push(id);
        Ok(())
    }

    /// The function or class of that name, if it may be mentioned.
    fn known(&self, module: &[u8], name: &[u8]) -> Result<&'static str, Defect> {
        let is = |known: &&&str| {
            let known = known.as_bytes();
            known.strip_prefix(module).and_then(|rest| rest.strip_prefix(b".")) == Some(name)
        };
        self.functions.iter().chain(&[ENCODE, ORDERED_DICT]).find(is).copied().ok_or_else(|| {
            let shown = |part: &[u8]| printable(&String::from_utf8_lossy(&part[..part.len().min(80)]));
            format!("the function {}.{}, which plain data do not need,", shown(module), shown(name))
        })
    }

    /// What a call would give, as far as it matters here.
    fn call(&mut self) -> Result<(), Defect> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(items), Value::Function(function)) = (&self.values[arguments], &self.values[function]) else {
            return Err("a call of no function".into());
        };
        let value = match *function {
            ORDERED_DICT if items.is_empty() => Value::Dict(Vec::new()),
            ORDERED_DICT => return Err("a dictionary that is made of arguments".into()),
            // How Python 3 writes bytes in protocol 2: as the text with those code points.
            ENCODE => {
                let text = items.first().map(|&id| &self.values[id]);
                let Some(Value::Bytes(text)) = text else { return Err("an encoding of no text".into()) };
                self.texts = self.texts.checked_sub(text.len()).ok_or("texts that are decoded again and again")?;
                Value::Bytes(Cow::Owned(latin_1(text)?))
            }
            function => Value::Call { function, arguments, state: None },
        };
        self.push(value)
    }
}

fn latin_1(text: &[u8]) -> Result<Vec<u8>, Defect> {
    let text = str::from_utf8(text).map_err(|_| "a text that is not UTF-8")?;
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        bytes.push(u8::try_from(character).map_err(|_| "a text that is not Latin-1")?);
    }
    Ok(bytes)
}

fn bounded(count: usize, most: usize, what: &str) -> Result<(), Defect> {
    if count < most { Ok(()) } else { Err(format!("more than {most} {what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<Pickle<'_>, Defect> {
        Pickle::decode(bytes, &["numpy.dtype"])
    }

    #[test]
    fn numbers() {
        let int = |bytes: &[u8]| match decoded(bytes).unwrap().top() {
            Value::Int(number) => *number,
            other => panic!("{other:?}"),
        };
        assert_eq!(int(b"K\xff."), 255);
        assert_eq!(int(b"J\xff\xff\xff\xff."), -1);
        assert_eq!(int(b"\x8a\x00."), 0);
        assert_eq!(int(b"\x8a\x02\x00\xff."), -256);
        assert_eq!(int(b"\x8a\x05\xff\xff\xff\xff\x00."), 0xffff_ffff);
        assert!(decoded(b"\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01.").unwrap_err().contains("9 bytes"));
        assert!(matches!(decoded(b"G\x3f\xf8\0\0\0\0\0\0.").unwrap().top(), Value::Float(1.5)));
    }

    #[test]
    fn only_named_functions() {
        assert!(matches!(decoded(b"cnumpy\ndtype\n.").unwrap().top(), Value::Function("numpy.dtype")));
        for (module, name) in [("numpy", "load"), ("builtins", "eval"), ("", "numpy.dtype"), ("numpy.dtype", "")] {
            let pickle = format!("c{module}\n{name}\n.");
            assert!(decoded(pickle.as_bytes()).unwrap_err().contains(&format!("the function {module}.{name}")));
        }
    }

    /// Each would take memory or time that has no relation to its length.
    #[test]
    fn bombs() {
        let pairs: Vec<u8> = (0..100).flat_map(|i| [b'h', i, b'h', i, 0x86, b'q', i + 1]).collect();
        assert!(decoded(&[&b"Nq\0"[..], &pairs, b"."].concat()).is_ok());
        assert!(decoded(&[&b"N"[..], &[0x85; 1_000_000], b"."].concat()).unwrap_err().contains("values"));
        assert!(decoded(&[&b"Nq\0"[..], &b"h\0".repeat(1_000_000), b"."].concat()).unwrap_err().contains("values"));
        assert!(decoded(&[&b"N"[..], &[0x94; 1_000_000], b"."].concat()).unwrap_err().contains("remembered"));
        assert!(decoded(&[b'('; 1_000_000]).unwrap_err().contains("marks"));
        let text =
            [&b"c_codecs\nencode\nq\0X\x10\0\0\0aaaaaaaaaaaaaaaaq\x01"[..], &b"h\0h\x01\x85R".repeat(50)].concat();
        assert!(decoded(&text).unwrap_err().contains("again and again"));
    }
}
