"""Evaluating runs of hundreds of shards on a cluster of Dask; needs `pip install oodbench[dask]`.

    import oodbench.dask
    from dask.distributed import Client

    with Client("scheduler:8786"):
        records = oodbench.dask.evaluate("s3://bucket/run", scores=["energy", "knn"], out="s3://bucket/scores")

The records are those of `oodbench score` on the same rows, to the last byte.
"""

import operator
import warnings

from distributed import as_completed, get_client

from . import _scale

__all__ = ["evaluate"]


def evaluate(
    source,
    *,
    out,
    scores=None,
    fits=None,
    parameters=None,
    procedures=None,
    bootstrap=None,
    level=0.95,
    seed=0,
    run=None,
    memory=1 << 30,
    storage_options=None,
    progress=True,
    client=None,
):
    """The records of a run whose rows lie in many `.npy` files, scored by the workers of Dask, those of `client` or of the client at hand.

    source is a folder with the layout of `oodbench explain layout`, local or a URL that fsspec knows, with shards logits-00000.npy, logits-00001.npy, ...; or
    the shards by their names, {"test": {"logits": [url, ...]}, "ood/svhn": {"logits": "s3://bucket/svhn-*.npy"}}, and then `run` says what records call them.
    All of them lie in one place that every worker reaches, with these storage_options of fsspec; so does out, a folder that the scores of every row are written
    to as Parquet parts, whole or not at all, and which holds no other parts: columns run, split, group, set, row, and one per score.

    scores are names, fitted once on the driver on the training rows in the folder, with parameters {"knn.k": 10}; or fits is an `oodbench.Fits`. Procedures
    are names, the three usual ones unless given, of those that read the order of scores alone. bootstrap is a number of draws that gives every value an
    interval, as on one machine.

    A task holds `memory` bytes of rows and scores at most, beside Python, the fits and what a score needs for one block of rows; only scores that are equal
    are never cut apart, and take 48 bytes each where there are more of them than that. The driver holds two bytes per row of id/test and of one OOD set.
    progress is True for lines on the standard error, or a function that takes an `oodbench._scale.Progress`.

    A task that loses its worker is run again by the engine. What cannot be read or scored is an `oodbench.ShardError` with the shard and the row, at once.
    """
    return _scale.evaluate(
        _Dask(client or get_client()),
        source,
        out=out,
        scores=scores,
        fits=fits,
        parameters=parameters,
        procedures=procedures,
        bootstrap=bootstrap,
        level=level,
        seed=seed,
        run=run,
        memory=memory,
        storage_options=storage_options,
        progress=progress,
    )


def _same(value):
    return value


class _Dask:
    def __init__(self, client):
        self.client = client

    @property
    def workers(self):
        return max(1, sum(self.client.nthreads().values()))

    def put(self, value):
        # Not scattered: what is lost with its worker could not be made anew. The graph has it once, however large it is.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return self.client.submit(_same, value, pure=False)

    def submit(self, task, *arguments, returns=None):
        # Two equal shards are two tasks.
        whole = self.client.submit(task, *arguments, pure=False)
        if returns in (None, 1):
            return whole if returns is None else [whole]
        return [self.client.submit(operator.getitem, whole, number, pure=False) for number in range(returns)]

    def done(self, references):
        numbers = {reference.key: number for number, reference in enumerate(references)}
        for reference in as_completed(references):
            value = reference.exception() or reference.result()
            yield numbers[reference.key], value
