//! The published DenseNet-BC-100 (weights of Lee et al.) on CIFAR-10: accuracy, and logits against PyTorch's.
//!
//! Needs files that are not part of the project, so it runs only when asked for:
//!
//! ```text
//! DENSENET_WEIGHTS=densenet_cifar10.safetensors CIFAR10=cifar-10-batches-bin/test_batch.bin \
//!     DENSENET_LOGITS=id/test/logits.npy cargo test --release -p oodbench-train published -- --ignored --nocapture
//! ```

use ndarray::Array2;
use oodbench::dump::RunInfo;
use oodbench::rows::Role;
use oodbench_train::data::{ImageSet, Published};
use oodbench_train::device::Device;
use oodbench_train::extract::{Extraction, extract};
use oodbench_train::loss::LossChoice;
use oodbench_train::model::weights::Weights;
use oodbench_train::model::{Architecture, Design, Network, densenet};
use oodbench_train::observer::Silent;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A record of the binary version: the label, then 3 × 32 × 32 bytes.
const RECORD: usize = 1 + 3 * 32 * 32;

fn file(variable: &str) -> PathBuf {
    std::env::var_os(variable).unwrap_or_else(|| panic!("set {variable}")).into()
}

#[test]
#[ignore = "needs the published weights and CIFAR-10"]
fn densenet_classifies_cifar10_as_published() {
    let bytes = std::fs::read(file("CIFAR10")).unwrap();
    let records = || bytes.chunks_exact(RECORD).take(2000);
    let labels: Vec<u32> = records().map(|record| record[0].into()).collect();
    let images = records().flat_map(|record| record[1..].to_vec()).collect();
    let set = ImageSet::new("cifar10-test", images, Some(labels.clone()), [3, 32, 32], Some(10)).unwrap();

    let architecture = Architecture::of(&densenet::ENTRY);
    let design = Design { architecture, loss: LossChoice::default(), channels: 3, classes: 10, dropout: 0.0 };
    let network = Network::new(&design, 0, &Device::cpu()).unwrap();
    Weights::read(&file("DENSENET_WEIGHTS")).unwrap().load(&network).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("dump");
    let run = RunInfo { name: "densenet".into(), in_distribution: Some("cifar10".into()), ..RunInfo::default() };
    let normalisation = Published::LeeDenseNet.normalisation(3).unwrap();
    let sets = [(Role::Test, Arc::new(set))];
    let extraction = Extraction {
        out: &out,
        replace: false,
        run: &run,
        sets: &sets,
        normalisation: &normalisation,
        layers: &[],
        grams: &[],
        samples: 0,
        moved: None,
        stop: &AtomicBool::new(false),
    };
    extract(&network, &extraction, &Silent).unwrap();

    let logits: Array2<f32> = ndarray_npy::read_npy(out.join("id/test/logits.npy")).unwrap();
    let best = |row: ndarray::ArrayView1<'_, f32>| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
    let right = logits.rows().into_iter().zip(&labels).filter(|(row, label)| best(*row) == **label as usize).count();
    let expected: Array2<f32> = ndarray_npy::read_npy(file("DENSENET_LOGITS")).unwrap();
    let worst = (&logits - &expected).mapv(f32::abs).fold(0.0, |a: f32, &b| a.max(b));
    println!("accuracy {:.2} %, largest difference of a logit {worst:e}", right as f64 / 20.0);
    assert!(right >= 1900, "{right} of 2000");
    assert!(worst <= 1e-3, "{worst}");
}
