#![doc = include_str!("sirc.md")]

use ndarray::Array2;

use super::entry::{ScoreEntry, no_caution};
use super::need::Need;
use super::search::Search;
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::bank::{Bank, Nearness};
use crate::fit::evenly_spaced::evenly_spaced;
use crate::fit::sweep::Look;
use crate::fit::{FitError, Multiples, ResidualSpace, Training};
use crate::numeric::linalg::Side;
use crate::numeric::recycled::Recycled;
use crate::numeric::softmax::Softmax;
use crate::numeric::softplus::softplus;
use crate::numeric::vector::unit_rows;
use crate::rows::{ArrayKind, RowBlock};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "sirc",
    title: "SIRC",
    aliases: &[],
    reference: "Xia & Bouganis, Augmenting Softmax Information for Selective Classification with Out-of-Distribution Data, ACCV 2022, arXiv:2207.07517",
    page: include_str!("sirc.md"),
    parameters: &[
        Parameter {
            name: "s1",
            default: "msp",
            help: "the score of the logits: msp, entropy or doctor",
            grid: &["msp", "entropy", "doctor"],
            counts: None,
        },
        Parameter {
            name: "s2",
            default: "l1",
            help: "what of the features is beside it: l1, residual or knn, or several joined by +",
            grid: &["l1", "residual", "knn", "l1+residual+knn"],
            counts: None,
        },
        Parameter {
            name: "ddof",
            default: "0",
            help: "what is taken from n under the standard deviation: 0 or 1",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "k",
            default: "10",
            help: "which neighbour's distance counts for knn, a whole number from 1",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "rows",
            default: "12500",
            help: "training rows that neighbours are sought among, evenly spaced; empty for all",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

/// The score of the logits.
#[derive(Clone, Copy)]
enum First {
    Msp,
    Entropy,
    Doctor,
}

impl First {
    /// `S1max − S1`, above 0 so that it has a logarithm.
    fn gap(self, softmax: &Softmax) -> f64 {
        let gap = match self {
            Self::Msp => softmax.rest / (1.0 + softmax.rest),
            Self::Entropy => -softmax.negative_entropy(),
            Self::Doctor => softmax.gini_impurity(),
        };
        gap.max(f64::MIN_POSITIVE)
    }
}

/// What of the features is beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Second {
    L1,
    Residual,
    Knn,
}

impl Second {
    const ALL: [(&'static str, Self); 3] = [("l1", Self::L1), ("residual", Self::Residual), ("knn", Self::Knn)];

    fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }
}

struct Sirc {
    first: First,
    seconds: Vec<Second>,
    ddof: usize,
    k: usize,
    rows: Option<usize>,
    needs: Vec<Need>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let first =
        settings.choice("s1", &[("msp", First::Msp), ("entropy", First::Entropy), ("doctor", First::Doctor)])?;
    let second = |name: &str| Second::ALL.iter().find(|(known, _)| *known == name.trim()).map(|(_, second)| *second);
    let seconds: Option<Vec<Second>> = settings.text("s2").split('+').map(second).collect();
    let seconds =
        seconds.filter(|seconds| seconds.iter().all(|one| seconds.iter().filter(|other| *other == one).count() == 1));
    let expected = || "l1, residual, knn or several of them joined by +, each once".to_owned();
    let mut seconds = seconds.ok_or_else(|| settings.refuse("s2", settings.text("s2"), expected()))?;
    seconds.sort_unstable();
    let ddof = settings.choice("ddof", &[("0", 0), ("1", 1)])?;
    let k = settings.number("k", "a whole number from 1", |k: &usize| *k >= 1)?;
    let rows = settings.optional("rows", "a whole number above 0, or nothing", |rows: &usize| *rows > 0)?;
    let mut needs = vec![Need::Logits, Need::Features, Need::TrainFeatures];
    if seconds.contains(&Second::Residual) {
        needs.push(Need::LinearHead);
    }
    Ok(Box::new(Sirc { first, seconds, ddof, k, rows, needs }))
}

/// What gives a second score, and where it stands on training rows.
struct Term {
    measure: Measure,
    /// `a`: three standard deviations below the mean.
    low: f64,
    /// `b`: one over the standard deviation.
    steepness: f64,
}

enum Measure {
    L1,
    Residual(ResidualSpace),
    Knn { bank: Bank, k: usize },
}

impl Measure {
    /// The second score of every row, higher = more in-distribution.
    fn of(&self, block: &RowBlock<'_>) -> Recycled<f64> {
        match self {
            Self::L1 => {
                let features = block.features();
                features.rows().into_iter().map(|row| row.iter().map(|f| f.abs()).sum()).collect()
            }
            Self::Residual(space) => space.norms(block.features()).iter().map(|norm| -norm).collect(),
            Self::Knn { bank, k } => {
                let mut found = Recycled::filled(f64::NEG_INFINITY, block.rows());
                bank.nearest(block.unit_features(), *k, |row, distances| {
                    found[row] = nearness(distances);
                });
                found
            }
        }
    }
}

/// The second score of a row at these distances from the rows nearest to it.
fn nearness(distances: &[f64]) -> f64 {
    let distance = distances.last().copied().unwrap_or(f64::INFINITY);
    -distance * distance
}

impl Term {
    /// What a second score takes from the first.
    fn penalty(&self, second: f64) -> f64 {
        softplus(-self.steepness * (second - self.low))
    }
}

impl Sirc {
    fn measure(&self, second: Second, training: &Training<'_>, notes: &mut Vec<String>) -> Result<Measure, FitError> {
        Ok(match second {
            Second::L1 => Measure::L1,
            Second::Residual => {
                let residual = training.principal()?.residual(training, ENTRY.id, None, Side::Chosen)?;
                notes.extend(residual.note("residual"));
                Measure::Residual(residual.space)
            }
            Second::Knn => {
                let (split, features) = training.features()?;
                let size = self.rows.unwrap_or(split.rows).min(split.rows);
                if self.k > size {
                    let reason = format!("k = {} of {size} training rows; set sirc.k lower", self.k);
                    return Err(training.not_applicable(ENTRY.id, reason));
                }
                let blocks = || {
                    training.blocks(split, &[ArrayKind::Features]).map(|(range, block)| {
                        let rows: Vec<usize> =
                            evenly_spaced(split.rows, size, &range).map(|row| row - range.start).collect();
                        unit_rows(&block.features().select(ndarray::Axis(0), &rows)).into_array()
                    })
                };
                let kept = blocks().filter(|rows: &Array2<f64>| rows.nrows() > 0).collect::<Vec<_>>();
                let bank = Bank::new(Nearness::Distance, size, features.columns(), || kept.iter().cloned());
                Measure::Knn { bank, k: self.k }
            }
        })
    }

    /// Mean and standard deviation on the training rows.
    fn term(&self, measure: Measure, second: Second, training: &Training<'_>) -> Result<Term, FitError> {
        let (split, _) = training.features()?;
        let values = training.map_blocks(split, &[ArrayKind::Features], |_, block| measure.of(block).to_vec()).concat();
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = (squares / n.saturating_sub(self.ddof).max(1) as f64).sqrt();
        if deviation <= 1e-12 * mean.abs() || !deviation.is_finite() {
            let reason = format!(
                "{} is the same for all training rows, so there is no scale for it; set sirc.s2 to another",
                second.name()
            );
            return Err(training.not_applicable(ENTRY.id, reason));
        }
        Ok(Term { measure, low: mean - 3.0 * deviation, steepness: 1.0 / deviation })
    }
}

impl Score for Sirc {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let mut notes = Vec::new();
        let mut terms = Vec::with_capacity(self.seconds.len());
        for second in &self.seconds {
            let measure = self.measure(*second, training, &mut notes)?;
            terms.push(self.term(measure, *second, training)?);
        }
        Ok(Fit::noted(FittedSirc { first: self.first, terms }, notes))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let term = |second: &Second| {
            state.part(second.name(), |part| {
                let measure = match second {
                    Second::L1 => Measure::L1,
                    Second::Residual => Measure::Residual(part.part("space", ResidualSpace::restore)?),
                    Second::Knn => {
                        let bank = part.part("bank", |bank| Bank::restore(Nearness::Distance, bank))?;
                        Measure::Knn { bank, k: self.k }
                    }
                };
                Ok(Term { measure, low: part.number("low")?, steepness: part.number("steepness")? })
            })
        };
        let terms = self.seconds.iter().map(term).collect::<Result<Vec<_>, StateError>>()?;
        Ok(Box::new(FittedSirc { first: self.first, terms }))
    }
}

struct FittedSirc {
    first: First,
    terms: Vec<Term>,
}

impl FittedSirc {
    /// The last term, if it is that of neighbours.
    fn neighbours(&self) -> Option<(&Term, &Bank, usize)> {
        let last = self.terms.last()?;
        if let Measure::Knn { bank, k } = &last.measure { Some((last, bank, *k)) } else { None }
    }

    /// The score without what these terms do not take from it.
    fn score_by(&self, terms: &[Term], block: &RowBlock<'_>, out: &mut [f64]) {
        for (out, softmax) in out.iter_mut().zip(block.softmax()) {
            *out = -self.first.gap(softmax).ln();
        }
        for term in terms {
            for (out, second) in out.iter_mut().zip(term.measure.of(block).iter()) {
                *out -= term.penalty(*second);
            }
        }
    }
}

impl Fitted for FittedSirc {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        self.score_by(&self.terms, block, out);
    }

    fn search(&self) -> Option<&dyn Search> {
        if self.neighbours().is_some() { Some(self) } else { None }
    }

    fn save(&self) -> State<'_> {
        self.terms.iter().fold(State::new(), |state, term| {
            let (name, part) = match &term.measure {
                Measure::L1 => (Second::L1, State::new()),
                Measure::Residual(space) => (Second::Residual, State::new().with_part("space", space.save())),
                Measure::Knn { bank, .. } => (Second::Knn, State::new().with_part("bank", bank.save())),
            };
            state.with_part(name.name(), part.with_number("low", term.low).with_number("steepness", term.steepness))
        })
    }
}

/// Only of a score with a term of neighbours.
impl Search for FittedSirc {
    fn bank(&self) -> &Bank {
        let (_, bank, _) = self.neighbours().expect("a score without neighbours offers no search");
        bank
    }

    fn look<'a>(&'a self, block: &'a RowBlock<'_>, multiples: &'a Multiples, out: &'a mut [f64]) -> Box<dyn Look + 'a> {
        let (term, bank, k) = self.neighbours().expect("a score without neighbours offers no search");
        self.score_by(&self.terms[..self.terms.len() - 1], block, out);
        let take = move |row: usize, distances: &[f64]| out[row] -= term.penalty(nearness(distances));
        Box::new(bank.search(multiples, block.unit_features(), k, take))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::example::{Example, HandDump};
    use ndarray::array;

    #[test]
    fn goldens_of_both_divisors() {
        let run = HandDump::of_three_classes();
        run.gives(&ENTRY, &[], &[1.823_165_94, 0.735_651_36, -1.304_379_87], 5e-9);
        run.gives(&ENTRY, &[("ddof", "1")], &[1.837_649_04, 0.734_848_75, -0.988_424_84], 5e-9);
    }

    /// The example of the page.
    #[test]
    fn example_by_hand() {
        let gap = 3.0_f64.ln();
        let example = Example {
            train: array![[3.0, 0.0], [4.0, 1.0]],
            labels: vec![0, 0],
            features: array![[1.0, 0.0]],
            logits: Some(array![[gap, 0.0]]),
        };
        // Mean 4, deviation 1: a = 1, b = 1.
        let softplus = 2.0_f64.ln();
        example.gives(&ENTRY, &[], &[4.0_f64.ln() - softplus], 1e-15);
        let entropy = -(0.75 * 0.75_f64.ln() + 0.25 * 0.25_f64.ln());
        example.gives(&ENTRY, &[("s1", "entropy")], &[-entropy.ln() - softplus], 1e-15);
        example.gives(&ENTRY, &[("s1", "doctor")], &[-0.375_f64.ln() - softplus], 1e-15);
    }

    /// Two terms are two subtractions, whatever their order.
    #[test]
    fn several_seconds_are_subtracted_one_by_one() {
        let run = HandDump::of_three_classes();
        let score = |s2: &str| run.scores(&ENTRY, &[("s2", s2), ("k", "2")], array![[1.0, 1.0, 1.0, 1.0]])[0];
        let plain = run.scores(&ENTRY, &[("s2", "l1")], array![[1e9, 0.0, 0.0, 0.0]]);
        assert!(plain[0] > 100.0);
        let alone = -First::Msp
            .gap(
                RowBlock::new(
                    1,
                    Some(crate::rows::Rows::F64(crate::rows::matrix::Cow2::Owned(array![[0.1, 0.0, 0.9]]))),
                    None,
                    None,
                )
                .softmax()
                .first()
                .unwrap(),
            )
            .ln();
        let sum = score("l1") + score("knn") - alone;
        assert!((score("l1+knn") - sum).abs() < 1e-14);
        assert_eq!(score("knn+l1"), score("l1+knn"));
        let mut settings = ENTRY.settings();
        for wrong in ["l2", "l1+l1", "l1+", ""] {
            settings.set("s2", wrong).unwrap();
            assert!((ENTRY.build)(&settings).is_err(), "{wrong}");
        }
    }
}
