"""Detectors: parameters, what is missing, thresholds, files, threads and processes."""

import ctypes
import inspect
import multiprocessing
import os
import pickle
import threading
import time

import numpy as np
import pytest
from conftest import bits, in_a_child

import oodbench


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 4, 600)
    centres = rng.normal(0, 4, (4, 16))
    return (centres[labels] + rng.normal(size=(600, 16))).astype(np.float32), labels


def test_parameters_are_checked_where_they_are_named():
    assert oodbench.Detector("knn", k=7).parameters["k"] == "7"
    with pytest.raises(oodbench.ParameterError, match="knn.K: unknown parameter; knn has k"):
        oodbench.Detector("knn", K=7)
    with pytest.raises(oodbench.ParameterError, match="expected"):
        oodbench.Detector("knn", k=0)
    with pytest.raises(oodbench.UnknownScoreError, match="did you mean energy"):
        oodbench.Detector("enrgy")
    assert issubclass(oodbench.UnknownScoreError, oodbench.OodbenchError) and issubclass(oodbench.OodbenchError, ValueError)


@pytest.mark.parametrize("score, given, expected", [
    ("mahalanobis", {"labels"}, "labels: found labels alone, expected their rows too; pass logits=... or features=..."),
    ("mahalanobis", {"logits", "labels"}, "score mahalanobis reads train features, found none; pass features=... to fit"),
    ("mahalanobis", {"features"}, "score mahalanobis reads train labels, found none; pass labels=... to fit"),
    ("vim", {"features"}, "pass head=(weight, bias)"),
    ("dice", {"features"}, "pass head=(weight, bias) to fit"),
    ("ensemble_mps", {"logits"}, "found none; pass a run that has it to oodbench.evaluate"),
])
def test_what_a_fit_lacks_is_told_as_an_argument(rows, score, given, expected):
    features, labels = rows
    arrays = {"logits": features, "features": features, "labels": labels}
    with pytest.raises(oodbench.MissingInputError) as refused:
        oodbench.Detector(score).fit(**{name: arrays[name] for name in given}).score_samples(**{name: arrays[name] for name in given - {"labels"}})
    assert expected in str(refused.value)
    assert ".npy" not in str(refused.value) and "--" not in str(refused.value)


def test_what_rows_lack_is_told_as_an_argument(rows):
    features, labels = rows
    detector = oodbench.Detector("mahalanobis")
    with pytest.raises(oodbench.NotFittedError, match="call fit first"):
        detector.score_samples(features=features)
    detector.fit(features=features, labels=labels)
    with pytest.raises(oodbench.MissingInputError, match="pass features="):
        detector.score_samples(logits=features)
    with pytest.raises(oodbench.ArrayError, match="found 3 columns, expected 16"):
        detector.score_samples(features=features[:, :3].copy())
    with pytest.raises(oodbench.NotFittedError, match="call calibrate first"):
        detector.predict(features=features)
    with pytest.raises(oodbench.MissingInputError, match=r'train=\{"features"'):
        oodbench.score(scores="knn", features=features)
    with pytest.raises(oodbench.UnknownScoreError, match="scores: found no name"):
        oodbench.score(scores=[], features=features)


def test_fit_and_score_at_once(rows):
    features, labels = rows
    found = oodbench.score(scores=["knn", "mahalanobis"], features=features, train={"features": features, "labels": labels}, parameters={"knn.k": 5})
    assert list(found) == ["knn", "mahalanobis"]
    assert bits(found["knn"]) == bits(oodbench.Detector("knn", k=5).fit(features=features).score_samples(features=features))


def test_a_threshold(rows):
    features, labels = rows
    detector = oodbench.Detector("mahalanobis").fit(features=features[:300], labels=labels[:300])
    assert detector.thresholds is None
    assert detector.calibrate(features=features[300:], false_alarms=0.1) is detector
    decided = detector.decide(features=features)
    assert np.array_equal(decided["flagged"], decided["score"] < detector.thresholds[0])
    assert np.array_equal(detector.predict(features=features), np.where(decided["flagged"], -1, 1))
    assert "10 %" in detector.promise
    with pytest.raises(oodbench.TooFewRowsError, match="pass more calibration rows"):
        detector.calibrate(features=features[:5], false_alarms=0.01, confidence=0.99)
    for wrong in ({}, {"false_alarms": 5}, {"tpr": 0.9, "false_alarms": 0.1}, {"tpr": 0.9, "confidence": 0.9}):
        with pytest.raises(oodbench.OodbenchError, match="expected"):
            detector.calibrate(features=features, **wrong)
    # A refused calibration leaves the one before.
    assert np.array_equal(detector.decide(features=features)["score"], decided["score"])
    # No threshold bounds the wrong answers of a classifier that is always wrong.
    logits = np.eye(4, dtype=np.float32)[labels]
    mds = oodbench.Detector("mds")
    with pytest.raises(oodbench.OodbenchError, match="no threshold has at most 1 %.*larger wrong_answers") as refused:
        mds.calibrate(logits=logits, labels=(labels + 1) % 4, wrong_answers=0.01)
    assert "--" not in str(refused.value)
    broken = features.copy()
    broken[3, 2] = np.nan
    with pytest.raises(oodbench.ArrayError, match="row 3.*on_nan"):
        detector.predict(features=broken)
    assert detector.decide(features=broken, on_nan="flag")["flagged"][3]


def test_files_and_pickles(rows, tmp_path):
    features, labels = rows
    detector = oodbench.Detector("knn", k=3)
    with pytest.raises(FileNotFoundError):
        oodbench.Detector.load(tmp_path / "none")
    (tmp_path / "broken").write_bytes(b"12345678" * 20)
    with pytest.raises(oodbench.OodbenchError, match="expected a whole file"):
        oodbench.Detector.load(tmp_path / "broken")
    assert pickle.loads(pickle.dumps(detector)).parameters == detector.parameters
    detector.fit(features=features)
    again = pickle.loads(pickle.dumps(detector))
    assert bits(again.score_samples(features=features)) == bits(detector.score_samples(features=features))
    detector.calibrate(features=features, false_alarms=0.1)
    again = pickle.loads(pickle.dumps(detector))
    assert again.thresholds == detector.thresholds
    assert np.array_equal(again.predict(features=features), detector.predict(features=features))
    # As the documents say, a copy with a threshold is not calibrated again; the detector itself is.
    with pytest.raises(oodbench.NotFittedError, match="fit it anew"):
        again.calibrate(features=features, false_alarms=0.2)
    detector.calibrate(features=features, false_alarms=0.2)
    with pytest.raises(OSError):
        detector.save(tmp_path / "no" / "folder" / "x.fit")


def test_every_score_has_a_page_and_parameters():
    names = [score["id"] for score in oodbench.scores.table()]
    assert len(names) >= 44
    for name in names:
        make = getattr(oodbench.scores, name)
        assert "## Formula" in make.__doc__ and "Higher = more in-distribution" in make.__doc__
        assert make().score == name
        for parameter, value in inspect.signature(make).parameters.items():
            # `lambda` is a word of Python's.
            assert oodbench.Detector(name).parameters[parameter.removesuffix("_")] == value.default
            make(**{parameter: value.default})


def test_threads_share_a_detector(rows):
    features = np.tile(rows[0], (50, 1))
    detector = oodbench.Detector("knn", k=10).fit(features=features[:2000])
    expected, found = bits(detector.score_samples(features=features)), []
    threads = [threading.Thread(target=lambda: found.append(bits(detector.score_samples(features=features)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 3


def counted_during(work):
    """How often another thread of Python's got its turn while one call ran, and how many seconds that took."""
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    before, start = counted[0], time.monotonic()
    work()
    after, took = counted[0], time.monotonic() - start
    stop.set()
    counter.join()
    return after - before, took


def test_the_interpreter_is_released_during_a_call(rows):
    features = np.tile(rows[0], (50, 1))
    detector = oodbench.Detector("knn", k=10).fit(features=features[:5000])
    # A call of C that keeps the interpreter, to see that the count can tell: none but what is counted around the call.
    held, _ = counted_during(lambda: ctypes.PyDLL(None).usleep(200_000))
    assert held <= 2
    counted, took = counted_during(lambda: detector.score_samples(features=features))
    assert took > 0.05
    assert counted > 10


def test_values_do_not_depend_on_the_number_of_threads(rows):
    features, _ = rows
    features = np.tile(features, (60, 1))
    found = []
    for threads in (1, 2, 5, 0):
        oodbench.set_num_threads(threads)
        found.append(bits(oodbench.Detector("knn").fit(features=features[:1000]).score_samples(features=features)))
    assert all(one == found[0] for one in found)
    assert oodbench.get_num_threads() >= 1


def _scored(features):
    return bits(oodbench.Detector("knn").fit(features=features[:1000]).score_samples(features=features))


@pytest.mark.parametrize("method", [one for one in ("fork", "spawn") if one in multiprocessing.get_all_start_methods()])
def test_processes_started_after_threads(rows, method):
    features = np.tile(rows[0], (60, 1))
    expected = _scored(features)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(_scored, [features] * 2).get(timeout=120) == [expected] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_records_after_a_fork_are_refused_where_polars_would_wait_for_ever(densenet):
    run = oodbench.read_dump(densenet.folder)
    oodbench.evaluate(run, scores="mds")

    def work():
        try:
            oodbench.evaluate(run, scores="mds")
        except oodbench.OodbenchError as error:
            return 0 if "spawn" in str(error) else 2
        return 1

    assert in_a_child(work) == 0
    # Scores and metrics need no such threads.
    logits = densenet.arrays("id/test")["logits"]
    expected = bits(oodbench.score(scores="energy", logits=logits)["energy"])
    assert in_a_child(lambda: 0 if bits(oodbench.score(scores="energy", logits=logits)["energy"]) == expected else 1) == 0
