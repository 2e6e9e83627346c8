"""Values of scores that are cut into parts: those of one array, to the last bit."""

import pickle
import threading

import numpy as np
import pytest

import oodbench


def bits(values):
    return {name: np.float64(value).tobytes() for name, value in values.items()}


@pytest.fixture(scope="module", params=["distinct", "tied", "zeros", "crowded", "one value"])
def scores(request):
    rng = np.random.default_rng(4)
    id_scores, ood_scores = rng.normal(1, 1, 5000), rng.normal(0, 1, 3000)
    return {
        "distinct": (id_scores, ood_scores),
        "tied": (id_scores.round(1), ood_scores.round(1)),
        "zeros": (np.where(rng.random(5000) < 0.3, -0.0, id_scores), np.where(rng.random(3000) < 0.3, 0.0, ood_scores)),
        "crowded": (1 - 1e-12 * rng.random(5000), 1 - 2e-12 * rng.random(3000)),
        "one value": (np.ones(50), np.ones(30)),
    }[request.param]


@pytest.mark.parametrize("shards, most", [(1, 10**9), (7, 300), (30, 1)])
def test_any_cut_gives_the_values_of_one_array(scores, shards, most):
    id_scores, ood_scores = scores
    rng = np.random.default_rng(shards)
    everything = np.concatenate(scores)
    is_ood = np.repeat([False, True], [len(id_scores), len(ood_scores)])
    rows = np.array_split(rng.permutation(len(everything)), shards)
    total = oodbench.KeyCounts()
    while True:
        for own in rows:
            counts = total.emptied()
            counts.add(everything[own])
            total.merge(pickle.loads(pickle.dumps(counts)))
        assert len(total) == len(everything)
        if (closer := total.refined(most)) is None:
            break
        total = closer
    cuts = pickle.loads(pickle.dumps(total.cuts(most)))
    parts = [oodbench.Metrics() for _ in range(len(cuts))]
    for own in rows:
        state = oodbench.Metrics()
        state.update(everything[own], is_ood[own])
        for part, piece in zip(parts, state.split(cuts), strict=True):
            part.merge(pickle.loads(pickle.dumps(piece)))
    assert [len(part) for part in parts] == np.bincount(cuts.part_of(everything), minlength=len(cuts)).tolist()
    assert most > 1 or len(parts) == len(np.unique(everything + 0.0))
    rankings = [pickle.loads(pickle.dumps(part.ranking())) for part in parts]
    ranking = oodbench.Ranking.joined(rankings)
    assert (ranking.id, ranking.ood, len(ranking)) == (len(id_scores), len(ood_scores), len(everything))
    for procedure in ["lee", "openood", "id_positive", "operating_points", "partial_auroc", "prevalence"]:
        assert bits(ranking.compute(procedure)) == bits(oodbench.metrics(id_scores, ood_scores, procedure)), procedure


def test_id_scores_are_sorted_once_for_several_sets():
    id_ = oodbench.Metrics()
    id_.update(np.array([0.9, 0.2, 0.5]), False)
    id_.sort()
    for ood in ([0.5, 0.1], [0.3]):
        own = oodbench.Metrics()
        own.update(np.array(ood), True)
        assert id_.ranking(own).compute("openood") == oodbench.metrics(np.array([0.9, 0.2, 0.5]), np.array(ood), "openood")


def test_sorting_hides_no_scores_from_other_threads():
    own = oodbench.Metrics()
    own.update(np.random.default_rng(2).normal(size=2_000_000), False)
    sorting = threading.Thread(target=own.sort)
    sorting.start()
    seen = {len(own)}
    while sorting.is_alive():
        seen.add(len(own))
    assert seen == {2_000_000}
    # What is added meanwhile is there afterwards.
    sorting = threading.Thread(target=own.sort)
    sorting.start()
    own.update(np.array([0.5]), True)
    sorting.join()
    assert (own.ranking().id, own.ranking().ood) == (2_000_000, 1)


def test_what_is_wrong_is_said():
    with pytest.raises(oodbench.ArrayError, match="values: found a NaN or infinite score at row 1"):
        oodbench.Cuts(np.array([0.5, np.nan]))
    with pytest.raises(oodbench.ArrayError, match="scores: found a NaN or infinite score at row 0"):
        oodbench.Cuts(np.array([0.5])).part_of(np.array([np.nan, 0.0]))
    assert len(oodbench.Cuts(np.array([]))) == 1
    with pytest.raises(oodbench.ArrayError, match="scores: found a NaN or infinite score at row 1"):
        oodbench.KeyCounts().add(np.array([0.0, np.inf]))
    own = oodbench.Metrics()
    own.update(np.array([0.0]), False)
    with pytest.raises(oodbench.ArrayError, match="found 1 ID and 0 OOD scores"):
        own.ranking().compute()
    with pytest.raises(oodbench.OodbenchError, match="procedure autc reads scores as numbers"):
        own.ranking().compute("autc")
    with pytest.raises(oodbench.OodbenchError, match="which ID rows are classified rightly"):
        own.ranking().compute("oscr")
    with pytest.raises(oodbench.OodbenchError, match="expected those of a ranking"):
        oodbench.Ranking.from_bytes(own.to_bytes())
    with pytest.raises(oodbench.OodbenchError, match="changed or cut off"):
        oodbench.Metrics.from_bytes(own.to_bytes()[:-1])


def test_fits_of_several_scores_are_those_of_the_program(densenet, program, tmp_path):
    scores = ["mds", "knn", "vim", "mahalanobis"]
    fits = oodbench.fit(oodbench.read_dump(densenet.folder), scores=scores)
    fits.save(tmp_path / "own.fit")
    program("fit", densenet.folder, "--score", ",".join(scores), "--out", tmp_path / "theirs.fit", "--quiet")
    assert (tmp_path / "own.fit").read_bytes() == (tmp_path / "theirs.fit").read_bytes()
    arrays = {name: array for name, array in densenet.arrays("ood/svhn").items() if name != "labels"}
    expected = fits.score_samples(**arrays)
    assert list(expected) == fits.scores == scores
    assert fits.reads(**arrays) == ["logits", "features"]
    for again in (pickle.loads(pickle.dumps(fits)), oodbench.Fits.load(tmp_path / "theirs.fit", head=densenet.head)):
        for name, values in again.score_samples(**arrays).items():
            assert values.tobytes() == expected[name].tobytes(), name
    for name in scores:
        alone = oodbench.Detector(name).fit(**densenet.fitted_on(), head=densenet.head)
        assert alone.score_samples(**arrays).tobytes() == expected[name].tobytes(), name


def test_a_head_of_prototypes_is_pickled_to_the_last_bit():
    from conftest import Dump

    own = Dump("smallcnn-cifar10-isomax-plus-seed1")
    fits = oodbench.fit(oodbench.read_dump(own.folder), scores=["mds", "energy"])
    features = own.arrays("id/test")["features"]
    again = pickle.loads(pickle.dumps(fits))
    # Logits are made of features and the head.
    for name, values in again.score_samples(features=features).items():
        assert values.tobytes() == fits.score_samples(features=features)[name].tobytes(), name


def test_rows_from_a_block_on_are_scored_as_in_the_whole():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(1000, 2048)).astype(np.float32)
    run = oodbench.Run()
    run.add("train", features=features[:300], labels=rng.integers(0, 3, 300))
    fits = oodbench.fit(run, scores=["mahalanobis", "knn", "ssd"])
    whole = fits.score_samples(features=features)
    block = oodbench.rows_per_block(2048)
    assert block == 128
    for first in range(0, 1000, 3 * block):
        own = fits.score_samples(features=features[first : first + 3 * block], rows_per_block=block)
        for name, values in own.items():
            assert values.tobytes() == whole[name][first : first + 3 * block].tobytes(), (name, first)
