//! The numbers along an axis: its range, its ticks, their labels.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter};

use super::PlotError;
use super::style::{TICK, TICK_LABEL_GAP, VERTICAL_TICK_SPACING};
use crate::stats::normal;

/// Larger numbers are drawn as this, so that no range overflows.
const LARGEST: f64 = 1e300;
/// Ranges that are narrower than this, relative to the numbers in them or at all, are drawn as a single number.
const NARROWEST: (f64, f64) = (1e-9, 1e-290);
/// Labels have a common power of ten taken out where the largest number is outside of this.
const PLAIN: Range<f64> = 1e-3..1e5;
/// Most ticks of a horizontal axis.
const MOST_TICKS: usize = 7;

/// A range that a line can show: finite, and not empty.
pub(super) fn drawable_range(low: f64, high: f64) -> Range<f64> {
    let (low, high) = (low.clamp(-LARGEST, LARGEST), high.clamp(-LARGEST, LARGEST));
    let magnitude = low.abs().max(high.abs());
    if high - low > (NARROWEST.0 * magnitude).max(NARROWEST.1) {
        return low..high;
    }
    let half = (0.1 * magnitude).max(0.5);
    let centre = low + (high - low) / 2.0;
    centre - half..centre + half
}

/// A range with ticks at round numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<f64>,
    /// The power of ten that is taken out of the labels.
    exponent: i32,
    decimals: usize,
    labels: Labels,
}

/// What stands at the ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Labels {
    /// The numbers themselves.
    Numbers,
    /// Of normal deviates the shares below them, in percent.
    Shares,
}

/// The shares that have ticks on an axis of normal deviates.
const SHARES: [f64; 9] = [0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 0.999];

impl Axis {
    /// A horizontal axis of so many dots: as many ticks as have room for their labels.
    pub(super) fn horizontal(range: Range<f64>, length: i32) -> Result<Self, PlotError> {
        let mut axis = Self::with_ticks(range.clone(), MOST_TICKS, false);
        for most in (2..MOST_TICKS).rev() {
            if axis.labels_fit(length)? {
                break;
            }
            axis = Self::with_ticks(range.clone(), most, false);
        }
        Ok(axis)
    }

    /// A vertical axis of so many dots.
    pub(super) fn vertical(range: Range<f64>, length: i32) -> Self {
        Self::with_ticks(range, (length / VERTICAL_TICK_SPACING).max(2) as usize, false)
    }

    /// A vertical axis of so many dots from zero to a count and the share `headroom` of it.
    pub(super) fn counts(largest: usize, headroom: f64, length: i32) -> Self {
        let top = largest.max(1) as f64 * (1.0 + headroom);
        Self::with_ticks(0.0..top, (length / VERTICAL_TICK_SPACING).max(2) as usize, true)
    }

    /// An axis of normal deviates between two shares.
    pub(super) fn deviates(least: f64, most: f64) -> Self {
        let within = SHARES.into_iter().filter(|share| (least..=most).contains(share));
        Self {
            range: normal::quantile(least)..normal::quantile(most),
            ticks: within.map(normal::quantile).collect(),
            exponent: 0,
            decimals: 0,
            labels: Labels::Shares,
        }
    }

    /// At most `most` ticks, 1, 2 or 5 times a power of ten apart. Whole numbers are written out, however large.
    fn with_ticks(range: Range<f64>, most: usize, whole: bool) -> Self {
        let magnitude = range.start.abs().max(range.end.abs());
        let exponent = if whole || PLAIN.contains(&magnitude) { 0 } else { magnitude.log10().floor() as i32 };
        let mut power = ((range.end - range.start) / most as f64).log10().floor() as i32;
        if whole {
            power = power.max(0);
        }
        loop {
            for factor in [1.0, 2.0, 5.0] {
                let step = factor * 10f64.powi(power);
                // A tick at the end of the range shall not be lost to rounding.
                let first = (range.start / step - 1e-9).ceil();
                let last = (range.end / step + 1e-9).floor();
                if last - first + 1.0 <= most as f64 {
                    let ticks = (0..most).map(|i| first + i as f64).take_while(|&i| i <= last);
                    // Adding zero makes −0 a 0.
                    let ticks = ticks.map(|i| scaled(i * factor, power) + 0.0).collect();
                    let decimals = usize::try_from(exponent - power).unwrap_or(0);
                    return Self { range, ticks, exponent, decimals, labels: Labels::Numbers };
                }
            }
            power += 1;
        }
    }

    /// The label of a tick.
    pub(super) fn label(&self, tick: f64) -> String {
        if self.labels == Labels::Shares {
            // Of 99.9 the last digit is rounding's.
            let percent = (normal::share_below(tick) * 1e4).round() / 100.0;
            return percent.to_string();
        }
        let number = format!("{:.*}", self.decimals, scaled(tick, -self.exponent));
        let number = if self.decimals == 0 { grouped(&number) } else { number };
        number.replace('-', "\u{2212}")
    }

    /// What the name of the axis has to add about the labels: nothing, or a power of ten.
    pub(super) fn unit(&self) -> String {
        const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        if self.exponent == 0 {
            return String::new();
        }
        let digits = self.exponent.to_string();
        let raised = digits.chars().map(|c| c.to_digit(10).map_or('⁻', |digit| SUPERSCRIPTS[digit as usize]));
        format!(" (×10{})", raised.collect::<String>())
    }

    /// Width of the widest label in dots.
    pub(super) fn widest_label(&self) -> Result<i32, PlotError> {
        self.ticks.iter().try_fold(0, |widest, &tick| Ok(TICK.width(&self.label(tick))?.max(widest)))
    }

    /// Where on the axis a value is, from 0 to 1.
    pub(super) fn share(&self, value: f64) -> f64 {
        (value - self.range.start) / (self.range.end - self.range.start)
    }

    fn labels_fit(&self, length: i32) -> Result<bool, PlotError> {
        let mut free_from = f64::NEG_INFINITY;
        for &tick in &self.ticks {
            let centre = self.share(tick) * f64::from(length);
            let half = f64::from(TICK.width(&self.label(tick))?) / 2.0;
            if centre - half < free_from {
                return Ok(false);
            }
            free_from = centre + half + f64::from(TICK_LABEL_GAP);
        }
        Ok(true)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        // Whatever is beyond the range is drawn at its end.
        from + (self.share(*value).clamp(0.0, 1.0) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.clone(),
            // Asked for lines between the ticks.
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, tick: &f64) -> String {
        self.label(*tick)
    }
}

/// `number` · 10^`power`, correctly rounded where the power of ten is exact.
fn scaled(number: f64, power: i32) -> f64 {
    if power < 0 { number / 10f64.powi(-power) } else { number * 10f64.powi(power) }
}

/// A whole number with commas between thousands, from five digits on.
fn grouped(number: &str) -> String {
    let digits = number.trim_start_matches('-');
    if digits.len() < 5 {
        return number.to_owned();
    }
    let mut grouped = number[..number.len() - digits.len()].to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|&tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_within_the_range() {
        assert_eq!(labels(&Axis::with_ticks(0.0..1.0, 6, false)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Axis::with_ticks(-0.3..0.3, 3, false)), ["\u{2212}0.2", "0.0", "0.2"]);
        assert_eq!(
            labels(&Axis::with_ticks(-21.0..4.0, 6, false)),
            ["\u{2212}20", "\u{2212}15", "\u{2212}10", "\u{2212}5", "0"]
        );
        assert_eq!(labels(&Axis::with_ticks(0.0..25_000.0, 3, true)), ["0", "10,000", "20,000"]);
        assert_eq!(labels(&Axis::counts(1, 0.08, 300)), ["0", "1"]);
    }

    #[test]
    fn large_and_small_numbers_share_a_power_of_ten() {
        let axis = Axis::with_ticks(-2.5e7..0.0, 6, false);
        assert_eq!(axis.unit(), " (×10⁷)");
        assert_eq!(axis.label(axis.ticks[0]), "\u{2212}2.5");
        let axis = Axis::with_ticks(0.0..3e-12, 4, false);
        assert_eq!(axis.unit(), " (×10⁻¹²)");
        assert_eq!(labels(&axis), ["0", "1", "2", "3"]);
        assert_eq!(Axis::with_ticks(0.0..99_999.0, 4, false).unit(), "");
    }

    #[test]
    fn a_narrow_range_far_from_zero_has_distinct_labels() {
        let mut labels = labels(&Axis::horizontal(drawable_range(1.0, 1.0 + 2e-9), 500).unwrap());
        let ticks = labels.len();
        labels.dedup();
        assert_eq!(labels.len(), ticks);
    }

    #[test]
    fn every_range_has_a_tick_and_labels_apart() {
        for (low, high) in
            [(0.0, 1.0), (0.3, 0.9), (1e300, 2e300), (-f64::MAX, f64::MAX), (5.0, 5.0), (0.0, 5e-324), (1e-200, 3e-200)]
        {
            for length in [40, 150, 600, 2000] {
                let axis = Axis::horizontal(drawable_range(low, high), length).unwrap();
                assert!(!axis.ticks.is_empty() && axis.ticks.iter().all(|tick| tick.is_finite()), "{axis:?}");
                assert!(length < 600 || axis.labels_fit(length).unwrap(), "{axis:?}");
                assert!(!Axis::vertical(axis.range, length).ticks.is_empty());
            }
        }
    }
}
