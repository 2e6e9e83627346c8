//! The grammar of compositions.
//!
//! ```text
//! composition = term { "*" term }                 one term is a chain, all others are factors
//! term        = factor | chain
//! factor      = "gamma(" statistic [";" clip] ")" | "(" "1" "-" unit ")"
//! chain       = { unit "+" } unit                 steps, then a score
//! unit        = name [ "(" [ argument { ";" argument } ] ")" ]
//! argument    = value | parameter "=" value
//! ```
//!
//! Spaces between these do not matter.

use std::ops::Range;

use super::super::list::find_listed;
use super::super::settings::{Parameter, SettingError, Settings};
use super::super::step::StepEntry;
use super::super::step::registry::STEPS;
use super::super::step::registry::find as find_step;
use super::super::{ScoreEntry, own};
use super::error::CompositionError;
use super::parsed::{Composition, FactorUse, Use};
use crate::suggestion::nearest;

/// The scores that are the negative of a reconstruction error.
const ERRORS: [&str; 2] = ["cop", "corp"];

/// The name of the factor that reads an array of features.
const GAMMA: &str = "gamma";

/// The composition that a text says.
pub(super) fn parse(text: &str) -> Result<Composition, CompositionError> {
    let mut parser = Parser { text: text.chars().collect(), at: 0 };
    let mut terms = vec![parser.term()?];
    while parser.accept('*') {
        terms.push(parser.term()?);
    }
    if let Some(found) = parser.peek() {
        let place = parser.at..parser.at + 1;
        return Err(parser.error(place, format!("found {:?}, expected *, + or the end", found.to_string())));
    }
    let (mut factors, mut chain) = (Vec::<(FactorUse, Range<usize>)>::new(), None);
    for term in terms {
        match term {
            Term::Factor(factor, place) => {
                if factors.iter().any(|(other, _)| other.to_string() == factor.to_string()) {
                    return Err(parser.error(place, format!("found two factors {factor}, expected each once")));
                }
                factors.push((factor, place));
            }
            Term::Chain(steps, score, place) => {
                if chain.replace((steps, score)).is_some() {
                    return Err(parser
                        .error(place, "found two scores, expected one and factors: gamma(...) or (1-cop)".to_owned()));
                }
            }
        }
    }
    let end = parser.text.len();
    let Some((steps, score)) = chain else {
        return Err(parser
            .error(end..end, "found no score, expected one beside the factors, as in gamma(std)*energy".to_owned()));
    };
    factors.sort_by_key(|(factor, _)| factor.to_string());
    let factors = factors.into_iter().map(|(factor, _)| factor).collect();
    let (score, place) = score;
    let composition = Composition { factors, steps, score };
    let built = (composition.score.entry.build)(&composition.score.settings);
    if let Some(need) = built.ok().and_then(|built| composition.beside_features(built.needs())) {
        let id = composition.score.entry.id;
        return Err(parser.error(place, format!("{id} reads {need}, which no step changes; leave the steps out")));
    }
    Ok(composition)
}

/// A number as it is written shortest, so that 0.90 and 0.9 are one composition; of a parameter that is no number, the text.
fn canonical(value: &str, parameter: Option<&Parameter>, refuses: impl Fn(&str, &str) -> bool) -> String {
    let of_numbers = |parameter: &Parameter| {
        // Without a usual value to tell by: a number is what no word will do for.
        parameter.default.parse::<f64>().is_ok() || (parameter.default.is_empty() && refuses(parameter.name, "word"))
    };
    let Some(parameter) = parameter.filter(|parameter| of_numbers(parameter)) else { return value.to_owned() };
    match (value.parse::<f64>(), parameter.default.parse::<f64>()) {
        (Ok(number), Ok(usual)) if number == usual => parameter.default.to_owned(),
        _ => shortest(value),
    }
}

/// The shortest text of a finite number, else the text.
fn shortest(value: &str) -> String {
    match (value.parse::<u64>(), value.parse::<f64>()) {
        // A long whole number has more digits than fit.
        (Ok(whole), _) => whole.to_string(),
        (_, Ok(number)) if number.is_finite() => number.to_string(),
        _ => value.to_owned(),
    }
}

/// A score and where it stands.
type Placed<T> = (T, Range<usize>);

enum Term {
    Factor(FactorUse, Range<usize>),
    /// Steps, the score, and where all of it stands.
    Chain(Vec<Use<StepEntry>>, Placed<Use<ScoreEntry>>, Range<usize>),
}

struct Parser {
    text: Vec<char>,
    at: usize,
}

/// A name with its arguments, not yet known to be a step or a score.
struct Unit {
    name: String,
    place: Range<usize>,
    /// Each with its place.
    arguments: Vec<Placed<String>>,
    /// Name and arguments.
    whole: Range<usize>,
}

impl Parser {
    fn error(&self, place: Range<usize>, reason: String) -> CompositionError {
        CompositionError { text: self.text.iter().collect(), place, reason }
    }

    /// The next character that is not a space.
    fn peek(&mut self) -> Option<char> {
        while self.text.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), CompositionError> {
        if self.accept(wanted) { Ok(()) } else { Err(self.instead(&format!("{:?}", wanted.to_string()))) }
    }

    /// What stands at the place where something else is expected.
    fn instead(&mut self, expected: &str) -> CompositionError {
        let found = self.peek().map_or_else(|| "the end".to_owned(), |c| format!("{:?}", c.to_string()));
        let length = usize::from(self.at < self.text.len());
        self.error(self.at..self.at + length, format!("found {found}, expected {expected}"))
    }

    fn term(&mut self) -> Result<Term, CompositionError> {
        self.peek();
        let start = self.at;
        if self.accept('(') {
            self.expect('1')?;
            self.expect('-')?;
            let unit = self.unit()?;
            self.expect(')')?;
            if !ERRORS.contains(&unit.name.as_str()) {
                let reason = format!(
                    "found {}, expected {}, whose scores are the negative of an error",
                    unit.name,
                    ERRORS.join(" or ")
                );
                return Err(self.error(unit.place, reason));
            }
            return Ok(Term::Factor(FactorUse::OneLess(self.score(unit)?.0), start..self.at));
        }
        let first = self.unit()?;
        if first.name == GAMMA {
            return Ok(Term::Factor(self.gamma(&first)?, first.whole));
        }
        let mut units = vec![first];
        while self.accept('+') {
            units.push(self.unit()?);
        }
        let place = start..units.last().map_or(self.at, |unit| unit.whole.end);
        let Some(last) = units.pop() else { return Err(self.instead("a score")) };
        let steps = units.into_iter().map(|unit| self.step(unit)).collect::<Result<Vec<_>, _>>()?;
        Ok(Term::Chain(steps, self.score(last)?, place))
    }

    fn unit(&mut self) -> Result<Unit, CompositionError> {
        self.peek();
        let start = self.at;
        let is_name = |c: char| c.is_alphanumeric() || "_@.-".contains(c);
        while self.text.get(self.at).is_some_and(|c| is_name(*c)) {
            self.at += 1;
        }
        if start == self.at {
            return Err(self.instead("a step or a score"));
        }
        let (name, place) = (self.text[start..self.at].iter().collect::<String>(), start..self.at);
        let mut arguments = Vec::new();
        if self.accept('(') {
            while !self.accept(')') {
                self.peek();
                let start = self.at;
                while self.text.get(self.at).is_some_and(|c| !"();*".contains(*c)) {
                    self.at += 1;
                }
                let text: String = self.text[start..self.at].iter().collect();
                let length = text.trim_end().chars().count();
                arguments.push((text.trim_end().to_owned(), start..start + length));
                if !self.accept(';') && self.peek() != Some(')') {
                    return Err(self.instead("\";\" or \")\""));
                }
            }
        }
        let whole = place.start..if arguments.is_empty() { place.end } else { self.at };
        Ok(Unit { name, place, arguments, whole })
    }

    /// The settings of a unit of these parameters; `build` makes step or score of them.
    fn settings<T>(
        &self,
        id: &'static str,
        parameters: &'static [Parameter],
        unit: &Unit,
        build: fn(&Settings) -> Result<T, SettingError>,
    ) -> Result<Settings, CompositionError> {
        let refuses = |name: &str, value: &str| {
            let mut settings = Settings::new(id, parameters);
            let refused = settings.set(name, value).and_then(|()| build(&settings)).err();
            matches!(refused, Some(SettingError::Value { name: own, .. }) if own == name)
        };
        let mut settings = Settings::new(id, parameters);
        let mut named: Vec<&str> = Vec::new();
        let mut by_name = false;
        for (place, (argument, at)) in unit.arguments.iter().enumerate() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => {
                    by_name = true;
                    (name.trim(), value.trim())
                }
                None if by_name => {
                    let reason = format!("found {argument:?} behind a parameter by name, expected NAME={argument}");
                    return Err(self.error(at.clone(), reason));
                }
                None => match parameters.get(place) {
                    Some(parameter) => (parameter.name, argument.as_str()),
                    None => {
                        let many = if parameters.len() == 1 { "" } else { "s" };
                        return Err(self.error(at.clone(), format!("{id} has {} parameter{many}", parameters.len())));
                    }
                },
            };
            if named.contains(&name) {
                return Err(self.error(at.clone(), format!("found {name} twice, expected it once")));
            }
            named.push(name);
            let value = canonical(value, parameters.iter().find(|parameter| parameter.name == name), refuses);
            settings.set(name, &value).map_err(|error| self.error(at.clone(), error.to_string()))?;
        }
        Ok(settings)
    }

    /// What is wrong with a value: at its argument where there is one.
    fn refused(&self, unit: &Unit, parameters: &[Parameter], error: &SettingError) -> CompositionError {
        let named = |name: &str, place: usize, argument: &str| match argument.split_once('=') {
            Some((own, _)) => own.trim() == name,
            None => parameters.get(place).is_some_and(|parameter| parameter.name == name),
        };
        let mut place = unit.place.clone();
        if let SettingError::Value { name, .. } = error {
            let arguments = unit.arguments.iter().enumerate();
            place = arguments
                .filter(|(at, (text, _))| named(name, *at, text))
                .map(|(_, (_, at))| at.clone())
                .next_back()
                .unwrap_or(place);
        }
        self.error(place, error.to_string())
    }

    fn step(&self, unit: Unit) -> Result<Use<StepEntry>, CompositionError> {
        let wanted = unit.name.to_lowercase().replace('-', "_");
        let Some(entry) = find_step(&wanted) else {
            let known = STEPS.iter().map(|step| step.id);
            let reason = match (nearest(&wanted, known), find_listed(&unit.name)) {
                (_, Ok(score)) => {
                    format!("{} is a score and no step; a score stands last, factors are joined by *", score.id)
                }
                (Some(near), _) => format!("unknown step {:?}; did you mean {near}?", unit.name),
                (None, _) => format!("unknown step {:?}; `oodbench explain composition` shows all", unit.name),
            };
            return Err(self.error(unit.place, reason));
        };
        let settings = self.settings(entry.id, entry.parameters, &unit, entry.build)?;
        (entry.build)(&settings).map_err(|error| self.refused(&unit, entry.parameters, &error))?;
        Ok(Use { entry, settings })
    }

    fn score(&self, unit: Unit) -> Result<Placed<Use<ScoreEntry>>, CompositionError> {
        let entry = match own::entry(&unit.name).map_or_else(|| find_listed(&unit.name), Ok) {
            Ok(entry) => entry,
            Err(_) if find_step(&unit.name).is_some() => {
                let id = &unit.name;
                let reason = format!("{id} is a step and no score; put a score behind it, as in {id}+energy");
                return Err(self.error(unit.place, reason));
            }
            Err(error) => return Err(self.error(unit.place, error.to_string())),
        };
        let settings = self.settings(entry.id, entry.parameters, &unit, entry.build)?;
        (entry.build)(&settings).map_err(|error| self.refused(&unit, entry.parameters, &error))?;
        Ok((Use { entry, settings }, unit.whole))
    }

    fn gamma(&self, unit: &Unit) -> Result<FactorUse, CompositionError> {
        let expected = "expected gamma(STATISTIC) or gamma(STATISTIC;clip=C), C a number above 0";
        let (statistic, clip) = match unit.arguments.as_slice() {
            [(statistic, _)] => (statistic, None),
            [(statistic, _), clip] => (statistic, Some(clip)),
            _ => return Err(self.error(unit.whole.clone(), expected.to_owned())),
        };
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if !is_name(statistic) {
            return Err(self.error(unit.arguments[0].1.clone(), format!("found {statistic:?}, {expected}")));
        }
        let clip = match clip {
            None => None,
            Some((text, place)) => {
                let (name, value) = text.split_once('=').unwrap_or(("clip", text.as_str()));
                let value = value.trim();
                let valid =
                    name.trim() == "clip" && value.parse().is_ok_and(|clip: f64| clip > 0.0 && clip.is_finite());
                if !valid {
                    return Err(self.error(place.clone(), format!("found {text:?}, {expected}")));
                }
                Some(shortest(value))
            }
        };
        Ok(FactorUse::Gamma { statistic: statistic.clone(), clip })
    }
}
