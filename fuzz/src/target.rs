//! The readers: what is read how, from which seeds.

use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use oodbench::detector::Detector;
use oodbench::dump::format::npy_stream::NpyStream;
use oodbench::dump::format::{by_name, mat, npy, npz, pkl, safetensors, torch};
use oodbench::dump::layout::{Described, discover};
use oodbench::dump::{Dump, RunInfo};
use oodbench::eval::fits::FitsFile;
use oodbench::report;
use oodbench::rows::{Labels, Matrix, check};
use oodbench::table;
use oodbench_train::data::array::{self, Part};
use oodbench_train::data::cifar::{self, Cifar};
use oodbench_train::data::folder::{self, FolderOptions};
use oodbench_train::data::{cifar_pickle, idx, svhn};
use zip::CompressionMethod;

use crate::seal::sealed;
use crate::{checkpoint, seeds};

/// A reader to be fed.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// The name of the file that it reads.
    pub file: &'static str,
    /// Sound files to start from, before they are packed.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format.
    pub words: &'static [&'static [u8]],
    /// Puts what was changed into the file: as it is, or behind compression and checksums that a change would not get through.
    pub pack: fn(&[u8]) -> Vec<u8>,
    /// Reads the file; what it says where it refuses.
    pub read: fn(&Path) -> Result<(), String>,
}

const NPY: &[&[u8]] = &[
    b"\x93NUMPY\x01\0",
    b"\x93NUMPY\x02\0",
    b"'descr': ",
    b"'fortran_order': ",
    b"'shape': ",
    b"True",
    b"False",
    b"(",
    b")",
    b"[",
    b"]",
    b"{",
    b"}",
    b",",
    b"'<f4'",
    b"'>f8'",
    b"'|u1'",
    b"'<V2'",
    b"'|O'",
    b"'<i8'",
    b"9223372036854775807",
    b"L",
    b"\\x1b",
    b"'",
    b"\"",
    b" ",
    b"\n",
];
const ZIP: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"\x01\0\x10\0",
    b"logits.npy",
    b"../",
    b".npy",
];
const PICKLE: &[&[u8]] = &[
    b"\x80\x02",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n",
    b"ctorch._tensor\n_rebuild_from_type_v2\n",
    b"ccollections\nOrderedDict\n",
    b"c_codecs\nencode\n",
    b"cnumpy\ndtype\n",
    b"ctorch\nFloatStorage\n",
    b"\x8a\x08",
    b"R",
    b"b",
    b"(",
    b")",
    b"t",
    b"}",
    b"]",
    b"u",
    b"e",
    b"s",
    b"a",
    b"Q",
    b"q\0",
    b"h\0",
    b"\x94",
    b"\x85",
    b"\x86",
    b"\x87",
    b"N",
    b"\x88",
    b".",
    b"\x93",
    b"\x81",
    b"X\xff\xff\xff\x7f",
    b"X\x01\0\0\0a",
];
const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"dtype\":",
    b"\"shape\":",
    b"\"data_offsets\":",
    b"\"F32\"",
    b"\"BF16\"",
    b"\"C64\"",
    b"\"__metadata__\":",
    b",",
    b":",
    b"null",
    b"1e999",
];
const TOML: &[&[u8]] = &[
    b"name = ",
    b"seed = ",
    b"loss = ",
    b"head = \"linear\"",
    b"[",
    b"[[",
    b"]",
    b"{",
    b"}",
    b"\"\"\"",
    b"'''",
    b"\n",
    b"= 1e9",
    b"\\u0000",
    b".",
];
const COLUMNS: &[&[u8]] = &[
    b",",
    b"\t",
    b"\n",
    b"\r\n",
    b"\"",
    b"#",
    b"logits_0",
    b"_1",
    b"nan",
    b"1e999",
    b"-",
    b"0,1,2",
    b"\xef\xbb\xbf",
    b"\xff",
];
const RECORDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"null",
    b"NaN",
    b"-1",
    b"1e999",
    b"\"schema\":2",
    b"\"schema\":3",
    b"ood_and_seeds",
    b"\n",
    b"\r\n",
    b"PAR1",
    b"\xef\xbb\xbf",
];
const IMAGE: &[&[u8]] = &[
    b"IHDR",
    b"IDAT",
    b"PLTE",
    b"tRNS",
    b"iCCP",
    b"IEND",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\xff\xda",
    b"\xff\xc0",
    b"\xff\xc2",
    b"\xff\xdb",
    b"\xff\xc4",
    b"\xff\xdd",
];
const NONE: &[&[u8]] = &[];

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "npy", file: "logits.npy", seeds: npy_seeds, words: NPY, pack: plain, read: read_npy },
    Target { name: "npy-labels", file: "labels.npy", seeds: label_seeds, words: NPY, pack: plain, read: read_labels },
    Target { name: "npz", file: "test.npz", seeds: npz_seeds, words: ZIP, pack: plain, read: read_npz },
    Target { name: "npz-stored", file: "test.npz", seeds: npy_seeds, words: NPY, pack: stored, read: read_npz },
    Target { name: "npz-deflated", file: "test.npz", seeds: npy_seeds, words: NPY, pack: deflated, read: read_npz },
    Target {
        name: "safetensors",
        file: "a.safetensors",
        seeds: tensor_seeds,
        words: JSON,
        pack: plain,
        read: read_tensors,
    },
    Target { name: "mat", file: "a.mat", seeds: mat_seeds, words: NONE, pack: plain, read: read_mat },
    Target {
        name: "mat-packed",
        file: "a.mat",
        seeds: variable_seeds,
        words: NONE,
        pack: compressed_variables,
        read: read_mat,
    },
    Target { name: "pth", file: "a.pth", seeds: pth_seeds, words: ZIP, pack: plain, read: read_pth },
    Target { name: "pth-pickle", file: "a.pth", seeds: pickle_seeds, words: PICKLE, pack: seeds::pth, read: read_pth },
    Target { name: "pt", file: "a.pt", seeds: pt_seeds, words: ZIP, pack: plain, read: read_pt },
    Target { name: "pt-old", file: "a.pt", seeds: old_seeds, words: PICKLE, pack: plain, read: read_pt },
    Target { name: "pkl", file: "a.pkl", seeds: pkl_seeds, words: PICKLE, pack: plain, read: read_pkl },
    Target { name: "array-csv", file: "a.csv", seeds: array_csv_seeds, words: COLUMNS, pack: plain, read: read_arrays },
    Target { name: "array-txt", file: "a.txt", seeds: array_txt_seeds, words: COLUMNS, pack: plain, read: read_arrays },
    Target {
        name: "array-parquet",
        file: "a.parquet",
        seeds: array_parquet_seeds,
        words: NONE,
        pack: plain,
        read: read_arrays,
    },
    Target {
        name: "array-arrow",
        file: "a.arrow",
        seeds: array_arrow_seeds,
        words: NONE,
        pack: plain,
        read: read_arrays_of_arrow,
    },
    Target {
        name: "index-json",
        file: "a.safetensors.index.json",
        seeds: index_seeds,
        words: JSON,
        pack: plain,
        read: read_indexed,
    },
    Target {
        name: "layout-toml",
        file: "layout.toml",
        seeds: layout_seeds,
        words: TOML,
        pack: plain,
        read: read_described,
    },
    Target {
        name: "cifar-pickle",
        file: "data_batch_1",
        seeds: cifar_pickle_seeds,
        words: PICKLE,
        pack: plain,
        read: read_cifar_pickle,
    },
    Target {
        name: "cifar-binary",
        file: "data_batch_1.bin",
        seeds: cifar_seeds,
        words: NONE,
        pack: plain,
        read: read_cifar,
    },
    Target { name: "idx", file: "t10k-images-idx3-ubyte", seeds: idx_seeds, words: NONE, pack: plain, read: read_idx },
    Target {
        name: "idx-gzip",
        file: "t10k-images-idx3-ubyte.gz",
        seeds: idx_seeds,
        words: NONE,
        pack: gzip,
        read: read_idx,
    },
    Target {
        name: "gzip",
        file: "t10k-images-idx3-ubyte.gz",
        seeds: gzip_seeds,
        words: NONE,
        pack: plain,
        read: read_idx,
    },
    Target { name: "png", file: "a.png", seeds: png_seeds, words: IMAGE, pack: with_checksums, read: read_image },
    Target { name: "jpeg", file: "a.jpg", seeds: jpeg_seeds, words: IMAGE, pack: plain, read: read_image },
    Target { name: "run-toml", file: "run.toml", seeds: toml_seeds, words: TOML, pack: plain, read: read_run_toml },
    Target { name: "fits", file: "a.safetensors", seeds: fit_seeds, words: JSON, pack: sealed, read: read_fits },
    Target {
        name: "detector",
        file: "a.detector",
        seeds: detector_seeds,
        words: JSON,
        pack: sealed,
        read: read_detector,
    },
    Target { name: "pipe", file: "a.npy", seeds: pipe_seeds, words: NPY, pack: plain, read: read_pipe },
    Target { name: "records-csv", file: "a.csv", seeds: csv_seeds, words: RECORDS, pack: plain, read: read_records },
    Target { name: "records-json", file: "a.json", seeds: json_seeds, words: RECORDS, pack: plain, read: read_records },
    Target {
        name: "records-parquet",
        file: "a.parquet",
        seeds: parquet_seeds,
        words: RECORDS,
        pack: plain,
        read: read_records,
    },
    Target {
        name: "images-npy",
        file: "a.npy",
        seeds: image_array_seeds,
        words: NPY,
        pack: plain,
        read: read_image_array,
    },
    Target {
        name: "images-npz",
        file: "a.npz",
        seeds: image_archive_seeds,
        words: ZIP,
        pack: plain,
        read: |path| read_image_archive(path, Part::Test),
    },
    Target {
        name: "images-npz-train",
        file: "a.npz",
        seeds: training_archive_seeds,
        words: ZIP,
        pack: plain,
        read: |path| read_image_archive(path, Part::Train),
    },
    Target { name: "head", file: "head/weight.npy", seeds: seeds::weights, words: NPY, pack: plain, read: read_head },
    Target {
        name: "checkpoint",
        file: "checkpoint.safetensors",
        seeds: checkpoint::seeds,
        words: JSON,
        pack: checkpoint::pack,
        read: checkpoint::read,
    },
    Target { name: "layout", file: "names", seeds: name_seeds, words: NAMES, pack: plain, read: read_layout },
];

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

fn stored(bytes: &[u8]) -> Vec<u8> {
    seeds::zip(&[("logits.npy", bytes)], CompressionMethod::Stored)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    seeds::zip(&[("logits.npy", bytes)], CompressionMethod::Deflated)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A MATLAB file of compressed variables, each as long as its tag says, the last as long as the file.
fn compressed_variables(bytes: &[u8]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0".to_vec();
    file.resize(124, b' ');
    file.extend(b"\0\x01IM");
    let mut rest = bytes;
    while !rest.is_empty() {
        let length =
            rest.get(4..8).map_or(0, |length| u32::from_le_bytes([length[0], length[1], length[2], length[3]]));
        let (variable, after) = rest.split_at_checked(length as usize + 8).unwrap_or((rest, &[]));
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(variable).unwrap();
        let packed = encoder.finish().unwrap();
        file.extend(15_u32.to_le_bytes());
        file.extend((packed.len() as u32).to_le_bytes());
        file.extend(packed);
        rest = after;
    }
    file
}

/// A PNG whose chunks have the checksums of what is in them.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut fixed = bytes.to_vec();
    let mut at = 8;
    while let Some(length) = fixed.get(at..at + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let Some(end) = (at + 8).checked_add(length).filter(|end| end + 4 <= fixed.len()) else { break };
        let checksum = crc32fast::hash(&fixed[at + 4..end]);
        fixed[end..end + 4].copy_from_slice(&checksum.to_be_bytes());
        at = end + 4;
    }
    fixed
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn read_matrix(array: oodbench::rows::array::StoredArray) -> Result<(), String> {
    let matrix = Matrix::new(vec![array]).map_err(text)?;
    check::finite(&matrix, &|_| {}).map_err(text)
}

fn read_npy(path: &Path) -> Result<(), String> {
    read_matrix(npy::open(path).map_err(text)?)
}

fn read_labels(path: &Path) -> Result<(), String> {
    let labels = Labels::new(vec![npy::open(path).map_err(text)?]).map_err(text)?;
    labels.check_range(Some(10)).map_err(text)
}

fn read_npz(path: &Path) -> Result<(), String> {
    for member in npz::members(path).map_err(text)? {
        let array = npz::open(path, &member).map_err(text)?;
        if array.shape.len() > 1 {
            read_matrix(array)?;
        }
    }
    Ok(())
}

fn read_tensors(path: &Path) -> Result<(), String> {
    let arrays = safetensors::arrays(path).map_err(text)?;
    let sum: f64 = arrays.iter().flat_map(|(_, array)| array.numbers()).sum();
    std::hint::black_box(sum);
    Ok(())
}

fn read_mat(path: &Path) -> Result<(), String> {
    let arrays = mat::arrays(path).map_err(text)?;
    let sum: f64 = arrays.iter().flat_map(|(_, array)| array.numbers()).sum();
    std::hint::black_box(sum);
    svhn::read("svhn", path).map(drop).map_err(text)
}

fn read_pth(path: &Path) -> Result<(), String> {
    sum(&torch::arrays(path).map_err(text)?);
    Ok(())
}

fn sum(arrays: &[(String, oodbench::rows::array::StoredArray)]) {
    let sum: f64 = arrays.iter().flat_map(|(_, array)| array.numbers()).sum();
    std::hint::black_box(sum);
}

fn read_pt(path: &Path) -> Result<(), String> {
    sum(&torch::all_arrays(path).map_err(text)?);
    Ok(())
}

fn read_pkl(path: &Path) -> Result<(), String> {
    sum(&pkl::arrays(path).map_err(text)?);
    Ok(())
}

/// Every array of a file of any format.
fn read_arrays(path: &Path) -> Result<(), String> {
    let format = by_name(path).unwrap();
    match format.members(path).map_err(text)? {
        None => sum(&[(String::new(), format.open(path, None).map_err(text)?)]),
        Some(members) => {
            for member in members {
                sum(&[(String::new(), format.open(path, Some(&member)).map_err(text)?)]);
            }
        }
    }
    Ok(())
}

/// Every column of numbers; of the sound files some hold others, too.
fn read_arrays_of_arrow(path: &Path) -> Result<(), String> {
    let format = by_name(path).unwrap();
    let members = format.members(path).map_err(text)?.unwrap_or_default();
    let opened: Vec<_> = members.iter().map(|member| format.open(path, Some(member)).map_err(text)).collect();
    let (arrays, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    arrays.into_iter().flatten().for_each(|array| sum(&[(String::new(), array)]));
    match refused.into_iter().find_map(Result::err) {
        Some(error) if !error.contains(" holds ") => Err(error),
        _ => Ok(()),
    }
}

/// Every array of an index, one of whose files is there.
fn read_indexed(path: &Path) -> Result<(), String> {
    let tensors = path.with_file_name("b.safetensors");
    if !tensors.is_file() {
        std::fs::write(tensors, seeds::safetensors()).unwrap();
    }
    read_arrays(path)
}

/// Opens what a layout file names beside it.
fn read_described(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap();
    if !folder.join("a").is_dir() {
        seeds::run(&folder.join("a"));
    }
    let run = Described::read(path).and_then(|described| described.run(folder)).map_err(text)?;
    Dump::open(&run).map(drop).map_err(text)
}

fn read_cifar_pickle(path: &Path) -> Result<(), String> {
    let ten = cifar_pickle::read("c", Cifar::Ten, &[path]);
    let hundred = cifar_pickle::read("c", Cifar::Hundred, &[path]);
    ten.or(hundred).map(drop).map_err(text)
}

fn read_cifar(path: &Path) -> Result<(), String> {
    cifar::read("c", Cifar::Ten, &[path]).map(drop).map_err(text)
}

fn read_idx(path: &Path) -> Result<(), String> {
    idx::read("i", path, None, None).map(drop).map_err(text)
}

fn read_image(path: &Path) -> Result<(), String> {
    folder::read("f", path.parent().unwrap(), &FolderOptions::default()).map(drop).map_err(text)
}

fn read_run_toml(path: &Path) -> Result<(), String> {
    RunInfo::read(path.parent().unwrap()).map(drop).map_err(text)
}

fn read_fits(path: &Path) -> Result<(), String> {
    FitsFile::open(path).map(drop).map_err(text)
}

fn read_detector(path: &Path) -> Result<(), String> {
    Detector::load(path).map(drop).map_err(text)
}

/// An array as it comes from a pipe.
fn read_pipe(path: &Path) -> Result<(), String> {
    let file = std::fs::File::open(path).map_err(text)?;
    let mut stream = NpyStream::open(file, path).map_err(text)?;
    while let Some((_, array)) = stream.next_rows().map_err(text)? {
        Matrix::new(vec![array]).map_err(text)?;
    }
    Ok(())
}

fn read_records(path: &Path) -> Result<(), String> {
    table::read::read(&[path]).map(drop).map_err(text)
}

fn read_image_array(path: &Path) -> Result<(), String> {
    array::read_npy("i", path, None, None, None).map(drop).map_err(text)
}

fn read_image_archive(path: &Path, part: Part) -> Result<(), String> {
    array::read_npz("i", path, part, None, None).map(drop).map_err(text)
}

/// Opens a run of which the file is the head's weights.
fn read_head(path: &Path) -> Result<(), String> {
    let run = path.ancestors().nth(2).unwrap();
    if !run.join("id").is_dir() {
        seeds::run(run);
    }
    for files in discover(run).map_err(text)? {
        Dump::open(&files).map_err(text)?;
    }
    Ok(())
}

/// Words of the names of a run's files.
const NAMES: &[&[u8]] = &[
    b"id/",
    b"ood/",
    b"val_ood/",
    b"nearood/",
    b"farood/",
    b"head/",
    b"train/",
    b"val/",
    b"test/",
    b"a/",
    b"logits.npy",
    b"features.npy",
    b"labels.npy",
    b"features@x.npy",
    b"logits-0.npy",
    b"logits-00001.npy",
    b"logits-99999999999999999999.npy",
    b"test.npz",
    b"_logits.npy",
    b"weight.npy",
    b"bias.npy",
    b"logit.npy",
    b"id_logits.npy",
    b"ood_a_logits.npy",
    b"val_ood_a_features_0.npy",
    b"fc_weight.npy",
    b"scores.npy",
    b".pt",
    b".safetensors",
    b".mat",
    b"\xff",
    b"\n",
    b"README",
    b".DS_Store",
    b"-",
    b"@",
];

#[cfg(unix)]
fn as_path(name: &[u8]) -> &Path {
    Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name))
}

#[cfg(not(unix))]
fn as_path(name: &[u8]) -> std::path::PathBuf {
    String::from_utf8_lossy(name).into_owned().into()
}

/// Makes a folder of the files whose names stand in the file, one a line, each a small array, and opens what is found there.
fn read_layout(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap().join("run");
    let _ = std::fs::remove_dir_all(&folder);
    let names = std::fs::read(path).unwrap();
    let array = seeds::fixtures("npy/arrays", "f32.npy").remove(0);
    for name in names.split(|&byte| byte == b'\n').take(40) {
        let sound = |part: &[u8]| {
            !part.is_empty()
                && part != b"."
                && part != b".."
                && part.len() < 200
                && !part.iter().any(u8::is_ascii_control)
        };
        if name.is_empty()
            || !name.split(|&byte| byte == b'/').take(8).all(sound)
            || name.iter().filter(|&&byte| byte == b'/').count() > 6
        {
            continue;
        }
        let file = folder.join(as_path(name));
        if std::fs::create_dir_all(file.parent().unwrap()).is_ok() && !file.is_dir() {
            std::fs::write(&file, &array).unwrap();
        }
    }
    let _ = std::fs::create_dir(&folder);
    for files in discover(&folder).map_err(text)? {
        let dump = Dump::open(&files).map_err(text)?;
        if let Some(warning) = dump.warnings.iter().find(|warning| warning.chars().any(char::is_control)) {
            return Err(warning.clone());
        }
    }
    Ok(())
}

fn pt_seeds() -> Vec<Vec<u8>> {
    ["dict.pt", "views.pt", "types.pt", "numpy.pt", "tensor.pt"]
        .iter()
        .flat_map(|name| seeds::fixtures("formats/torch", name))
        .collect()
}

fn old_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("formats/torch", "old.pt")
}

fn pkl_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("formats/pickle", "")
}

fn array_csv_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("formats/columns", ".csv")
}

fn array_txt_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("formats/columns", ".txt")
}

fn array_parquet_seeds() -> Vec<Vec<u8>> {
    let names = ["none.parquet", "snappy.parquet", "gzip.parquet", "zstd.parquet", "row_groups.parquet"];
    names.iter().flat_map(|name| seeds::fixtures("formats/columns", name)).collect()
}

fn array_arrow_seeds() -> Vec<Vec<u8>> {
    // The others are refused: two columns of one name, packed as nobody does any more.
    let sound = ["none.arrow", "lz4.arrow", "zstd.arrow", "uncompressed.arrow", "offsets.arrow", "polars_stream.arrow"];
    let files = sound.iter().flat_map(|name| seeds::fixtures("formats/arrow", name));
    seeds::fixtures("formats/columns", ".feather").into_iter().chain(files).collect()
}

/// An index of no file, and one of the tensors that [`read_indexed`] puts beside it.
fn index_seeds() -> Vec<Vec<u8>> {
    let of =
        |tensors: &str| format!("{{\"metadata\": {{\"total_size\": 64}}, \"weight_map\": {{{tensors}}}}}").into_bytes();
    vec![of(""), of("\"a\": \"b.safetensors\", \"b\": \"b.safetensors\"")]
}

fn layout_seeds() -> Vec<Vec<u8>> {
    let raw = "{ file = \"a/id/test/logits.npy\", dtype = \"uint8\", shape = [-1, 1], offset = 0, order = \"C\" }";
    let texts = [
        "[id]\ntrain = \"a/id/train\"\ntest = { logits = \"a/id/test/logits.npy\" }\n\n[ood]\na = { logits = [\"a/ood/a/logits.npy\"] }\n".to_owned(),
        format!("[id]\ntest = {{ labels = {raw}, logits = \"a/id/test/logits.npy\" }}\n[ood]\nnear.b = \"a/ood/a\"\n[val_ood]\nc = \"a/ood/a\"\n"),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

fn npy_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("npy/arrays", ".npy")
}

fn label_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("npy/labels", ".npy").into_iter().take(9).collect()
}

fn npz_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("npy/archives", ".npz")
}

fn tensor_seeds() -> Vec<Vec<u8>> {
    [vec![seeds::safetensors()], seeds::fixtures("train", "networks.safetensors")].concat()
}

fn mat_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", ".mat")
}

/// The variables of a plain MATLAB file.
fn variable_seeds() -> Vec<Vec<u8>> {
    let file = seeds::fixtures("images/formats", "svhn-plain.mat").remove(0);
    vec![file[128..].to_vec()]
}

fn pth_seeds() -> Vec<Vec<u8>> {
    vec![seeds::pth(&seeds::state_dict())]
}

fn pickle_seeds() -> Vec<Vec<u8>> {
    vec![seeds::state_dict()]
}

fn cifar_pickle_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", ".pickle")
}

fn cifar_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", "cifar10.bin")
}

fn idx_seeds() -> Vec<Vec<u8>> {
    let header = [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6];
    vec![[&header[..], &[7; 120]].concat()]
}

fn gzip_seeds() -> Vec<Vec<u8>> {
    idx_seeds().iter().map(|bytes| gzip(bytes)).collect()
}

fn png_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", ".png")
}

fn jpeg_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", ".jpg")
}

fn toml_seeds() -> Vec<Vec<u8>> {
    let text = "name = \"a\"\nmodel = \"m\"\nloss = \"isomax-plus\"\nin_distribution = \"cifar10\"\nseed = 3\nhead = \"prototypes\"\nnote = \"n\"\n";
    vec![text.as_bytes().to_vec(), b"seed = 1".to_vec()]
}

fn fit_seeds() -> Vec<Vec<u8>> {
    vec![seeds::fits()]
}

/// What comes from a pipe comes row by row.
fn pipe_seeds() -> Vec<Vec<u8>> {
    let by_rows = |bytes: &Vec<u8>| !bytes.windows(21).any(|part| part == b"'fortran_order': True");
    npy_seeds().into_iter().filter(by_rows).collect()
}

fn detector_seeds() -> Vec<Vec<u8>> {
    vec![seeds::detector()]
}

fn csv_seeds() -> Vec<Vec<u8>> {
    vec![table::csv::write(&seeds::records()).unwrap()]
}

fn json_seeds() -> Vec<Vec<u8>> {
    vec![report::json::rows(&seeds::records()).unwrap().into_bytes()]
}

fn parquet_seeds() -> Vec<Vec<u8>> {
    vec![report::parquet::records(Vec::new(), &seeds::records()).unwrap()]
}

fn image_array_seeds() -> Vec<Vec<u8>> {
    [seeds::fixtures("images/formats", "nchw.npy"), seeds::fixtures("images/formats", "nhwc-fortran.npy")].concat()
}

fn image_archive_seeds() -> Vec<Vec<u8>> {
    seeds::fixtures("images/formats", ".npz")
}

fn training_archive_seeds() -> Vec<Vec<u8>> {
    let [images, labels] =
        ["nchw.npy", "labels-int64.npy"].map(|name| seeds::fixtures("images/formats", name).remove(0));
    vec![seeds::zip(&[("x_train.npy", &images), ("y_train.npy", &labels)], CompressionMethod::Deflated)]
}

fn name_seeds() -> Vec<Vec<u8>> {
    let native =
        "id/train/logits.npy\nid/test/logits.npy\nood/a/logits.npy\nood/g/b/features.npy\nid/test/features.npy";
    let notebook = "id/test_logits.npy\nnearood/a_logits.npy\nfarood/b_feature.npy\nval_ood/c_logits-0.npy\nval_ood/c_logits-1.npy";
    let by_names = "id_train_logits.npy\nid_logits.npy\nood_a_logits.npy\nval_ood_b_logits_0.npy\nnotes.npy";
    [native, notebook, by_names].map(|names| names.as_bytes().to_vec()).to_vec()
}
