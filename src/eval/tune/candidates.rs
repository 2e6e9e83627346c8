//! The settings that a search tries.

use crate::score::{Chosen, Settings};

/// A score's settings as they are, then every combination of the grids of those parameters that no one set, but for combinations that the score
/// refuses and the settings as they are.
#[must_use]
pub fn candidates(chosen: &Chosen) -> Vec<Settings> {
    let before: Vec<String> = chosen.settings.all().map(|(_, value)| value.to_owned()).collect();
    let mut all = vec![chosen.settings.clone()];
    for parameter in searched(chosen) {
        let with = |settings: &Settings| {
            let with = |value: &&str| {
                let mut settings = settings.clone();
                settings.set(parameter.name, value).ok().map(|()| settings)
            };
            parameter.grid.iter().filter_map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all.retain(|settings| {
        (chosen.entry.build)(settings).is_ok() && !settings.all().map(|(_, value)| value).eq(before.iter())
    });
    all.insert(0, chosen.settings.clone());
    all
}

/// The parameters that are searched.
pub fn searched(chosen: &Chosen) -> impl Iterator<Item = &'static crate::score::settings::Parameter> {
    let set = |name: &str| chosen.settings.is_set(name);
    chosen.entry.parameters.iter().filter(move |parameter| !parameter.grid.is_empty() && !set(parameter.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::registry::find;

    fn texts(id: &str, set: &[(&str, &str)]) -> Vec<String> {
        let entry = find(id).unwrap();
        let mut settings = entry.settings();
        set.iter().for_each(|(name, value)| settings.set(name, value).unwrap());
        let text = |settings: Settings| settings.all().map(|(_, value)| value.to_owned()).collect::<Vec<_>>().join(" ");
        candidates(&Chosen::new(entry, settings).unwrap()).into_iter().map(text).collect()
    }

    #[test]
    fn defaults_come_first_and_once() {
        let all = texts("react", &[]);
        assert_eq!(all, ["0.9", "0.8", "0.85", "0.95", "0.99"]);
    }

    #[test]
    fn what_is_set_is_not_searched() {
        assert_eq!(texts("react", &[("percentile", "0.9")]), ["0.9"]);
        let all = texts("vra", &[("high", "0.6")]);
        assert_eq!(all, ["0.6 0.6", "0.4 0.6", "0.5 0.6"]);
        assert_eq!(texts("mps", &[]).len(), 1);
    }
}
