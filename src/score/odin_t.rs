#![doc = include_str!("odin_t.md")]

use super::Score;
use super::entry::{ScoreEntry, no_caution};
use super::settings::{Parameter, SettingError, Settings};
use super::temperature::ProbabilityAt;

pub(super) const ENTRY: ScoreEntry = ScoreEntry {
    id: "odin_t",
    title: "ODIN, ε = 0",
    aliases: &["odin_without_perturbation"],
    reference: "Liang et al., Enhancing the Reliability of OOD Image Detection in Neural Networks, ICLR 2018, arXiv:1706.02690",
    page: include_str!("odin_t.md"),
    parameters: &[Parameter {
        name: "t",
        default: "1000",
        help: "T, a number above 0",
        grid: &["1", "10", "100", "1000"],
        counts: None,
    }],
    build,
    caution: no_caution,
    assumes: &[],
};

fn build(settings: &Settings) -> Result<Box<dyn Score>, SettingError> {
    let temperature = settings.number("t", "a finite number above 0", |t: &f64| *t > 0.0 && t.is_finite())?;
    Ok(Box::new(ProbabilityAt { temperature }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::tests::{assert_near, of_logits};

    #[test]
    fn example_of_the_page() {
        let row = [[1000.0 * 3.0_f64.ln(), 0.0]];
        assert_near(of_logits(&ProbabilityAt { temperature: 1000.0 }, &row)[0], 0.75, 1e-15);
    }
}
