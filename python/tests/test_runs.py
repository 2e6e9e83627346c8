"""Runs in memory: which batches are kept, what is read where it lies, and what is not done while something is locked."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, in_a_child

import oodbench


@pytest.fixture
def logits():
    return np.random.default_rng(6).normal(size=(40, 5)).astype(np.float32)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("of", [
    np.asfortranarray,
    lambda x: np.asfortranarray(x[:, :, None, None]),
    lambda x: np.asfortranarray(x[:, None, None, :]),
    lambda x: np.ascontiguousarray(x[:, :, None, None]),
    lambda x: np.ascontiguousarray(x[:, None, None, :]),
])
def test_axes_of_length_one_in_either_order(logits, of, copy):
    run = oodbench.Run()
    run.add("test", features=of(logits), copy=copy)
    run.add("test", features=logits, copy=copy)
    assert np.array_equal(run["test"]["features"], np.concatenate([logits, logits]))


@pytest.mark.parametrize("arrays, expected", [
    (lambda x: {"logits": x[:, :3].copy()}, "id/test: logits: found 3 columns, expected 5, as in the rows of id/test before"),
    (lambda x: {"logits": x.astype(np.int64)}, "id/test: logits: found i64, expected f16, bf16, f32 or f64"),
    (lambda x: {"logits": x.reshape(5, 2, 2, 10)}, r"id/test: logits: found shape (5, 2, 2, 10), expected (rows, columns)"),
    (lambda x: {"logits": x.reshape(2, 2, 2, 25)}, "expected (rows, columns)"),
    (lambda x: {"logits": x[0].copy()}, "found shape (5,), expected (rows, columns)"),
    (lambda x: {"logits": x, "labels": np.full(40, 5)}, "labels: found label 5 at row 0, expected labels from 0 to 4"),
    (lambda x: {"logits": x, "labels": np.zeros((40, 5), np.int64)}, "labels: found shape (40, 5)"),
    (lambda x: {"logits": x, "labels": np.zeros(40, np.float32)}, "labels: found f32, expected integers"),
    (lambda x: {"logits": x, "labels": np.zeros(39, np.int64)}, "labels: found 39 rows, expected 40"),
    (lambda x: {"logits": x, "labels": np.zeros(40, np.int64), "features": x}, "found a batch of logits, features, labels, expected logits, labels"),
    (lambda x: {"logits": x, "labels": np.zeros(40, np.int64), "scores": {"mine": x}}, "scores@mine: found 5 columns, expected one score per row"),
    (lambda x: {"logits": x}, "found a batch of logits, expected logits, labels"),
])
def test_a_batch_that_does_not_fit_is_refused_and_not_kept(logits, arrays, expected):
    run = oodbench.Run()
    run.add("test", logits=logits, labels=np.arange(40) % 5)
    with pytest.raises(oodbench.ArrayError) as refused:
        run.add("test", **arrays(logits))
    assert expected in str(refused.value)
    run.add("ood/a", logits=logits)
    assert run.splits == {"id/test": 40, "ood/a": 40}
    assert len(oodbench.evaluate(run, scores="mds").rows()) > 0


def test_rows_of_other_splits_and_of_a_head_have_to_fit(logits):
    run = oodbench.Run(head=(np.ones((5, 7), np.float32), None))
    with pytest.raises(oodbench.ArrayError, match="ood/a: features: found 5 columns, expected 7, as in the head"):
        run.add("ood/a", features=logits)
    with pytest.raises(oodbench.ArrayError, match="logits: found 4 columns, expected 5, as in the head"):
        run.add("ood/a", logits=logits[:, :4].copy())
    run.add("test", layers={"block1": logits})
    with pytest.raises(oodbench.ArrayError, match="ood/a: features@block1: found 4 columns, expected 5, as in the rows of id/test before"):
        run.add("ood/a", layers={"block1": logits[:, :4].copy()})
    assert run.splits == {"id/test": 40}


def test_rows_without_numbers_are_refused(logits):
    run = oodbench.Run()
    with pytest.raises(oodbench.MissingInputError, match="id/test: found no array, expected rows of numbers; pass logits="):
        run.add("test")
    with pytest.raises(oodbench.MissingInputError, match="id/test: found labels alone"):
        run.add("test", labels=np.arange(40))
    with pytest.raises(oodbench.ArrayError, match="labels: found label -1 at row 0, expected labels from 0; "):
        run.add("test", features=logits, labels=np.full(40, -1))
    # The last batch of a loop may have been filtered to nothing.
    run.add("test", logits=logits[:0])
    run.add("test", logits=logits)
    run.add("test", logits=logits[:0])
    assert run.splits == {"id/test": 40}


@pytest.mark.parametrize("of", [lambda x: x, lambda x: x[:30], lambda x: x.view(type("Own", (np.ndarray,), {}))])
@pytest.mark.parametrize("batches", [1, 2])
def test_an_array_that_was_resized_is_not_read(of, batches):
    run = oodbench.Run()
    # So large that its memory is given back to the system when it shrinks.
    array = np.ones((500_000, 8), np.float32)
    for _ in range(batches):
        run.add("test", logits=of(array), copy=False)
    assert batches > 1 or run.splits["id/test"] == len(of(array))
    run = oodbench.Run()
    for _ in range(batches):
        run.add("test", logits=of(array), copy=False)
    array.resize((1, 8), refcheck=False)
    with pytest.raises(oodbench.ArrayError, match="id/test: logits: found an array that was resized"):
        run.splits
    with pytest.raises(oodbench.ArrayError, match="resized"):
        run["test"]


def test_batches_that_are_not_copied_are_let_go_when_they_are_joined(logits):
    other = logits.copy()
    run = oodbench.Run()
    before = sys.getrefcount(logits)
    run.add("test", logits=logits, copy=False)
    run.add("test", logits=other, copy=False)
    assert sys.getrefcount(logits) > before
    assert np.array_equal(run["test"]["logits"], np.concatenate([logits, other]))
    assert sys.getrefcount(logits) == before
    run.add("test", logits=logits)
    assert np.array_equal(run["test"]["logits"], np.concatenate([logits, other, logits]))


def test_scores_of_ones_own_are_evaluated_where_none_are_named(logits, program, tmp_path):
    with oodbench.dump(tmp_path / "run", name="run") as run:
        for split, shift in [("test", 0.0), ("ood/a", 1.0)]:
            run.add(split, logits=logits + np.float32(shift), scores={"mine": logits[:, 0] - shift, "theirs": logits[:, 1].astype(np.float64)})
    expected = program("score", tmp_path / "run", "--format", "json", "--quiet")
    assert "scores@mine" in expected and "scores@theirs" in expected
    assert oodbench.evaluate(run).text("json") == expected
    assert oodbench.evaluate(oodbench.read_dump(tmp_path / "run")).text("json") == expected
    assert {row["score"] for row in oodbench.compare(run)} >= {"mds", "scores@mine"}
    assert {row["score"] for row in oodbench.evaluate(run, scores="mds").rows()} == {"mds"}


def test_what_cannot_be_evaluated_is_said(logits):
    with pytest.raises(oodbench.MissingInputError, match="runs: found none, expected an oodbench.Run"):
        oodbench.evaluate([])
    run = oodbench.Run("mine")
    run.add("ood/a", logits=logits)
    with pytest.raises(oodbench.MissingInputError, match=r'mine: found no rows of test.*add\("test", ...\)'):
        oodbench.evaluate(run)
    without = oodbench.Run("other")
    without.add("test", logits=logits)
    with pytest.raises(oodbench.MissingInputError, match=r'other: found no OOD set; call add\("ood/NAME", ...\)'):
        oodbench.evaluate(without)
    run.add("test", logits=logits)
    for draws, expected in [(10**18, "expected at most 100000"), (39, "bootstrap: found 39 draws, expected at least 40 for level 0.95"), (0, "at least 40")]:
        with pytest.raises(oodbench.OodbenchError, match=expected):
            oodbench.evaluate(run, scores="mds", bootstrap=draws)
    with pytest.raises(oodbench.OodbenchError, match="level: found level 95, expected a share between 0 and 1"):
        oodbench.evaluate(run, scores="mds", bootstrap=100, level=95)
    assert oodbench.evaluate(run, scores="mds", bootstrap=40).rows()[0]["low"] is not None


@pytest.mark.parametrize("head, expected", [
    ({"prototypes": np.zeros((0, 3), np.float32)}, "head prototypes: found no rows, expected one row per class"),
    ({"prototypes": np.array([[1, np.nan]])}, "head prototypes: found 1 rows with NaN or infinite values"),
    ({"prototypes": np.ones((2, 2)), "distance_scale": float("nan")}, "head distance_scale: found 1 rows with NaN"),
    ({"prototypes": np.ones((2, 2)), "distance_scale": np.array([np.inf])}, "head distance_scale: found 1 rows with NaN"),
    ((np.ones((2, 2)), np.ones(3)), "head bias: found 3 biases, expected 2"),
    ((np.full((2, 2), np.inf), None), "head weight: found 2 rows with NaN"),
])
def test_heads_that_are_none(head, expected):
    for make in (lambda: oodbench.Run(head=head), lambda: oodbench.Detector("energy").fit(head=head)):
        with pytest.raises(oodbench.ArrayError) as refused:
            make()
        assert expected in str(refused.value)


# Objects that use the run, or the detector, that lets them go: a lock that is held meanwhile would wait for itself.
LET_GO = """
import weakref
import numpy as np
import oodbench

class Own(np.ndarray):
    pass

seen = []
run = oodbench.Run()
for _ in range(2):
    array = np.ones((5, 3), np.float32).view(Own)
    weakref.finalize(array, lambda: seen.append(run.name))
    run.add("test", logits=array, copy=False)
del array
assert run.splits == {"id/test": 10}
assert seen == ["run", "run"], seen

class Layer:
    weight, bias = np.ones((3, 3), np.float32), np.zeros(3, np.float32)

    def __del__(self):
        seen.append(detector.notes)

detector = oodbench.Detector("energy").fit(head=Layer())
detector.fit(head=Layer())
assert seen[2:] == [[]], seen
"""


def test_objects_are_let_go_where_nothing_is_locked(tmp_path):
    done = subprocess.run([sys.executable, "-c", LET_GO], capture_output=True, text=True, timeout=100, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


# The threads that have no name of their own are those of rayon's global pool.
THREADS = """
import os, sys
import numpy as np
import oodbench
from pathlib import Path

def name_of(task):
    try:
        return task.joinpath("comm").read_text()
    except OSError:
        return "ended"

def unnamed():
    own = Path("/proc/self/comm").read_text()
    return sum(name == own for name in map(name_of, Path("/proc/self/task").iterdir()))

assert unnamed() == 1
x = np.random.default_rng(0).normal(size=(5000, 1000)).astype(np.float32)
y = np.arange(5000) % 10
out = Path(sys.argv[1])
for split in ("id/train", "id/test", "ood/a"):
    (out / split).parent.mkdir(parents=True, exist_ok=True)
    # Not compressed: the checksum of a large one is made by several threads.
    np.savez(out / f"{split}.npz", logits=x, features=x, labels=y)
run = oodbench.read_dump(out)
assert run.splits["id/test"] == 5000
run.write(out.parent / "written")
oodbench.evaluate(run, scores=["mds", "mahalanobis"], bootstrap=40)
oodbench.compare(run, scores=["mds", "mps"])
for score in ("mahalanobis", "mds"):
    detector = oodbench.Detector(score).fit(features=x, logits=x, labels=y)
    detector.save(out.parent / "fit")
    oodbench.Detector.load(out.parent / "fit").score_samples(features=x, logits=x)
    detector.calibrate(features=x, logits=x, false_alarms=0.1).save(out.parent / "detector")
    loaded = oodbench.Detector.load(out.parent / "detector")
    loaded.predict(features=x[:1], logits=x[:1]), loaded.decide(features=x, logits=x)
oodbench.metrics(x[:, 0].copy(), x[:, 1].copy(), "openood")
print(unnamed())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are listed on Linux")
def test_no_threads_are_started_but_those_of_the_package(tmp_path):
    one = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", THREADS, tmp_path / "run"], capture_output=True, text=True, env=os.environ | one, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_archives_are_read_in_a_forked_child(logits, tmp_path):
    # Several threads make the checksum of a file as large as this one.
    large = np.tile(logits, (50_000, 1))
    for split in ("id/test", "ood/a"):
        (tmp_path / split).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / f"{split}.npz", logits=large)
    run = oodbench.read_dump(tmp_path)
    assert np.array_equal(run["test"]["logits"], large)
    detector = oodbench.Detector("knn", k=3).fit(features=logits)
    detector.save(tmp_path / "fit")
    expected = detector.score_samples(features=logits)

    def work():
        rows = len(large)
        read = np.array_equal(run["test"]["logits"], large) and oodbench.read_dump(tmp_path).splits == {"id/test": rows, "ood/a": rows}
        loaded = oodbench.Detector.load(tmp_path / "fit").score_samples(features=logits)
        return 0 if read and np.array_equal(loaded, expected) else 1

    assert in_a_child(work) == 0


def test_gram_matrices_in_memory_are_those_of_a_folder(tmp_path):
    folder = ROOT / "fixtures" / "gram"
    run = oodbench.Run("gram")
    for split in ("id/train", "id/val", "id/test", "ood/far", "ood/near"):
        arrays = {file.stem: np.load(file) for file in (folder / split).glob("*.npy")}
        gram = {name.removeprefix("gram@"): arrays.pop(name) for name in list(arrays) if name.startswith("gram@")}
        half = len(arrays["logits"]) // 2
        for rows in (slice(None, half), slice(half, None)):
            run.add(split, **{name: array[rows] for name, array in arrays.items()}, gram={name: array[rows] for name, array in gram.items()})
    assert np.array_equal(run["ood/far"]["gram@a"], np.load(folder / "ood" / "far" / "gram@a.npy"))
    values = lambda run: [(row["ood"], row["procedure"], row["metric"], row["value"]) for row in oodbench.evaluate(run, scores="gram").rows()]
    expected = values(oodbench.read_dump(folder))
    assert expected and values(run) == expected
    run.write(tmp_path / "run")
    assert values(oodbench.read_dump(tmp_path / "run")) == expected
    with pytest.raises(oodbench.ArrayError, match="ood/far: gram@a: found 7 columns, expected 40"):
        rows = len(run["ood/far"]["logits"])
        run.add("ood/far", logits=run["ood/far"]["logits"], gram={"a": np.ones((rows, 7), np.float32), "b": run["ood/far"]["gram@b"]})
