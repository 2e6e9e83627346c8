//! ID and OOD scores in one ascending order: all that any procedure looks at.

use std::ops::Range;

use rayon::prelude::*;

use super::bytes::{BytesError, Kind, opened, sealed};
use super::sample::Sample;

/// One score in the order: whose it is, and whether it is the first of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(u8);

impl Step {
    const OOD: u8 = 1;
    const FIRST: u8 = 2;
    const WRONG: u8 = 4;

    /// A step.
    #[must_use]
    pub fn new(is_ood: bool, is_first: bool) -> Self {
        Self(u8::from(is_ood) * Self::OOD + u8::from(is_first) * Self::FIRST)
    }

    /// 1 for an OOD score, 0 for an ID score.
    #[must_use]
    pub fn ood(self) -> usize {
        usize::from(self.0 & Self::OOD)
    }

    /// Whether it is an ID score whose row is known to be classified wrongly.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        self.0 & Self::WRONG != 0
    }

    /// Whether its value is another one than that of the step before.
    #[must_use]
    pub fn is_first(self) -> bool {
        self.0 & Self::FIRST != 0
    }
}

/// All scores of two samples from the lowest upwards; of equal ones the ID scores come first. One byte per score.
///
/// ```
/// use oodbench::metric::{Ranking, Sample};
/// let ranking = Ranking::new(&Sample::new(vec![0.9, 0.4])?, &Sample::new(vec![0.4, 0.1])?);
/// let order: Vec<(usize, bool)> = ranking.steps().iter().map(|step| (step.ood(), step.is_first())).collect();
/// assert_eq!(order, [(1, true), (0, true), (1, false), (0, true)]);
/// # Ok::<(), oodbench::metric::SampleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    steps: Vec<Step>,
    id: usize,
    ood: usize,
    knows_errors: bool,
}

/// Steps merged by one thread.
const CHUNK: usize = 1 << 16;

const KIND: Kind = Kind { name: "a ranking", magic: b"oodrank1" };

/// Bytes beside those of the steps in [`Ranking::to_bytes`].
const BESIDE: usize = 25;

impl Ranking {
    /// Merges two samples.
    #[must_use]
    pub fn new(id: &Sample, ood: &Sample) -> Self {
        Self::of_ascending(id.ascending(), id.wrong(), ood.ascending())
    }

    /// As [`Ranking::new`], of finite scores in ascending order, of which there may be none; `wrong` are the ID scores of rows that are classified wrongly.
    pub(super) fn of_ascending(id: &[f64], wrong: Option<&[f64]>, ood: &[f64]) -> Self {
        let order = Self::of_scores(id, ood);
        match wrong {
            Some(wrong) => order.mark(wrong, id),
            None => order,
        }
    }

    fn of_scores(id: &[f64], ood: &[f64]) -> Self {
        let mut steps = vec![Step(0); id.len() + ood.len()];
        steps.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, steps)| {
            let taken = ids_below(id, ood, chunk * CHUNK);
            merge(id, ood, taken, chunk * CHUNK - taken, steps);
        });
        Self { steps, id: id.len(), ood: ood.len(), knows_errors: false }
    }

    /// Marks the ID steps whose rows are classified wrongly, given the scores of these in ascending order. Which of equal ID scores are marked does not
    /// matter: nothing reads an order within a tie.
    fn mark(mut self, wrong: &[f64], id: &[f64]) -> Self {
        let (mut wrong, mut scores) = (wrong.iter().peekable(), id.iter());
        for step in self.steps.iter_mut().filter(|step| step.ood() == 0) {
            if wrong.next_if(|wrong| scores.as_slice().first() == Some(wrong)).is_some() {
                step.0 |= Step::WRONG;
            }
            scores.next();
        }
        self.knows_errors = true;
        self
    }

    /// The order in which each score of this one occurs as often as `counts` says, by its place: samples drawn from the two.
    ///
    /// `into` is overwritten, so that many can be made in the memory of one.
    pub fn resample(&self, counts: &[u8], into: &mut Self) {
        // Always write four copies: the count is unpredictable, and the next write overwrites any excess.
        const COPIES: usize = 4;
        let drawn: usize = counts.iter().map(|&count| usize::from(count)).sum();
        into.steps.clear();
        into.steps.resize(drawn + COPIES, Step(0));
        let (mut end, mut ood, mut first) = (0, 0, 0);
        for (step, &count) in self.steps.iter().zip(counts) {
            first |= step.0 & Step::FIRST;
            let own = step.0 & (Step::OOD | Step::WRONG);
            let (place, count) = (end, usize::from(count));
            end += count;
            ood += usize::from(own & Step::OOD) * count;
            // One number of four bytes; a slice to be filled is a call.
            if let Some(copies) = into.steps[place..].first_chunk_mut::<COPIES>() {
                *copies = [Step(own); COPIES];
            }
            if count > COPIES {
                into.steps[place + COPIES..end].fill(Step(own));
            }
            into.steps[place] = Step(own | first);
            first = if count == 0 { first } else { 0 };
        }
        into.steps.truncate(drawn);
        (into.id, into.ood, into.knows_errors) = (drawn - ood, ood, self.knows_errors);
    }

    /// The ranking of all scores from those of parts, each of which has no score that a part before it reaches: [`Cuts`](super::Cuts) make such parts.
    ///
    /// ```
    /// use oodbench::metric::{Ranking, Sample};
    /// let ranking = |id: &[f64], ood: &[f64]| Ok::<_, oodbench::metric::SampleError>(Ranking::new(&Sample::new(id.to_vec())?, &Sample::new(ood.to_vec())?));
    /// let (low, high) = (ranking(&[0.2], &[0.1])?, ranking(&[0.8, 0.9], &[0.8])?);
    /// assert_eq!(Ranking::joined([low, high]), ranking(&[0.2, 0.8, 0.9], &[0.1, 0.8])?);
    /// # Ok::<(), oodbench::metric::SampleError>(())
    /// ```
    #[must_use]
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let mut all = Self::with_room_for(parts.iter().map(|part| part.steps.len()).sum());
        parts.iter().for_each(|part| all.append(part));
        all
    }

    /// The same of parts as [`Ranking::to_bytes`] has them: beside these it takes a byte per score, and those of one part.
    ///
    /// ```
    /// use oodbench::metric::{Ranking, Sample};
    /// let low = Ranking::new(&Sample::new(vec![0.2])?, &Sample::new(vec![0.1])?);
    /// let high = Ranking::new(&Sample::new(vec![0.8, 0.9])?, &Sample::new(vec![0.8])?);
    /// let joined = Ranking::joined_from_bytes(&[&low.to_bytes(), &high.to_bytes()])?;
    /// assert_eq!(joined, Ranking::joined([low, high]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Ranking::from_bytes`].
    pub fn joined_from_bytes(parts: &[&[u8]]) -> Result<Self, BytesError> {
        let mut all = Self::with_room_for(parts.iter().map(|part| part.len().saturating_sub(BESIDE)).sum());
        for part in parts {
            all.append(&Self::from_bytes(part)?);
        }
        Ok(all)
    }

    /// No steps; so many need no other place.
    fn with_room_for(steps: usize) -> Self {
        Self { steps: Vec::with_capacity(steps), id: 0, ood: 0, knows_errors: true }
    }

    /// Adds a part whose scores are above all that there are.
    fn append(&mut self, part: &Self) {
        self.steps.extend_from_slice(&part.steps);
        self.id += part.id;
        self.ood += part.ood;
        self.knows_errors &= part.knows_errors || part.id == 0;
    }

    /// What [`Ranking::from_bytes`] reads: one byte per score and 25 more.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed(KIND, 1 + self.steps.len(), |bytes| {
            bytes.push(u8::from(self.knows_errors));
            bytes.extend(self.steps.iter().map(|step| step.0));
        })
    }

    /// Reads what [`Ranking::to_bytes`] made.
    ///
    /// ```
    /// use oodbench::metric::{Ranking, Sample};
    /// let ranking = Ranking::new(&Sample::new(vec![0.9])?, &Sample::new(vec![0.4])?);
    /// let bytes = ranking.to_bytes();
    /// assert_eq!((bytes.len(), Ranking::from_bytes(&bytes)?), (25 + 2, ranking));
    /// assert!(Ranking::from_bytes(&bytes[1..]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BytesError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BytesError> {
        let (knows_errors, steps) = match opened(KIND, bytes)? {
            [flag @ 0..=1, steps @ ..] => (*flag == 1, steps),
            _ => return Err(BytesError::damaged(KIND)),
        };
        let is_step =
            |&byte: &u8| byte <= Step::OOD | Step::FIRST || knows_errors && byte & !Step::FIRST == Step::WRONG;
        if !steps.iter().all(is_step) || steps.first().is_some_and(|first| first & Step::FIRST == 0) {
            return Err(BytesError::damaged(KIND));
        }
        let steps: Vec<Step> = steps.iter().map(|byte| Step(*byte)).collect();
        let mut ranking = Self { steps, id: 0, ood: 0, knows_errors };
        ranking.ood = ranking.ood_in(0..ranking.steps.len());
        ranking.id = ranking.steps.len() - ranking.ood;
        Ok(ranking)
    }

    /// Whether it is known which ID rows are classified wrongly, see [`Sample::with_predictions`].
    #[must_use]
    pub fn knows_errors(&self) -> bool {
        self.knows_errors
    }

    /// The steps from the lowest score upwards.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// ID scores.
    #[must_use]
    pub fn id(&self) -> usize {
        self.id
    }

    /// OOD scores.
    #[must_use]
    pub fn ood(&self) -> usize {
        self.ood
    }

    /// How many of some steps are OOD.
    #[must_use]
    pub fn ood_in(&self, steps: Range<usize>) -> usize {
        // In portions whose sum fits a byte's worth of vector lanes.
        self.steps[steps]
            .chunks(255)
            .map(|part| usize::from(part.iter().map(|step| step.0 & Step::OOD).sum::<u8>()))
            .sum()
    }

    /// Of each of up to 255 steps how many are OOD from the first of them up to it.
    pub(super) fn ood_up_to(&self, steps: Range<usize>, counts: &mut [u8]) {
        const ONES: u64 = u64::from_le_bytes([1; 8]);
        let mut before = 0;
        for (steps, counts) in self.steps[steps].chunks(8).zip(counts.chunks_mut(8)) {
            let mut ood = [0; 8];
            ood.iter_mut().zip(steps).for_each(|(ood, step)| *ood = step.0 & Step::OOD);
            // Byte i of the product is the sum of the bytes 0 to i, with nothing carried: that takes 255 of them.
            let sums = (u64::from_le_bytes(ood).wrapping_mul(ONES) + before * ONES).to_le_bytes();
            before = u64::from(sums[7]);
            counts.copy_from_slice(&sums[..counts.len()]);
        }
    }

    /// The index of the `nth` (from 0) ID or OOD step from below; the number of steps if there are fewer.
    #[must_use]
    pub fn position(&self, is_ood: bool, nth: usize) -> usize {
        let mut left = nth;
        for start in (0..self.steps.len()).step_by(CHUNK) {
            let range = start..self.steps.len().min(start + CHUNK);
            let ood = self.ood_in(range.clone());
            let here = if is_ood { ood } else { range.len() - ood };
            if left < here {
                let own = |&i: &usize| (self.steps[i].ood() == 1) == is_ood;
                return range.clone().filter(own).nth(left).unwrap_or(range.end);
            }
            left -= here;
        }
        self.steps.len()
    }

    /// The steps of the value that the step at `index` has.
    #[must_use]
    pub fn group(&self, index: usize) -> Range<usize> {
        let start = self.steps[..=index].iter().rposition(|step| step.is_first()).unwrap_or(0);
        let more = self.steps[index + 1..].iter().position(|step| step.is_first());
        start..more.map_or(self.steps.len(), |more| index + 1 + more)
    }
}

/// How many ID scores are among the first `taken` steps.
fn ids_below(id: &[f64], ood: &[f64], taken: usize) -> usize {
    let (mut low, mut high) = (taken.saturating_sub(ood.len()), taken.min(id.len()));
    while low < high {
        let middle = low.midpoint(high);
        // An ID score is among them unless the last OOD score that would then be is below it.
        if ood[taken - 1 - middle] < id[middle] { high = middle } else { low = middle + 1 }
    }
    low
}

/// Merges into `steps` what follows the first `i` ID and the first `j` OOD scores.
fn merge(id: &[f64], ood: &[f64], mut i: usize, mut j: usize, steps: &mut [Step]) {
    let before = |scores: &[f64], end: usize| if end > 0 { scores[end - 1] } else { f64::NEG_INFINITY };
    // Scores are finite, so the very first one differs.
    let mut last = before(id, i).max(before(ood, j));
    let mut done = 0;
    while done < steps.len() && i < id.len() && j < ood.len() {
        let (a, b) = (id[i], ood[j]);
        // No branch depends on the scores: whose turn it is cannot be predicted.
        let is_ood = b < a;
        let value = if is_ood { b } else { a };
        steps[done] = Step::new(is_ood, value != last);
        last = value;
        i += usize::from(!is_ood);
        j += usize::from(is_ood);
        done += 1;
    }
    let (is_ood, rest) = if i < id.len() { (false, &id[i..]) } else { (true, &ood[j..]) };
    for (step, &value) in steps[done..].iter_mut().zip(rest) {
        *step = Step::new(is_ood, value != last);
        last = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::sample;
    use crate::metric::tie_groups::ascending;

    /// Long enough for several chunks, tied within and across them.
    fn samples(values: usize) -> (Sample, Sample) {
        let noise = |i: usize| (i as f64 * 0.618_033_988_749_894_9).fract();
        let id = (0..CHUNK).map(|i| (noise(i) * values as f64).floor()).collect();
        (sample(id), sample((0..2 * CHUNK + 5).map(|i| (noise(3 * i + 1) * values as f64).floor() - 1.0).collect()))
    }

    #[test]
    fn steps_are_the_groups_with_id_first() {
        for values in [1, 2, 40, 1 << 40] {
            let (id, ood) = samples(values);
            let groups = ascending(id.ascending(), ood.ascending());
            let expected: Vec<Step> = groups
                .flat_map(|group| (0..group.id + group.ood).map(move |i| Step::new(i >= group.id, i == 0)))
                .collect();
            let ranking = Ranking::new(&id, &ood);
            assert!(ranking.steps == expected, "{values} values");
            assert_eq!(ranking.ood_in(0..expected.len()), ood.len());
        }
    }

    #[test]
    fn positions_and_groups() {
        let ranking = Ranking::new(&sample(vec![2.0, 3.0, 3.0, 4.0]), &sample(vec![1.0, 3.0]));
        assert_eq!((0..5).map(|nth| ranking.position(false, nth)).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
        assert_eq!((0..3).map(|nth| ranking.position(true, nth)).collect::<Vec<_>>(), [0, 4, 6]);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|i| ranking.group(i)), [0..1, 1..2, 2..5, 2..5, 2..5, 5..6]);
        let (id, ood) = samples(1 << 40);
        let long = Ranking::new(&id, &ood);
        let last = long.position(true, ood.len() - 1);
        assert_eq!((long.steps[last].ood(), long.ood_in(last..long.steps.len())), (1, 1));
    }

    #[test]
    fn a_resample_is_the_ranking_of_the_scores_drawn() {
        // Ascending: ood 1, id 2, id 3, ood 3, ood 3, id 5.
        let ranking = Ranking::new(&sample(vec![2.0, 3.0, 5.0]), &sample(vec![1.0, 3.0, 3.0]));
        let mut drawn = ranking.clone();
        ranking.resample(&[0, 1, 0, 2, 1, 2], &mut drawn);
        assert_eq!(drawn, Ranking::new(&sample(vec![2.0, 5.0, 5.0]), &sample(vec![3.0; 3])));
    }
}
