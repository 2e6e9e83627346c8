//! Numbers that look random and are the same on every machine and in every version: for stand-ins, synthetic rows, tests, and the directions that some scores
//! draw, which a few lines of any language make again.
//!
//! Draws that a statistic rests on are not made by these but by ChaCha8.

/// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Noise(u64);

/// What the state of [`Noise`] grows by: 2⁶⁴ over the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Noise {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in (0, 1), which has a logarithm.
    pub fn uniform_open(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// A number of the standard normal distribution, from two of the stream: `√(−2 log u) cos(2π v)` (Box & Muller).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform_open(), self.uniform_open());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

/// The number at a place of the stream of seed 0, counted from 0: a hash of the place.
#[must_use]
pub fn at(place: u64) -> u64 {
    mixed(place.wrapping_add(1).wrapping_mul(STEP))
}

fn mixed(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The linear congruential generator of Numerical Recipes (1992): so simple that a test's rows can be made again in any language.
#[derive(Clone, Debug)]
pub struct Congruential(u32);

impl Congruential {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// The upper 24 bits of the state, which an `f32` holds exactly.
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first outputs of seed 1234567 as the reference implementation prints them (prng.di.unimi.it/splitmix64.c).
    #[test]
    fn splitmix64_is_the_published_one() {
        let mut noise = Noise::new(1_234_567);
        let found = [noise.bits(), noise.bits(), noise.bits()];
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        let mut zero = Noise::new(0);
        assert_eq!([at(0), at(1), at(2)], [zero.bits(), zero.bits(), zero.bits()]);
    }

    #[test]
    fn congruential_begins_as_in_the_book() {
        // Numerical Recipes, 2nd ed., ch. 7.1: starting at 0 the states are 3C6EF35F, 47502932, D1CCF6E9, AAF95334.
        let mut noise = Congruential::new(0);
        assert_eq!(
            [noise.bits(), noise.bits(), noise.bits(), noise.bits()],
            [0x3C_6EF3, 0x47_5029, 0xD1_CCF6, 0xAA_F953]
        );
    }

    /// Mean 0, variance 1, kurtosis 3, within five standard errors of 100 000 draws.
    #[test]
    fn normal_numbers_have_the_moments_of_the_distribution() {
        const N: usize = 100_000;
        let mut noise = Noise::new(5);
        let draws: Vec<f64> = (0..N).map(|_| noise.normal()).collect();
        let moment = |power: i32| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / N as f64;
        let within =
            |found: f64, expected: f64, variance: f64| (found - expected).abs() < 5.0 * (variance / N as f64).sqrt();
        assert!(within(moment(1), 0.0, 1.0) && within(moment(2), 1.0, 2.0) && within(moment(4), 3.0, 96.0));
    }

    #[test]
    fn uniform_numbers_are_in_range() {
        let mut noise = Noise::new(3);
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&noise.uniform()));
            let open = noise.uniform_open();
            assert!(open > 0.0 && open < 1.0);
        }
    }
}
