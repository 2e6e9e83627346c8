//! Formats of arrays: what each holds, and files that promise what they do not keep.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use ::safetensors::tensor::{Dtype, TensorView};
use ndarray::{Array2, Array4};
use oodbench::dump::format::limit::VARIABLE;
use oodbench::dump::format::{mat, npy, npz, safetensors, torch};
use oodbench::dump::layout::Source;
use oodbench::rows::{Labels, Matrix};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::common::{fixture, write};

fn one_line(error: &dyn std::fmt::Display, parts: &[&str]) {
    let text = error.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    for part in parts {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

fn archive(path: &Path, members: &[(&str, &[u8])], method: CompressionMethod) {
    let mut zip = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

fn header(text: &str) -> Vec<u8> {
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Archives as other programs make them: by a method that is not read, encrypted, and with members beside the arrays.
#[test]
fn members_that_are_not_read_have_their_cause() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.npz");
    let array = folder.path().join("a.npy");
    write(&array, &Array2::<f32>::ones((3, 4)));
    let array = fs::read(&array).unwrap();
    archive(&file, &[("logits.npy", &array), ("notes.txt", b"x")], CompressionMethod::Stored);
    assert_eq!(npz::members(&file).unwrap(), ["logits"]);
    let sound = fs::read(&file).unwrap();
    let directory = sound.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    // Method 14 is LZMA; the lowest flag says that a member is encrypted.
    for (offset, value) in [(4, 14), (2, 1)] {
        let mut other = sound.clone();
        other[4 + offset] = value;
        other[directory + 6 + offset] = value;
        fs::write(&file, &other).unwrap();
        let error = npz::open(&file, "logits").unwrap_err();
        one_line(&error, &["packed in a way that is not read", "save it with numpy.savez or numpy.savez_compressed"]);
    }
}

#[test]
fn what_stands_behind_an_array_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (file, packed) = (folder.path().join("two.npy"), folder.path().join("two.npz"));
    write(&file, &Array2::<f32>::ones((3, 4)));
    let one = fs::read(&file).unwrap();
    let two = [&one[..], &one].concat();
    fs::write(&file, &two).unwrap();
    one_line(&npy::open(&file).unwrap_err(), &["two.npy", "176 bytes behind the array", "48 bytes for shape (3, 4)"]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        archive(&packed, &[("logits.npy", &two)], method);
        one_line(&npz::open(&packed, "logits").unwrap_err(), &["two.npz[logits]", "behind the"]);
        archive(&packed, &[("logits.npy", &one)], method);
        assert_eq!(npz::open(&packed, "logits").unwrap().shape, [3, 4]);
    }
}

#[test]
fn a_bit_turned_in_an_archive_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.npz");
    for source in ["stored.npz", "deflated.npz"] {
        let bytes = fs::read(fixture("npy/archives").join(source)).unwrap();
        let members = npz::members(&fixture("npy/archives").join(source)).unwrap();
        // Somewhere in the first member's content: behind its name and header.
        let mut turned = bytes.clone();
        turned[200] ^= 0x10;
        fs::write(&file, turned).unwrap();
        let errors: Vec<_> = members.iter().filter_map(|member| npz::open(&file, member).err()).collect();
        assert_eq!(errors.len(), 1, "{source}");
        one_line(&errors[0], &["a.npz["]);
    }
}

#[test]
fn no_more_is_inflated_than_the_header_promises() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb.npz");
    let promise = |shape: &str| header(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n"));
    archive(&file, &[("logits.npy", &[promise("(5, 2)"), vec![0; 50 << 20]].concat())], CompressionMethod::Deflated);
    one_line(&npz::open(&file, "logits").unwrap_err(), &["bomb.npz[logits]", "data behind the"]);
    archive(&file, &[("logits.npy", &[promise("(1000000, 2)"), vec![0; 100]].concat())], CompressionMethod::Deflated);
    one_line(&npz::open(&file, "logits").unwrap_err(), &["found 100 bytes of data", "8000000 bytes"]);
    archive(&file, &[("logits.npy", &promise("(1000000000000, 2)"))], CompressionMethod::Deflated);
    one_line(&npz::open(&file, "logits").unwrap_err(), &["once unpacked", VARIABLE]);
}

#[test]
fn safetensors_hold_arrays_of_a_dump() {
    let folder = tempfile::tempdir().unwrap();
    let values: Vec<u8> = (0..6).flat_map(|i| (i as f32 * 0.5).to_le_bytes()).collect();
    let labels: Vec<u8> = [2_i64, 0, 1].iter().flat_map(|label| label.to_le_bytes()).collect();
    let tensors = HashMap::from([
        ("logits", TensorView::new(Dtype::F32, vec![3, 2], &values).unwrap()),
        ("labels", TensorView::new(Dtype::I64, vec![3], &labels).unwrap()),
    ]);
    let file = folder.path().join("test.safetensors");
    fs::write(&file, ::safetensors::serialize(tensors, None).unwrap()).unwrap();
    let arrays: HashMap<_, _> = safetensors::arrays(&file).unwrap().into_iter().collect();
    let matrix = Matrix::new(vec![arrays["logits"].clone()]).unwrap();
    assert_eq!(matrix.block(0..3).to_f64(), ndarray::array![[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]]);
    assert_eq!(Labels::new(vec![arrays["labels"].clone()]).unwrap().block(0..3), [2, 0, 1]);
    one_line(&Source::of(&file).unwrap().open().unwrap_err(), &["test.safetensors", "2 arrays (labels, logits)"]);
    let whole = fs::read(&file).unwrap();
    for end in 0..whole.len() {
        fs::write(&file, &whole[..end]).unwrap();
        one_line(&safetensors::arrays(&file).unwrap_err(), &["test.safetensors"]);
    }
}

/// `X` is (5, 4, 3, 4) bytes, first axis fastest; `y` is (4, 1) doubles.
#[test]
fn variables_of_matlab_are_arrays_in_fortran_order() {
    for name in ["svhn.mat", "svhn-plain.mat"] {
        let arrays = mat::arrays(&fixture("images/formats").join(name)).unwrap();
        let (_, x) = arrays.iter().find(|(name, _)| name == "X").unwrap();
        assert_eq!((x.shape.as_slice(), x.fortran, x.bytes()[1]), (&[5, 4, 3, 4][..], true, 7));
        let (_, y) = arrays.iter().find(|(name, _)| name == "y").unwrap();
        assert_eq!(y.numbers().collect::<Vec<_>>(), [1.0, 10.0, 5.0, 9.0]);
    }
}

#[test]
fn maps_of_features_are_read_where_nothing_is_left_to_pool() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("features.npy");
    let open = |shape: (usize, usize, usize, usize)| {
        ndarray_npy::write_npy(&file, &Array4::from_shape_fn(shape, |(i, j, k, l)| (i + 10 * j + k + l) as f32))
            .unwrap();
        Matrix::new(vec![npy::open(&file).unwrap()])
    };
    for shape in [(3, 2, 1, 1), (3, 1, 1, 2)] {
        assert_eq!((open(shape).unwrap().rows(), open(shape).unwrap().columns()), (3, 2));
    }
    assert_eq!(open((3, 2, 1, 1)).unwrap().block(2..3).to_f64(), ndarray::array![[2.0, 12.0]]);
    one_line(&open((3, 2, 4, 4)).unwrap_err(), &["features.npy", "shape (3, 2, 4, 4)", "x.mean(axis=(2, 3))"]);
}

#[test]
fn labels_of_one_class_and_of_several() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("labels.npy");
    let refusal = |labels: &Array2<f64>| {
        write(&file, labels);
        Labels::new(vec![npy::open(&file).unwrap()]).unwrap_err()
    };
    let mut labels = Array2::eye(3);
    one_line(&refusal(&labels), &["shape (3, 3), expected", "argmax"]);
    labels[[1, 2]] = 1.0;
    one_line(&refusal(&labels), &["several classes per row", "remove the file"]);
    labels.fill(0.0);
    one_line(&refusal(&labels), &["several classes per row"]);
}

/// `make_user_model.py`: entry i of every tensor is i / 1024, running variances begin at 1.
#[test]
fn tensors_of_pytorch() {
    let arrays: HashMap<_, _> = torch::arrays(&fixture("train/user_model.pth")).unwrap().into_iter().collect();
    assert_eq!(arrays["conv2.weight"].shape, [64, 32, 3, 3]);
    let steps: Vec<f64> = (0..64 * 32 * 9).map(|i| f64::from(i as f32 / 1024.0)).collect();
    assert_eq!(arrays["conv2.weight"].numbers().collect::<Vec<_>>(), steps);
    assert_eq!(arrays["bn1.num_batches_tracked"].shape, [0_usize; 0]);
}

fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// The pickle of a tensor over a storage of 16 elements, `h` of them per `f32`.
fn tensor(storage: &str, shape: &[u32], strides: &[u32], offset: u8) -> Vec<u8> {
    let tuple = |numbers: &[u32]| {
        let numbers = numbers.iter().flat_map(|n| [&b"J"[..], &n.to_le_bytes()].concat());
        [&b"("[..], &numbers.collect::<Vec<u8>>(), b"t"].concat()
    };
    [
        &b"ctorch._utils\n_rebuild_tensor_v2\n(("[..],
        &text("storage"),
        format!("ctorch\n{storage}\n").as_bytes(),
        &text("0"),
        &text("cpu"),
        &[b'K', 16, b't', b'Q', b'K', offset],
        &tuple(shape),
        &tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtR",
    ]
    .concat()
}

fn pth(folder: &Path, value: &[u8]) -> std::path::PathBuf {
    let pickle = [&b"\x80\x02ccollections\nOrderedDict\n)R"[..], &text("a"), value, b"s."].concat();
    let storage: Vec<u8> = (0..16).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let file = folder.join("x.pth");
    archive(&file, &[("x/data.pkl", &pickle), ("x/data/0", &storage)], CompressionMethod::Stored);
    file
}

#[test]
fn tensors_lie_in_their_storage_as_strides_say() {
    let folder = tempfile::tempdir().unwrap();
    let read = |value: &[u8]| torch::arrays(&pth(folder.path(), value)).map(|mut arrays| arrays.remove(0).1);
    let numbers = |value: &[u8]| read(value).unwrap().numbers().collect::<Vec<_>>();
    assert_eq!(numbers(&tensor("FloatStorage", &[2, 3], &[3, 1], 4)), [4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    assert_eq!(numbers(&tensor("FloatStorage", &[2, 3], &[1, 2], 1)), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(numbers(&tensor("FloatStorage", &[3], &[0], 2)), [2.0, 2.0, 2.0]);
    assert!(numbers(&tensor("FloatStorage", &[0, 5], &[5, 1], 0)).is_empty());
    let parameter =
        [b"ctorch._utils\n_rebuild_parameter\n(", &tensor("FloatStorage", &[2], &[1], 0)[..], b"\x88NtR"].concat();
    assert_eq!(numbers(&parameter), [0.0, 1.0]);

    let refused = |value: &[u8], parts: &[&str]| one_line(&read(value).unwrap_err(), parts);
    refused(&tensor("FloatStorage", &[4, 4], &[4, 1], 1), &["x.pth[a]", "reaches behind its storage of 64 bytes"]);
    refused(&tensor("FloatStorage", &[17], &[1], 0), &["reaches behind"]);
    refused(&tensor("DoubleStorage", &[9], &[1], 0), &["reaches behind"]);
    refused(&tensor("FloatStorage", &[1000, 1000], &[0, 0], 0), &["repeats its storage"]);
    refused(&tensor("FloatStorage", &[u32::MAX >> 1; 3], &[1, 1, 1], 0), &["reaches behind"]);
    refused(&tensor("FloatStorage", &[2, 3], &[1], 0), &["2 axes and 1 strides"]);
    refused(&tensor("QInt8Storage", &[2], &[1], 0), &["the function torch.QInt8Storage"]);
}

/// Each is named; none is run, copied or followed.
#[test]
fn pickles_of_other_things() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |value: &[u8], parts: &[&str]| {
        let error = torch::arrays(&pth(folder.path(), value)).unwrap_err();
        one_line(&error, parts);
    };
    refused(b"cargparse\nNamespace\n)R", &["x.pth", "argparse.Namespace", "state_dict"]);
    refused(b"cos\nsystem\n(X\x02\0\0\0lstR", &["os.system"]);
    refused(b"ctorch._utils\n_rebuild_tensor_v2\n)R", &["without shape"]);
    refused(b"ctorch._utils\n_rebuild_parameter\n)R", &["no tensors: a"]);
    refused(b"ctorch._tensor\n_rebuild_from_type_v2\n(NNtR", &["no tensors: a"]);
    refused(b"K\x07", &["no tensors: a"]);
    refused(&[&b"N"[..], &[0x85; 300_000]].concat(), &["more than", "values"]);
    let file = folder.path().join("old.pth");
    fs::write(&file, b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.").unwrap();
    one_line(&torch::arrays(&file).unwrap_err(), &["old.pth", "the end of the file"]);
}

/// Found by the fuzzer: the parser's message repeats the value as it is.
#[test]
fn control_characters_of_a_description_stay_in_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.toml"), "head = \"pro\\u0000to\\u001b[2Jtypes\"").unwrap();
    one_line(&oodbench::dump::RunInfo::read(folder.path()).unwrap_err(), &["run.toml", r"pro\u{0}to\u{1b}[2Jtypes"]);
}
