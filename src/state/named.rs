//! What a fit leaves behind, as named arrays: the form in which it is written to a file and read back.
//!
//! ```
//! use ndarray::{Array2, array};
//! use oodbench::state::State;
//!
//! let means = array![[1.0, 2.0], [3.0, 4.0]];
//! let mut state = State::new().with("means", &means).with_number("rows", 2.0);
//! assert_eq!(state.matrix("means")?, means);
//! assert_eq!(state.count("rows")?, 2);
//! assert!(state.matrix("means").is_err()); // was taken
//! state.finish()?; // and nothing is left over
//! # Ok::<(), oodbench::state::StateError>(())
//! ```

use std::collections::BTreeMap;

use ndarray::{Array, Array1, Array2, ArrayD, Dimension, Ix0, Ix1, Ix2, IxDyn};

use super::stored::Stored;

/// Named arrays. Written, they borrow from the fit; read, they are taken out one by one.
#[derive(Clone, Debug, Default)]
pub struct State<'a> {
    arrays: BTreeMap<String, Stored<'a>>,
}

/// Arrays that are not those of the fit to be restored.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum StateError {
    /// One is missing.
    #[error("found no array {name}")]
    Missing { name: String },
    /// One has another type or shape.
    #[error("found array {name} of {found}, expected {expected}")]
    Other { name: String, found: String, expected: &'static str },
    /// One is not asked for.
    #[error("found array {name}, which is not part of the fit")]
    LeftOver { name: String },
}

impl StateError {
    /// A matrix of another shape than the rest of the state has it.
    #[must_use]
    pub fn other(name: &str, found: &Array2<f64>, expected: &'static str) -> Self {
        let (rows, columns) = found.dim();
        Self::Other { name: name.to_owned(), found: format!("shape ({rows}, {columns})"), expected }
    }
}

impl<'a> State<'a> {
    /// No array: the state of a score that learns nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more array.
    #[must_use]
    pub fn with(mut self, name: &str, array: impl Into<Stored<'a>>) -> Self {
        self.insert(name.to_owned(), array.into());
        self
    }

    /// With a number; whole ones up to 2⁵³ are kept exactly.
    #[must_use]
    pub fn with_number(self, name: &str, number: f64) -> Self {
        self.with(name, ArrayD::from_elem(IxDyn(&[]), number))
    }

    /// With a text, a number for each byte of it.
    #[must_use]
    pub fn with_text(self, name: &str, text: &str) -> Self {
        self.with(name, text.bytes().map(f64::from).collect::<Array1<f64>>())
    }

    /// With the arrays of a part, as `name.array`.
    #[must_use]
    pub fn with_part(mut self, name: &str, part: State<'a>) -> Self {
        self.arrays.extend(part.arrays.into_iter().map(|(inner, array)| (format!("{name}.{inner}"), array)));
        self
    }

    /// Adds an array under its full name.
    pub fn insert(&mut self, name: String, array: Stored<'a>) {
        self.arrays.insert(name, array);
    }

    /// The arrays by name.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &Stored<'a>)> {
        self.arrays.iter().map(|(name, array)| (name.as_str(), array))
    }

    /// Bytes of all arrays.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.arrays.values().map(Stored::size).sum()
    }

    /// Whether there is an array of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.arrays.contains_key(name)
    }

    /// Takes the arrays of a part out and hands them to what restores it, which has to take them all.
    ///
    /// # Errors
    /// Those of `restore`, and [`StateError::LeftOver`].
    pub fn part<T>(
        &mut self,
        name: &str,
        restore: impl FnOnce(&mut State<'a>) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let prefix = format!("{name}.");
        let own = self.arrays.extract_if(.., |full, _| full.starts_with(&prefix));
        let mut part = State { arrays: own.map(|(full, array)| (full[prefix.len()..].to_owned(), array)).collect() };
        let restored = restore(&mut part)?;
        part.finish()?;
        Ok(restored)
    }

    /// Takes a matrix out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn matrix(&mut self, name: &str) -> Result<Array2<f64>, StateError> {
        self.double::<Ix2>(name, "an f64 matrix")
    }

    /// Takes a matrix of single precision out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn single_matrix(&mut self, name: &str) -> Result<Array2<f32>, StateError> {
        self.single::<Ix2>(name, "an f32 matrix")
    }

    /// Takes a vector out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn vector(&mut self, name: &str) -> Result<Array1<f64>, StateError> {
        self.double::<Ix1>(name, "an f64 vector")
    }

    /// Takes a vector of single precision out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn single_vector(&mut self, name: &str) -> Result<Array1<f32>, StateError> {
        self.single::<Ix1>(name, "an f32 vector")
    }

    /// Takes a number out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn number(&mut self, name: &str) -> Result<f64, StateError> {
        Ok(self.double::<Ix0>(name, "an f64 number")?.into_scalar())
    }

    /// Takes a text out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn text(&mut self, name: &str) -> Result<String, StateError> {
        let bytes = self.vector(name)?;
        let byte = |&number: &f64| Some(number as u8).filter(|&byte| f64::from(byte) == number);
        let text = bytes.iter().map(byte).collect::<Option<Vec<u8>>>().and_then(|bytes| String::from_utf8(bytes).ok());
        let other = || StateError::Other {
            name: name.to_owned(),
            found: "other numbers".to_owned(),
            expected: "the bytes of a text",
        };
        text.ok_or_else(other)
    }

    /// Takes a whole number from 0 out.
    ///
    /// # Errors
    /// [`StateError`] if it is not there or something else.
    pub fn count(&mut self, name: &str) -> Result<usize, StateError> {
        let number = self.number(name)?;
        let count = number as usize;
        if count as f64 == number {
            Ok(count)
        } else {
            Err(StateError::Other {
                name: name.to_owned(),
                found: number.to_string(),
                expected: "a whole number from 0",
            })
        }
    }

    /// Whether everything has been taken.
    ///
    /// # Errors
    /// [`StateError::LeftOver`] with the first array that has not.
    pub fn finish(self) -> Result<(), StateError> {
        self.arrays.into_keys().next().map_or(Ok(()), |name| Err(StateError::LeftOver { name }))
    }

    fn take(&mut self, name: &str) -> Result<Stored<'a>, StateError> {
        self.arrays.remove(name).ok_or_else(|| StateError::Missing { name: name.to_owned() })
    }

    fn double<D: Dimension>(&mut self, name: &str, expected: &'static str) -> Result<Array<f64, D>, StateError> {
        let stored = self.take(name)?;
        let found = stored.describe();
        let other = || StateError::Other { name: name.to_owned(), found, expected };
        match stored {
            Stored::F64(array) => array.into_owned().into_dimensionality().map_err(|_| other()),
            Stored::F32(_) => Err(other()),
        }
    }

    fn single<D: Dimension>(&mut self, name: &str, expected: &'static str) -> Result<Array<f32, D>, StateError> {
        let stored = self.take(name)?;
        let found = stored.describe();
        let other = || StateError::Other { name: name.to_owned(), found, expected };
        match stored {
            Stored::F32(array) => array.into_owned().into_dimensionality().map_err(|_| other()),
            Stored::F64(_) => Err(other()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn parts_keep_their_names_apart() {
        let (a, b) = (array![1.0], array![2.0, 3.0]);
        let inner = |array| State::new().with("mean", array);
        let mut state = State::new().with_part("own", inner(&a)).with_part("other", inner(&b)).with("mean", &b);
        assert_eq!(state.arrays().map(|(name, _)| name).collect::<Vec<_>>(), ["mean", "other.mean", "own.mean"]);
        assert_eq!(state.part("own", |part| part.vector("mean")), Ok(a.clone()));
        assert_eq!(state.part("other", |part| part.vector("mean")), Ok(b.clone()));
        assert_eq!(state.vector("mean"), Ok(b.clone()));
        assert_eq!(state.finish(), Ok(()));
    }

    #[test]
    fn a_text_is_kept_to_the_last_letter() {
        let half = array![0.5];
        let mut state = State::new().with_text("name", "ε_0.050").with("other", &half);
        assert_eq!(state.text("name"), Ok("ε_0.050".to_owned()));
        let error = state.text("other").unwrap_err().to_string();
        assert_eq!(error, "found array other of other numbers, expected the bytes of a text");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let narrow = array![[1.0_f32]];
        let mut state = State::new().with("a", &narrow).with_number("b", 0.5).with_number("c", -1.0);
        assert_eq!(
            state.matrix("a").unwrap_err().to_string(),
            "found array a of f32 and shape [1, 1], expected an f64 matrix"
        );
        assert!(matches!(state.count("b"), Err(StateError::Other { .. })));
        assert_eq!(state.vector("d"), Err(StateError::Missing { name: "d".to_owned() }));
        assert_eq!(state.finish(), Err(StateError::LeftOver { name: "c".to_owned() }));
    }
}
