//! The list of all scores; everything that enumerates scores reads this one.

use super::entry::ScoreEntry;
use super::own;
use super::{
    ash_b, ash_p, ash_s, cfood, cop, corp, cosine, dice, dml, doctor, energy, es, fdbd, feature_norm, r#gen, gmm,
    grad_norm, igeood, joint_energy, kl_matching, knn, logit_gap, lts, mahalanobis, mahalanobis_layers, mahalanobis_pp,
    max_logit, mds, mmleps, mmles, mmls, mps, nac, nan, nci, neco, nnguide, odin_t, openmax, optfs, pnml, r_cosine,
    ras, react, relation, relative_mahalanobis, relative_mahalanobis_pp, residual, scale, scaled_cosine, she, sirc,
    ssd, temperature, vim, vra, wdiscood, weiper_kld,
};
use crate::suggestion::nearest;

/// All scores, in the order of tables and pages.
pub const REGISTRY: &[ScoreEntry] = &[
    // Logits.
    mds::ENTRY,
    es::ENTRY,
    mps::ENTRY,
    max_logit::ENTRY,
    energy::ENTRY,
    mmls::ENTRY,
    mmles::ENTRY,
    mmleps::ENTRY,
    r#gen::ENTRY,
    temperature::ENTRY,
    odin_t::ENTRY,
    kl_matching::ENTRY,
    openmax::ENTRY,
    doctor::ENTRY,
    logit_gap::ENTRY,
    igeood::ENTRY,
    joint_energy::ENTRY,
    // Features.
    mahalanobis::ENTRY,
    mahalanobis_layers::ENTRY,
    mahalanobis_pp::ENTRY,
    relative_mahalanobis::ENTRY,
    relative_mahalanobis_pp::ENTRY,
    gmm::ENTRY,
    ssd::ENTRY,
    cosine::ENTRY,
    r_cosine::ENTRY,
    knn::ENTRY,
    nnguide::ENTRY,
    she::ENTRY,
    relation::ENTRY,
    neco::ENTRY,
    pnml::ENTRY,
    lts::ENTRY,
    cfood::ENTRY,
    wdiscood::ENTRY,
    cop::ENTRY,
    corp::ENTRY,
    sirc::ENTRY,
    nan::ENTRY,
    feature_norm::ENTRY,
    // Linear head.
    vim::ENTRY,
    residual::ENTRY,
    react::ENTRY,
    dice::ENTRY,
    ash_s::ENTRY,
    ash_b::ENTRY,
    ash_p::ENTRY,
    scale::ENTRY,
    vra::ENTRY,
    ras::ENTRY,
    optfs::ENTRY,
    nac::ENTRY,
    weiper_kld::ENTRY,
    fdbd::ENTRY,
    nci::ENTRY,
    grad_norm::ENTRY,
    scaled_cosine::ENTRY,
    dml::ENTRY,
];

/// A name that no score has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown score {name:?}; {suggestion}")]
pub struct UnknownScore {
    /// What was asked for.
    pub name: String,
    /// The nearest known one, or where to look.
    pub suggestion: String,
}

/// The score of an id or alias, or of somebody else's values, `scores@<name>`.
///
/// # Errors
/// [`UnknownScore`] with the nearest known name.
pub fn find(name: &str) -> Result<&'static ScoreEntry, UnknownScore> {
    if let Some(own) = own::entry(name.trim()) {
        return Ok(own);
    }
    let wanted = name.trim().to_lowercase().replace('-', "_");
    let named = |entry: &&ScoreEntry| entry.id == wanted || entry.aliases.contains(&wanted.as_str());
    REGISTRY.iter().find(named).ok_or_else(|| {
        let known = REGISTRY.iter().flat_map(|entry| entry.aliases.iter().copied().chain([entry.id]));
        let suggestion = match nearest(&wanted, known) {
            Some(near) => format!("did you mean {near}?"),
            None => "`oodbench list` shows all".to_owned(),
        };
        UnknownScore { name: name.to_owned(), suggestion }
    })
}

/// The scores of some names (ids, aliases or `all`), each once, and whether all are meant.
///
/// # Errors
/// [`UnknownScore`] for the first name that is not in the list.
pub fn entries(names: &[String]) -> Result<(Vec<&'static ScoreEntry>, bool), UnknownScore> {
    if names.iter().any(|name| name.eq_ignore_ascii_case("all")) {
        return Ok((REGISTRY.iter().collect(), true));
    }
    let mut entries: Vec<&'static ScoreEntry> = Vec::new();
    for name in names {
        let entry = find(name)?;
        if !entries.iter().any(|other| other.id == entry.id) {
            entries.push(entry);
        }
    }
    Ok((entries, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_aliases_are_unique_and_defaults_build() {
        let mut names: Vec<&str> =
            REGISTRY.iter().flat_map(|entry| entry.aliases.iter().copied().chain([entry.id])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for entry in REGISTRY {
            assert!(!entry.with_defaults().needs().is_empty(), "{} needs nothing", entry.id);
        }
    }

    #[test]
    fn every_value_of_a_grid_is_valid_and_the_default_is_among_them() {
        for entry in REGISTRY {
            for parameter in entry.parameters.iter().filter(|parameter| !parameter.grid.is_empty()) {
                for value in parameter.grid {
                    let mut settings = entry.settings();
                    settings.set(parameter.name, value).unwrap();
                    assert!((entry.build)(&settings).is_ok(), "{}.{}={value}", entry.id, parameter.name);
                }
                let default = parameter.default;
                assert!(default.is_empty() || parameter.grid.contains(&default), "{}.{}", entry.id, parameter.name);
            }
        }
    }

    #[test]
    fn pages_have_their_headings() {
        let headings = [
            "## Formula",
            "## Reads",
            "## Orientation",
            "## Numerics",
            "## Cost",
            "## Parameters",
            "## Differences",
            "## Reference",
            "## Example",
        ];
        for entry in REGISTRY {
            let at: Vec<Option<usize>> = headings.iter().map(|heading| entry.page.find(heading)).collect();
            assert!(at.iter().all(Option::is_some), "{} lacks a heading: {at:?}", entry.id);
            assert!(at.is_sorted(), "{}: headings out of order", entry.id);
        }
    }

    #[test]
    fn misspelt_names_are_answered() {
        assert_eq!(find("MSP").map(|entry| entry.id), Ok("mps"));
        assert_eq!(find("maxlogit").map(|entry| entry.id), Ok("max_logit"));
        assert_eq!(find("enrgy").err().map(|e| e.suggestion), Some("did you mean energy?".to_owned()));
    }
}
