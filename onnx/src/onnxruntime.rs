//! onnxruntime, from a library that the user has: nothing of it is built or fetched here.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn};
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor, TensorElementType, ValueType};

use crate::error::OnnxError;
use crate::graph::Graph;
use crate::graph::saturation::Sums;
use crate::runtime::{Input, ModelBytes, Numbers, Runtime, whole};

/// The variable that names the library.
pub const LIBRARY: &str = "ORT_DYLIB_PATH";

/// A model in onnxruntime.
pub struct OnnxRuntime {
    /// Running takes it whole.
    session: RefCell<Session>,
    /// What each input takes, which may be wider than what it is fed from.
    elements: HashMap<String, TensorElementType>,
}

impl OnnxRuntime {
    /// Loads the library, once in a process.
    ///
    /// # Errors
    /// [`OnnxError::Content`] where [`LIBRARY`] names none that can be used.
    pub fn find_library() -> Result<(), OnnxError> {
        library().map(|_| ()).map_err(|found| {
            let expected = "the file of onnxruntime 1.18 or later, such as onnxruntime/capi/libonnxruntime.so.1.N of the Python package";
            OnnxError::content(LIBRARY, found, expected, "name it in this variable, or leave out --runtime")
        })
    }
}

impl Runtime for OnnxRuntime {
    const NAME: &'static str = "onnxruntime";
    const KEEPS_HALF: bool = true;

    /// The library does not say which kernels it takes; these are its rules.
    fn sums() -> Sums {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected;
            if !is_x86_feature_detected!("avx512vnni") && !is_x86_feature_detected!("avxvnni") {
                return Sums::CutOffWhereMixed;
            }
        }
        Sums::Whole
    }

    /// Only what no runtime gives a row of its own: it is what others are compared with.
    fn refuse(graph: &Graph, tensors: &[String]) -> Result<(), OnnxError> {
        graph.refuse_in_any_runtime(tensors)?;
        Self::find_library()
    }

    fn version() -> String {
        match library() {
            Ok(library) => format!("{} ({})", Self::NAME, library.version),
            Err(_) => Self::NAME.to_owned(),
        }
    }

    fn load(bytes: ModelBytes, threads: usize) -> Result<Self, String> {
        let environment = &library().map_err(str::to_owned)?.environment;
        let session = whole(|| {
            let builder = Session::builder(environment).map_err(text)?;
            // What it says goes into the error of the command.
            let builder = builder.with_log_level(LogLevel::Fatal).map_err(text)?;
            let mut builder = builder.with_intra_threads(threads).map_err(text)?;
            for (name, contents) in bytes.external {
                builder = builder.with_external_initializer_file_in_memory(name, contents.into()).map_err(text)?;
            }
            builder.commit_from_memory(&bytes.model).map_err(text)
        })?;
        let element = |of: &ValueType| match of {
            ValueType::Tensor { ty, .. } => *ty,
            _ => TensorElementType::Undefined,
        };
        let elements = session.inputs().iter().map(|input| (input.name().to_owned(), element(input.dtype()))).collect();
        Ok(Self { session: RefCell::new(session), elements })
    }

    fn run(&self, inputs: Vec<Input>, outputs: &[String]) -> Result<Vec<ArrayD<f32>>, String> {
        let element = |name: &str| self.elements.get(name).copied().unwrap_or(TensorElementType::Undefined);
        let inputs: Vec<(String, DynValue)> = inputs
            .into_iter()
            .map(|input| Ok((input.name.clone(), value(element(&input.name), input)?)))
            .collect::<Result<_, String>>()?;
        whole(|| {
            let mut session = self.session.borrow_mut();
            let values = session.run(inputs).map_err(text)?;
            let taken = |name: &String| floats(values.get(name).ok_or_else(|| format!("no output {name:?}"))?);
            outputs.iter().map(taken).collect()
        })
    }
}

/// The library that was loaded.
struct Library {
    environment: Environment,
    /// Its file and what it says of its build.
    version: String,
}

/// A process has one.
fn library() -> Result<&'static Library, &'static str> {
    static LOADED: OnceLock<Result<Library, String>> = OnceLock::new();
    LOADED
        .get_or_init(|| open(std::env::var_os(LIBRARY).map(PathBuf::from).as_deref()))
        .as_ref()
        .map_err(String::as_str)
}

fn open(named: Option<&Path>) -> Result<Library, String> {
    let named = named.filter(|path| !path.as_os_str().is_empty()).ok_or("nothing")?;
    let shown = named.display();
    // A relative one would be looked for beside the program.
    let file = named.canonicalize().map_err(|error| format!("{shown}, which cannot be read ({error})"))?;
    if !file.is_file() {
        return Err(format!("{shown}, which is no file"));
    }
    let environment = whole(|| {
        let builder = ort::init_from(&file).map_err(|error| error.to_string())?;
        builder.with_telemetry(false).build().map_err(text)
    });
    let environment = environment.map_err(|reason| format!("{shown}, which cannot be used ({reason})"))?;
    environment.set_log_level(LogLevel::Fatal);
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // "ORT Build Info: git-branch=HEAD, git-commit-id=fab30a4, build type=Release".
    let commit = ort::info().split(", ").find_map(|part| part.strip_prefix("git-commit-id="));
    let version = commit.map_or_else(|| name.clone(), |commit| format!("{name}, commit {commit}"));
    Ok(Library { environment, version })
}

fn text<R>(error: ort::Error<R>) -> String {
    error.to_string()
}

/// Numbers as the input takes them.
fn value(element: TensorElementType, input: Input) -> Result<DynValue, String> {
    let shape = input.shape;
    let value = match (input.numbers, element) {
        (Numbers::Float(values), TensorElementType::Float32) => tensor(shape, values),
        (Numbers::Float(values), TensorElementType::Float64) => tensor(shape, each(&values, f64::from)),
        (Numbers::Float(values), TensorElementType::Float16) => tensor(shape, each(&values, f16::from_f32)),
        (Numbers::Integer(values), TensorElementType::Int32) => tensor(shape, values),
        (Numbers::Integer(values), TensorElementType::Int64) => tensor(shape, each(&values, i64::from)),
        (Numbers::Integer(values), TensorElementType::Bool) => tensor(shape, each(&values, |value| value != 0)),
        (Numbers::Byte(values), TensorElementType::Uint8) => tensor(shape, values),
        (Numbers::SignedByte(values), TensorElementType::Int8) => tensor(shape, values),
        (_, element) => return Err(format!("input {:?} of {element:?}", input.name)),
    };
    value.map_err(text)
}

fn tensor<T: PrimitiveTensorElementType + Clone + std::fmt::Debug + 'static>(
    shape: Vec<usize>,
    values: Vec<T>,
) -> ort::Result<DynValue> {
    Ok(Tensor::from_array((shape, values))?.into_dyn())
}

fn each<T: Copy, U>(values: &[T], to: impl Fn(T) -> U) -> Vec<U> {
    values.iter().map(|value| to(*value)).collect()
}

fn floats(value: &DynValue) -> Result<ArrayD<f32>, String> {
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err("an output is a sequence, no tensor".to_owned());
    };
    match ty {
        TensorElementType::Float32 => array(value, |value: f32| value),
        TensorElementType::Float64 => array(value, |value: f64| value as f32),
        TensorElementType::Float16 => array(value, f16::to_f32),
        TensorElementType::Bfloat16 => array(value, bf16::to_f32),
        TensorElementType::Int32 => array(value, |value: i32| value as f32),
        TensorElementType::Int64 => array(value, |value: i64| value as f32),
        TensorElementType::Int8 => array(value, |value: i8| f32::from(value)),
        TensorElementType::Uint8 => array(value, |value: u8| f32::from(value)),
        TensorElementType::Bool => array(value, |value: bool| f32::from(u8::from(value))),
        other => Err(format!("an output of {other:?}")),
    }
}

fn array<T: PrimitiveTensorElementType + Copy>(value: &DynValue, to: impl Fn(T) -> f32) -> Result<ArrayD<f32>, String> {
    let (shape, values) = value.try_extract_tensor::<T>().map_err(text)?;
    let shape: Vec<usize> = shape.iter().map(|&axis| usize::try_from(axis).unwrap_or(0)).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), each(values, to)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Told before any tensor is made, so that no library is needed.
    #[test]
    fn what_is_no_library_is_told() {
        assert_eq!(open(None).err().unwrap(), "nothing");
        assert_eq!(open(Some(Path::new(""))).err().unwrap(), "nothing");
        let error = open(Some(Path::new("nowhere/libonnxruntime.so"))).err().unwrap();
        assert!(error.starts_with("nowhere/libonnxruntime.so, which cannot be read"), "{error}");
        assert_eq!(open(Some(Path::new("."))).err().unwrap(), "., which is no file");
        let error = open(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")))).err().unwrap();
        assert!(error.contains("Cargo.toml, which cannot be used (") && error.lines().count() == 1, "{error}");
    }
}
