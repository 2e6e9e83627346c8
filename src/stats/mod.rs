//! How sure a value is.

pub mod aggregate;
pub mod best;
pub mod beta;
pub mod binomial;
pub mod bootstrap;
pub mod chi_squared;
pub mod cliques;
pub mod conover_holm;
pub mod delong;
pub mod fisher;
pub mod friedman;
pub mod holm;
pub mod nemenyi;
pub mod normal;
pub mod places;
pub mod rank_interval;
pub mod rank_sum;
pub mod ranks;
pub mod row_draws;
pub mod seeds_and_rows;
pub mod signed_rank;
pub mod smallest_difference;
pub mod spread;
pub mod student;
pub mod studentised_range;
