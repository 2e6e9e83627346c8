//! Scores arrays in memory: no folder, no file. `cargo run --release -p oodbench --example score_arrays`
#![allow(clippy::print_stdout, reason = "an example shows what it computed")]

use ndarray::array;
use oodbench::eval::FittedInMemory;
use oodbench::rows::{ArrayKind, Labels, Matrix, Role, RunRows, Split};
use oodbench::score::registry::find;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let features = Matrix::of("train", array![[-1.0, 0.1], [1.0, 0.0], [4.0, 5.1], [6.0, 4.9]])?;
    let train = Split::new(Role::Train, "train").with(ArrayKind::Features, features)?;
    let rows = RunRows::new("arrays", vec![train.with_labels(Labels::of("labels", vec![0, 0, 1, 1]))?], None)?;
    let new = Matrix::of("new", array![[0.0, 0.0], [5.0, 5.0], [0.0, 5.0]])?;
    let new = Split::new(Role::Test, "new").with(ArrayKind::Features, new)?;
    for id in ["mahalanobis", "cosine"] {
        let score = find(id)?;
        println!("{id}: {:?}", FittedInMemory::fit(score, &score.settings(), &rows)?.score(&new)?);
    }
    Ok(())
}
