//! The list of all scores; everything that enumerates scores reads this one.

use super::entry::ScoreEntry;
use super::{
    ash_b, ash_p, ash_s, cadref, caref, cfood, cop, corp, cosine, dice, dml, doctor, energy, ensemble_energy,
    ensemble_mps, es, expected_entropy, fdbd, feature_norm, r#gen, gl_mcm, gmm, grad_norm, gram, igeood, joint_energy,
    kl_matching, knn, logit_gap, lts, mahalanobis, mahalanobis_layers, mahalanobis_perturbed, mahalanobis_pp,
    max_logit, mcm, mds, mmleps, mmles, mmls, mps, mutual_information, nac, nan, nci, neco, neglabel, nnguide, odin,
    odin_t, openmax, optfs, pnml, predictive_entropy, r_cosine, ras, react, relation, relative_mahalanobis,
    relative_mahalanobis_pp, residual, scale, scaled_cosine, she, sirc, ssd, temperature, variation_ratio, vim, vra,
    wdiscood, weiper_kld,
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
    // Members of an ensemble.
    ensemble_mps::ENTRY,
    ensemble_energy::ENTRY,
    predictive_entropy::ENTRY,
    expected_entropy::ENTRY,
    mutual_information::ENTRY,
    variation_ratio::ENTRY,
    // Moved images.
    odin::ENTRY,
    // Gram matrices.
    gram::ENTRY,
    // Features.
    mahalanobis::ENTRY,
    mahalanobis_layers::ENTRY,
    mahalanobis_perturbed::ENTRY,
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
    caref::ENTRY,
    nan::ENTRY,
    feature_norm::ENTRY,
    // Embeddings of texts.
    mcm::ENTRY,
    gl_mcm::ENTRY,
    neglabel::ENTRY,
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
    cadref::ENTRY,
];

/// A name that is not in the list.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown score {name:?}; {suggestion}")]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    /// The nearest known one, or where to look.
    pub suggestion: String,
}

/// The score of an id or alias.
///
/// # Errors
/// [`UnknownName`] with the nearest known one.
pub(super) fn find_listed(name: &str) -> Result<&'static ScoreEntry, UnknownName> {
    let wanted = name.trim().to_lowercase().replace('-', "_");
    let named = |entry: &&ScoreEntry| entry.id == wanted || entry.aliases.contains(&wanted.as_str());
    REGISTRY.iter().find(named).ok_or_else(|| {
        let known = REGISTRY.iter().flat_map(|entry| entry.aliases.iter().copied().chain([entry.id]));
        let suggestion = match nearest(&wanted, known) {
            Some(near) => format!("did you mean {near}?"),
            None => "`oodbench list` shows all".to_owned(),
        };
        UnknownName { name: name.to_owned(), suggestion }
    })
}
