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
from ._scale import Progress

__all__ = ["Progress", "evaluate"]


@_scale.documented(
    "The records of a run whose rows lie in many `.npy` files, scored by the workers of Dask.",
    "The workers are those of `client`, or of the client at hand.",
)
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

    def cancel(self, references):
        self.client.cancel(references)
