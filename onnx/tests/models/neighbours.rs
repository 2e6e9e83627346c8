//! The outputs of a row do not depend on the rows beside it: what would make them is run row by row or refused, whatever runs it.

use oodbench::rows::ArrayKind;
use oodbench_onnx::rten::Rten;
use oodbench_onnx::runtime::Runtime;

use crate::common::{Asked, distance, fixture, numbers, run_in};

/// A model; what the refusal says in any runtime.
pub(crate) const REFUSED: [(&str, &str); 3] = [
    ("batch_statistics", "found BatchNormalization with training_mode (\"made\"), by which a row depends on the rows"),
    ("batch_statistics_opset9", "found BatchNormalization with the statistics of the batch as outputs"),
    ("function_inside", "found functions of its own (the first is \"Rounding\"), expected operators alone"),
];

/// What this runtime says of a model that it does not run.
pub(crate) fn refusal<R: Runtime>(name: &str) -> String {
    let (model, archive) = (fixture(&format!("{name}.onnx")), fixture(&format!("{name}.npz")));
    let got = run_in::<R>(&model, &archive, &Asked::default());
    got.err().unwrap_or_else(|| panic!("{} ran {name}", R::NAME)).to_string()
}

/// Each row has the same bits alone and in the whole set, and those of onnxruntime on a batch of it alone up to rounding.
pub(crate) fn is_the_same_alone<R: Runtime>(name: &str) {
    let (model, archive) = (fixture(&format!("{name}.onnx")), fixture(&format!("{name}.npz")));
    let got = |only: Option<usize>| {
        let asked = Asked { only, ..Asked::default() };
        run_in::<R>(&model, &archive, &asked).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let whole = got(None);
    let remarks = &whole.found.remarks;
    assert!(remarks.iter().any(|remark| remark.starts_with("rows are run one by one")), "{name}: {remarks:?}");
    for (kind, tensor) in [(ArrayKind::Logits, "out:logits"), (ArrayKind::Features, "out:features")] {
        let rows = whole.rows(&kind);
        let apart = distance(&rows, &numbers(&archive, tensor).1);
        assert!(apart < 1e-5, "{name}, {tensor}: {apart}");
        for (at, row) in rows.outer_iter().enumerate() {
            let alone = got(Some(at)).rows(&kind);
            assert_eq!(alone.row(0), row, "{name}, {tensor}, row {at}");
        }
    }
}

#[test]
fn what_makes_rows_depend_on_each_other_is_refused() {
    for (name, found) in REFUSED {
        let error = refusal::<Rten>(name);
        assert!(error.contains(found), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert!(
        refusal::<Rten>("batch_statistics").ends_with("export it in evaluation mode, in PyTorch after model.eval()")
    );
}

/// The operator is in a graph inside an `If`.
#[test]
fn a_scale_of_the_batch_is_one_of_each_row() {
    is_the_same_alone::<Rten>("dynamic_in_branch");
}

/// onnxruntime's own operators are those of no other runtime; what is said of it is one line.
#[test]
fn operators_of_onnxruntime_are_not_run_elsewhere() {
    let error = refusal::<Rten>("dynamic_product");
    assert!(error.contains("cannot run (") && error.lines().count() == 1, "{error}");
}

/// Numbers that half precision has not are numbers in single precision.
#[test]
fn half_precision_does_not_end_in_rten() {
    let asked = Asked::default();
    run_in::<Rten>(&fixture("half_overflow.onnx"), &fixture("half_overflow.npz"), &asked).unwrap();
}
