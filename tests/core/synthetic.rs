//! Small runs whose better side is known, in memory; written to a temporary folder where a test is about files.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use ndarray::{Array1, Array2, Axis, s};
use oodbench::dump::layout::discover;
use oodbench::dump::{Dump, DumpWriter, RunInfo};
use oodbench::fit::{FitError, Training};
use oodbench::numeric::noise::Noise;
use oodbench::rows::role::PATCHES;
use oodbench::rows::{ArrayKind, Head, Labels, Matrix, Role, RunRows, Split, Texts};
use oodbench::score::{Fit, Fitted, ScoreEntry};
use tempfile::TempDir;

/// Rows of a split.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) features: Array2<f64>,
    pub(crate) logits: Array2<f64>,
    pub(crate) labels: Vec<i64>,
}

/// A run in memory.
#[derive(Clone)]
pub(crate) struct Arrays {
    pub(crate) train: Rows,
    pub(crate) test: Rows,
    pub(crate) ood: Rows,
    /// Rows of id/val and val_ood/far; with them, columns of the features are further layers, and there are patches and texts.
    pub(crate) validation: Option<[Rows; 2]>,
    pub(crate) head: Head,
}

/// The role of the only OOD set.
pub(crate) fn far() -> Role {
    Role::Ood { group: None, name: "far".to_owned() }
}

/// Uniform numbers, normal ones by Box and Muller, and orders.
pub(crate) struct Random(Noise);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Noise::new(seed))
    }

    fn uniform(&mut self) -> f64 {
        self.0.uniform_open()
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    pub(crate) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        (1..n).rev().for_each(|i| order.swap(i, self.below(i + 1)));
        order
    }
}

pub(crate) const CLASSES: usize = 4;

/// Members of the ensemble.
const MEMBERS: usize = 3;

/// Negative labels, more than are cut into groups by default.
const NEGATIVES: usize = 120;

/// Rows of id/val and of val_ood.
const VALIDATION: usize = 150;

/// The nearest multiple of 2⁻¹²: a constant can be added to it without rounding.
fn on_grid(value: f64) -> f64 {
    (value * 4096.0).round() / 4096.0
}

/// Rows after a ReLU: every class has its block of `width` features, and a last block is hardly used by any; far points use that one alone.
fn features(n: usize, width: usize, block_of: impl Fn(usize) -> usize, random: &mut Random) -> Array2<f64> {
    Array2::from_shape_fn((n, width * (CLASSES + 1)), |(i, column)| {
        let (centre, spread) = match column / width {
            block if block == block_of(i) => (3.0, 0.5),
            CLASSES => (0.1, 0.1),
            _ => (0.3, 0.3),
        };
        on_grid((centre + spread * random.normal()).max(0.0))
    })
}

impl Arrays {
    /// Class clusters and far points with a linear head; three in a hundred training labels are wrong.
    pub(crate) fn linear(width: usize, [train, test, ood]: [usize; 3]) -> Self {
        let mut random = Random::new(7);
        let weight = Array2::from_shape_fn((CLASSES, width * (CLASSES + 1)), |(class, column)| {
            let own = match column / width {
                block if block == class => 0.75,
                CLASSES => 0.0,
                _ => -0.25,
            };
            (own + 0.02 * random.normal()) * 4.0 / width as f64
        });
        let bias = Array1::from_shape_fn(CLASSES, |_| 0.05 * random.normal());
        let logits = |features: &Array2<f64>| (features.dot(&weight.t()) + &bias).mapv(on_grid);
        let head = Head::Linear { weight: weight.clone(), bias: bias.clone() };
        Self::clusters(width, [train, test, ood], &logits, (head, &mut random))
    }

    /// The same features under an IsoMax+ head.
    pub(crate) fn isomax_plus(width: usize, rows: [usize; 3]) -> Self {
        let prototypes =
            Array2::from_shape_fn(
                (CLASSES, width * (CLASSES + 1)),
                |(class, column)| {
                    if column / width == class { 1.0 } else { 0.0 }
                },
            );
        let unit = |a: &Array2<f64>| {
            let norms = a.mapv(|v| v * v).sum_axis(Axis(1)).mapv(f64::sqrt).insert_axis(Axis(1));
            a / &norms
        };
        let logits = |features: &Array2<f64>| {
            let (f, p) = (unit(features), unit(&prototypes));
            Array2::from_shape_fn((f.nrows(), CLASSES), |(i, class)| {
                let difference = &f.row(i) - &p.row(class);
                on_grid(-5.0 * difference.dot(&difference).sqrt())
            })
        };
        let head = Head::normalised_prototypes(prototypes.clone(), 5.0);
        Self::clusters(width, rows, &logits, (head, &mut Random::new(8)))
    }

    fn clusters(
        width: usize,
        [train, test, ood]: [usize; 3],
        logits: &dyn Fn(&Array2<f64>) -> Array2<f64>,
        (head, random): (Head, &mut Random),
    ) -> Self {
        let mut rows = |n: usize, block_of: &dyn Fn(usize) -> usize| {
            let features = features(n, width, block_of, random);
            Rows { logits: logits(&features), features, labels: (0..n).map(|i| (i % CLASSES) as i64).collect() }
        };
        let class = |i: usize| i % CLASSES;
        let (mut train, test, ood) = (rows(train, &class), rows(test, &class), rows(ood, &|_| CLASSES));
        let (mut val, val_ood) = (rows(VALIDATION, &class), rows(VALIDATION, &|_| CLASSES));
        for label in train.labels.iter_mut().step_by(33).chain(val.labels.iter_mut().step_by(33)) {
            *label = (*label + 1) % CLASSES as i64;
        }
        Self { train, test, ood, validation: Some([val, val_ood]), head }
    }

    /// A run of `fixtures/dumps`, with one of its OOD sets.
    pub(crate) fn of_fixture(run: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dumps").join(run);
        let dump = Dump::open(&discover(&folder).unwrap()[0]).unwrap();
        let rows = |role: &Role| {
            let split = dump.split(role).unwrap();
            Rows {
                features: split.features.as_ref().unwrap().block(0..split.rows).to_f64(),
                logits: split.logits.as_ref().unwrap().block(0..split.rows).to_f64(),
                labels: split.labels.as_ref().map_or_else(|| vec![0; split.rows], |labels| labels.block(0..split.rows)),
            }
        };
        Self {
            train: rows(&Role::Train),
            test: rows(&Role::Test),
            ood: rows(&Role::Ood { group: None, name: "svhn".to_owned() }),
            validation: None,
            head: dump.head.clone().unwrap(),
        }
    }

    /// The first class alone.
    pub(crate) fn of_one_class(mut self) -> Self {
        for rows in self.all_rows() {
            rows.logits = rows.logits.slice(s![.., ..1]).to_owned();
            rows.labels.fill(0);
        }
        match &mut self.head {
            Head::Linear { weight, bias } => {
                weight.slice_axis_inplace(Axis(0), (..1).into());
                bias.slice_axis_inplace(Axis(0), (..1).into());
            }
            Head::Prototypes { prototypes } | Head::NormalisedPrototypes { prototypes, .. } => {
                prototypes.slice_axis_inplace(Axis(0), (..1).into());
            }
        }
        self
    }

    /// What `change` makes of the rows of every split.
    pub(crate) fn each(mut self, change: impl Fn(&mut Rows)) -> Self {
        self.all_rows().for_each(change);
        self
    }

    fn all_rows(&mut self) -> impl Iterator<Item = &mut Rows> {
        [&mut self.train, &mut self.test, &mut self.ood].into_iter().chain(self.validation.iter_mut().flatten())
    }

    /// The run.
    pub(crate) fn dump(&self) -> Dump {
        let mut splits = vec![(Role::Train, &self.train)];
        if let Some([val, val_ood]) = &self.validation {
            splits.extend([(Role::Val, val), (Role::ValOod { name: "far".to_owned() }, val_ood)]);
        }
        splits.extend([(Role::Test, &self.test), (far(), &self.ood)]);
        let splits = splits.into_iter().map(|(role, rows)| self.split(role, rows)).collect();
        let mut rows = RunRows::new("synthetic", splits, Some(self.head.clone())).unwrap();
        if let Some(texts) = self.texts() {
            rows = rows.with_texts(texts).unwrap();
        }
        Dump::from_parts(RunInfo { name: "synthetic".to_owned(), ..RunInfo::default() }, rows)
    }

    /// The name of a class is its block; negative labels use the last block, as far points do.
    fn texts(&self) -> Option<Texts> {
        self.validation.as_ref()?;
        let (classes, columns) = self.head.shape();
        let own = |class: usize, column: usize| if column / (columns / (CLASSES + 1)) == class { 1.0 } else { 0.0 };
        let other = |label: usize, column: usize| if column % 7 == label % 7 { 0.25 } else { own(CLASSES, column) };
        Some(Texts {
            classes: Array2::from_shape_fn((classes, columns), |(class, column)| own(class, column)),
            negatives: Some(Array2::from_shape_fn((NEGATIVES, columns), |(label, column)| other(label, column))),
        })
    }

    /// Two patches of every image: its features, and these moved on by a column.
    fn patches(rows: &Rows) -> Matrix {
        let (count, columns) = rows.features.dim();
        let side_by_side = Array2::from_shape_fn((count, 2 * columns), |(row, at)| {
            rows.features[[row, (at + at / columns) % columns]]
        });
        Matrix::of(PATCHES, side_by_side).unwrap().with_members(2).unwrap()
    }

    fn split(&self, role: Role, rows: &Rows) -> Split {
        let mut arrays = vec![(ArrayKind::Features, rows.features.clone()), (ArrayKind::Logits, rows.logits.clone())];
        if self.validation.is_some() {
            let layer = |name: &str| ArrayKind::Layer(name.to_owned());
            // All columns but the last block, which tells far points apart; every second column.
            let blocks = rows.features.ncols() / (CLASSES + 1) * CLASSES;
            arrays.push((layer("first"), rows.features.slice(s![.., ..blocks]).to_owned()));
            arrays.push((layer("second"), rows.features.slice(s![.., ..;2]).to_owned()));
            // Distances of moved images: a step helps rows of a class more.
            let class_columns = rows.features.slice(s![.., ..blocks]);
            for (name, factor) in [("mahalanobis_first_0", 1.0), ("mahalanobis_first_0.001", 0.5)] {
                let distances = class_columns.map_axis(Axis(1), |row| (-factor * row.dot(&row)).max(-1e300));
                arrays.push((ArrayKind::Score(name.to_owned()), distances.insert_axis(Axis(1))));
            }
            let gram = |name: &str| ArrayKind::Gram(name.to_owned());
            arrays.push((gram("first"), rows.features.mapv(|value| (value * value).min(1e300))));
            arrays.push((gram("second"), rows.features.slice(s![.., ..;2]).to_owned()));
        }
        let members = self.members(rows);
        // Moved images: confident rows gain.
        let moved = |factor: f64| rows.logits.mapv(|logit| logit * factor);
        let variant = |name: &str| ArrayKind::Variant(name.to_owned());
        arrays.extend([(variant("odin_1000_0"), moved(1.0)), (variant("odin_1000_0.0014"), moved(1.0625))]);
        let split = arrays.into_iter().fold(Split::new(role, "synthetic"), |split, (kind, array)| {
            let array = array.as_standard_layout().into_owned();
            split.with(kind.clone(), Matrix::of(kind.file_stem(), array).unwrap()).unwrap()
        });
        let mut split = split.with(ArrayKind::Variant("members".to_owned()), members).unwrap();
        if self.validation.is_some() {
            split = split.with(ArrayKind::Layer(PATCHES.to_owned()), Self::patches(rows)).unwrap();
        }
        split.with_labels(Labels::of("labels", rows.labels.clone())).unwrap()
    }

    /// Three members whose logits are those of the run turned a little, more where features are none of a class: blocks of the others.
    fn members(&self, rows: &Rows) -> Matrix {
        let classes = rows.logits.ncols();
        let last = rows.features.ncols() / (CLASSES + 1) * CLASSES;
        let side_by_side = Array2::from_shape_fn((rows.logits.nrows(), MEMBERS * classes), |(row, column)| {
            let (member, class) = (column / classes, column % classes);
            let unknown = rows.features.slice(s![row, last..]).mean().unwrap_or(0.0);
            let turn = [0.25, -0.125, -0.25][(member + class) % MEMBERS];
            rows.logits[[row, class]] + turn * on_grid(1.0 + unknown.clamp(0.0, 1e3))
        });
        Matrix::of("members", side_by_side).unwrap().with_members(MEMBERS).unwrap()
    }

    /// The run as files.
    pub(crate) fn write(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        let writer = DumpWriter::create(folder.path(), true).unwrap();
        let dump = self.dump();
        writer.info(&dump.info).unwrap();
        writer.head(&self.head).unwrap();
        dump.texts.iter().for_each(|texts| writer.texts(texts).unwrap());
        dump.splits.iter().for_each(|split| writer.split(split).unwrap());
        writer.commit().unwrap();
        folder
    }
}

/// Fits a score with settings; `None` where the dump does not allow it.
pub(crate) fn fit(entry: &ScoreEntry, settings: &[(&str, &str)], training: &Training<'_>) -> Option<Fit> {
    let mut values = entry.settings();
    settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
    let score = (entry.build)(&values).unwrap();
    if score.needs().iter().any(|need| need.lacking(training.rows()).is_some()) {
        return None;
    }
    match score.fit(training) {
        Ok(fit) => Some(fit),
        Err(FitError::NotApplicable { .. } | FitError::NoVariance { .. }) => None,
        Err(error) => panic!("{}: {error}", entry.id),
    }
}

/// The scores of a split in pieces.
pub(crate) fn score_in(scorer: &dyn Fitted, dump: &Dump, split: &Split, pieces: &[Range<usize>]) -> Vec<f64> {
    let mut wanted = BTreeSet::from([ArrayKind::Logits]);
    wanted.extend(dump.feature_arrays());
    wanted.extend(dump.patch_arrays());
    wanted.extend(dump.variants());
    wanted.extend(dump.own_scores().into_iter().map(|name| ArrayKind::Score(name.to_owned())));
    wanted.extend(dump.gram_arrays());
    let mut all = Vec::with_capacity(split.rows);
    for piece in pieces {
        let mut out = vec![f64::NAN; piece.len()];
        scorer.score_block(&split.block(piece.clone(), &wanted, dump.head.as_ref()), &mut out);
        all.extend(out);
    }
    all
}

/// The scores of a split in one piece.
pub(crate) fn score(scorer: &dyn Fitted, dump: &Dump, role: &Role) -> Vec<f64> {
    let split = dump.split(role).unwrap();
    score_in(scorer, dump, split, std::slice::from_ref(&(0..split.rows)))
}
