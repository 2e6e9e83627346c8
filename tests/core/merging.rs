//! Scores of any partition, in any order, give the values of one array to the last bit.

use oodbench::dump::RunInfo;
use oodbench::dump::layout::discover;
use oodbench::eval::{Measures, Plan, RankedRun, Selection, evaluate, score_run};
use oodbench::metric::{Cuts, KeyCounts, Metrics, PROCEDURES, Procedure, Ranking, Sample, SampleError};
use oodbench::progress::Silent;
use oodbench::rows::Role;
use oodbench::score::registry::find;
use oodbench::stats::bootstrap::Bootstrap;
use oodbench::table::Results;
use proptest::prelude::*;

/// A score of some kind: spread, tied, zeros of both signs, crowded below 1, or all of one value.
fn score(kind: usize, x: f64) -> f64 {
    match kind {
        0 => x,
        1 => (x * 4.0).round() / 4.0,
        2 if x.abs() < 0.5 => 0.0_f64.copysign(x),
        2 => x,
        3 => 1.0 - x.abs() * 1e-13,
        _ => 0.25,
    }
}

/// All values of all procedures; `None` where a procedure does not read the order alone.
fn bits(of: impl Fn(&Procedure) -> Option<Vec<f64>>) -> Vec<Option<Vec<u64>>> {
    PROCEDURES.iter().map(|one| of(one).map(|all| all.into_iter().map(f64::to_bits).collect())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_partition_gives_the_same_bits(
        kind in 0_usize..5,
        // Score, shard, OOD or not, classified rightly or not.
        rows in prop::collection::vec((-3.0_f64..3.0, 0_usize..7, any::<bool>(), any::<bool>()), 2..400),
        most in 1_u64..120,
        turn in 0_usize..7,
    ) {
        let rows: Vec<_> = rows.iter().enumerate().map(|(i, row)| (score(kind, row.0), row.1, if i < 2 { i == 0 } else { row.2 }, row.3)).collect();
        let all = |ood: bool| rows.iter().filter(move |row| row.2 == ood);
        let right: Vec<bool> = all(false).map(|row| row.3).collect();
        let id = Sample::with_predictions(all(false).map(|row| row.0).collect(), &right).unwrap();
        let ood = Sample::new(all(true).map(|row| row.0).collect()).unwrap();
        let values = |procedure: &Procedure| procedure.evaluate(&id, &ood).iter().map(|(_, value)| value).collect::<Vec<_>>();
        let expected = bits(|one| Some(values(one)));

        // A state per shard, through bytes; shards in another order.
        let shards: Vec<Metrics> = (0..7).map(|shard| {
            let own = |ood: bool| all(ood).filter(move |row| row.1 == shard);
            let mut state = Metrics::new();
            let right: Vec<bool> = own(false).map(|row| row.3).collect();
            state.update_with_predictions(&own(false).map(|row| row.0).collect::<Vec<_>>(), &right).unwrap();
            state.update(&[], &own(true).map(|row| row.0).collect::<Vec<_>>()).unwrap();
            Metrics::from_bytes(&state.to_bytes()).unwrap()
        }).collect();
        let order = || (0..7).map(|shard| &shards[(shard * 3 + turn) % 7]);
        let mut merged = Metrics::new();
        order().for_each(|shard| merged.merge(shard.clone()));
        prop_assert_eq!(bits(|one| Some(merged.compute(one).unwrap().iter().map(|(_, value)| value).collect())), expected.clone());

        // The same by parts, none of which sees all scores.
        let mut counts = KeyCounts::new();
        loop {
            for shard in order() {
                let mut own = counts.emptied();
                own.add(shard.id()).unwrap();
                own.add(shard.ood()).unwrap();
                counts.merge(&KeyCounts::from_bytes(&own.to_bytes()).unwrap()).unwrap();
            }
            prop_assert_eq!(counts.total(), rows.len() as u64);
            match counts.refined(most) {
                Some(closer) => counts = closer,
                None => break,
            }
        }
        let cuts = counts.cuts(most);
        let mut parts = vec![Metrics::new(); cuts.parts()];
        for shard in order() {
            shard.clone().split(&cuts).into_iter().zip(&mut parts).for_each(|(piece, part)| part.merge(piece));
        }
        let tied = |part: &Metrics| {
            let mut scores = part.id().iter().chain(part.ood());
            let first = scores.next().copied().unwrap_or_default();
            scores.all(|score| *score == first)
        };
        prop_assert!(parts.iter().all(|part| part.id().len() + part.ood().len() <= most as usize || tied(part)));
        let ranking = Ranking::joined(parts.iter().map(|part| Ranking::from_bytes(&part.ranking().to_bytes()).unwrap()));
        prop_assert_eq!(&ranking, &Ranking::new(&id, &ood));
        let found = bits(|one| (!one.reads_numbers()).then(|| one.values(&ranking).iter().map(|(_, value)| value).collect()));
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!(found.is_none() || found == expected);
        }
    }
}

#[test]
fn scores_that_are_not_finite_are_refused_and_change_nothing() {
    let mut state = Metrics::new();
    state.update(&[1.0], &[0.0]).unwrap();
    let before = state.clone();
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(state.update(&[2.0, wrong], &[]), Err(SampleError::NotFinite { row: 1 }));
        assert_eq!(state.update(&[2.0], &[wrong]), Err(SampleError::NotFinite { row: 0 }));
        assert_eq!(state.update_with_predictions(&[wrong], &[true]), Err(SampleError::NotFinite { row: 0 }));
    }
    assert_eq!(state, before);
    // Neither can bytes bring one in.
    let mut bytes = before.to_bytes();
    let at = bytes.len() - 24;
    bytes[at..at + 8].copy_from_slice(&f64::NAN.to_le_bytes());
    assert!(Metrics::from_bytes(&bytes).is_err());
}

#[test]
fn a_side_without_scores_and_unknown_errors_are_said() {
    let mut state = Metrics::new();
    state.update(&[1.0], &[]).unwrap();
    let error = |state: &Metrics, id: &str| {
        let procedure = PROCEDURES.iter().find(|procedure| procedure.id == id).unwrap();
        state.compute(procedure).unwrap_err().to_string()
    };
    assert_eq!(error(&state, "lee"), "OOD scores: found no scores, expected at least one");
    assert_eq!(error(&state, "oscr"), "procedure oscr needs to know which ID rows are classified rightly");
}

/// Scores that are ranked in parts have the records of an evaluation, but for the warnings of a fit.
#[test]
fn records_of_rankings_are_those_of_an_evaluation() {
    let folder = super::common::fixture("dumps/densenet-cifar10-softmax");
    let selection =
        Selection::parse(&["mds".to_owned(), "energy".to_owned()], &["energy.temperature=2".to_owned()]).unwrap();
    let plans = Plan::all(&discover(&folder).unwrap(), &selection).unwrap();
    let expected = evaluate(&plans, &[], None, &Measures::default(), &Silent).unwrap();

    let plan = &plans[0];
    let mut run = RankedRun::new(&plan.dump.info, plan.identity(), Measures::default()).unwrap();
    let all = score_run(plan, &mut Results::default(), &Silent).unwrap();
    let test = all.iter().find(|split| split.role == Role::Test).unwrap();
    for split in all.iter().filter(|split| split.role != Role::Test) {
        for chosen in selection.scores() {
            let mut state = Metrics::new();
            state.update(test.of(chosen.entry.id).unwrap(), split.of(chosen.entry.id).unwrap()).unwrap();
            let parts = state.split(&Cuts::at(&[5.0, 9.0, 9.0, -0.0]).unwrap());
            assert_eq!(parts.len(), 4);
            let ranking = Ranking::joined(parts.iter().map(Metrics::ranking));
            run.add(chosen.entry.id, &chosen.settings, &split.role, &ranking).unwrap();
        }
    }
    let found = run.results();
    assert_eq!(found.records, expected.records);
    let empty = RankedRun::new(&plan.dump.info, None, Measures::default()).unwrap().add(
        "mds",
        &selection.scores()[0].settings,
        &Role::Test,
        &Metrics::new().ranking(),
    );
    assert_eq!(empty.unwrap_err().to_string(), "mds on id/test: found 0 ID and 0 OOD scores, expected some of both");
}

fn svhn() -> Role {
    Role::Ood { group: None, name: "svhn".to_owned() }
}

/// As `evaluate` has it: what looks at ID rows alone says nothing new of another OOD set.
#[test]
fn procedures_of_id_rows_alone_are_measured_once_per_score() {
    let of_id: Vec<&Procedure> = PROCEDURES.iter().filter(|one| one.is_of_id() && !one.reads_numbers()).collect();
    let metrics: usize = of_id.iter().map(|one| one.metrics.len()).sum();
    assert!(metrics > 0);
    let mut run =
        RankedRun::new(&RunInfo::default(), None, Measures { procedures: of_id, ..Measures::default() }).unwrap();
    let mut state = Metrics::new();
    state.update_with_predictions(&[0.9, 0.8, 0.2], &[true, true, false]).unwrap();
    state.update(&[], &[0.5, 0.1]).unwrap();
    let other = Role::Ood { group: None, name: "noise".to_owned() };
    for (score, set) in [("energy", svhn()), ("mps", svhn()), ("energy", other.clone()), ("mps", other)] {
        let entry = find(score).unwrap();
        run.add(entry.id, &entry.settings(), &set, &state.ranking()).unwrap();
    }
    let records = run.results().records;
    let of_score = |score: &str| records.iter().filter(|record| record.score == score).count();
    assert_eq!((of_score("energy"), of_score("mps"), records.len()), (metrics, metrics, 2 * metrics));
}

#[test]
fn intervals_of_more_rows_than_draws_are_made_of_are_refused_before_anything_is_ranked() {
    let run = |bootstrap: Option<Bootstrap>| {
        RankedRun::new(&RunInfo::default(), None, Measures { bootstrap, ..Measures::default() }).unwrap()
    };
    let drawn = run(Some(Bootstrap { resamples: 100, level: 0.95, seed: 0 }));
    let half = 1 << 31;
    assert_eq!(drawn.check_rows(&svhn(), half, half - 1), Ok(()));
    let error = drawn.check_rows(&svhn(), half, half).unwrap_err().to_string();
    assert!(error.starts_with("ood/svhn: found 4294967296 ID and OOD rows, expected at most 4294967295"), "{error}");
    assert_eq!(run(None).check_rows(&svhn(), half, usize::MAX), Ok(()));
}
