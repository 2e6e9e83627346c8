"""Values of scores: at once, in portions, and beside other libraries."""

import pickle

import numpy as np
import pytest

import oodbench


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(3)
    return rng.normal(1, 1, 5000).round(2), rng.normal(0, 1, 3000).round(2), rng.random(5000) < 0.9


def test_four_and_four_scores():
    found = oodbench.metrics(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.65, 0.5, 0.4, 0.3]), "openood")
    assert found["auroc"] == 15 / 16


@pytest.mark.parametrize("portions", [1, 3, 50])
def test_any_portions_in_any_order_give_the_same_bits(scores, portions):
    id_scores, ood_scores, correct = scores
    everything = np.concatenate([id_scores, ood_scores])
    is_ood = np.repeat([False, True], [len(id_scores), len(ood_scores)])
    right = np.concatenate([correct, np.zeros(len(ood_scores), bool)])
    order = np.random.default_rng(portions).permutation(len(everything))
    workers = []
    for part in np.array_split(order, portions):
        worker = oodbench.Metrics()
        worker.update(everything[part], is_ood[part], correct=right[part])
        workers.append(pickle.loads(pickle.dumps(worker)))
    all_ = oodbench.Metrics()
    for worker in reversed(workers):
        all_.merge(worker)
    assert len(all_) == len(everything)
    for procedure in oodbench.procedures():
        name = procedure["id"]
        expected = oodbench.metrics(id_scores, ood_scores, name, correct=correct)
        found = all_.compute(name)
        assert list(found) == [metric for metric, *_ in procedure["metrics"]]
        for metric in expected:
            assert found[metric] == expected[metric] or np.isnan(found[metric]) and np.isnan(expected[metric]), (name, metric)
    all_.reset()
    assert len(all_) == 0


def test_what_is_wrong_is_said(scores):
    id_scores, ood_scores, _ = scores
    with pytest.raises(oodbench.OodbenchError, match="did you mean openood"):
        oodbench.metrics(id_scores, ood_scores, "openod")
    with pytest.raises(oodbench.MissingInputError, match="pass correct="):
        oodbench.metrics(id_scores, ood_scores, "oscr")
    with pytest.raises(oodbench.ArrayError, match="ID scores: found no scores"):
        oodbench.metrics(id_scores[:0], ood_scores)
    with pytest.raises(oodbench.ArrayError, match="NaN or infinite score at row 1"):
        oodbench.Metrics().update(np.array([1.0, np.nan]), False)
    with pytest.raises(oodbench.ArrayError, match="is_ood: found 2 rows, expected 3"):
        oodbench.Metrics().update(np.zeros(3), np.array([True, False]))
    with pytest.raises(oodbench.ArrayError, match="is_ood: found -1 at row 1, expected bools; pass labels < 0"):
        oodbench.Metrics().update(np.zeros(3), np.array([0, -1, 1]))
    with pytest.raises(oodbench.ArrayError, match="correct: found 7 at row 0, expected bools; pass predictions == labels"):
        oodbench.metrics(np.zeros(3), np.zeros(3), "oscr", correct=np.array([7, 1, 1]))
    with pytest.raises(oodbench.ArrayError, match="is_ood: found NaN at row 0"):
        oodbench.Metrics().update(np.zeros(1), np.array([np.nan]))
    with pytest.raises(oodbench.ArrayError, match="OOD scores: found no scores"):
        oodbench.metrics(id_scores, ood_scores[:0])


def test_scikit_learn_agrees(scores):
    sklearn = pytest.importorskip("sklearn.metrics")
    id_scores, ood_scores, _ = scores
    everything = np.concatenate([id_scores, ood_scores])
    is_ood = np.repeat([0, 1], [len(id_scores), len(ood_scores)])
    found = oodbench.metrics(id_scores, ood_scores, "openood")
    assert found["auroc"] == pytest.approx(sklearn.roc_auc_score(1 - is_ood, everything), abs=1e-12)
    for metric, of_ood, value in [("aupr_in", 0, everything), ("aupr_out", 1, -everything)]:
        if metric in found:
            precision, recall, _ = sklearn.precision_recall_curve(is_ood == of_ood, value)
            assert found[metric] == pytest.approx(sklearn.auc(recall, precision), abs=1e-12)


def test_pytorch_ood_agrees(scores):
    metrics = pytest.importorskip("pytorch_ood.metrics")
    torch = pytest.importorskip("torch")
    id_scores, ood_scores, _ = scores
    theirs = metrics.OODMetrics()
    # Their scores are higher = more out-of-distribution, and OOD labels are negative.
    theirs.update(torch.from_numpy(-id_scores), torch.zeros(len(id_scores)))
    theirs.update(torch.from_numpy(-ood_scores), -torch.ones(len(ood_scores)))
    assert oodbench.metrics(id_scores, ood_scores, "openood")["auroc"] == pytest.approx(theirs.compute()["AUROC"], abs=1e-6)
