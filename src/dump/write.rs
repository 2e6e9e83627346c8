//! Writing a dump: the inverse of [`Dump::open`](super::Dump::open), and the only code that writes one.
//!
//! ```text
//! OUT/run.toml
//! OUT/head/{weight,bias}.npy   or   OUT/head/{prototypes[,distance_scale]}.npy
//! OUT/id/{train,val,test}/{logits,features,labels,features@LAYER,logits@NAME,gram@LAYER}.npy
//! OUT/val_ood/NAME/...
//! OUT/ood/NAME/...             or   OUT/ood/GROUP/NAME/...
//! ```
//!
//! Instead of `.npy` files a split may be one file, `OUT/id/test.safetensors` ([`Form`]). Matrices keep their precision unless another is asked for, labels are i64; parameters of the head are f32 where that loses nothing, else f64. The folder appears under its name
//! when it is complete and on the disk.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ndarray::{Array, Array1, ArrayBase, ArrayView2, Data, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};

#[cfg(feature = "parquet")]
use super::format::parquet;
use super::format::safetensors::write as write_safetensors;
use super::format::tensor::Tensor;
use super::layout::{TOP, shard, twice};
use super::meta::RunInfo;
use super::name::{BadName, check_name};
use super::stream::RowStream;
use crate::error::FileError;
use crate::output::{AtomicFolder, make_folder};
use crate::rows::matrix::Cow2;
use crate::rows::{ArrayKind, Head, Role, Rows, Split, Texts};

/// A dump that could not be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each says what its fields are")]
pub enum WriteError {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dump is there already.
    #[error("{}: already exists; replace it explicitly, or choose another folder", path.display())]
    Exists { path: PathBuf },
    /// What would be replaced is no dump.
    #[error("{}: found a folder that is no dump, as it holds {found:?}, expected a dump to replace; choose another folder, or remove it yourself", path.display())]
    NoDump { path: PathBuf, found: String },
    /// What would be replaced is read.
    #[error("{}: found {} in it, which is read, expected another folder; a dump that is replaced is removed with all it holds", path.display(), source_path.display())]
    HoldsSource { path: PathBuf, source_path: PathBuf },
    /// A set or a layer cannot be a file of a dump.
    #[error(transparent)]
    Name(#[from] BadName),
    /// A named array whose file would be read as another array.
    #[error(
        "found the array {:?}, which is read back as a numbered part of another; rename it so that it does not end in \"-\" and digits",
        kind.file_stem()
    )]
    Part { kind: ArrayKind },
    /// An array with an axis for members or patches, in files whose matrices have two axes.
    #[error("found the array {:?}, which has an axis for the members of an ensemble or for patches, expected matrices; write the dump as .npy", kind.file_stem())]
    Members { kind: ArrayKind },
    /// Two splits of one name; OOD sets are told apart by their names, whatever their groups.
    #[error("{role}: found two sets of this name, expected distinct names; leave one out or rename it")]
    Twice { role: Role },
    /// An OOD set and a group of OOD sets in one place.
    #[error("{role}: found a set and a group of this name, expected distinct names; rename one")]
    Group { role: Role },
}

impl WriteError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let error = FileError::writing(path);
        |reason| Self::File(error(reason))
    }
}

/// The files of a dump's splits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A folder for each split, a `.npy` file for each array.
    #[default]
    Npy,
    /// A `.safetensors` file for each split.
    Safetensors,
    /// A `.parquet` file for each split, a list column for each matrix.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// The precision of matrices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// What holds the values exactly: single where they came with 16 or 32 bits.
    #[default]
    Own,
    /// 32 bits; values of 64 are rounded.
    Single,
    /// 64 bits.
    Double,
}

/// A dump in the making; dropped before [`commit`](DumpWriter::commit), it leaves nothing.
#[derive(Debug)]
pub struct DumpWriter {
    folder: AtomicFolder,
    out: PathBuf,
    form: Form,
    precision: Precision,
    /// The splits so far.
    roles: RefCell<Vec<Role>>,
}

impl DumpWriter {
    /// Starts the dump `out`, which must not be there yet unless it may be replaced; then it must be a dump or empty, as all that it holds is removed.
    ///
    /// # Errors
    /// [`WriteError`] if it is there, is no dump, or nothing can be written there.
    pub fn create(out: &Path, replace: bool) -> Result<Self, WriteError> {
        check_out(out, replace)?;
        let folder = AtomicFolder::create(out).map_err(WriteError::io(out))?;
        let (form, precision) = (Form::default(), Precision::default());
        Ok(Self { folder, out: out.to_owned(), form, precision, roles: RefCell::default() })
    }

    /// The same, with splits of another form and matrices of another precision.
    #[must_use]
    pub fn with(self, form: Form, precision: Precision) -> Self {
        Self { form, precision, ..self }
    }

    /// Writes `run.toml`.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn info(&self, info: &RunInfo) -> Result<(), WriteError> {
        let text = toml::to_string(info).map_err(io::Error::other);
        self.file(Path::new("run.toml"), |file| file.write_all(text?.as_bytes()))
    }

    /// Writes `head/`.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn head(&self, head: &Head) -> Result<(), WriteError> {
        match head {
            Head::Linear { weight, bias } => {
                self.parameter("weight", weight)?;
                self.parameter("bias", bias)
            }
            Head::Prototypes { prototypes } => self.parameter("prototypes", prototypes),
            Head::NormalisedPrototypes { prototypes, distance_scale } => {
                self.parameter("prototypes", prototypes)?;
                self.parameter("distance_scale", &Array1::from_elem(1, *distance_scale))
            }
        }
    }

    /// Writes embeddings of texts to `head/`.
    ///
    /// # Errors
    /// [`WriteError::File`].
    pub fn texts(&self, texts: &Texts) -> Result<(), WriteError> {
        self.parameter("text", &texts.classes)?;
        texts.negatives.iter().try_for_each(|negatives| self.parameter("negatives", negatives))
    }

    /// Writes the arrays of a split to the place of its role.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn split(&self, split: &Split) -> Result<(), WriteError> {
        check_roles(self.roles.borrow().iter().chain([&split.role]))?;
        self.roles.borrow_mut().push(split.role.clone());
        let place = PathBuf::from(split.role.to_string());
        let mut tensors = Vec::new();
        for kind in split.arrays() {
            check_array(&kind)?;
            let Some(matrix) = split.matrix(&kind) else { continue };
            let file = place.join(kind.file_stem()).with_added_extension("npy");
            let rows = match (matrix.block(0..split.rows), self.precision) {
                (Rows::F64(rows), Precision::Single) => Rows::F32(Cow2::Owned(rows.view().mapv(|value| value as f32))),
                (Rows::F32(rows), Precision::Double) => Rows::F64(Cow2::Owned(rows.view().mapv(f64::from))),
                (rows, _) => rows,
            };
            let members = matrix.members();
            if members > 1 && self.form != Form::Npy {
                return Err(WriteError::Members { kind });
            }
            match (self.form, rows) {
                (Form::Npy, Rows::F32(rows)) if members > 1 => self.members(&file, rows.view(), members)?,
                (Form::Npy, Rows::F64(rows)) if members > 1 => self.members(&file, rows.view(), members)?,
                (Form::Npy, Rows::F32(rows)) => self.array(&file, &rows.view())?,
                (Form::Npy, Rows::F64(rows)) => self.array(&file, &rows.view())?,
                (_, rows) => tensors.push((kind.file_stem(), Tensor::Rows(rows))),
            }
        }
        let labels = split.labels.as_ref().map(|labels| labels.block(0..split.rows));
        tensors.extend(labels.map(|labels| ("labels".to_owned(), Tensor::Labels(labels))));
        match self.form {
            Form::Npy => match tensors.pop() {
                Some((_, Tensor::Labels(labels))) => self.array(&place.join("labels.npy"), &Array1::from(labels)),
                _ => Ok(()),
            },
            Form::Safetensors => {
                self.file(&place.with_added_extension("safetensors"), |out| write_safetensors(out, &tensors))
            }
            #[cfg(feature = "parquet")]
            Form::Parquet => {
                self.file(&place.with_added_extension("parquet"), |out| parquet::write::write(out, &tensors))
            }
        }
    }

    /// Starts an array of a split, of single precision, that is written as its rows come; [`split`](Self::split) writes the others of the split afterwards.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn rows(&self, role: &Role, kind: &ArrayKind, shape: [usize; 2]) -> Result<RowStream, WriteError> {
        check_roles([role])?;
        check_array(kind)?;
        let file = PathBuf::from(role.to_string()).join(kind.file_stem()).with_added_extension("npy");
        Ok(RowStream::create(&self.folder.path().join(&file), self.out.join(file), shape)?)
    }

    /// Gives the dump its name.
    ///
    /// # Errors
    /// [`WriteError::File`]; what was there before is still there then.
    pub fn commit(self) -> Result<(), WriteError> {
        let out = self.out;
        self.folder.commit().map_err(WriteError::io(&out))
    }

    fn parameter<D: Dimension>(&self, name: &str, values: &Array<f64, D>) -> Result<(), WriteError> {
        let file = Path::new("head").join(name).with_extension("npy");
        let single = values.mapv(|value| value as f32);
        match single.iter().zip(values).all(|(single, value)| f64::from(*single).to_bits() == value.to_bits()) {
            true => self.array(&file, &single),
            false => self.array(&file, values),
        }
    }

    /// Rows of members or patches side by side, with an axis for them.
    fn members<T: WritableElement + Clone>(
        &self,
        file: &Path,
        rows: ArrayView2<'_, T>,
        members: usize,
    ) -> Result<(), WriteError> {
        let (count, columns) = rows.dim();
        let shaped = rows.to_shape((count, members, columns / members)).map_err(io::Error::other);
        self.array(file, &shaped.map_err(WriteError::io(&self.out.join(file)))?)
    }

    fn array<S: Data<Elem: WritableElement>, D: Dimension>(
        &self,
        file: &Path,
        array: &ArrayBase<S, D>,
    ) -> Result<(), WriteError> {
        self.file(file, |out| array.write_npy(out).map_err(io::Error::other))
    }

    /// A file inside the dump.
    fn file(&self, name: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> Result<(), WriteError> {
        let path = self.folder.path().join(name);
        let written = || -> io::Result<()> {
            path.parent().map_or(Ok(()), make_folder)?;
            let mut out = BufWriter::new(File::create_new(&path)?);
            fill(&mut out)?;
            // The folder is synced as a whole.
            out.flush()
        };
        // The name that the user knows: the temporary folder tells nobody anything.
        written().map_err(WriteError::io(&self.out.join(name)))
    }
}

/// Refuses what [`DumpWriter::create`] refuses, for those who have hours of work before it: a folder that is there, or may be replaced and is no dump.
/// A dump has a `run.toml`, or nothing but what a dump has.
///
/// # Errors
/// [`WriteError::Exists`] or [`WriteError::NoDump`].
pub fn check_out(out: &Path, replace: bool) -> Result<(), WriteError> {
    if !replace && out.symlink_metadata().is_ok() {
        return Err(WriteError::Exists { path: out.to_owned() });
    }
    if !out.is_dir() || out.join("run.toml").is_file() {
        return Ok(());
    }
    let entries = fs::read_dir(out).map_err(WriteError::io(out))?;
    for entry in entries {
        let name = entry.map_err(WriteError::io(out))?.file_name();
        if !TOP.iter().any(|own| name == *own) {
            return Err(WriteError::NoDump { path: out.to_owned(), found: name.to_string_lossy().into_owned() });
        }
    }
    Ok(())
}

/// Refuses a dump in whose place something lies that is read: it would be removed with what is replaced.
///
/// # Errors
/// [`WriteError::HoldsSource`].
pub fn refuse_sources<'a>(out: &Path, sources: impl IntoIterator<Item = &'a Path>) -> Result<(), WriteError> {
    let Ok(folder) = out.canonicalize() else { return Ok(()) };
    let is_inside = |source: &&Path| source.canonicalize().is_ok_and(|source| source.starts_with(&folder));
    match sources.into_iter().find(is_inside) {
        Some(source) => Err(WriteError::HoldsSource { path: out.to_owned(), source_path: source.to_owned() }),
        None => Ok(()),
    }
}

/// Refuses roles that a dump cannot hold together, for those who have hours of work before the first row is written.
///
/// # Errors
/// [`WriteError::Name`], [`WriteError::Twice`] or [`WriteError::Group`].
pub fn check_roles<'a>(roles: impl IntoIterator<Item = &'a Role>) -> Result<(), WriteError> {
    let roles: Vec<&Role> = roles.into_iter().collect();
    let (mut groups, mut alone) = (BTreeSet::new(), Vec::new());
    for role in &roles {
        match role {
            Role::Train | Role::Val | Role::Test => {}
            Role::ValOod { name } | Role::Csid { name } => check_name(name)?,
            Role::Ood { group: None, name } => {
                check_name(name)?;
                alone.push((name, role));
            }
            Role::Ood { group: Some(group), name } => {
                check_name(group).and_then(|()| check_name(name))?;
                groups.insert(group);
            }
        }
    }
    if let Some((_, second)) = twice(roles.iter().copied()) {
        return Err(WriteError::Twice { role: roles[second].clone() });
    }
    match alone.into_iter().find(|(name, _)| groups.contains(name)) {
        Some((_, role)) => Err(WriteError::Group { role: Role::clone(role) }),
        None => Ok(()),
    }
}

/// Refuses a named array that a reader of the dump would not find again.
fn check_array(kind: &ArrayKind) -> Result<(), WriteError> {
    match kind {
        ArrayKind::Logits | ArrayKind::Features | ArrayKind::Labels => return Ok(()),
        ArrayKind::Layer(name) | ArrayKind::Score(name) | ArrayKind::Variant(name) | ArrayKind::Gram(name) => {
            check_name(name)?;
        }
    }
    match shard::parse(&kind.file_stem()) == Some((kind.clone(), None)) {
        true => Ok(()),
        false => Err(WriteError::Part { kind: kind.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::Dump;
    use crate::dump::layout::discover;
    use crate::dump::meta::Loss;
    use crate::rows::{HeadKind, Labels, Matrix};
    use ndarray::{Array2, Axis, array};

    fn split(role: Role) -> Split {
        let logits = Matrix::of("logits", array![[1.0_f32, -2.5], [0.25, 3.0]]).unwrap();
        let layer = Matrix::of("layer", array![[1e300_f64], [-0.1]]).unwrap();
        let split = Split::new(role, "memory").with(ArrayKind::Logits, logits).unwrap();
        let split = split.with(ArrayKind::Layer("block1".to_owned()), layer).unwrap();
        split.with_labels(Labels::of("labels", vec![0, 1])).unwrap()
    }

    fn ood(name: &str) -> Role {
        Role::Ood { group: None, name: name.to_owned() }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dumps/run");
        let info = RunInfo {
            name: "a run".to_owned(),
            model: Some("small-cnn".to_owned()),
            loss: Some(Loss::IsomaxPlus),
            in_distribution: Some("noise".to_owned()),
            seed: Some(u64::MAX >> 1),
            head: Some(HeadKind::Prototypes),
            lower: Vec::new(),
            groups: std::collections::BTreeMap::new(),
            members: Vec::new(),
            note: Some("\"quoted\"\nand broken".to_owned()),
        };
        let head = Head::normalised_prototypes(array![[3.0, 4.0, 0.0], [0.1, 0.2, 0.3]], -2.5);
        let writer = DumpWriter::create(&out, false).unwrap();
        writer.info(&info).unwrap();
        writer.head(&head).unwrap();
        let grouped = Role::Ood { group: Some("near".to_owned()), name: "x y".to_owned() };
        let roles = [Role::Train, Role::Val, Role::ValOod { name: "v".to_owned() }, Role::Test, grouped, ood("far")];
        roles.iter().for_each(|role| writer.split(&split(role.clone())).unwrap());
        assert!(!out.exists());
        writer.commit().unwrap();

        let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
        assert_eq!(dump.info, info);
        assert_eq!(dump.splits.iter().map(|split| split.role.clone()).collect::<Vec<_>>(), roles);
        let read = dump.split(&ood("far")).unwrap();
        let written = split(ood("far"));
        for kind in written.arrays() {
            let (read, written) = (read.matrix(&kind).unwrap(), written.matrix(&kind).unwrap());
            assert_eq!((read.dtype(), read.block(0..2).to_f64()), (written.dtype(), written.block(0..2).to_f64()));
        }
        assert_eq!(read.labels.as_ref().unwrap().block(0..2), [0, 1]);
        let (
            Some(Head::NormalisedPrototypes { prototypes, distance_scale }),
            Head::NormalisedPrototypes { prototypes: p, .. },
        ) = (&dump.head, &head)
        else {
            panic!("another head");
        };
        assert_eq!(*distance_scale, 2.5);
        // Unit vectors are normalised again when they are read.
        assert!((prototypes - p).iter().all(|difference| difference.abs() < 1e-15));
        assert_eq!(prototypes.row(0).insert_axis(Axis(0)), array![[0.6, 0.8, 0.0]]);
    }

    /// The parameters of a network in single precision stay it.
    #[test]
    fn a_head_is_single_where_that_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for (value, bytes) in [(0.25, 4), (0.1, 8)] {
            let out = folder.path().join(bytes.to_string());
            let writer = DumpWriter::create(&out, false).unwrap();
            writer.head(&Head::Prototypes { prototypes: Array2::from_elem((2, 3), value) }).unwrap();
            writer.commit().unwrap();
            let length = fs::metadata(out.join("head/prototypes.npy")).unwrap().len();
            assert_eq!(length, 128 + 6 * bytes, "{value}");
        }
    }

    #[test]
    fn nothing_stays_of_a_dump_that_was_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let writer = DumpWriter::create(&folder.path().join("run"), false).unwrap();
        writer.split(&split(Role::Test)).unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    /// All that a folder holds is removed with it.
    #[test]
    fn only_a_dump_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, is_dump) in
            [("a/run.toml", true), ("b/id/test/logits.npy", true), ("c/id/thesis", true), ("d/thesis", false)]
        {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), "all of it").unwrap();
            let out = at(&name[..1]);
            let error = DumpWriter::create(&out, true).err().map(|error| error.to_string());
            assert_eq!(error.is_none(), is_dump, "{name}: {error:?}");
            assert!(error.is_none_or(|error| error.contains("found a folder that is no dump, as it holds \"thesis\"")));
            assert!(at(name).is_file());
        }
        fs::create_dir(at("empty")).unwrap();
        assert!(DumpWriter::create(&at("empty"), true).is_ok());
        fs::write(at("b/thesis"), "beside").unwrap();
        assert!(DumpWriter::create(&at("b"), true).is_err());
    }

    #[test]
    fn what_is_read_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("run/id")).unwrap();
        let out = folder.path().join("run");
        let refused = |source: &str| refuse_sources(&out, [folder.path().join(source).as_path()]).is_err();
        assert!(refused("run") && refused("run/id") && refused("run/../run/id"));
        assert!(!refused(".") && !refused("run/nothing") && !refused("runs"));
        assert!(refuse_sources(&folder.path().join("new"), [out.as_path()]).is_ok());
    }

    #[test]
    fn what_cannot_be_written_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let writer = DumpWriter::create(&out, false).unwrap();
        writer.split(&split(ood("a"))).unwrap();
        assert!(writer.split(&split(ood("a"))).unwrap_err().to_string().starts_with("ood/a: found two sets"));
        for name in ["..", "a/../../b", "", "/etc"] {
            assert!(matches!(writer.split(&split(ood(name))), Err(WriteError::Name(_))), "{name}");
        }
        let group = Role::Ood { group: Some("../up".to_owned()), name: "a".to_owned() };
        assert!(matches!(writer.split(&split(group)), Err(WriteError::Name(_))));
        assert!(check_roles([&ood("a"), &Role::Test, &ood("b")]).is_ok());
        assert!(matches!(check_roles([&ood("a"), &ood("a")]), Err(WriteError::Twice { .. })));
        assert!(matches!(check_roles([&ood("..")]), Err(WriteError::Name(_))));
        let grouped = |group: &str, name: &str| Role::Ood { group: Some(group.to_owned()), name: name.to_owned() };
        // A reader tells OOD sets apart by name alone, and a folder is a set or a group.
        assert!(matches!(check_roles([&grouped("near", "a"), &grouped("far", "a")]), Err(WriteError::Twice { .. })));
        assert!(matches!(writer.split(&split(grouped("far", "a"))), Err(WriteError::Twice { .. })));
        assert!(matches!(writer.split(&split(grouped("a", "b"))), Err(WriteError::Group { .. })));
        assert!(matches!(check_roles([&grouped("x", "a"), &ood("x")]), Err(WriteError::Group { .. })));
        assert!(check_roles([&grouped("x", "x"), &Role::ValOod { name: "x".to_owned() }]).is_ok());
        for (layer, is_read_back) in [("conv-1", false), ("conv-b", true), ("conv1", true)] {
            let matrix = Matrix::of("layer", array![[0.5_f32], [1.0]]).unwrap();
            let set = Split::new(ood(layer), "memory").with(ArrayKind::Layer(layer.to_owned()), matrix).unwrap();
            assert_eq!(writer.split(&set).is_ok(), is_read_back, "{layer}");
        }
        writer.commit().unwrap();
        let error = DumpWriter::create(&out, false).unwrap_err();
        assert!(matches!(&error, WriteError::Exists { path } if *path == out), "{error}");
    }
}
