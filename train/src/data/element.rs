//! What the rows of a set are made of.

use std::fmt;

/// What one value of a row is, and how it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// A pixel's byte: rows are images.
    Byte,
    /// A number, four bytes of an `f32` in the order of the machine: rows are vectors.
    Number,
    /// A token's number, four bytes of a `u32` in the order of the machine, below `vocabulary`; 0 fills rows up. Rows are sequences.
    Token {
        /// How many tokens there are.
        vocabulary: usize,
    },
}

impl Element {
    /// Bytes of one.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Number | Self::Token { .. } => 4,
        }
    }

    /// What a network has to take.
    #[must_use]
    pub const fn input(self) -> Input {
        match self {
            Self::Byte => Input::Images,
            Self::Number => Input::Vectors,
            Self::Token { .. } => Input::Sequences,
        }
    }
}

/// What rows are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// What they are made of.
    pub element: Element,
    /// (channels, height, width).
    pub shape: [usize; 3],
}

impl Form {
    /// Images of (channels, height, width).
    #[must_use]
    pub const fn images(shape: [usize; 3]) -> Self {
        Self { element: Element::Byte, shape }
    }

    /// Rows of so many elements, one after the other: of numbers they are channels, of others columns.
    #[must_use]
    pub const fn rows(element: Element, length: usize) -> Self {
        let shape = match element {
            Element::Number => [length, 1, 1],
            Element::Byte | Element::Token { .. } => [1, 1, length],
        };
        Self { element, shape }
    }

    /// What a network is made for: the channels of images, the length of vectors, the number of tokens.
    #[must_use]
    pub const fn inputs(self) -> usize {
        match self.element {
            Element::Byte | Element::Number => self.shape[0],
            Element::Token { vocabulary } => vocabulary,
        }
    }
}

/// What a network takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Images (n, channels, h, w).
    Images,
    /// Vectors, as (n, D, 1, 1).
    Vectors,
    /// Sequences of token numbers, as (n, 1, 1, L).
    Sequences,
}

impl Input {
    /// What it is made for in words: the channels of images, the length of vectors, the number of tokens.
    #[must_use]
    pub fn with(self, inputs: usize) -> String {
        match self {
            Self::Images => format!("{inputs} channels"),
            Self::Vectors => format!("vectors of {inputs} values"),
            Self::Sequences => format!("sequences of {inputs} tokens"),
        }
    }

    /// What one row is called.
    #[must_use]
    pub const fn row(self) -> &'static str {
        match self {
            Self::Images => "image",
            Self::Vectors => "vector",
            Self::Sequences => "sequence",
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images",
            Self::Vectors => "vectors",
            Self::Sequences => "sequences of tokens",
        })
    }
}
