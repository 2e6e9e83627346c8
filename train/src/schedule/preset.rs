//! Schedules by name: `paper`, `paper-N`, `one-cycle-N`, `cosine-N`, with N epochs.

use super::{PAPER_EPOCHS, Schedule};

/// A schedule by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// How its rates go.
    pub kind: PresetKind,
    /// Number of epochs.
    pub epochs: usize,
}

/// How the rates of a preset go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetKind {
    /// [`Schedule::scaled`].
    Paper,
    /// [`Schedule::one_cycle`].
    OneCycle,
    /// [`Schedule::cosine`].
    Cosine,
}

impl Preset {
    /// The preset of that name; `paper` alone is `paper-300`.
    ///
    /// # Example
    /// ```
    /// use oodbench_train::schedule::{Preset, Schedule};
    ///
    /// let preset = Preset::named("one-cycle-15").unwrap();
    /// assert_eq!(preset.schedule(), Schedule::one_cycle(15));
    /// assert_eq!(Preset::named("one-cycle"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if name == "paper" {
            return Some(Self { kind: PresetKind::Paper, epochs: PAPER_EPOCHS });
        }
        let (kind, epochs) = name.rsplit_once('-')?;
        let kind = match kind {
            "paper" => PresetKind::Paper,
            "one-cycle" => PresetKind::OneCycle,
            "cosine" => PresetKind::Cosine,
            _ => return None,
        };
        let epochs = epochs.parse().ok().filter(|&epochs| epochs > 0)?;
        Some(Self { kind, epochs })
    }

    /// Its rates.
    #[must_use]
    pub fn schedule(self) -> Schedule {
        match self.kind {
            PresetKind::Paper => Schedule::scaled(self.epochs),
            PresetKind::OneCycle => Schedule::one_cycle(self.epochs),
            PresetKind::Cosine => Schedule::cosine(self.epochs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_known_by_name_down_to_one_epoch() {
        let named = |name: &str| Preset::named(name).map(Preset::schedule);
        assert_eq!(named("paper"), Some(Schedule::paper()));
        for epochs in [1, 2, 6, 15] {
            assert_eq!(named(&format!("paper-{epochs}")), Some(Schedule::scaled(epochs)));
            assert_eq!(named(&format!("one-cycle-{epochs}")), Some(Schedule::one_cycle(epochs)));
            assert_eq!(named(&format!("cosine-{epochs}")), Some(Schedule::cosine(epochs)));
        }
        for wrong in ["paper-0", "paper-", "paper6", "paper-x", "one-cycle", "cosine", "cosine-0", "cycle-6", "-6", ""]
        {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
