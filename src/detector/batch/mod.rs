//! Deciding a batch as a whole, so that of the rows flagged only a share q is expected to be in-distribution (false discovery rate, FDR).
//!
//! A threshold bounds how many ID rows are flagged; where OOD rows are rare, most of those flagged can be ID all the same. These procedures look at all
//! p-values of a batch of `m` rows and flag the smallest, however many they are.
//!
//! | file | flags | holds where |
//! |---|---|---|
//! | [`bh`] | p ≤ q·k/m | calibration p-values are positively dependent (PRDS), which is enough |
//! | [`storey`] | the same at q/π̂₀, π̂₀ the estimated share of ID rows | as above; more powerful where much is OOD |
//! | [`e_bh`] | e ≥ m/(q·k) | e-values of any dependence; less powerful |
//!
//! The guarantee is marginal: on average over calibration rows and batches.
//!
//! Sources: Benjamini & Hochberg, JRSS B 57 (1995); Storey, JRSS B 64 (2002); Wang & Ramdas, False discovery rate control with e-values, 2022;
//! Bates et al., Testing for outliers with conformal p-values, 2023.

pub mod bh;
pub mod e_bh;
pub mod spool;
pub mod storey;
pub mod tally;

use tally::Tally;

/// A way to decide a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procedure {
    /// Benjamini and Hochberg's.
    Bh,
    /// Storey's, with λ = 0.5.
    Storey,
    /// Benjamini and Hochberg's of e-values.
    EBh,
}

impl Procedure {
    /// All of them, the usual one first.
    pub const ALL: [Self; 3] = [Self::Bh, Self::Storey, Self::EBh];

    /// Its name on the command line.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Bh => "bh",
            Self::Storey => "storey",
            Self::EBh => "e-bh",
        }
    }

    /// The largest p-value that is flagged; none if no row is.
    #[must_use]
    pub fn cutoff(self, tally: &Tally, q: f64) -> Option<f64> {
        match self {
            Self::Bh => bh::cutoff(tally, q),
            Self::Storey => storey::cutoff(tally, q),
            Self::EBh => e_bh::cutoff(tally, q),
        }
    }

    /// How many of `m` rows have to have the lowest p-value that `n` calibration rows can give, 1/(n + 1), so that any row is flagged; none if not even all
    /// of them are enough.
    ///
    /// ```
    /// use oodbench::detector::batch::Procedure;
    /// // p = 0.01 ≤ 0.1·k/1000 from k = 100 on; with 9 calibration rows p is 0.1, with 8 it is above q.
    /// assert_eq!(Procedure::Bh.fewest(1000, 99, 0.1), Some(100));
    /// assert_eq!(Procedure::Bh.fewest(1000, 9, 0.1), Some(1000));
    /// assert_eq!(Procedure::Bh.fewest(1000, 8, 0.1), None);
    /// ```
    #[must_use]
    pub fn fewest(self, m: usize, n: usize, q: f64) -> Option<usize> {
        let p = 1.0 / (n + 1) as f64;
        let flags = |count: usize| self.cutoff(&Tally::lowest(p, count, m), q).is_some();
        let (mut few, mut enough) = (0, m);
        if !flags(enough) {
            return None;
        }
        while enough - few > 1 {
            let middle = few + (enough - few) / 2;
            if flags(middle) { enough = middle } else { few = middle }
        }
        Some(enough)
    }
}
