//! Vectors and sequences of tokens: read from files, learnt, resumed, dumped, scored.

use std::path::Path;
use std::sync::Arc;

use super::reference::values;
use super::run::{start, start_with};
use candle_core::{Device as Place, Tensor};
use ndarray::{Array1, Array2, Axis};
use ndarray_npy::write_npy;
use oodbench_train::data::{Element, ImageSet, Input, Normalisation, ood, open};
use oodbench_train::device::Device;
use oodbench_train::loss::{LossChoice, LossEntry, dismax, isomax_plus, outlier_exposure, softmax};
use oodbench_train::model::{Architecture, Design, Network, Taps, transformer};
use oodbench_train::nn::Mode;
use oodbench_train::recipe::{Crop, Recipe};
use oodbench_train::schedule::Schedule;

const CLASSES: usize = 3;

fn fraction(at: usize) -> f32 {
    ((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1u64 << 24) as f32
}

/// Vectors of eight values, each class around a point of its own; the first value is a thousand times as large as the others, the last never varies.
fn vectors(rows: usize, centre: f32) -> Array2<f32> {
    Array2::from_shape_fn((rows, 8), |(row, column)| {
        let value = 0.5 * fraction(row * 8 + column) + centre * f32::from(column % CLASSES == row % CLASSES);
        match column {
            0 => 1000.0 * value,
            7 => 5.0,
            _ => value,
        }
    })
}

/// Twelve tokens of which the class is the one of 1, 2, 3 that is there, among others from 4 on; the last places are filled up.
fn sequences(rows: usize) -> Array2<i64> {
    Array2::from_shape_fn((rows, 12), |(row, place)| match place {
        9.. => 0,
        place if place == row * 7 % 9 => (row % CLASSES) as i64 + 1,
        _ => 4 + (fraction(row * 12 + place) * 16.0) as i64,
    })
}

fn labels(rows: usize) -> Array1<i64> {
    (0..rows).map(|row| (row % CLASSES) as i64).collect()
}

/// A source with splits, whose array has that name.
fn write<T: ndarray_npy::WritableElement>(folder: &Path, array: &str, rows: impl Fn(usize) -> Array2<T>) {
    for (split, count) in [("train", 240), ("test", 90)] {
        let place = folder.join(split);
        std::fs::create_dir_all(&place).unwrap();
        write_npy(place.join(array), &rows(count)).unwrap();
        write_npy(place.join("labels.npy"), &labels(count)).unwrap();
    }
}

fn read(folder: &Path) -> (ImageSet, ImageSet) {
    open(&format!("npy:{}", folder.display()), None).unwrap().both().unwrap()
}

fn recipe(loss: &'static LossEntry, set: &ImageSet, epochs: usize) -> Recipe {
    let network = Design {
        architecture: Architecture::usual(set.element.input()),
        loss: LossChoice::of(loss),
        channels: set.inputs(),
        classes: CLASSES,
        dropout: 0.0,
    };
    let paper = Recipe::paper(network, &Normalisation::of_rows(set).unwrap(), 1);
    Recipe {
        augmentation: Crop { padding: 0, flip: false },
        schedule: Schedule::scaled(epochs),
        batch_size: 16,
        ..paper
    }
}

#[test]
fn both_kinds_are_told_apart_by_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let [vector_files, token_files] = ["v", "t"].map(|name| folder.path().join(name));
    write(&vector_files, "any.npy", |rows| vectors(rows, 1.0));
    write(&token_files, "tokens.npy", sequences);
    let (train, test) = read(&vector_files);
    assert_eq!((train.element, train.inputs(), train.len(), test.len()), (Element::Number, 8, 240, 90));
    let normalisation = Normalisation::of_rows(&train).unwrap();
    assert!(normalisation.mean[0] > 200.0 && normalisation.std[7] == 1.0 && normalisation.mean[7] == 5.0);
    let rows = vectors(240, 1.0);
    let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_ne_bytes()).collect();
    assert!(train.images == bytes);
    // Row by row, as ndarray has them of all rows.
    let rows = rows.mapv(f64::from);
    let (means, deviations) = (rows.mean_axis(Axis(0)).unwrap(), rows.std_axis(Axis(0), 0.0));
    for column in 0..7 {
        assert_eq!(normalisation.mean[column], means[column] as f32);
        assert_eq!(normalisation.std[column], deviations[column] as f32);
    }
    let (train, _) = read(&token_files);
    assert_eq!((train.element, train.shape()), (Element::Token { vocabulary: 20 }, [1, 1, 12]));
    assert_eq!(train.element.input(), Input::Sequences);
    std::fs::write(token_files.join("vocab.txt"), "token\n".repeat(30)).unwrap();
    assert_eq!(read(&token_files).0.element, Element::Token { vocabulary: 30 });
    // Rows of fewer tokens are numbered as the training rows are; those of more, of another length or another kind are refused.
    let few = folder.path().join("few");
    std::fs::create_dir(&few).unwrap();
    let spec = format!("npy:{}", few.display());
    let refusal = |array: &Array2<i64>, beside: &ImageSet| {
        write_npy(few.join("tokens.npy"), array).unwrap();
        ood::read(&spec, beside.form(), false, 0).map(|set| set.element).map_err(|error| error.to_string())
    };
    let (tokens, _) = read(&token_files);
    assert_eq!(refusal(&Array2::ones((2, 12)), &tokens), Ok(Element::Token { vocabulary: 2 }));
    let more = refusal(&Array2::from_elem((2, 12), 30), &tokens).unwrap_err();
    assert!(
        more.contains("found sequences of 31 tokens, expected sequences of 30 tokens as the in-distribution"),
        "{more}"
    );
    let longer = refusal(&Array2::ones((2, 13)), &tokens).unwrap_err();
    assert!(longer.contains("found rows of 13, expected 12 as"), "{longer}");
    let negative = refusal(&Array2::from_elem((2, 12), -1), &tokens).unwrap_err();
    assert!(negative.contains("found -1, expected numbers of tokens from 0"), "{negative}");
    let kind = refusal(&Array2::ones((2, 12)), &read(&vector_files).0).unwrap_err();
    assert!(kind.contains("found sequences of 2 tokens, expected vectors of 8 values"), "{kind}");
    let noise = ood::read("uniform-noise", tokens.form(), false, 0).unwrap_err().to_string();
    assert!(noise.contains("noise images, expected sequences of tokens"), "{noise}");
    let two = few.join("other.npy");
    std::fs::rename(few.join("tokens.npy"), few.join("first.npy")).unwrap();
    std::fs::copy(few.join("first.npy"), &two).unwrap();
    let two = open(&spec, None).unwrap().test().unwrap_err().to_string();
    assert!(two.contains("found first.npy, other.npy, expected features.npy, tokens.npy or one other .npy"), "{two}");
    write_npy(few.join("features.npy"), &Array2::from_elem((1, 8), f32::NAN)).unwrap();
    let nan = open(&spec, None).unwrap().test().unwrap_err().to_string();
    assert!(nan.contains("found NaN in row 0, column 0, expected finite numbers"), "{nan}");
}

/// A class that one split lacks is a class all the same; numbers that nobody meant are refused before they make a network of their size.
#[test]
fn classes_and_tokens_are_numbered_over_both_splits() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("t");
    write(&files, "tokens.npy", sequences);
    let (train, test) = (files.join("train"), files.join("test"));
    write_npy(test.join("labels.npy"), &Array1::<i64>::zeros(90)).unwrap();
    let sets = read(&files);
    assert_eq!((sets.0.classes, sets.1.classes), (Some(3), Some(3)));
    let refusal = || open(&format!("npy:{}", files.display()), None).unwrap().both().err().unwrap().to_string();
    let mut stray = labels(240);
    stray[7] = 4_000_000_000;
    write_npy(train.join("labels.npy"), &stray).unwrap();
    let label = refusal();
    assert!(label.contains("labels.npy: found label 4000000000 in row 7, expected labels 0 to 65535"), "{label}");
    write_npy(train.join("labels.npy"), &labels(240)).unwrap();
    let mut rows = sequences(240);
    rows[(3, 2)] = 1 << 20;
    write_npy(train.join("tokens.npy"), &rows).unwrap();
    let token = refusal();
    assert!(token.contains("found token 1048576, expected tokens below 262144 without a vocab.txt"), "{token}");
    std::fs::write(files.join("vocab.txt"), "token\n".repeat(2 + (1 << 20))).unwrap();
    assert_eq!(read(&files).0.element, Element::Token { vocabulary: 2 + (1 << 20) });
    write_npy(train.join("tokens.npy"), &vectors(240, 1.0)).unwrap();
    let kind = refusal();
    assert!(kind.contains("write both splits alike"), "{kind}");
}

/// Both losses learn both kinds, and a seed repeats a run to the bit.
#[test]
fn vectors_and_sequences_are_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let [vector_files, token_files] = ["v", "t"].map(|name| folder.path().join(name));
    write(&vector_files, "features.npy", |rows| vectors(rows, 1.0));
    write(&token_files, "tokens.npy", sequences);
    for (files, epochs) in [(&vector_files, 6), (&token_files, 24)] {
        for loss in [&softmax::ENTRY, &isomax_plus::ENTRY] {
            let (train, test) = read(files);
            let recipe = recipe(loss, &train, epochs);
            let name = format!("{} {}", loss.id, train.element.input());
            let place = |part: &str| folder.path().join(format!("{name} {part}"));
            let whole = start(&recipe, &train, &place("whole"), false).unwrap();
            let normalisation = recipe.normalisation().unwrap();
            let evaluate = oodbench_train::evaluate::evaluate;
            let (_, accuracy) = evaluate(&whole.network, &Arc::new(test), &normalisation).unwrap();
            assert!(accuracy > 0.9, "{name}: {accuracy}");
            let again = start(&recipe, &train, &place("again"), false).unwrap();
            let bits = |network: &Network| {
                let named = network.params().named().unwrap().into_iter();
                named
                    .map(|(name, tensor)| (name, values(&tensor).iter().map(|v| v.to_bits()).collect()))
                    .collect::<Vec<(String, Vec<u32>)>>()
            };
            assert!(bits(&again.network) == bits(&whole.network), "{name}");
        }
    }
    let (train, _) = read(&vector_files);
    let refused =
        start(&recipe(&dismax::ENTRY, &train, 1), &train, &folder.path().join("dismax"), false).err().unwrap();
    assert!(refused.to_string().contains("found vectors, expected images, whose pixels dismax"), "{refused}");
    let outliers = Arc::new(ImageSet { labels: None, ..train.clone() });
    start_with(
        &recipe(&outlier_exposure::ENTRY, &train, 1),
        (&train, Some(&outliers)),
        &folder.path().join("oe"),
        false,
    )
    .unwrap();
}

/// What fills a row up changes nothing, tokens change places to some effect, and every parameter of a transformer learns.
#[test]
fn a_transformer_sees_tokens_and_their_places_alone() {
    let design = Design {
        architecture: Architecture::of(&transformer::ENTRY),
        loss: LossChoice::of(&softmax::ENTRY),
        channels: 9,
        classes: 2,
        dropout: 0.0,
    };
    let network = Network::new(&design, 1, &Device::cpu()).unwrap();
    let features = |tokens: &[f32]| {
        let row = Tensor::from_slice(tokens, (1, 1, 1, tokens.len()), &Place::Cpu).unwrap();
        values(&network.backbone().forward(&row, Mode::Eval, &mut Taps::none()).unwrap())
    };
    let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let short = features(&[3.0, 1.0, 8.0]);
    assert!(far(&short, &features(&[3.0, 1.0, 8.0, 0.0, 0.0])) < 1e-5);
    assert!(far(&short, &features(&[1.0, 3.0, 8.0])) > 1e-3);
    assert!(features(&[0.0, 0.0]).iter().all(|value| value.is_finite()));
    let rows = Tensor::new(&[[[[3f32, 1.0, 8.0]]], [[[2.0, 2.0, 0.0]]]], &Place::Cpu).unwrap();
    let logits = network.logits(&rows, Mode::Train).unwrap();
    let targets = Tensor::new(&[0u32, 1], &Place::Cpu).unwrap();
    let loss = network.head().loss(&logits, &targets, None).unwrap();
    let gradients = loss.backward().unwrap();
    for (name, parameter) in network.params().trainable() {
        let gradient = values(gradients.get(parameter).unwrap());
        assert!(gradient.iter().any(|value| *value != 0.0), "{name} does not learn");
        // Along its own gradient the loss is as steep as the gradient is long.
        let length = gradient.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        let before = parameter.as_tensor().copy().unwrap();
        let step = (gradients.get(parameter).unwrap() * (0.01 / length)).unwrap();
        let at = |way: f64| {
            parameter.set(&(&before + (&step * way).unwrap()).unwrap()).unwrap();
            let logits = network.logits(&rows, Mode::Train).unwrap();
            f64::from(network.head().loss(&logits, &targets, None).unwrap().to_scalar::<f32>().unwrap())
        };
        let numeric = (at(1.0) - at(-1.0)) / 0.02;
        parameter.set(&before).unwrap();
        assert!((numeric - length).abs() < 0.03 * length + 1e-4, "{name}: {numeric} is not {length}");
    }
}
