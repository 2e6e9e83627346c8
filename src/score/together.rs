//! Scores that compare rows with the same training rows, scored together: one product of a block with these rows serves them all.
//!
//! Each gives the same to the last bit as alone. Which of them have the same rows is found out from the rows, so it does not matter whether they were fitted or
//! come from a file, nor which of them takes multiples of the rows or a part.

use super::FittedScore;
use super::search::{Search, rank};
use crate::fit::Multiples;
use crate::fit::sweep::{Base, sweep};
use crate::rows::RowBlock;

/// Scored rows from which on it is found out who shares a product; that takes about as long as multiplying a hundred rows by each bank.
const FEWEST: usize = 256;

/// The groups of scores that share a product.
pub struct Together<'a>(Vec<Group<'a>>);

struct Group<'a> {
    base: Base<'a>,
    members: Vec<Member<'a>>,
}

struct Member<'a> {
    /// Its place among all scores.
    place: usize,
    search: &'a dyn Search,
    multiples: Multiples,
}

impl<'a> Together<'a> {
    /// Those among scores of so many rows.
    #[must_use]
    pub fn of(scores: &[&'a FittedScore], rows: usize) -> Self {
        if rows < FEWEST {
            return Self(Vec::new());
        }
        let searches = scores.iter().enumerate();
        let mut left: Vec<(usize, &'a dyn Search)> =
            searches.filter_map(|(place, score)| Some((place, score.scorer.search()?))).collect();
        let mut groups = Vec::new();
        while left.len() > 1 {
            // Of equal ones the first.
            let Some(leader) = left.iter().rev().map(|&(_, search)| search.bank()).max_by_key(|bank| rank(bank)) else {
                break;
            };
            let base = leader.base();
            let (mut members, mut others) = (Vec::new(), Vec::new());
            for (place, search) in left {
                match search.multiples_of(base) {
                    Some(multiples) => members.push(Member { place, search, multiples }),
                    None => others.push((place, search)),
                }
            }
            // A leader outside the range of products that can be scaled has no member, not even itself.
            if members.is_empty() {
                break;
            }
            if members.len() > 1 {
                groups.push(Group { base, members });
            }
            left = others;
        }
        Self(groups)
    }

    /// Whether the score at a place is one of them.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        self.0.iter().flat_map(|group| &group.members).any(|member| member.place == place)
    }

    /// Scores every row of a block by all of them. `out` has the values of all scores, by place; those of others stay as they are.
    pub fn score_block(&self, block: &RowBlock<'_>, out: &mut [Vec<f64>]) {
        for group in &self.0 {
            let mut looks = Vec::with_capacity(group.members.len());
            for (place, out) in out.iter_mut().enumerate() {
                if let Some(member) = group.members.iter().find(|member| member.place == place) {
                    looks.push(member.search.look(block, &member.multiples, out));
                }
            }
            sweep(group.base, block.unit_features(), &mut looks);
        }
    }
}
