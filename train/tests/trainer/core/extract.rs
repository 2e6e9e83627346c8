//! Dumps: what is in them and when they appear.

use super::run::{noise, recipe, start};
use candle_core::Device;
use ndarray::{Array1, Array2, Axis};
use ndarray_npy::read_npy;
use oodbench_train::data::{ImageSet, Normalisation};
use oodbench_train::error::TrainError;
use oodbench_train::extract::{Extraction, Place, RunNote, extract};
use oodbench_train::loss::LossKind;
use oodbench_train::model::Network;
use std::path::Path;
use std::sync::Arc;

fn network(loss: LossKind) -> Network {
    let folder = tempfile::tempdir().unwrap();
    start(&recipe(loss, 4, 1), &noise(40, 4), folder.path(), false).unwrap().network
}

fn note() -> RunNote {
    RunNote { name: "run".into(), in_distribution: "noise".into(), seed: Some(5), note: None }
}

fn sets() -> Vec<(Place, Arc<ImageSet>)> {
    let unlabelled = ImageSet { labels: None, ..noise(3, 4) };
    let ood = |group: Option<&str>, name: &str| Place::Ood { group: group.map(Into::into), name: name.into() };
    vec![
        (Place::IdTest, Arc::new(noise(300, 4))),
        (ood(None, "plain"), Arc::new(unlabelled)),
        (ood(Some("near"), "grouped"), Arc::new(noise(2, 4))),
    ]
}

fn dump(network: &Network, out: &Path, replace: bool) -> Result<bool, TrainError> {
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    let (sets, layers) = (sets(), ["stage2".to_owned()]);
    let extraction =
        Extraction { out, replace, run: note(), sets: &sets, normalisation: &normalisation, layers: &layers };
    extract(network, &Device::Cpu, &extraction, &mut |_| true)
}

fn matrix(file: &Path) -> Array2<f32> {
    read_npy(file).unwrap()
}

/// The head in the dump, applied to the features in the dump, gives the logits in the dump.
#[test]
fn features_and_head_give_the_logits() {
    for loss in LossKind::ALL {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dump");
        assert!(dump(&network(loss), &out, false).unwrap());
        let features = matrix(&out.join("id/test/features.npy"));
        let logits = matrix(&out.join("id/test/logits.npy"));
        assert_eq!((features.dim(), logits.dim()), ((300, 128), (300, 4)));
        let expected = if loss == LossKind::Softmax {
            let bias: Array1<f32> = read_npy(out.join("head/bias.npy")).unwrap();
            features.dot(&matrix(&out.join("head/weight.npy")).t()) + bias
        } else {
            let unit = |rows: Array2<f32>| {
                let norms = rows.map_axis(Axis(1), |row| row.dot(&row).sqrt()).insert_axis(Axis(1));
                if loss == LossKind::IsomaxPlus { rows / norms } else { rows }
            };
            let scale: Option<Array1<f32>> = read_npy(out.join("head/distance_scale.npy")).ok();
            assert_eq!(scale.is_some(), loss == LossKind::IsomaxPlus);
            let (f, p) = (unit(features), unit(matrix(&out.join("head/prototypes.npy"))));
            Array2::from_shape_fn((300, 4), |(i, j)| {
                let difference = &f.row(i) - &p.row(j);
                -scale.as_ref().map_or(1.0, |s| s[0].abs()) * difference.dot(&difference).sqrt()
            })
        };
        let worst = (&logits - &expected).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
        assert!(worst < 2e-5, "{loss:?}: {worst}");
    }
}

#[test]
fn a_dump_has_its_layout() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    dump(&network(LossKind::IsomaxPlus), &out, false).unwrap();
    let labels: Array1<i64> = read_npy(out.join("id/test/labels.npy")).unwrap();
    assert_eq!((labels.len(), labels[5]), (300, 1));
    assert!(!out.join("ood/plain/labels.npy").exists());
    assert_eq!(matrix(&out.join("ood/near/grouped/features@stage2.npy")).dim(), (2, 64));
    let run = std::fs::read_to_string(out.join("run.toml")).unwrap();
    let expected = "name = \"run\"\nin_distribution = \"noise\"\nseed = 5\nmodel = \"small-cnn\"\n\
                    loss = \"isomax-plus\"\nhead = \"prototypes\"\n";
    assert_eq!(run, expected);
}

/// A row's result depends on that row alone, but for the rounding of a matrix product, whose order of summation
/// depends on the number of rows.
#[test]
fn rows_do_not_depend_on_their_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    dump(&network(LossKind::Softmax), &out, false).unwrap();
    let (many, few) = (matrix(&out.join("id/test/logits.npy")), matrix(&out.join("ood/plain/logits.npy")));
    let worst = (&many.slice(ndarray::s![..3, ..]) - &few).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
    assert!(worst < 1e-5, "{worst}");
}

#[test]
fn a_dump_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    let network = network(LossKind::Isomax);
    let normalisation = Normalisation::new(vec![0.5], vec![0.25]).unwrap();
    let sets = sets();
    let extraction =
        Extraction { out: &out, replace: false, run: note(), sets: &sets, normalisation: &normalisation, layers: &[] };
    let (all, mut done) = (sets.iter().map(|(_, set)| set.len()).sum::<usize>(), 0);
    let finished = extract(&network, &Device::Cpu, &extraction, &mut |images| {
        done += images;
        done < all
    });
    assert!(!finished.unwrap());
    assert_eq!(done, all);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let unknown = Extraction { layers: &["layer9".to_owned()], ..extraction };
    let error = extract(&network, &Device::Cpu, &unknown, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("stage1, stage2"), "{error}");

    dump(&network, &out, false).unwrap();
    std::fs::write(out.join("stale"), b"").unwrap();
    assert!(matches!(dump(&network, &out, false), Err(TrainError::Exists { .. })));
    assert!(dump(&network, &out, true).unwrap());
    assert!(!out.join("stale").exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
