//! Pickles of plain data and NumPy arrays, decoded and never run.
//!
//! A pickle is a program for a stack machine that may call any Python function. This decoder knows the instructions that
//! Python writes for numbers, texts, lists, tuples, dictionaries and NumPy arrays (protocols 2 to 4); of functions it knows
//! four by name and calls none. Everything else is refused.
//!
//! Values live in one list and refer to each other by index, so deep nesting, cycles and dropping need no recursion: a made-up
//! file cannot exhaust the stack, which the published decoder that was tried (serde-pickle 1.2) does.
//!
//! Source: Python's `pickletools`, which documents each instruction.

use std::borrow::Cow;
use std::collections::HashMap;

/// Index of a value.
pub(super) type Id = usize;

/// A decoded value. Texts are their UTF-8 bytes: Python 2 and 3 disagree on which of the two a key is.
#[derive(Debug)]
pub(super) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    Bytes(Cow<'a, [u8]>),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Function(Function),
    /// A NumPy array or element type, as the state that it would be restored from.
    Numpy(Option<Id>),
}

/// The functions and classes that may be mentioned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Reconstruct,
    Array,
    ElementType,
    Encode,
}

/// What is wrong with a pickle, as "found ...".
pub(super) type Defect = String;

/// All values of a pickle.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    values: Vec<Value<'a>>,
    top: Id,
}

impl<'a> Pickle<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, Defect> {
        let mut machine = Machine { rest: bytes, ..Machine::default() };
        while machine
            .step()
            .map_err(|defect| format!("{defect} before byte {} of the pickle", bytes.len() - machine.rest.len()))?
        {
        }
        let top = machine.pop()?;
        Ok(Self { values: machine.values, top })
    }

    pub(super) fn get(&self, id: Id) -> &Value<'a> {
        &self.values[id]
    }

    /// The entry of the outermost dictionary under a text key.
    pub(super) fn entry(&self, key: &str) -> Option<&Value<'a>> {
        let Value::Dict(entries) = self.get(self.top) else { return None };
        let found =
            entries.iter().find(|(id, _)| matches!(self.get(*id), Value::Bytes(text) if **text == *key.as_bytes()));
        found.map(|&(_, value)| self.get(value))
    }
}

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
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
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' => self.int(|[byte]: [u8; 1]| byte.into())?,
            b'M' => self.int(|bytes| u16::from_le_bytes(bytes).into())?,
            b'J' => self.int(|bytes| i32::from_le_bytes(bytes).into())?,
            b'U' | b'C' | 0x8c => self.text(|[byte]: [u8; 1]| byte.into())?,
            b'T' | b'B' | b'X' => self.text(|bytes| u32::from_le_bytes(bytes).into())?,
            0x8d | 0x8e => self.text(u64::from_le_bytes)?,
            b')' => self.push(Value::Tuple(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b'}' => self.push(Value::Dict(Vec::new())),
            0x85..=0x87 => self.tuple(usize::from(instruction - 0x84))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Tuple(items));
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
                self.function(module, name)?;
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Bytes(module), Value::Bytes(name)) = (&self.values[module], &self.values[name]) else {
                    return Err("a function without a name".into());
                };
                let (module, name) = (module.to_vec(), name.to_vec());
                self.function(&module, &name)?;
            }
            b'R' => self.call()?,
            b'b' => {
                let (state, object) = (self.pop()?, self.top()?);
                match &mut self.values[object] {
                    Value::Numpy(place) => *place = Some(state),
                    _ => return Err("a state for something that has none".into()),
                }
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

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(self.values.len());
        self.values.push(value);
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
        self.push(Value::Int(number));
        Ok(())
    }

    fn text<const N: usize>(&mut self, length: impl Fn([u8; N]) -> u64) -> Result<(), Defect> {
        let length = length(self.array()?);
        let text = self.bytes(usize::try_from(length).unwrap_or(usize::MAX))?;
        self.push(Value::Bytes(Cow::Borrowed(text)));
        Ok(())
    }

    fn tuple(&mut self, length: usize) -> Result<(), Defect> {
        let mut items = (0..length).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Value::Tuple(items));
        Ok(())
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
        self.memo.insert(place, id);
        Ok(())
    }

    fn recall(&mut self, place: u32) -> Result<(), Defect> {
        let id = *self.memo.get(&place).ok_or("a reference to nothing")?;
        self.stack.push(id);
        Ok(())
    }

    fn function(&mut self, module: &[u8], name: &[u8]) -> Result<(), Defect> {
        let function = match (module, name) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => Function::Reconstruct,
            (b"numpy", b"ndarray") => Function::Array,
            (b"numpy", b"dtype") => Function::ElementType,
            (b"_codecs", b"encode") => Function::Encode,
            _ => {
                let name = [module, b".", name].concat();
                let name: String = String::from_utf8_lossy(&name).escape_debug().take(80).collect();
                return Err(format!("the function {name}, which plain data do not need,"));
            }
        };
        self.push(Value::Function(function));
        Ok(())
    }

    /// What a call of one of the four would give, as far as it matters here.
    fn call(&mut self) -> Result<(), Defect> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments), Value::Function(function)) = (&self.values[arguments], &self.values[function])
        else {
            return Err("a call of no function".into());
        };
        let value = match function {
            Function::Reconstruct | Function::ElementType => Value::Numpy(None),
            Function::Array => return Err("a direct call of numpy.ndarray".into()),
            // How Python 3 writes bytes in protocol 2: as the text with those code points.
            Function::Encode => {
                let text = arguments.first().map(|&id| &self.values[id]);
                let Some(Value::Bytes(text)) = text else { return Err("an encoding of no text".into()) };
                let text = str::from_utf8(text).map_err(|_| "a text that is not UTF-8")?;
                let bytes = text.chars().map(u8::try_from).collect::<Result<Vec<_>, _>>();
                Value::Bytes(Cow::Owned(bytes.map_err(|_| "a text that is not Latin-1")?))
            }
        };
        self.push(value);
        Ok(())
    }
}
