"""Local clusters of the engines: `with clusters.start("ray", 2) as evaluate`."""

import contextlib
import os

import pytest


@contextlib.contextmanager
def _dask(workers):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed; python/tests/requirements-engines.txt names it")
    cluster = distributed.LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50)
    with cluster, distributed.Client(cluster):
        from oodbench import dask

        yield dask.evaluate


@contextlib.contextmanager
def _ray(workers):
    # Neither a dashboard nor anything that is sent or written elsewhere, and workers that are as patient as other processes.
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
    ray = pytest.importorskip("ray", reason="ray is not installed; python/tests/requirements-engines.txt names it")
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    try:
        from oodbench import ray as own

        yield own.evaluate
    finally:
        ray.shutdown()


STARTS = {"dask": _dask, "ray": _ray}
ENGINES = sorted(STARTS)


def start(engine, workers):
    return STARTS[engine](workers)
