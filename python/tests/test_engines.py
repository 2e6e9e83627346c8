"""Ray and Dask on this machine: the records of the program, with one worker and with two, and with one of them killed in mid-run."""

import os
import signal

import clusters
import pytest
import sharded
from clusters import ENGINES

import oodbench

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture(scope="module")
def run(tmp_path_factory, program):
    return sharded.run(tmp_path_factory.mktemp("run"), program, "features", sharded.SCORES["features"])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("workers", [1, 2])
def test_records_are_those_of_the_program_to_the_last_byte(engine, workers, run, tmp_path):
    folder, scores, expected = run
    with clusters.start(engine, workers) as evaluate:
        events = []
        records = evaluate(folder, scores=scores, out=tmp_path / "scores", memory=sharded.MEMORY, progress=events.append)
    assert records.text("json") == expected
    pids = {event.pid for event in events if event.stage == "score"}
    assert pids and os.getpid() not in pids


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_is_killed_changes_nothing(engine, workers, run, tmp_path):
    folder, scores, expected = run
    killed = []

    def progress(event):
        if event.stage == "score" and not killed:
            os.kill(event.pid, signal.SIGKILL)
            killed.append(event.all - event.done)

    with clusters.start(engine, workers) as evaluate:
        records = evaluate(folder, scores=scores, out=tmp_path / "scores", memory=sharded.MEMORY, progress=progress)
    assert records.text("json") == expected
    # Most of the run was still to come.
    assert killed[0] > 5


# That a failed evaluation cancels all its tasks is in test_scale.py, for every place where it may fail.
@pytest.mark.parametrize("engine", ENGINES)
def test_tasks_that_are_cancelled_are_not_begun(engine, tmp_path):
    import importlib
    import time

    def hold(folder):
        (folder / "begun").touch()
        while not (folder / "go").exists():
            time.sleep(0.05)

    def mark(folder, number):
        (folder / f"mark-{number}").touch()

    with clusters.start(engine, 1):
        module = importlib.import_module(f"oodbench.{engine}")
        own = module._Dask(module.get_client()) if engine == "dask" else module._Ray(0)
        holding = own.submit(hold, tmp_path)
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        waiting = [own.submit(mark, tmp_path, number) for number in range(8)]
        # Dask's scheduler takes a graph in the background, and what it does not know yet it cannot cancel.
        while engine == "dask" and own.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) < 1 + len(waiting):
            time.sleep(0.05)
        own.cancel(waiting)
        behind = own.submit(mark, tmp_path, "behind")
        (tmp_path / "go").touch()
        # The only worker has come past all that was cancelled.
        assert [value for _, value in own.done([behind, holding])] == [None, None]
    assert [path.name for path in tmp_path.glob("mark-*")] == ["mark-behind"]


@pytest.mark.parametrize("engine", ENGINES)
def test_help_has_what_both_engines_share_and_what_is_its_own(engine):
    import importlib
    import inspect

    pytest.importorskip({"dask": "distributed"}.get(engine, engine))
    module = importlib.import_module(f"oodbench.{engine}")
    text = inspect.getdoc(module.evaluate)
    assert text.startswith("The records of a run whose rows lie in many `.npy` files, scored by the workers of " + engine.capitalize())
    assert "A task holds `memory` bytes" in text and {"dask": "`client`", "ray": "`retries`"}[engine] in text
    assert "a function that takes a `Progress`" in text and module.Progress.__name__ in module.__all__


@pytest.mark.parametrize("engine", ENGINES)
def test_a_shard_that_fails_is_named_at_once(engine, run, tmp_path):
    import shutil

    import numpy as np

    folder, _, _ = run
    broken = tmp_path / folder.name
    shutil.copytree(folder, broken)
    array = np.load(broken / "ood" / "far" / "svhn" / "features-00000.npy")
    array[650, 1] = np.inf
    np.save(broken / "ood" / "far" / "svhn" / "features-00000.npy", array)
    with clusters.start(engine, 1) as evaluate, pytest.raises(oodbench.ShardError, match="svhn/features-00000.npy, row 650: found NaN or infinite"):
        evaluate(broken, scores=["knn"], out=tmp_path / "scores", memory=sharded.MEMORY, progress=False)
