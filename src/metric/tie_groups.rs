//! The distinct thresholds of two samples, with how many of each have that score.

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

#[cfg(test)]
mod tests {
    use super::*;

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
