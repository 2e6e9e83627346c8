//! Files as other tools write them (`fixtures/formats`, with the script): the same values bit by bit, wherever an array of a dump may stand.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use ndarray_npy::write_npy;
use oodbench::dump::format::by_name;
use oodbench::dump::layout::{Described, RunFiles, discover};
use oodbench::dump::{Dump, format};
use oodbench::numeric::noise::Congruential;
use oodbench::rows::array::StoredArray;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role};
use serde_json::Value;

use super::common::fixture;

fn file(name: &str) -> PathBuf {
    fixture("formats").join(name)
}

fn expected(key: &str) -> Vec<f64> {
    let text = fs::read_to_string(file("expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    let flat = |value: &Value| match value {
        Value::Array(row) => row.iter().map(|number| number.as_f64().unwrap()).collect(),
        number => vec![number.as_f64().unwrap()],
    };
    all[key].as_array().unwrap().iter().flat_map(flat).collect()
}

fn open(name: &str, member: Option<&str>) -> StoredArray {
    by_name(&file(name)).unwrap().open(&file(name), member).unwrap()
}

/// Bits, so that the sign of zero counts.
fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn same_matrix(array: StoredArray, key: &str) {
    let what = format!("{array:?}");
    let matrix = Matrix::new(vec![array]).unwrap();
    let rows = matrix.block(0..matrix.rows()).to_f64();
    assert_eq!(bits(rows.as_slice().unwrap()), bits(&expected(key)), "{what}");
}

fn same_labels(array: StoredArray) {
    let labels = Labels::new(vec![array]).unwrap();
    let found: Vec<f64> = labels.block(0..labels.len()).into_iter().map(|label| label as f64).collect();
    assert_eq!(found, expected("labels"));
}

#[test]
fn tensors_of_pytorch() {
    for name in ["torch/dict.pt", "torch/old.pt"] {
        same_matrix(open(name, Some("logits")), "logits");
        same_matrix(open(name, Some("features")), "features");
        same_labels(open(name, Some("labels")));
    }
    same_matrix(open("torch/tensor.pt", None), "logits");
    assert_eq!(by_name(&file("torch/tensor.pt")).unwrap().members(&file("torch/tensor.pt")).unwrap(), None);
    for name in ["torch/views.pt", "torch/views_old.pt"] {
        for view in ["offset", "transposed", "every_other"] {
            same_matrix(open(name, Some(view)), "logits");
        }
    }
    for (member, key) in [("f16", "f16"), ("bf16", "bf16"), ("f64", "logits")] {
        same_matrix(open("torch/types.pt", Some(member)), key);
    }
    same_matrix(open("torch/nnguide.pt", Some("feas")), "features");
    same_matrix(open("torch/pytorch_ood.pt", Some("data/logits")), "logits");
    same_labels(open("torch/pytorch_ood.pt", Some("data/label")));
    same_matrix(open("torch/numpy.pt", Some("logits")), "logits");
    same_labels(open("torch/numpy.pt", Some("labels")));
}

#[test]
fn pickled_arrays() {
    for protocol in [2, 4, 5] {
        let name = format!("pickle/protocol_{protocol}.pkl");
        for member in ["logits", "fortran"] {
            same_matrix(open(&name, Some(member)), "logits");
        }
        same_labels(open(&name, Some("labels")));
    }
    same_matrix(open("pickle/array.pkl", None), "logits");
    same_matrix(open("pickle/fc.pkl", Some("0")), "logits");
    same_labels(open("pickle/lists.pickle", Some("labels")));
    assert_eq!(open("pickle/lists.pickle", Some("scores")).numbers().collect::<Vec<_>>(), [0.5, 1.0, -2.25]);
    let logits = expected("logits");
    let near: Vec<f64> = (0..7).map(|row| f64::from(logits[row * 5 + 4] as f32 - 1.0)).collect();
    assert_eq!(open("pickle/openood.pkl", Some("ood/near/tin/1")).numbers().collect::<Vec<_>>(), near);
}

#[test]
fn tensors_of_safetensors() {
    for name in ["tensors/all.safetensors", "tensors/test.safetensors.index.json"] {
        same_matrix(open(name, Some("logits")), "logits");
        same_matrix(open(name, Some("features")), "features");
        same_labels(open(name, Some("labels")));
        let members = by_name(&file(name)).unwrap().members(&file(name)).unwrap().unwrap();
        assert_eq!(members, ["features", "labels", "logits"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("a.safetensors.index.json");
    for (text, found) in [
        ("{\"weight_map\":{\"a\":\"../b.safetensors\"}}", "found the file \"../b.safetensors\""),
        ("{\"weight_map\":{\"a\":\"\"}}", "found the file \"\""),
        ("{}", "found no index (missing field"),
    ] {
        fs::write(&index, text).unwrap();
        let error = by_name(&index).unwrap().members(&index).unwrap_err().to_string();
        assert!(error.contains(found) && !error.contains(char::is_control), "{error}");
    }
    fs::write(&index, "{\"weight_map\":{\"a\":\"b.safetensors\"}}").unwrap();
    assert!(by_name(&index).unwrap().open(&index, Some("a")).unwrap_err().to_string().contains("b.safetensors"));
}

#[test]
#[cfg(feature = "parquet")]
fn columns_of_parquet() {
    let packed = ["none", "snappy", "gzip", "zstd"];
    let names = packed.iter().flat_map(|packed| [format!("wide_{packed}"), format!("lists_{packed}")]);
    for name in names.chain(["row_groups".to_owned()]) {
        let name = format!("columns/{name}.parquet");
        same_matrix(open(&name, Some("logits")), "logits");
        same_matrix(open(&name, Some("features")), "features");
        same_labels(open(&name, Some(if name.contains("wide") { "label" } else { "labels" })));
    }
    let path = file("columns/wide_brotli.parquet");
    let error = by_name(&path).unwrap().open(&path, Some("logits")).unwrap_err().to_string();
    assert!(error.contains("a column packed by Brotli, expected one of [Uncompressed, Snappy, Gzip, Zstd]"), "{error}");
}

/// How many of the three arrays are refused, each in a line.
#[cfg(feature = "parquet")]
fn refused_arrays(path: &Path) -> usize {
    let name = path.file_name().unwrap().to_str().unwrap();
    let opened = ["logits", "features", "labels"].map(|name| by_name(path).unwrap().open(path, Some(name)));
    let errors: Vec<String> = opened.into_iter().filter_map(|array| Some(array.err()?.to_string())).collect();
    for error in &errors {
        assert!(error.contains(&format!("{name}: found ")) && !error.contains(char::is_control), "{error}");
    }
    errors.len()
}

/// Pages claim what they become: nothing is unpacked beyond it, and the claim is bounded before.
#[test]
#[cfg(feature = "parquet")]
fn pages_of_parquet_that_claim_another_length_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for packed in ["gzip", "zstd"] {
        let whole = fs::read(file(&format!("columns/lists_{packed}.parquet"))).unwrap();
        // The header of a page: its kind, a data page or a dictionary, the bytes it becomes, 9 to 62 here, and those it has.
        let claims = |at: &usize| matches!(whole[*at..], [0x15, 0 | 4, 0x15, 0x12..0x7e, 0x15, ..]);
        let places: Vec<usize> = (4..whole.len()).filter(claims).collect();
        assert_eq!(places.len(), 4, "{packed}");
        for at in places {
            let path = folder.path().join("a.parquet");
            let mut bytes = whole.clone();
            bytes[at + 3] = 0x7e;
            fs::write(&path, &bytes).unwrap();
            assert!(refused_arrays(&path) > 0, "{packed}, byte {at}");
        }
    }
}

#[test]
#[cfg(feature = "parquet")]
fn columns_of_arrow() {
    for packed in ["uncompressed", "lz4", "zstd"] {
        for name in [format!("columns/wide_{packed}.feather"), format!("columns/lists_{packed}.feather")] {
            same_matrix(open(&name, Some("logits")), "logits");
            same_matrix(open(&name, Some("features")), "features");
            same_labels(open(&name, Some(if name.contains("wide") { "label" } else { "labels" })));
        }
    }
    let packed = ["none", "lz4", "zstd"];
    let batches = packed.iter().flat_map(|packed| [format!("batches_{packed}"), format!("stream_{packed}")]);
    let polars = ["uncompressed", "lz4", "zstd", "stream"].map(|packed| format!("polars_{packed}"));
    for name in batches.chain(polars).chain(["offsets".to_owned()]) {
        let name = format!("arrow/{name}.arrow");
        same_matrix(open(&name, Some("logits")), "logits");
        same_matrix(open(&name, Some("features")), "features");
        same_labels(open(&name, Some("labels")));
        // By prefix, behind columns that are no numbers.
        if !name.contains("polars") && !name.contains("offsets") {
            same_matrix(open(&name, Some("x")), "features");
        }
    }
}

#[test]
#[cfg(feature = "parquet")]
fn types_of_arrow() {
    let name = "arrow/types.feather";
    for member in ["f16", "half"] {
        same_matrix(open(name, Some(member)), "f16");
    }
    assert_eq!(open(name, Some("f16")).dtype.to_string(), "f16");
    same_matrix(open(name, Some("f64")), "features");
    for member in ["i8s", "i16s", "i32s", "i64s", "u8s", "u16s", "u32s", "u64s"] {
        same_labels(open(name, Some(member)));
    }
    assert_eq!(open(name, Some("one")).shape, [7, 1]);
    let refusal = |name: &str, member: &str| {
        let error = by_name(&file(name)).unwrap().open(&file(name), Some(member)).unwrap_err().to_string();
        assert!(error.lines().count() == 1 && error.contains("; write the file with pyarrow.feather"), "{error}");
        error
    };
    for (member, found) in [
        ("file", "column file holds Utf8,"),
        ("view", "column view holds Utf8View,"),
        ("kind", "column kind holds Dictionary,"),
        ("box", "column box holds Struct,"),
        ("flag", "column flag holds Bool,"),
        ("none", "column none holds Null,"),
        ("gaps", "column gaps holds rows without a value,"),
        ("ragged", "column ragged holds lists of several lengths,"),
    ] {
        for name in ["arrow/batches_lz4.arrow", "arrow/stream_none.arrow"] {
            assert!(refusal(name, member).contains(&format!("found {found}")), "{member}");
        }
    }
    assert!(refusal("arrow/first.feather", "labels").contains("found Feather of version 1"));
}

/// What would be read as other numbers than were written, or as those of another column.
#[test]
#[cfg(feature = "parquet")]
fn arrow_that_would_be_misread_is_refused() {
    let refusal = |path: &Path, member: &str| {
        let error = by_name(path).unwrap().open(path, Some(member)).unwrap_err().to_string();
        assert!(!error.contains(char::is_control), "{error}");
        error
    };
    for member in ["logits", "features", "labels"] {
        let error = refusal(&file("arrow/experimental.arrow"), member);
        assert!(error.contains("found buffers packed as Arrow 0.17 did"), "{error}");
        assert!(error.contains("; write the file with pyarrow") && error.contains("pyarrow 1.0 or later"), "{error}");
        for name in ["arrow/twice.arrow", "arrow/twice.parquet"] {
            let error = refusal(&file(name), member);
            assert!(
                error.contains("found the name labels twice, of columns 2 and 4, expected each name once; rename"),
                "{error}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.arrows");
    let stream = fs::read(file("arrow/stream_none.arrow")).unwrap();
    fs::write(&path, &stream).unwrap();
    same_matrix(by_name(&path).unwrap().open(&path, Some("logits")).unwrap(), "logits");
    // A name that would act on a terminal.
    let (name, other) = (&b"ragged"[..], &b"rag\x1b[m"[..]);
    let places: Vec<usize> = (0..stream.len()).filter(|at| stream[*at..].starts_with(name)).collect();
    let mut renamed = stream;
    places.iter().for_each(|at| renamed[*at..*at + name.len()].copy_from_slice(other));
    fs::write(&path, &renamed).unwrap();
    let error = refusal(&path, "rag\x1b[m");
    assert!(error.contains(r"found column rag\u{1b}[m holds lists of several lengths,"), "{error}");
}

#[test]
#[cfg(feature = "parquet")]
fn lengths_that_arrow_claims_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.arrow");
    let refused = |bytes: &[u8], member: &str| {
        fs::write(&path, bytes).unwrap();
        let error = by_name(&path).unwrap().open(&path, Some(member)).unwrap_err().to_string();
        assert!(error.contains("a.arrow: found ") && error.lines().count() == 1, "{error}");
        error
    };
    for name in ["arrow/batches_zstd.arrow", "arrow/stream_lz4.arrow", "columns/lists_uncompressed.feather"] {
        let whole = fs::read(file(name)).unwrap();
        for end in (0..whole.len()).step_by(64).chain([whole.len() - 1]) {
            refused(&whole[..end], "logits");
        }
    }
    let packed = fs::read(file("columns/lists_lz4.feather")).unwrap();
    // Seven rows of five numbers of four bytes, packed behind their length.
    let length = 140_u64.to_le_bytes();
    let at = packed.windows(8).position(|bytes| bytes == length).unwrap();
    let with = |length: u64| [&packed[..at], &length.to_le_bytes(), &packed[at + 8..]].concat();
    assert!(refused(&with(139), "logits").contains("a packed buffer of more than 139 bytes"));
    assert!(refused(&with(141), "logits").contains("a packed buffer of 140 bytes, not 141"));
    assert!(refused(&with(1 << 40), "logits").contains("found 1099511627776 bytes once unpacked, expected at most"));
    assert!(refused(&with(u64::MAX - 1), "logits").contains("a packed buffer of -2 bytes"));
    // Three batches, of which the footer tells one twice: what is read of all together would be longer than the file.
    let batches = fs::read(file("arrow/batches_none.arrow")).unwrap();
    let place = |at: usize| u64::from_le_bytes(batches[at..at + 8].try_into().unwrap()) as usize;
    let begins = |at: usize| batches.get(at..).is_some_and(|rest| rest.starts_with(&[0xff; 4]));
    let is_block = |at: &usize| begins(place(*at)) && begins(place(at + 24)) && begins(place(at + 48));
    let blocks = (8..batches.len() - 56).find(is_block).unwrap();
    let twice = [&batches[..blocks + 24], &batches[blocks..blocks + 8], &batches[blocks + 32..]].concat();
    assert!(refused(&twice, "logits").contains("found a footer that is damaged or cut off"));
    // Seven rows: of the batch, and of each of its columns.
    let plain = fs::read(file("columns/lists_uncompressed.feather")).unwrap();
    let seven = |at: &usize| plain[*at..].starts_with(&7_u64.to_le_bytes());
    let places: Vec<usize> = (0..plain.len()).step_by(8).filter(seven).collect();
    let mut refused = Vec::new();
    for at in places {
        let mut bytes = plain.clone();
        bytes[at..at + 8].copy_from_slice(&(1_u64 << 60).to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        refused.push(refused_arrays(&path));
    }
    assert_eq!(refused, [3, 1, 1, 1]);
}

#[test]
fn numbers_in_text() {
    for name in ["columns/wide.csv", "columns/wide.tsv"] {
        same_matrix(open(name, Some("logits")), "logits");
        same_matrix(open(name, Some("features")), "features");
        same_labels(open(name, Some("label")));
    }
    same_matrix(open("columns/plain.csv", None), "logits");
    same_matrix(open("columns/plain.txt", None), "logits");
    same_labels(open("columns/labels.txt", None));
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, text: &str, member: Option<&str>| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let opened = by_name(&path).unwrap().open(&path, member);
        opened.map(|array| (array.shape.clone(), array.dtype.to_string(), array.numbers().collect::<Vec<_>>())).map_err(
            |error| {
                let text = error.to_string();
                assert!(!text.contains(char::is_control), "{text:?}");
                text
            },
        )
    };
    let doubles = |shape: &[usize], numbers: &[f64]| Ok((shape.to_vec(), "f64".to_owned(), numbers.to_vec()));
    // pandas writes an index and numbers for names.
    assert_eq!(read("a.csv", ",0,1\n0,0.5,2\n1,-3,4\n", None), doubles(&[2, 2], &[0.5, 2.0, -3.0, 4.0]));
    assert_eq!(read("a.csv", "0,1\n0.5,2\n", None), doubles(&[1, 2], &[0.5, 2.0]));
    assert_eq!(read("a.csv", "\u{feff}logits_0,logits_1\r\n1,2\r\n", Some("logits")), doubles(&[1, 2], &[1.0, 2.0]));
    // Columns of one name are in nobody's way where another is asked for.
    assert_eq!(read("a.csv", "note,x,note\n1,0.5,2\n", Some("x")), doubles(&[1], &[0.5]));
    // A quoted name may hold the separator; rows may stand apart.
    let quoted = "\"id, or name\",x\n\"1,5\",2\n\n  \n\"2,5\", 4 \n";
    assert_eq!(read("a.csv", quoted, Some("x")), Ok((vec![2], "i64".to_owned(), vec![2.0, 4.0])));
    assert_eq!(read("a.csv", "\"x\"\n\"0.5\"\n", None), doubles(&[1], &[0.5]));
    assert_eq!(read("a.txt", "# two\n1\n2\n", None), Ok((vec![2], "i64".to_owned(), vec![1.0, 2.0])));
    for (name, text, member, found) in [
        ("a.csv", "x_0,x_1\n1,2\n3\n", Some("x"), "found 1 values in line 3, expected 2"),
        ("a.csv", "x_0,x_1\n\n1,2\n\r\n3,two\n", Some("x"), "found \"two\" in line 5, expected a number"),
        ("a.csv", "x_0,x_1\n1,two\n", Some("x"), "found \"two\" in line 2, expected a number"),
        ("a.csv", "x_0,y\n1,2\n", Some("z"), "found columns x_0, y, expected some of z"),
        (
            "a.csv",
            ",x,y,x\n0,1,2,3\n",
            Some("x"),
            "found the name x twice, of columns 2 and 4, expected each name once",
        ),
        ("a.txt", "1 2\n3 x\n", None, "found \"x\" in line 2, expected a number"),
    ] {
        let error = read(name, text, member).unwrap_err();
        assert!(error.contains(found), "{error}");
    }
}

/// Every array of a file, or the one line of what is wrong with it.
fn read_all(path: &Path) -> Result<f64, String> {
    let format = by_name(path).unwrap();
    let sum = |array: StoredArray| array.numbers().sum::<f64>();
    let read = || match format.members(path)? {
        None => format.open(path, None).map(sum),
        Some(members) => members.iter().map(|member| format.open(path, Some(member)).map(sum)).sum(),
    };
    read().map_err(|error| {
        let text = error.to_string();
        // A damaged index may name a file that is not there.
        let is_elsewhere = text.contains(": cannot be read (");
        let named = text.contains(path.file_name().unwrap().to_str().unwrap()) && text.contains("expected");
        assert!((named || is_elsewhere) && !text.contains(char::is_control), "{text:?}");
        text
    })
}

const DAMAGED: &[&str] = &[
    "torch/dict.pt",
    "torch/old.pt",
    "pickle/protocol_5.pkl",
    "pickle/fc.pkl",
    "tensors/test.safetensors.index.json",
    #[cfg(feature = "parquet")]
    "columns/row_groups.parquet",
    #[cfg(feature = "parquet")]
    "columns/lists_lz4.feather",
    #[cfg(feature = "parquet")]
    "arrow/polars_stream.arrow",
];

/// Each prefix of a file is refused in one line; each file with some other bytes ends in arrays or in one line.
#[test]
fn cut_and_damaged_files_are_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let (mut refused, mut damaged) = (0, 0);
    for name in DAMAGED {
        let whole = fs::read(file(name)).unwrap();
        let path = folder.path().join(Path::new(name).file_name().unwrap());
        for end in (0..whole.len()).step_by(7) {
            fs::write(&path, &whole[..end]).unwrap();
            read_all(&path).unwrap_err();
        }
        let mut random = Congruential::new(41);
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..3 {
                let at = random.bits() as usize % bytes.len();
                bytes[at] ^= 1 << (random.bits() % 8);
            }
            fs::write(&path, &bytes).unwrap();
            damaged += 1;
            refused += usize::from(read_all(&path).is_err());
        }
    }
    // Some bits are those of numbers, which may be any.
    assert!(refused > damaged / 4 && refused < damaged, "{refused} of {damaged} refused");
}

#[test]
fn a_pickle_that_would_run_something_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pkl");
    fs::write(&path, b"\x80\x02cos\nsystem\nX\x02\0\0\0ls\x85R.").unwrap();
    let error = format::pkl::arrays(&path).unwrap_err().to_string();
    assert!(error.contains("a.pkl: found the function os.system"), "{error}");
}

/// As NumPy 2.4 writes `x.transpose(1, 0, 2)`: 'K', and the order of the axes.
#[test]
fn a_pickled_array_of_permuted_axes_is_refused() {
    let dtype =
        b"cnumpy\ndtype\nX\x02\0\0\0f4\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb";
    let start = b"\x80\x05cnumpy._core.numeric\n_frombuffer\n(C\x08\0\0\x80\x3f\0\0\0\x40";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pkl");
    let read = |end: &[u8]| {
        fs::write(&path, [&start[..], dtype, b"K\x01K\x02K\x01\x87", end, b"tR."].concat()).unwrap();
        format::pkl::arrays(&path).map(|arrays| arrays[0].1.numbers().collect::<Vec<_>>())
    };
    assert_eq!(read(b"X\x01\0\0\0C").unwrap(), [1.0, 2.0]);
    let error = read(b"X\x01\0\0\0KK\x01K\0K\x02\x87").unwrap_err().to_string();
    assert!(
        error.contains("a.pkl: found an array whose axes are permuted (save numpy.ascontiguousarray(x))"),
        "{error}"
    );
}

/// Texts that hold the elements are decoded once for all arrays that share them.
#[test]
fn arrays_of_one_text_share_their_elements() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pkl");
    let array = |bytes: &[u8]| {
        let state = b"(K\x01K\x02\x85cnumpy\ndtype\nX\x02\0\0\0u1\x89\x88\x87R(K\x03X\x01\0\0\0|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89";
        [b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01btR", &state[..], bytes, b"tb"].concat()
    };
    let first = array(b"c_codecs\nencode\nX\x03\0\0\0\xc3\xbf\x07X\x06\0\0\0latin1\x86Rq\x05");
    fs::write(&path, [b"\x80\x02](", &first[..], &array(b"h\x05"), b"e."].concat()).unwrap();
    let arrays = format::pkl::arrays(&path).unwrap();
    assert_eq!(arrays.iter().map(|(_, array)| array.bytes()).collect::<Vec<_>>(), [[255, 7], [255, 7]]);
    assert_eq!(arrays[0].1.bytes().as_ptr(), arrays[1].1.bytes().as_ptr());
}

fn layout(name: &str) -> Vec<RunFiles> {
    discover(&file("layouts").join(name)).unwrap()
}

/// Splits by role, with the bits of their arrays.
fn same_rows(files: &RunFiles, splits: &[(&str, &str)], arrays: &[&str]) {
    let dump = Dump::open(files).unwrap();
    let found: Vec<String> = dump.splits.iter().map(|split| split.role.to_string()).collect();
    let roles: Vec<&str> = splits.iter().map(|(role, _)| *role).collect();
    assert_eq!(found, roles);
    for (split, (_, name)) in dump.splits.iter().zip(splits) {
        for array in arrays {
            let kind = ArrayKind::parse(array).unwrap();
            let matrix = split.matrix(&kind).unwrap_or_else(|| panic!("{name} {array}"));
            let stored = format::npz::open(&file("layouts/expected.npz"), &format!("{name}_{array}")).unwrap();
            let expected = Matrix::new(vec![stored]).unwrap();
            assert_eq!(matrix.block(0..split.rows).to_f64(), expected.block(0..expected.rows()).to_f64(), "{name}");
        }
    }
}

fn taken(files: &RunFiles) -> Vec<String> {
    files.taken.iter().map(|taken| format!("{} {}: {}", taken.what, taken.from, taken.why)).collect()
}

#[test]
fn names_of_files_say_what_they_are() {
    let both = ["logits", "features"];
    let runs = layout("two_files");
    same_rows(&runs[0], &[("id/test", "val"), ("ood/ood", "svhn")], &both);
    assert_eq!(
        taken(&runs[0]),
        [
            "id/test/features val_features.pt[features]: \"val\" in its name, and no name says test or id",
            "id/test/labels val_features.pt[labels]: \"val\" in its name, and no name says test or id",
            "id/test/logits val_features.pt[logits]: \"val\" in its name, and no name says test or id",
            "ood/ood/features ood_features.pt[features]: \"ood\" in its name",
            "ood/ood/logits ood_features.pt[logits]: \"ood\" in its name",
        ]
    );
    let sets = [("id/train", "train"), ("id/test", "val"), ("ood/lsun", "lsun"), ("ood/svhn", "svhn")];
    same_rows(&layout("flat")[0], &sets, &both);
    same_rows(&layout("npz_per_split")[0], &sets, &both);
    same_rows(&layout("nnguide")[0], &[("id/train", "train"), ("id/test", "val"), ("ood/ood", "svhn")], &both);
    same_rows(&layout("parts")[0], &[("id/test", "val"), ("ood/ninco", "svhn")], &both);
    same_rows(&layout("one_file/all.safetensors")[0], &[sets[1], sets[2], sets[3]], &both);
    same_rows(&layout("one_file/scores_of_resnet.npz")[0], &[sets[1], sets[2], sets[3]], &["logits"]);
    assert!(Dump::open(&layout("parts")[0]).unwrap().split(&Role::Test).unwrap().labels.is_some());
}

#[test]
fn text_features_are_a_head() {
    let runs = layout("clip");
    same_rows(&runs[0], &[("id/test", "val"), ("ood/ood", "svhn")], &["features"]);
    let dump = Dump::open(&runs[0]).unwrap();
    assert_eq!(dump.head.as_ref().map(oodbench::rows::Head::shape), Some((4, 6)));
    assert_eq!(dump.texts.as_ref().map(|texts| texts.classes.dim()), Some((4, 6)));
    assert!(taken(&runs[0]).contains(&"head/weight text_features.pt: \"text\" in its name".to_owned()));
}

/// As ViM's scripts keep them, where names tell what rows are for: the head tells which of its two sides a matrix has.
#[test]
fn arrays_beside_a_head_are_told_by_their_columns() {
    let folder = tempfile::tempdir().unwrap();
    let vim = file("layouts/vim");
    for (from, to) in
        [("vit_train_200k", "id_train"), ("vit_imagenet", "id_val"), ("vit_texture", "ood_texture"), ("fc", "fc")]
    {
        fs::copy(vim.join(format!("{from}.pkl")), folder.path().join(format!("{to}.pkl"))).unwrap();
    }
    let runs = discover(folder.path()).unwrap();
    same_rows(&runs[0], &[("id/train", "train"), ("id/test", "val"), ("ood/texture", "svhn")], &["features"]);
    let mut found = taken(&runs[0]);
    found.sort();
    assert_eq!(
        found,
        [
            "head/bias fc.pkl[1]: \"fc\" in its name",
            "head/weight fc.pkl[0]: \"fc\" in its name",
            "id/test/features id_val.pkl: \"val id\" in its name, and no name says test or id; 6 columns, as the head has, where logits would have 4",
            "id/train/features id_train.pkl: \"train id\" in its name; 6 columns, as the head has, where logits would have 4",
            "ood/texture/features ood_texture.pkl: \"ood\" in its name; 6 columns, as the head has, where logits would have 4",
        ]
    );
    // As many as there are classes may be probabilities.
    write_npy(folder.path().join("ood_lsun.npy"), &Array2::<f32>::zeros((3, 4))).unwrap();
    let warnings = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap().warnings.join("\n");
    assert!(warnings.contains("ood_lsun.npy (its name says none of logits, features, labels)"), "{warnings}");
    fs::remove_file(folder.path().join("ood_lsun.npy")).unwrap();
    // A row for each class: means of features, or another weight.
    write_npy(folder.path().join("ood_means.npy"), &Array2::<f32>::zeros((4, 6))).unwrap();
    // Where a name says features, what has none is not taken for them.
    write_npy(folder.path().join("id_val_features.npy"), &Array2::<f32>::ones((3, 6))).unwrap();
    let runs = discover(folder.path()).unwrap();
    let found = taken(&runs[0]).join("\n");
    assert!(found.contains("id/test/features id_val_features.npy: ") && !found.contains("id_val.pkl"), "{found}");
    let warnings = Dump::open(&runs[0]).unwrap().warnings.join("\n");
    let unnamed = "(its name says none of logits, features, labels, and";
    for why in [
        format!("ood_means.npy {unnamed} it has the shape of the head's weight, (4, 6))"),
        format!("id_val.pkl {unnamed} another name says features)"),
    ] {
        assert!(warnings.contains(&why), "{warnings}");
    }
    for name in ["ood_means.npy", "id_val_features.npy"] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    // Without a head nothing tells.
    fs::remove_file(folder.path().join("fc.pkl")).unwrap();
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found no run (3 arrays, none named by what its rows are for)"), "{error}");
    // A set without a word is left out, with its reason.
    for name in ["fc.pkl", "vit_texture.pkl"] {
        fs::copy(vim.join(name), folder.path().join(name)).unwrap();
    }
    let warnings = Dump::open(&discover(folder.path()).unwrap()[0]).unwrap().warnings.join("\n");
    assert!(
        warnings.contains("vit_texture.pkl (its name says neither an array nor what its rows are for)"),
        "{warnings}"
    );
}

#[test]
fn a_layout_file_names_files_and_arrays() {
    let place = file("layouts/vim");
    let read = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("layout.toml");
        fs::write(&path, text).unwrap();
        Described::read(&path).and_then(|described| described.run(&place)).map_err(|error| {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            text.replace(&format!("{}/", folder.path().display()), "")
        })
    };
    let run = Described::read(&place.join("layout.toml")).unwrap().run(&place).unwrap();
    same_rows(&run, &[("id/train", "train"), ("id/test", "val"), ("ood/texture", "svhn")], &["features"]);
    assert_eq!(Dump::open(&run).unwrap().head.as_ref().map(oodbench::rows::Head::shape), Some((4, 6)));
    let grouped =
        "[id]\ntest = { features = [\"vit_imagenet.pkl\"] }\n[ood]\nnear.texture = { features = \"vit_texture.pkl\" }";
    same_rows(&read(grouped).unwrap(), &[("id/test", "val"), ("ood/near/texture", "svhn")], &["features"]);
    let whole = "[id]\ntest = \"../two_files/val_features.pt\"\n[ood]\na = \"../two_files/ood_features.pt\"";
    same_rows(&read(whole).unwrap(), &[("id/test", "val"), ("ood/a", "svhn")], &["logits", "features"]);
    for (text, message) in [
        ("[id]\n", "layout.toml: found no id.test, expected the in-distribution test split"),
        ("[id]\ntset = \"a.npz\"", "layout.toml: found the key \"id.tset\", expected did you mean test?"),
        ("[idd]\n", "layout.toml: found the key \"idd\""),
        ("[id]\ntest = { logit = \"a.npy\" }", "layout.toml: found the key \"id/test.logit\""),
        (
            "[id]\ntest = { logits = \"a.xyz\" }",
            "layout.toml: found id/test.logits = \"a.xyz\", expected a file of arrays",
        ),
        ("[id]\ntest = { labels = \"a.npy\" }", "layout.toml: found id/test without rows"),
        ("[id]\ntest = 3", "layout.toml: found id/test of another type"),
        ("[id]\ntest = { logits = { file = \"a\", dtype = \"f3\", shape = [2] } }", "without a valid dtype"),
        ("[id]\ntest = { logits = { file = \"a\", dtype = \"f4\" } }", "without a valid dtype"),
        ("[id]\ntest = { logits = { file = \"a\", dtype = \"i8\", shape = [2] } }", "expected int8 or int64?"),
        ("[id]\ntest = { logits = { file = \"a.npy\", offset = 128 } }", "without a valid dtype"),
        ("[id]\ntest = { logits = { file = \"a.npy\", order = \"F\" } }", "without a valid dtype"),
        (
            "[id]\ntest = { logits = { file = \"a\", dtype = \"f32\", shape = [2], order = 1 } }",
            "without a valid order",
        ),
        (
            "[id]\ntest = { logits = { file = \"a\", dtype = \"f32\", shape = [2], order = \"c\" } }",
            "without a valid order",
        ),
        ("[id]\ntest = { logits = { file = \"a\", dtype = \"f32\", shape = [-2, 3] } }", "without a valid shape"),
        ("[id\n", "layout.toml: found "),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn elements_alone_are_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layout.toml");
    let array = |dtype: &str, shape: &str| {
        format!("{{ features = {{ file = \"feat_{dtype}.mmap\", dtype = \"{dtype}\", shape = {shape} }} }}")
    };
    fs::write(&path, format!("[id]\ntest = {}\n[ood]\na = {}", array("f32", "[7, 3]"), array("f64", "[-1, 3]")))
        .unwrap();
    let run = Described::read(&path).unwrap().run(&file("raw")).unwrap();
    let dump = Dump::open(&run).unwrap();
    for split in &dump.splits {
        let rows = split.features.as_ref().unwrap().block(0..7).to_f64();
        assert_eq!(bits(rows.as_slice().unwrap()), bits(&expected("features")));
    }
}

/// Two models in one folder are two runs; what belongs to neither is named.
#[test]
fn several_models_in_a_folder_are_runs() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a_id", "a_ood_svhn", "b_id", "b_ood_svhn", "c_ood_svhn"] {
        fs::copy(file("layouts/flat/resnet_id_test_logits.npy"), folder.path().join(format!("{name}_logits.npy")))
            .unwrap();
    }
    fs::copy(file("layouts/flat/resnet_id_test_logits.npy"), folder.path().join("something.npy")).unwrap();
    let runs = discover(folder.path()).unwrap();
    let names: Vec<String> = runs.iter().map(|run| run.info().unwrap().name).collect();
    assert_eq!(names, ["a", "b"]);
    let warnings = Dump::open(&runs[0]).unwrap().warnings.join("\n");
    assert!(warnings.contains("c_ood_svhn_logits.npy (it belongs to none of the runs by its name)"), "{warnings}");
    assert!(warnings.contains("something.npy (its name says neither"), "{warnings}");
}

#[test]
fn names_that_say_too_little_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(file("layouts/flat/resnet_id_test_logits.npy"), folder.path().join("cifar10_test_logits.npy")).unwrap();
    fs::copy(file("layouts/flat/resnet_id_test_logits.npy"), folder.path().join("svhn_test_logits.npy")).unwrap();
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("found no run (cifar10_test_logits.npy, svhn_test_logits.npy: none of ood by its name)"),
        "{error}"
    );
    assert!(error.contains("--layout FILE"), "{error}");
}

/// What is lacking may stand in a file that cannot be read: its reason is told, and not that it be given the name that it has.
#[test]
fn files_that_cannot_be_read_are_told_with_their_reason() {
    let folder = tempfile::tempdir().unwrap();
    let source = file("layouts/two_files");
    fs::copy(source.join("val_features.pt"), folder.path().join("val_features.pt")).unwrap();
    let whole = fs::read(source.join("ood_features.pt")).unwrap();
    let cut = folder.path().join("ood_features.pt");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let refusal = |place: &Path| {
        let error = discover(place).unwrap_err().to_string();
        assert!(!error.contains("did you mean") && !error.contains(char::is_control), "{error}");
        error
    };
    let error = refusal(folder.path());
    assert!(error.contains("none of ood by its name; ood_features.pt (its arrays cannot be listed: "), "{error}");
    assert!(error.contains("ood_features.pt: found "), "{error}");
    let error = refusal(&cut);
    assert!(error.contains("its arrays cannot be listed: ") && error.contains("ood_features.pt: found "), "{error}");
    #[cfg(feature = "parquet")]
    {
        let tables = tempfile::tempdir().unwrap();
        fs::write(tables.path().join("test.parquet"), "PAR1").unwrap();
        fs::write(tables.path().join("results.parquet"), "PAR1").unwrap();
        let error = refusal(tables.path());
        assert!(
            error.contains("test.parquet: found its metadata is damaged") && !error.contains("results.parquet"),
            "{error}"
        );
    }
}

/// Images beside arrays are no arrays; where there are more arrays than a dump has, that is told.
#[test]
fn only_files_of_arrays_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    for at in 0..4200 {
        fs::write(images.join(format!("{at}.jpg")), "").unwrap();
    }
    for name in ["val_features.pt", "ood_features.pt"] {
        fs::copy(file("layouts/two_files").join(name), folder.path().join(name)).unwrap();
    }
    assert_eq!(discover(folder.path()).unwrap().len(), 1);
    for at in 0..4200 {
        fs::write(images.join(format!("{at}.npy")), "").unwrap();
    }
    let error = discover(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found no run (more than 4096 files of arrays and folders, too many to be told"), "{error}");
}
