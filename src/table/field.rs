//! Fields of records: each is text, a whole number or a number, and may be missing.

/// What a field holds; it may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// Whole numbers from 0.
    Integer,
    /// 64-bit floats.
    Float,
}

/// The content of one field of one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// UTF-8 text.
    Text(Option<String>),
    /// A whole number.
    Integer(Option<u64>),
    /// A number.
    Float(Option<f64>),
}

/// A type that a field of a record can have.
pub trait Field: Sized {
    /// What it holds.
    const KIND: Kind;

    /// Its content.
    fn content(&self) -> Content;

    /// The field of a content; `None` if it cannot be.
    fn from_content(content: Content) -> Option<Self>;
}

impl Field for Option<String> {
    const KIND: Kind = Kind::Text;

    fn content(&self) -> Content {
        Content::Text(self.clone())
    }

    fn from_content(content: Content) -> Option<Self> {
        if let Content::Text(text) = content { Some(text) } else { None }
    }
}

impl Field for Option<u64> {
    const KIND: Kind = Kind::Integer;

    fn content(&self) -> Content {
        Content::Integer(*self)
    }

    fn from_content(content: Content) -> Option<Self> {
        if let Content::Integer(number) = content { Some(number) } else { None }
    }
}

impl Field for Option<f64> {
    const KIND: Kind = Kind::Float;

    fn content(&self) -> Content {
        Content::Float(finite(*self))
    }

    fn from_content(content: Content) -> Option<Self> {
        if let Content::Float(number) = content { Some(finite(number)) } else { None }
    }
}

impl Field for String {
    const KIND: Kind = Kind::Text;

    fn content(&self) -> Content {
        Content::Text(Some(self.clone()))
    }

    fn from_content(content: Content) -> Option<Self> {
        Option::<Self>::from_content(content)?
    }
}

impl Field for u64 {
    const KIND: Kind = Kind::Integer;

    fn content(&self) -> Content {
        Content::Integer(Some(*self))
    }

    fn from_content(content: Content) -> Option<Self> {
        Option::<Self>::from_content(content)?
    }
}

/// What is not finite is missing: JSON cannot say more, and no format shall say more than another.
pub(super) fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// A struct of [`Field`]s whose names are written once: as fields, as keys in JSON, as columns in CSV, Parquet and data frames.
macro_rules! fields {
    ($(#[$of_struct:meta])* $visibility:vis struct $name:ident { $($(#[$of_field:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$of_struct])*
        $visibility struct $name { $($(#[$of_field])* pub $field: $type,)* }

        impl $name {
            /// Names and kinds of the fields, in their order.
            pub const FIELDS: &'static [(&'static str, $crate::table::field::Kind)] =
                &[$((stringify!($field), <$type as $crate::table::field::Field>::KIND),)*];

            /// The contents of the fields, in the order of [`Self::FIELDS`].
            #[must_use]
            pub fn contents(&self) -> Vec<$crate::table::field::Content> {
                vec![$($crate::table::field::Field::content(&self.$field),)*]
            }

            /// The record of these contents.
            ///
            /// # Errors
            /// The name of the first field whose content is missing although it may not be, or is of another kind.
            pub fn from_contents(
                mut content: impl FnMut(&'static str) -> $crate::table::field::Content,
            ) -> Result<Self, &'static str> {
                Ok(Self {
                    $($field: <$type as $crate::table::field::Field>::from_content(content(stringify!($field)))
                        .ok_or(stringify!($field))?,)*
                })
            }
        }
    };
}
pub(crate) use fields;
