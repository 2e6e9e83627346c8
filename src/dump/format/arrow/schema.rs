//! What a schema says of the columns: what their rows are, and how many of a batch's nodes and buffers are theirs.

use polars_arrow_format::ipc::planus::{Error, Vector};
use polars_arrow_format::ipc::{Endianness, FieldRef, Precision, SchemaRef, TypeRef};

use super::refusal::Defect;
use crate::rows::element::{Dtype, Endian, Float};

/// Fields within each other that are followed.
const DEPTH: usize = 32;

/// What the rows of a column are.
pub(super) enum Kind {
    /// Numbers.
    Numbers(Dtype),
    /// Lists of so many numbers.
    FixedLists(usize, Dtype),
    /// Lists between ends that take so many bytes each.
    Lists(usize, Dtype),
    /// Anything else, by the name of its type.
    Other(String),
}

/// How many of a batch's parts belong to a field, with all that is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Nodes: a length and the number of missing values.
    pub(super) nodes: usize,
    /// Buffers.
    pub(super) buffers: usize,
    /// Numbers of further buffers, told by each batch.
    pub(super) variadic: usize,
}

impl Count {
    fn and(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            buffers: self.buffers + other.buffers,
            variadic: self.variadic + other.variadic,
        }
    }
}

/// A column.
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// What its rows are.
    pub(super) kind: Kind,
    /// What belongs to the columns before it.
    pub(super) before: Count,
}

/// All columns.
pub(super) struct Fields {
    /// In their order.
    pub(super) fields: Vec<Field>,
    /// What belongs to all of them.
    pub(super) total: Count,
}

/// The columns of a schema that takes so many bytes. A field is told by an offset of four bytes; schemas that name one field again and again have more.
pub(super) fn fields(schema: SchemaRef<'_>, bytes: usize) -> Result<Fields, Defect> {
    let damaged = |_: Error| "a schema that is damaged".to_owned();
    if schema.endianness().map_err(damaged)? != Endianness::Little {
        return Err("numbers with the most significant byte first".to_owned());
    }
    let mut left = bytes / 4;
    let mut all = Fields { fields: Vec::new(), total: Count::default() };
    for field in schema.fields().map_err(damaged)?.into_iter().flatten() {
        let field = field.map_err(damaged)?;
        let name = field.name().map_err(damaged)?.unwrap_or_default().to_owned();
        let kind = kind(field).map_err(damaged)?;
        let before = all.total;
        all.total = before.and(count(field, DEPTH, &mut left)?);
        all.fields.push(Field { name, kind, before });
    }
    Ok(all)
}

fn kind(field: FieldRef<'_>) -> Result<Kind, Error> {
    if field.dictionary()?.is_some() {
        return Ok(Kind::Other("Dictionary".to_owned()));
    }
    let Some(own) = field.type_()? else { return Ok(Kind::Other("no type".to_owned())) };
    let other = || Kind::Other(name(&own));
    if let Some(dtype) = dtype(own)? {
        return Ok(Kind::Numbers(dtype));
    }
    let elements = || -> Result<Option<Dtype>, Error> {
        let Some(child) = only(field.children()?).transpose()? else { return Ok(None) };
        match (child.dictionary()?, child.type_()?) {
            (None, Some(own)) => dtype(own),
            _ => Ok(None),
        }
    };
    let lists = |of: fn(usize, Dtype) -> Kind, size: usize| -> Result<Kind, Error> {
        Ok(elements()?.map_or_else(|| Kind::Other(format!("{} of no numbers", name(&own))), |dtype| of(size, dtype)))
    };
    match own {
        TypeRef::FixedSizeList(list) => match usize::try_from(list.list_size()?) {
            Ok(width) => lists(Kind::FixedLists, width),
            Err(_) => Ok(other()),
        },
        TypeRef::List(_) => lists(Kind::Lists, 4),
        TypeRef::LargeList(_) => lists(Kind::Lists, 8),
        _ => Ok(other()),
    }
}

fn only<'b, T>(children: Option<Vector<'b, T>>) -> Option<T>
where
    Vector<'b, T>: IntoIterator<Item = T>,
{
    children.filter(|children| children.len() == 1)?.into_iter().next()
}

/// The name of a type, as Arrow spells it.
fn name(own: &TypeRef<'_>) -> String {
    let text = format!("{own:?}");
    text.split('(').next().unwrap_or_default().to_owned()
}

fn dtype(own: TypeRef<'_>) -> Result<Option<Dtype>, Error> {
    let little = Endian::Little;
    Ok(match own {
        TypeRef::FloatingPoint(float) => Some(Dtype::Float(
            match float.precision()? {
                Precision::Half => Float::F16,
                Precision::Single => Float::F32,
                Precision::Double => Float::F64,
            },
            little,
        )),
        TypeRef::Int(int) => match (int.bit_width()?, int.is_signed()?) {
            (bits @ (8 | 16 | 32 | 64), true) => Some(Dtype::Signed(bits as usize / 8, little)),
            (bits @ (8 | 16 | 32 | 64), false) => Some(Dtype::Unsigned(bits as usize / 8, little)),
            _ => None,
        },
        _ => None,
    })
}

/// What of a batch belongs to a field. `left` is how many more fields there can be.
fn count(field: FieldRef<'_>, depth: usize, left: &mut usize) -> Result<Count, Defect> {
    let damaged = |_: Error| "a schema that is damaged".to_owned();
    let endless = || "a schema of more fields than it has room for".to_owned();
    let depth = depth.checked_sub(1).ok_or_else(endless)?;
    *left = left.checked_sub(1).ok_or_else(endless)?;
    let of = |buffers| Count { nodes: 1, buffers, variadic: 0 };
    // What stands in the batch are indices; the values are told elsewhere.
    if field.dictionary().map_err(damaged)?.is_some() {
        return Ok(of(2));
    }
    let own = match field.type_().map_err(damaged)?.ok_or("a schema that is damaged")? {
        TypeRef::Null(_) | TypeRef::RunEndEncoded(_) => of(0),
        TypeRef::FixedSizeList(_) | TypeRef::Struct(_) => of(1),
        TypeRef::Binary(_) | TypeRef::Utf8(_) | TypeRef::LargeBinary(_) | TypeRef::LargeUtf8(_) => of(3),
        TypeRef::ListView(_) | TypeRef::LargeListView(_) => of(3),
        TypeRef::BinaryView(_) | TypeRef::Utf8View(_) => Count { variadic: 1, ..of(2) },
        // Versions of the format differ in how many buffers it has.
        TypeRef::Union(_) => return Err("a column of a union, which is not read".to_owned()),
        _ => of(2),
    };
    let children = field.children().map_err(damaged)?.into_iter().flatten();
    children.into_iter().try_fold(own, |sum, child| Ok(sum.and(count(child.map_err(damaged)?, depth, left)?)))
}
