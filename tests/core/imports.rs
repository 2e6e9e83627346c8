//! Scores that other tools keep in files become a dump: the same numbers, in the sets that they are of.

use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2};
use oodbench::dump::import::{Imported, read};
use oodbench::dump::layout::discover;
use oodbench::dump::{Dump, DumpWriter};
use oodbench::rows::{ArrayKind, Role};

use super::common::fixture;

fn score(run: &Imported, role: &str, name: &str) -> Vec<f64> {
    let split = run.splits.iter().find(|split| split.role.to_string() == role).unwrap();
    let matrix = split.matrix(&ArrayKind::Score(name.to_owned())).unwrap();
    matrix.block(0..split.rows).to_f64().into_raw_vec_and_offset().0
}

fn roles(run: &Imported) -> Vec<String> {
    run.splits.iter().map(|split| split.role.to_string()).collect()
}

#[test]
fn scores_of_openood() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["s0", "s1"] {
        let place = folder.path().join("resnet").join(seed).join("scores");
        fs::create_dir_all(&place).unwrap();
        for name in ["scale", "ash"] {
            fs::copy(fixture("formats/pickle/openood.pkl"), place.join(format!("{name}.pkl"))).unwrap();
        }
    }
    let (title, runs) = read(folder.path()).unwrap();
    assert!(title.starts_with("OpenOOD"));
    let names: Vec<(&str, Option<u64>)> = runs.iter().map(|run| (run.info.name.as_str(), run.info.seed)).collect();
    assert_eq!(names, [("resnet-s0", Some(0)), ("resnet-s1", Some(1))]);
    assert_eq!(roles(&runs[0]), ["id/test", "ood/far/mnist", "ood/far/svhn", "ood/near/tin"]);
    let text = fs::read_to_string(fixture("formats/expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let last: Vec<f64> = expected["logits"].as_array().unwrap().iter().map(|row| row[4].as_f64().unwrap()).collect();
    for name in ["scale", "ash"] {
        assert_eq!(score(&runs[0], "id/test", name), last);
        let near: Vec<f64> = last.iter().map(|value| f64::from(*value as f32 - 1.0)).collect();
        assert_eq!(score(&runs[1], "ood/near/tin", name), near);
    }
    // Written and read again, nothing has changed.
    let out = folder.path().join("dump");
    let writer = DumpWriter::create(&out, false).unwrap();
    writer.info(&runs[0].info).unwrap();
    runs[0].splits.iter().for_each(|split| writer.split(split).unwrap());
    writer.commit().unwrap();
    let dump = Dump::open(&discover(&out).unwrap()[0]).unwrap();
    let test = dump.split(&Role::Test).unwrap();
    assert_eq!(test.scores["scale"].block(0..7).to_f64().into_raw_vec_and_offset().0, last);
    assert_eq!(test.labels.as_ref().unwrap().block(0..7), [0, 1, 2, 3, 4, 1, 0]);
}

/// A damaged file is named; where nothing else is there it is the error.
#[test]
fn damaged_scores_of_openood_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("resnet/s0/scores");
    fs::create_dir_all(&place).unwrap();
    let whole = fs::read(fixture("formats/pickle/openood.pkl")).unwrap();
    fs::write(place.join("ash.pkl"), &whole[..whole.len() / 2]).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("ash.pkl: found the end of the file"), "{error}");
    fs::write(place.join("scale.pkl"), &whole).unwrap();
    let (_, runs) = read(folder.path()).unwrap();
    assert!(runs.len() == 1 && runs[0].left_out.len() == 1, "{runs:?}");
    assert!(runs[0].left_out[0].contains("ash.pkl: found the end of the file"), "{runs:?}");
}

/// An archive as OpenOOD's evaluators save them.
fn archive(path: &Path, confidences: &[f32], labels: &[i64]) {
    fn npy<T: ndarray_npy::WritableElement>(numbers: &[T]) -> Vec<u8> {
        let mut bytes = Vec::new();
        ndarray_npy::WriteNpyExt::write_npy(&ndarray::aview1(numbers), &mut bytes).unwrap();
        bytes
    }
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, array) in [("pred", npy(labels)), ("conf", npy(confidences)), ("label", npy(labels))] {
        zip.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &array).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn archives_of_openood() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("resnet/s3/scores");
    fs::create_dir_all(&place).unwrap();
    archive(&place.join("cifar10.npz"), &[0.5, 0.25, 1.0], &[0, 2, 1]);
    archive(&place.join("svhn.npz"), &[-0.5, 0.125], &[-1, -1]);
    let (title, runs) = read(&place).unwrap();
    assert!(title.contains("scores/<set>.npz"), "{title}");
    let info = &runs[0].info;
    assert_eq!((info.name.as_str(), info.model.as_deref(), info.seed), ("resnet-s3", Some("resnet"), Some(3)));
    assert_eq!(
        (info.in_distribution.as_deref(), roles(&runs[0])),
        (Some("cifar10"), vec!["id/test".to_owned(), "ood/svhn".to_owned()])
    );
    assert_eq!(score(&runs[0], "id/test", "conf"), [0.5, 0.25, 1.0]);
    assert_eq!(score(&runs[0], "ood/svhn", "conf"), [-0.5, 0.125]);
    assert_eq!(runs[0].splits[0].labels.as_ref().unwrap().block(0..3), [0, 2, 1]);
    // A third one that is cut off is left out, with its reason; the ID set cannot be.
    let whole = fs::read(place.join("svhn.npz")).unwrap();
    fs::write(place.join("lsun.npz"), &whole[..whole.len() / 2]).unwrap();
    let (_, runs) = read(&place).unwrap();
    assert!(runs[0].left_out.len() == 1 && runs[0].left_out[0].contains("lsun.npz: found"), "{runs:?}");
    fs::write(place.join("cifar10.npz"), &whole[..whole.len() / 2]).unwrap();
    let error = read(&place).unwrap_err().to_string();
    assert!(error.contains("cifar10.npz: found") && !error.contains('\n'), "{error}");
}

/// Folders of any name hold scores, of one kind or the other; what else lies there is passed over.
#[test]
fn scores_of_openood_in_other_folders() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    fs::copy(fixture("formats/pickle/openood.pkl"), at("resnet/s0/ood/scale.pkl")).unwrap();
    archive(&at("resnet/s1/results/cifar10.npz"), &[0.5, 0.25], &[0, 1]);
    archive(&at("resnet/s1/results/svhn.npz"), &[-0.5], &[-1]);
    fs::copy(fixture("formats/pickle/fc.pkl"), at("resnet/fc.pkl")).unwrap();
    fs::write(at("resnet/s1/damaged.pkl"), b"\x80\x04").unwrap();
    let (title, runs) = read(folder.path()).unwrap();
    assert!(title.contains("<postprocessor>.pkl") && title.contains("<set>.npz"), "{title}");
    let names: Vec<(&str, Option<u64>)> = runs.iter().map(|run| (run.info.name.as_str(), run.info.seed)).collect();
    assert_eq!(names, [("resnet-s0-ood", Some(0)), ("resnet-s1-results", Some(1))]);
    assert_eq!(roles(&runs[0]), ["id/test", "ood/far/mnist", "ood/far/svhn", "ood/near/tin"]);
    assert_eq!(roles(&runs[1]), ["id/test", "ood/svhn"]);
    // A file alone; one that is damaged says so.
    let (_, alone) = read(&at("resnet/s0/ood/scale.pkl")).unwrap();
    assert_eq!((alone.len(), alone[0].info.name.as_str()), (1, "resnet-s0-ood"));
    let error = read(&at("resnet/s1/damaged.pkl")).unwrap_err().to_string();
    assert!(error.contains("damaged.pkl: found "), "{error}");
    // In one folder the pickles are read, and the archive is told.
    archive(&at("resnet/s0/ood/cifar10.npz"), &[0.5], &[0]);
    let (_, runs) = read(&folder.path().join("resnet/s0")).unwrap();
    assert_eq!((runs.len(), runs[0].left_out.len()), (1, 1), "{runs:?}");
    assert!(runs[0].left_out[0].ends_with("cifar10.npz: the pickles beside it were read"), "{runs:?}");
    // What is wrong in another folder ends nothing, unless there is nothing else.
    archive(&at("cache/a.npz"), &[0.5], &[0]);
    archive(&at("cache/b.npz"), &[0.5], &[1]);
    assert_eq!(read(folder.path()).unwrap().1.len(), 2);
    fs::remove_dir_all(folder.path().join("resnet")).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("cache: found 2 archives without OOD labels (-1)"), "{error}");
}

/// Files that NumPy wrote as the evaluators do, found in the folder of their results.
#[test]
fn archives_that_openood_wrote() {
    let results = fixture("formats/openood");
    let text = fs::read_to_string(fixture("formats/expected.json")).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = |key: &str| -> Vec<Vec<f64>> { serde_json::from_value(expected[key].clone()).unwrap() };
    let largest: Vec<f64> = rows("logits").iter().map(|row| row.iter().copied().fold(f64::MIN, f64::max)).collect();
    let column = |at: usize| rows("features").iter().map(|row| row[at]).collect::<Vec<f64>>();
    let model = "cifar10_resnet18_32x32_test_ood_ood_mls_default";
    let (title, runs) = read(&results.join(model)).unwrap();
    assert!(title.contains("scores/<set>.npz"), "{title}");
    let names: Vec<(&str, Option<u64>)> = runs.iter().map(|run| (run.info.name.as_str(), run.info.seed)).collect();
    assert_eq!(names, [(&*format!("{model}-s0"), Some(0)), (&*format!("{model}-s1"), Some(1))]);
    for run in &runs {
        assert_eq!(run.info.in_distribution.as_deref(), Some("cifar10"));
        assert_eq!(roles(run), ["id/test", "ood/svhn", "ood/tin"]);
        assert_eq!(score(run, "id/test", "conf"), largest);
        assert_eq!((score(run, "ood/tin", "conf"), score(run, "ood/svhn", "conf")), (column(0), column(1)));
        assert_eq!(run.splits[0].labels.as_ref().unwrap().block(0..7), [0, 1, 2, 3, 4, 1, 0]);
    }
    // Nothing in the files tells the shifted ID set from the ID set.
    let error = read(&results.join("cifar10_resnet18_32x32_test_fsood_fsood_mls_default")).unwrap_err().to_string();
    assert!(error.contains("scores: found 2 archives without OOD labels (-1), expected one"), "{error}");
}

fn text(path: &Path, numbers: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, numbers).unwrap();
}

#[test]
fn pairs_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    text(&at("svhn/confidence_Base_In.txt"), "1\n2\n3\n");
    text(&at("svhn/confidence_Base_Out.txt"), "0.5\n1.5\n");
    text(&at("lsun/confidence_Base_In.txt"), "1\n2\n3\n");
    text(&at("lsun/confidence_Base_Out.txt"), "-1\n");
    // ODIN keeps the temperature and the magnitude before the score.
    text(&at("svhn/confidence_Ours_In.txt"), "1000, 0.0014, 0.9\n1000, 0.0014, 0.8\n1000, 0.0014, 0.7\n");
    text(&at("svhn/confidence_Ours_Out.txt"), "1000, 0.0014, 0.1\n1000, 0.0014, 0.2\n");
    text(&at("notes.txt"), "no scores");
    let (_, runs) = read(folder.path()).unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(roles(&runs[0]), ["id/test", "ood/lsun", "ood/svhn"]);
    assert_eq!(score(&runs[0], "id/test", "Base"), [1.0, 2.0, 3.0]);
    assert_eq!(score(&runs[0], "ood/svhn", "Ours"), [0.1, 0.2]);
    assert_eq!(score(&runs[0], "ood/lsun", "Base"), [-1.0]);
    // Other numbers of the ID rows are another run.
    text(&at("lsun/confidence_Base_In.txt"), "1\n2\n4\n");
    let (_, runs) = read(folder.path()).unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run.info.name.as_str()).collect();
    assert_eq!(names[1..], ["svhn-Base"]);
    // Of two scores of the set, too, each has a name of its own.
    text(&at("svhn/confidence_Ours_In.txt"), "1\n2\n");
    let (_, runs) = read(folder.path()).unwrap();
    let names: Vec<&str> = runs.iter().map(|run| run.info.name.as_str()).collect();
    assert_eq!(names[1..], ["svhn-Base", "svhn-Ours"]);
    text(&at("lsun/confidence_Base_Out.txt"), "much\n");
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found \"much\" in line 1, expected one finite number per row"), "{error}");

    let arrays = tempfile::tempdir().unwrap();
    for (name, numbers) in [("resnet_in_energy_score", [1.0, 2.0]), ("resnet_out_svhn_energy_score", [0.0, 0.5])] {
        ndarray_npy::write_npy(arrays.path().join(format!("{name}.npy")), &Array1::from(numbers.to_vec())).unwrap();
    }
    let (_, runs) = read(arrays.path()).unwrap();
    assert_eq!(roles(&runs[0]), ["id/test", "ood/svhn"]);
    assert_eq!(score(&runs[0], "ood/svhn", "energy"), [0.0, 0.5]);
}

#[test]
fn outputs_of_fd_shifts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw_logits.npz");
    let rows = [[0.5, -1.0, 1.0, 0.0], [2.0, 3.0, 0.0, 0.0], [9.0, 8.0, 1.0, 2.0], [7.0, 6.0, 0.0, 1.0]];
    let array = Array2::from_shape_vec((4, 4), rows.concat()).unwrap();
    let mut bytes = Vec::new();
    ndarray_npy::WriteNpyExt::write_npy(&array, &mut bytes).unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    zip.start_file("arr_0.npy", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, &bytes).unwrap();
    zip.finish().unwrap();
    let (_, runs) = read(&path).unwrap();
    assert_eq!(roles(&runs[0]), ["id/test", "ood/set1", "ood/set2"]);
    let test = &runs[0].splits[0];
    assert_eq!(test.logits.as_ref().unwrap().block(0..2).to_f64(), ndarray::array![[0.5, -1.0], [2.0, 3.0]]);
    assert_eq!(test.labels.as_ref().unwrap().block(0..2), [1, 0]);
}

#[test]
fn what_is_not_known_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("found nothing that is known, expected OpenOOD's") && !error.contains('\n'), "{error}");
}
