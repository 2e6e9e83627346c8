//! Changes to seeds: bits, numbers at the edges, parts cut, doubled, taken from another seed, words of the format.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Makes inputs out of seeds.
pub struct Mutator<'a> {
    random: ChaCha8Rng,
    seeds: &'a [Vec<u8>],
    words: &'a [&'a [u8]],
}

/// No input becomes longer, so that millions are read in minutes.
const LONGEST: usize = 1 << 16;

const EDGES: &[u64] = &[
    0,
    1,
    2,
    7,
    8,
    15,
    16,
    31,
    63,
    64,
    127,
    128,
    255,
    256,
    1023,
    1024,
    4096,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x00ff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0xff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];

impl<'a> Mutator<'a> {
    /// A mutator whose inputs depend on `seed` alone.
    #[must_use]
    pub fn new(seed: u64, seeds: &'a [Vec<u8>], words: &'a [&'a [u8]]) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), seeds, words }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut bytes = self.seeds[self.random.random_range(0..self.seeds.len())].clone();
        // Mostly one or two changes: with more hardly anything gets past the first check.
        let changes = 1 + (self.random.random::<u32>().leading_zeros() as usize).min(6);
        for _ in 0..changes {
            self.change(&mut bytes);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn place(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.len().max(1);
        // Headers are at the beginning or at the end.
        match self.random.random_range(0..4) {
            0 => self.random.random_range(0..length.min(64)),
            1 => length - 1 - self.random.random_range(0..length.min(128)),
            _ => self.random.random_range(0..length),
        }
    }

    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let start = self.place(bytes).min(bytes.len());
        let most = (bytes.len() - start).min(1 << self.random.random_range(0..14));
        start..start + self.random.random_range(0..=most)
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            bytes.extend(self.random.random::<[u8; 4]>());
            return;
        }
        let at = self.place(bytes);
        match self.random.random_range(0..12) {
            0 => bytes[at] ^= 1 << self.random.random_range(0..8),
            1 => bytes[at] = self.random.random(),
            2 => bytes.truncate(at),
            3 => {
                let range = self.range(bytes);
                bytes.drain(range);
            }
            4 => {
                let range = self.range(bytes);
                let part = bytes[range].to_vec();
                let times = 1 << self.random.random_range(0..6);
                let part = part.repeat(times.min(1 + LONGEST / (part.len() + 1)));
                bytes.splice(at..at, part);
            }
            5 | 6 => self.number(bytes, at),
            7 => self.digits(bytes, at),
            8 => {
                let other = &self.seeds[self.random.random_range(0..self.seeds.len())].clone();
                let range = self.range(other);
                let end = (at + range.len()).min(bytes.len());
                bytes.splice(at..end, other[range].iter().copied());
            }
            9 | 10 if !self.words.is_empty() => {
                let word = self.words[self.random.random_range(0..self.words.len())];
                let end = if self.random.random() { at } else { (at + word.len()).min(bytes.len()) };
                bytes.splice(at..end, word.iter().copied());
            }
            _ => {
                let length = self.random.random_range(1..9);
                let noise: Vec<u8> = (0..length).map(|_| self.random.random()).collect();
                bytes.splice(at..at, noise);
            }
        }
    }

    /// A number at the edge of its type, in either byte order.
    fn number(&mut self, bytes: &mut [u8], at: usize) {
        let number = EDGES[self.random.random_range(0..EDGES.len())];
        let mut number = number.to_le_bytes();
        let width = (1_usize << self.random.random_range(0..4)).min(bytes.len() - at);
        if self.random.random() {
            number[..width].reverse();
        }
        bytes[at..at + width].copy_from_slice(&number[..width]);
    }

    /// A number in text.
    fn digits(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|start| at + start) else { return };
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = EDGES[self.random.random_range(0..EDGES.len())].to_string();
        bytes.splice(start..start + length, number.into_bytes());
    }
}
