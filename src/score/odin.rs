#![doc = include_str!("odin.md")]

use super::entry::{ScoreEntry, no_caution};
use super::need::{Need, Splits};
use super::settings::{Parameter, SettingError, Settings};
use super::{Fit, Fitted, Score, State, StateError};
use crate::fit::{FitError, Training};
use crate::numeric::softmax::softmax_at;
use crate::rows::{ArrayKind, RowBlock, Split};

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "odin",
    title: "ODIN",
    aliases: &[],
    reference: "Liang et al., Enhancing the Reliability of OOD Image Detection in Neural Networks, ICLR 2018, arXiv:1706.02690",
    page: include_str!("odin.md"),
    parameters: &[
        Parameter {
            name: "t",
            default: "",
            help: "T, one of those in the dump; chosen if not set",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "epsilon",
            default: "",
            help: "ε, one of those in the dump; chosen if not set",
            grid: &[],
            counts: None,
        },
        Parameter {
            name: "fit_on",
            default: "",
            help: "the set in val_ood/ that T and ε are chosen on, too; in-distribution rows alone if not set",
            grid: &[],
            counts: None,
        },
    ],
    build,
    caution: no_caution,
    assumes: &[],
};

/// What the names of logits of moved images begin with: `odin_<T>_<ε>`.
const PREFIX: &str = "odin_";

/// Images moved by ε along the gradient at T.
#[derive(Clone, Debug, PartialEq)]
struct Setting {
    name: String,
    t: f64,
    epsilon: f64,
}

impl Setting {
    /// The setting of logits of that name, if they are of moved images.
    fn parse(name: &str) -> Option<Self> {
        let (t, epsilon) = name.strip_prefix(PREFIX)?.split_once('_')?;
        let (t, epsilon) = (t.parse().ok()?, epsilon.parse().ok()?);
        (t > 0.0 && epsilon >= 0.0).then(|| Self { name: name.to_owned(), t, epsilon })
    }

    /// The largest probability at T of every row.
    fn score(&self, block: &RowBlock<'_>, mut take: impl FnMut(usize, f64)) {
        block.variant(&self.name).for_each(|row, logits| take(row, softmax_at(logits, self.t).max_probability()));
    }

    fn of_split<'a>(&self, training: &Training<'a>, split: &'a Split) -> Vec<f64> {
        let array = ArrayKind::Variant(self.name.clone());
        let of_block = |block: &RowBlock<'_>| {
            let mut scores = vec![0.0; block.rows()];
            self.score(block, |row, score| scores[row] = score);
            scores
        };
        training.map_blocks(split, &[array], |_, block| of_block(block)).concat()
    }
}

struct Odin {
    t: Option<f64>,
    epsilon: Option<f64>,
    fit_on: Option<String>,
    needs: Vec<Need>,
}

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let set = |name: &'static str| !settings.text(name).is_empty();
    let t = set("t").then(|| settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite()));
    let not_negative = |epsilon: &f64| *epsilon >= 0.0 && epsilon.is_finite();
    let epsilon = set("epsilon").then(|| settings.number("epsilon", "a finite number, at least 0", not_negative));
    let fit_on = Some(settings.text("fit_on")).filter(|name| !name.is_empty()).map(str::to_owned);
    let (t, epsilon) = (t.transpose()?, epsilon.transpose()?);
    if let (Some(_), Some(_), Some(name)) = (t, epsilon, &fit_on) {
        let expected = "none where t and epsilon are set: nothing is left to be chosen".to_owned();
        return Err(settings.refuse("fit_on", name, expected));
    }
    let needs = match (t, epsilon, &fit_on) {
        (Some(t), Some(epsilon), _) => vec![Need::Variant(format!("{PREFIX}{t}_{epsilon}"))],
        (.., None) => vec![Need::Variants(PREFIX), Need::CalibrationVariants(PREFIX)],
        (.., Some(name)) => {
            let val_ood = Need::ValOodVariants(name.clone(), PREFIX);
            vec![Need::Variants(PREFIX), Need::CalibrationVariants(PREFIX), val_ood]
        }
    };
    Ok(Box::new(Odin { t, epsilon, fit_on, needs }))
}

impl Score for Odin {
    fn needs(&self) -> &[Need] {
        &self.needs
    }

    fn fit(&self, training: &Training<'_>) -> Result<Fit, FitError> {
        let names = training.rows().variants();
        let is_allowed = |own: &Setting| {
            self.t.is_none_or(|t| t == own.t) && self.epsilon.is_none_or(|epsilon| epsilon == own.epsilon)
        };
        let parsed = names.iter().filter_map(|kind| match kind {
            ArrayKind::Variant(name) => Setting::parse(name),
            _ => None,
        });
        let mut settings: Vec<Setting> = parsed.filter(is_allowed).collect();
        // The first of equally good ones is the one that changes least.
        settings.sort_by(|one, other| one.epsilon.total_cmp(&other.epsilon).then(other.t.total_cmp(&one.t)));
        if settings.is_empty() {
            let reason = "no logits@odin_<T>_<epsilon> has these T and epsilon".to_owned();
            return Err(training.not_applicable(ENTRY.id, reason));
        }
        if self.t.is_some() && self.epsilon.is_some() {
            return Ok(Fit::new(FittedOdin(settings.swap_remove(0))));
        }
        let (chosen, note) = match &self.fit_on {
            Some(name) => self.by_false_positives(training, &settings, name)?,
            None => self.by_mean(training, &settings)?,
        };
        Ok(Fit::noted(FittedOdin(chosen), vec![note]))
    }

    fn restore(&self, state: &mut State<'_>) -> Result<Box<dyn Fitted>, StateError> {
        let name = state.text("name")?;
        let other = || StateError::Other {
            name: "name".to_owned(),
            found: format!("{name:?}"),
            expected: "odin_<T>_<epsilon>",
        };
        Ok(Box::new(FittedOdin(Setting::parse(&name).ok_or_else(other)?)))
    }
}

impl Odin {
    /// The ε with the largest mean score of in-distribution rows, at the largest T (Hsu et al. 2020): means at other T are no measure.
    fn by_mean(&self, training: &Training<'_>, settings: &[Setting]) -> Result<(Setting, String), FitError> {
        let split = training.calibration_split()?;
        let t = settings.iter().map(|setting| setting.t).fold(0.0, f64::max);
        let mut best: Option<(f64, &Setting)> = None;
        for setting in settings.iter().filter(|setting| setting.t == t) {
            let mean = setting.of_split(training, split).iter().sum::<f64>() / split.rows as f64;
            if best.is_none_or(|(largest, _)| mean > largest) {
                best = Some((mean, setting));
            }
        }
        let chosen = best.map_or(&settings[0], |(_, setting)| setting);
        let largest = if self.t.is_some() { "as set" } else { "the largest in the dump" };
        let of_mean = match self.epsilon {
            Some(_) => "as set".to_owned(),
            None => format!("of the largest mean score on {}", split.role),
        };
        let note = format!("T = {t}, {largest}; ε = {}, {of_mean}; no OOD row was looked at", chosen.epsilon);
        Ok((chosen.clone(), note))
    }

    /// The T and ε with the fewest OOD rows among the scores of 95 % of in-distribution rows, as the authors choose them.
    fn by_false_positives(
        &self,
        training: &Training<'_>,
        settings: &[Setting],
        set: &str,
    ) -> Result<(Setting, String), FitError> {
        let split = training.calibration_split()?;
        let novel = Splits::ValOod(Some(set.to_owned())).of(training.rows()).next();
        let novel = novel.ok_or_else(|| training.missing_split("OOD set", format!("val_ood/{set}")))?;
        let mut best: Option<(usize, &Setting)> = None;
        for setting in settings {
            let mut own = setting.of_split(training, split);
            own.sort_by(|a, b| b.total_cmp(a));
            let threshold = own[(own.len() * 95).div_ceil(100) - 1];
            let kept = setting.of_split(training, novel).iter().filter(|score| **score >= threshold).count();
            if best.is_none_or(|(fewest, _)| kept < fewest) {
                best = Some((kept, setting));
            }
        }
        let (kept, chosen) = best.unwrap_or((0, &settings[0]));
        let as_set = |set: Option<f64>| if set.is_some() { " as set" } else { "" };
        let note = format!(
            "T = {}{}, ε = {}{}: at 95 % of {}, {kept} of {} rows of {} are taken for in-distribution, the fewest",
            chosen.t,
            as_set(self.t),
            chosen.epsilon,
            as_set(self.epsilon),
            split.role,
            novel.rows,
            novel.role
        );
        Ok((chosen.clone(), note))
    }
}

struct FittedOdin(Setting);

impl Fitted for FittedOdin {
    fn score_block(&self, block: &RowBlock<'_>, out: &mut [f64]) {
        self.0.score(block, |row, score| out[row] = score);
    }

    fn needs(&self) -> Option<Vec<Need>> {
        Some(vec![Need::Variant(self.0.name.clone())])
    }

    fn save(&self) -> State<'_> {
        State::new().with_text("name", &self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Matrix, Role, Rows, RunRows, matrix::Cow2};
    use ndarray::{Array2, arr2};

    fn split(role: Role, arrays: &[(&str, [f64; 2])]) -> Split {
        arrays.iter().fold(Split::new(role, "memory"), |split, (name, gaps)| {
            let logits = Array2::from_shape_fn((2, 2), |(row, class)| if class == 0 { gaps[row] } else { 0.0 });
            let kind = ArrayKind::Variant((*name).to_owned());
            split.with(kind, Matrix::of(*name, logits).unwrap()).unwrap()
        })
    }

    /// Gaps of two rows between their two logits, of id/val and of val_ood/near, for two ε.
    fn fit(settings: &[(&str, &str)]) -> Result<Fit, FitError> {
        let rows = RunRows::new(
            "memory",
            vec![
                split(Role::Val, &[("odin_1_0", [1.0, 2.0]), ("odin_1_0.5", [3.0, 4.0])]),
                split(
                    Role::ValOod { name: "near".to_owned() },
                    &[("odin_1_0", [0.5, 0.5]), ("odin_1_0.5", [3.5, 3.5])],
                ),
                split(Role::Test, &[("odin_1_0", [0.0, 0.0]), ("odin_1_0.5", [3.0_f64.ln(), 0.0])]),
            ],
            None,
        )
        .unwrap();
        let mut values = ENTRY.settings();
        settings.iter().for_each(|(name, value)| values.set(name, value).unwrap());
        build(&values).unwrap().fit(&Training::new(&rows))
    }

    fn score(fit: &Fit) -> f64 {
        let rows = |gap: f64| Rows::F64(Cow2::Owned(arr2(&[[gap, 0.0]])));
        let block = RowBlock::new(1, None, None, None)
            .with_variant("odin_1_0", rows(0.0))
            .with_variant("odin_1_0.5", rows(3.0_f64.ln()));
        let mut out = [f64::NAN];
        fit.scorer.score_block(&block, &mut out);
        out[0]
    }

    /// Without OOD rows the larger mean decides, with them the fewest false positives.
    #[test]
    fn the_step_is_chosen_on_validation_rows() {
        let alone = fit(&[]).unwrap();
        assert!((score(&alone) - 0.75).abs() < 1e-15);
        assert!(alone.notes[0].contains("ε = 0.5, of the largest mean score on id/val"), "{:?}", alone.notes);
        let with_ood = fit(&[("fit_on", "near")]).unwrap();
        assert_eq!(score(&with_ood), 0.5);
        assert!(with_ood.notes[0].contains("ε = 0: at 95 % of id/val, 0 of 2 rows"), "{:?}", with_ood.notes);
        assert!((score(&fit(&[("t", "1"), ("epsilon", "0.5")]).unwrap()) - 0.75).abs() < 1e-15);
        assert!(fit(&[("epsilon", "0.25")]).err().unwrap().to_string().contains("has these T and epsilon"));
    }

    /// What was set was not chosen, whatever else was.
    #[test]
    fn notes_tell_what_was_set_from_what_was_chosen() {
        for (settings, expected) in [
            (
                &[("t", "1")][..],
                "T = 1, as set; ε = 0.5, of the largest mean score on id/val; no OOD row was looked at",
            ),
            (&[("epsilon", "0")], "T = 1, the largest in the dump; ε = 0, as set; no OOD row was looked at"),
            (&[("t", "1"), ("fit_on", "near")], "T = 1 as set, ε = 0: at 95 % of id/val, 0 of 2 rows of val_ood/near "),
            (&[("epsilon", "0.5"), ("fit_on", "near")], "T = 1, ε = 0.5 as set: at 95 % of id/val, 2 of 2 rows "),
        ] {
            let notes = fit(settings).unwrap().notes;
            assert!(notes[0].starts_with(expected), "{notes:?}");
        }
        let mut all = ENTRY.settings();
        [("t", "1"), ("epsilon", "0"), ("fit_on", "near")]
            .iter()
            .for_each(|(name, value)| all.set(name, value).unwrap());
        let refused = build(&all).err().unwrap().to_string();
        assert!(
            refused.starts_with("odin.fit_on=near: found \"near\", expected none where t and epsilon"),
            "{refused}"
        );
    }

    /// The fit reads one array, by the name it has, and that is what is kept.
    #[test]
    fn the_spelling_of_the_array_is_kept() {
        let setting = Setting::parse("odin_1000.0_0.050").unwrap();
        assert_eq!((setting.t, setting.epsilon), (1000.0, 0.05));
        let fitted = FittedOdin(setting);
        let expected = Some(vec![Need::Variant("odin_1000.0_0.050".to_owned())]);
        assert_eq!(fitted.needs(), expected);
        let score = ENTRY.with_defaults();
        assert_eq!(score.restore(&mut fitted.save()).unwrap().needs(), expected);
        // A fit of an earlier version, which kept T and ε, is to be made again.
        let mut earlier = State::new().with_number("t", 1000.0).with_number("epsilon", 0.05);
        assert!(score.restore(&mut earlier).err().unwrap().to_string().contains("name"));
        let other = score.restore(&mut State::new().with_text("name", "members")).err().unwrap().to_string();
        assert_eq!(other, "found array name of \"members\", expected odin_<T>_<epsilon>");
    }
}
