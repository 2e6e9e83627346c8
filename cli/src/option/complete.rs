//! What shells complete: names from the lists of the library and of the trainer.

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use oodbench::metric::PROCEDURES;
use oodbench::metric::reliability::PAGES;
use oodbench::score::REGISTRY;
#[cfg(feature = "train")]
use oodbench_train::data::{catalog::KNOWN_SETS, embedded::EmbeddedSet, noise::Noise};

/// Set while a shell asks the program what could come next.
pub(crate) const VARIABLE: &str = "OODBENCH_COMPLETE";

fn candidate(name: impl Into<std::ffi::OsString>, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(name).help(Some(help.to_owned().into()))
}

/// Scores by their ids.
pub(crate) fn score() -> ArgValueCandidates {
    ArgValueCandidates::new(|| REGISTRY.iter().map(|entry| candidate(entry.id, entry.title)).collect())
}

/// Scores by their ids, or all.
pub(crate) fn scores() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let ids = REGISTRY.iter().map(|entry| candidate(entry.id, entry.title));
        ids.chain([candidate("all", "every score that the run allows")]).collect()
    })
}

/// `SCORE.NAME=` of every parameter.
pub(crate) fn parameters() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let of = |entry: &'static oodbench::score::ScoreEntry| {
            entry.parameters.iter().map(|p| candidate(format!("{}.{}=", entry.id, p.name), p.help))
        };
        REGISTRY.iter().flat_map(of).collect()
    })
}

/// What `explain` has a page of.
pub(crate) fn topics() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let scores = REGISTRY.iter().map(|entry| candidate(entry.id, entry.title));
        let procedures = PROCEDURES.iter().map(|procedure| candidate(procedure.id, procedure.title));
        let measurements = PAGES.iter().map(|(name, _)| candidate(name, "what `reliability` shows"));
        scores
            .chain(procedures)
            .chain(measurements)
            .chain([
                candidate("layout", "how to lay out a dump"),
                candidate("detector", "thresholds, what they promise, and the file"),
            ])
            .collect()
    })
}

/// No names of images without the trainer, which knows them.
#[cfg(all(feature = "onnx", not(feature = "train")))]
pub(crate) fn image_sets() -> ArgValueCandidates {
    ArgValueCandidates::new(Vec::new)
}

/// Image sets known by name, for ID and OOD images alike.
#[cfg(feature = "train")]
pub(crate) fn image_sets() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let known = KNOWN_SETS.iter().map(|set| candidate(format!("{}:", set.name), set.title));
        let embedded =
            EmbeddedSet::ALL.iter().map(|set| candidate(format!("embedded:{}", set.name()), "inside the program"));
        let noise = Noise::ALL.map(|noise| candidate(noise.name(), "made on the spot"));
        known.chain(embedded).chain(noise).collect()
    })
}
