//! `oodbench inspect --dtype`: a file of elements alone.

use std::fs;

use super::common::{noise, oodbench};

#[test]
fn what_elements_alone_are_like() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let said = |arguments: &[&str]| {
        let output = oodbench(at).arg("inspect").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let mut bytes: Vec<u8> = noise(100, 10, 3).iter().flat_map(|number| number.to_le_bytes()).collect();
    fs::write(at.join("sound.bin"), &bytes).unwrap();
    bytes[40..44].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(at.join("broken.bin"), &bytes).unwrap();
    fs::write(at.join("labels.bin"), [3_i64, 1, 3].map(i64::to_le_bytes).concat()).unwrap();
    fs::write(at.join("a.npy"), b"\x93NUMPY").unwrap();

    let sound = said(&["sound.bin", "--dtype", "f32", "--shape", "100,10"]);
    assert_eq!(sound, (Some(0), "sound.bin (sound.bin)\n  array           (100, 10)       f32\n".to_owned()));
    assert_eq!(said(&["sound.bin", "--dtype", "float32", "--shape", "N,10"]), sound);
    let (code, text) = said(&["broken.bin", "labels.bin", "--dtype", "f32", "--shape", "N,2"]);
    assert!(code == Some(0) && text.contains("1 row with NaN or infinite values, the first is row 5"), "{text}");
    assert!(text.contains("labels.bin (labels.bin)\n") && text.contains("(3, 2)"), "{text}");
    let (code, text) = said(&["labels.bin", "--dtype", "int64", "--format", "csv"]);
    assert!(code == Some(0) && text.contains("labels.bin,run,array,\"(3,)            i64, 2 distinct\""), "{text}");

    for (arguments, expected) in [
        (
            &["sound.bin", "--dtype", "f32", "--shape", "100,11"][..],
            "sound.bin: found 4000 bytes, expected 100 rows of",
        ),
        (&["sound.bin", "--dtype", "int64", "--shape", "N,10"], "sound.bin: found i64, expected f16, bf16, f32 or f64"),
        (&["--dtype", "f32"], "--dtype: found no file named"),
        (&["a.npy", "--dtype", "f32"], "a.npy: found a .npy file, expected elements alone"),
        (&["a.onnx", "--dtype", "f32"], "a.onnx: found a .onnx file, expected elements alone"),
        (&[".", "--dtype", "f32"], "found a folder, expected a regular file"),
        (&["sound.bin", "--dtype", "f32", "--layout", "l.toml"], "--layout: found --dtype beside it"),
    ] {
        let (code, text) = said(arguments);
        assert!(code == Some(2) && text.contains(expected) && text.lines().count() == 1, "{arguments:?}: {text}");
    }
}
