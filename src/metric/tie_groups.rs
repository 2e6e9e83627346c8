//! The distinct thresholds of two samples, with how many of each have that score.

use super::precision_recall::Positive;
use super::ranking::Ranking;

/// How many scores of each sample share one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// ID scores of this value.
    pub id: usize,
    /// OOD scores of this value.
    pub ood: usize,
}

/// Groups of equal scores from the lowest value upwards.
pub fn ascending<'a>(id: &'a [f64], ood: &'a [f64]) -> impl Iterator<Item = Group> + 'a {
    let (mut id, mut ood) = (id, ood);
    std::iter::from_fn(move || {
        let value = match (id.first(), ood.first()) {
            (Some(a), Some(b)) => a.min(*b),
            (a, b) => *a.or(b)?,
        };
        let take = |scores: &mut &'a [f64]| {
            let count = scores.iter().take_while(|&&score| score == value).count();
            *scores = &scores[count..];
            count
        };
        Some(Group { id: take(&mut id), ood: take(&mut ood) })
    })
}

/// Groups of equal scores from the highest value downwards.
pub fn descending<'a>(id: &'a [f64], ood: &'a [f64]) -> impl Iterator<Item = Group> + 'a {
    let (mut id, mut ood) = (id, ood);
    std::iter::from_fn(move || {
        let value = match (id.last(), ood.last()) {
            (Some(a), Some(b)) => a.max(*b),
            (a, b) => *a.or(b)?,
        };
        let take = |scores: &mut &'a [f64]| {
            let count = scores.iter().rev().take_while(|&&score| score == value).count();
            *scores = &scores[..scores.len() - count];
            count
        };
        Some(Group { id: take(&mut id), ood: take(&mut ood) })
    })
}

/// Groups of equal scores in the order in which thresholds of a positive class pass them: from the highest down where ID is positive, else upwards.
pub fn groups(ranking: &Ranking, positive: Positive) -> impl Iterator<Item = Group> + '_ {
    let mut left = ranking.steps();
    std::iter::from_fn(move || {
        let group;
        (group, left) = match positive {
            Positive::In => {
                let (rest, group) = left.split_at(left.iter().rposition(|step| step.is_first())?);
                (group, rest)
            }
            Positive::Out => left.split_at(1 + left.get(1..)?.iter().take_while(|step| !step.is_first()).count()),
        };
        let ood = group.iter().map(|step| step.ood()).sum();
        Some(Group { id: group.len() - ood, ood })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::testing::sample;

    #[test]
    fn a_ranking_has_the_groups_of_its_samples() {
        let (id, ood) = (sample(vec![1.0, 2.0, 2.0, 5.0]), sample(vec![0.0, 2.0, 5.0, 5.0]));
        let ranking = Ranking::new(&id, &ood);
        let up: Vec<Group> = groups(&ranking, Positive::Out).collect();
        assert_eq!(up, ascending(id.ascending(), ood.ascending()).collect::<Vec<_>>());
        let down: Vec<Group> = groups(&ranking, Positive::In).collect();
        assert_eq!(down, descending(id.ascending(), ood.ascending()).collect::<Vec<_>>());
    }

    #[test]
    fn both_directions_give_the_same_groups() {
        let (id, ood) = ([1.0, 2.0, 2.0, 5.0], [0.0, 2.0, 5.0, 5.0]);
        let up: Vec<Group> = ascending(&id, &ood).collect();
        let mut down: Vec<Group> = descending(&id, &ood).collect();
        down.reverse();
        assert_eq!(up, down);
        assert_eq!(up, [(0, 1), (1, 0), (2, 1), (1, 2)].map(|(id, ood)| Group { id, ood }));
    }

    #[test]
    fn zeros_of_either_sign_are_equal() {
        assert_eq!(ascending(&[-0.0, 0.0], &[-0.0]).count(), 1);
    }
}
