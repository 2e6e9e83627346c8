//! Bootstrap intervals: how many draws, which level, which seed.

use anyhow::{anyhow, bail};
use clap::Args;

use oodbench::stats::bootstrap::{Bootstrap, BootstrapError};

/// Options of a command that gives values intervals.
#[derive(Args)]
pub(crate) struct Intervals {
    /// Give every value a bootstrap interval from so many draws of the ID and the OOD rows; fields low, high and level in records
    #[arg(long, value_name = "DRAWS")]
    bootstrap: Option<usize>,
    /// Percent of samples in which an interval is to hold the true value [default: 95]
    #[arg(long, value_name = "PERCENT")]
    level: Option<f64>,
    /// Seed of the draws
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "bootstrap")]
    seed: u64,
}

/// Where no level is named.
const PERCENT: f64 = 95.0;

impl Intervals {
    /// The level, as a share, of intervals that come without draws.
    pub(crate) fn level_without_draws(&self) -> anyhow::Result<f64> {
        if self.bootstrap.is_some() {
            bail!("--bootstrap: expected none, these intervals come without draws; --level sets their level");
        }
        Ok(self.percent()? / 100.0)
    }

    /// Refuses options of intervals where there are none.
    pub(crate) fn are_none(&self) -> anyhow::Result<()> {
        if self.bootstrap.is_some() || self.level.is_some() {
            let option = if self.bootstrap.is_some() { "--bootstrap" } else { "--level" };
            bail!("{option}: expected none, these values have no intervals");
        }
        Ok(())
    }

    fn percent(&self) -> anyhow::Result<f64> {
        let level = self.level.unwrap_or(PERCENT);
        if level > 0.0 && level < 1.0 {
            // Digits that only binary fractions have are not repeated.
            let percent = (level * 1e8).round() / 1e6;
            bail!(
                "--level: found {level}, expected percent between 1 and 100; write --level {percent} for {percent} %"
            );
        }
        if !(1.0..100.0).contains(&level) {
            bail!("--level: found {level}, expected percent between 1 and 100, e.g. 95");
        }
        Ok(level)
    }

    /// How to draw, if intervals are asked for.
    pub(crate) fn bootstrap(&self) -> anyhow::Result<Option<Bootstrap>> {
        let Some(draws) = self.bootstrap else {
            if self.level.is_some() {
                bail!(
                    "--level: found no --bootstrap, expected both: the draws make the intervals; add --bootstrap 1000"
                );
            }
            return Ok(None);
        };
        let level = self.percent()?;
        let bootstrap = Bootstrap { resamples: draws, level: level / 100.0, seed: self.seed };
        // The library's levels are shares.
        bootstrap.check().map_err(|error| match error {
            BootstrapError::TooHigh { .. } => anyhow!(
                "--level: found {level}, expected a level that {} draws are enough for; take 99.99 at most",
                Bootstrap::MOST
            ),
            BootstrapError::TooFew { fewest, .. } => anyhow!(
                "--bootstrap: found {draws} draws, expected at least {fewest} for --level {level}, so that a draw lies outside of each end; \
                 1000 to 10000 are usual"
            ),
            error => anyhow!("--bootstrap: {error}"),
        })?;
        Ok(Some(bootstrap))
    }
}
