//! What is fed and taken in other shapes than rows of values, and numbers of classes that are none of the model's.

use oodbench::rows::ArrayKind;

use crate::common::{Asked, distance, fixture, numbers, run};

fn refused(model: &str, archive: &str, asked: &Asked<'_>) -> String {
    let got = run(&fixture(&format!("{model}.onnx")), &fixture(&format!("{archive}.npz")), asked);
    got.err().unwrap_or_else(|| panic!("{model} was run")).to_string()
}

#[test]
fn logits_of_pixels_are_no_row() {
    let error = refused("segmentation", "segmentation", &Asked::default());
    assert!(error.contains("found \"logits\" of shape [10, 4, 6, 6] for 10 rows"), "{error}");
    assert!(
        error.contains("expected (rows, values), or maps (rows, channels, height, width) that the network averages")
    );
}

/// Means over the last two axes would be over columns and channels.
#[test]
fn maps_with_channels_last_are_not_averaged() {
    let (model, archive) = (fixture("channels_last.onnx"), fixture("channels_last.npz"));
    let got = run(&model, &archive, &Asked::default()).unwrap();
    assert!(distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, "out:logits").1) < 1e-5);
    for maps in ["turned", "maps"] {
        let error = refused("channels_last", "channels_last", &Asked { features: &[maps], ..Asked::default() });
        assert!(error.contains(&format!("found {maps:?} of shape")), "{error}");
    }
}

/// Three batches of four for ten rows, of a model that calls its batch free.
#[test]
fn a_batch_that_is_built_in_is_filled_up_and_cut() {
    let (model, archive) = (fixture("batch_built_in.onnx"), fixture("batch_built_in.npz"));
    let got = run(&model, &archive, &Asked { batch: Some(4), ..Asked::default() }).unwrap();
    assert!(distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, "out:logits").1) < 1e-5);
    let error = refused("batch_built_in", "batch_built_in", &Asked::default());
    assert!(error.contains("cannot run") && error.contains("candidates: \"logits\""), "{error}");
}

/// The reference has each row in a batch of its own copies.
#[test]
fn a_row_does_not_depend_on_its_neighbours_where_the_batch_is_fixed() {
    let (model, archive) = (fixture("dynamic_fixed_batch.onnx"), fixture("dynamic_fixed_batch.npz"));
    let got = run(&model, &archive, &Asked::default()).unwrap();
    assert!(distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, "out:logits").1) < 1e-5);
    assert!(got.found.remarks.iter().any(|remark| remark.starts_with("rows are run one by one")));
    let error = refused("dynamic_fixed_batch", "dynamic_fixed_batch", &Asked { batch: Some(4), ..Asked::default() });
    assert!(
        error.starts_with(
            "--batch: found 4, expected 1, since \"DynamicQuantizeLinear\" computes with all rows of a batch"
        ),
        "{error}"
    );
}

#[test]
fn what_is_no_number_is_not_written() {
    let error = refused("not_a_number", "not_a_number", &Asked::default());
    assert!(error.contains("found row 0 of id/test, of which the model makes no number (NaN)"), "{error}");
}

/// Six labels from 0 to 3 for a model of three classes.
#[test]
fn classes_are_those_of_the_model() {
    let error = refused(
        "waveform",
        "waveform",
        &Asked { labels: Some(vec![0, 1, 2, 3, 0, 1, 2, 0, 1, 2]), ..Asked::default() },
    );
    assert!(error.contains("found class 3 in row 3 of id/test, expected 0 to 2, as the model has 3 logits"), "{error}");
    let error = refused("waveform", "waveform", &Asked { classes: Some(6), ..Asked::default() });
    assert!(error.contains("found 6 names of classes, expected 3, one for each of its logits"), "{error}");
    let right = Asked { labels: Some(vec![0, 1, 2, 2, 0, 1, 2, 0, 1, 2]), classes: Some(3), ..Asked::default() };
    run(&fixture("waveform.onnx"), &fixture("waveform.npz"), &right).unwrap();
}

/// Before anything is run.
#[test]
fn layers_have_names_of_their_own() {
    let long = "f".repeat(300);
    for (features, found) in [
        (&["a_b", "x", "x"][..], "found \"x\" twice"),
        (&["x", "a_b", "a/b"], "found \"a/b\" and \"a_b\", whose files would have one name"),
        (&["x", "/"], "found the layer \"/\", which gives no name of a file"),
        (&["x", &long], "which gives no name of a file"),
        (&["logits"], "found the logits \"logits\" as features"),
    ] {
        let error = refused("odd_names", "odd_names", &Asked { features, ..Asked::default() });
        assert!(error.contains(found), "{error}");
    }
    // The features themselves have a file of another name.
    let asked = Asked { features: &["/", "a/b"], ..Asked::default() };
    let got = run(&fixture("odd_names.onnx"), &fixture("odd_names.npz"), &asked).unwrap();
    let (_, reference) = numbers(&fixture("odd_names.npz"), "out:a/b");
    assert!(distance(&got.rows(&ArrayKind::Layer("a_b".to_owned())), &reference) < 1e-6);
}

#[test]
fn a_named_output_is_not_called_the_first() {
    let got =
        run(&fixture("mlp.onnx"), &fixture("mlp.npz"), &Asked { output: Some("logits"), ..Asked::default() }).unwrap();
    let because = &got.found.tensors.logits_because;
    assert_eq!(because, "it is the tensor of --output, and no softmax was passed");
}

/// A kernel that is the weight's, steps of 1; rten wants both to be said.
#[test]
fn what_is_usual_may_be_left_out() {
    let (model, archive) = (fixture("nothing_said.onnx"), fixture("nothing_said.npz"));
    let got = run(&model, &archive, &Asked::default()).unwrap();
    assert!(distance(&got.rows(&ArrayKind::Logits), &numbers(&archive, "out:logits").1) < 1e-5);
}
