"""Evaluating runs of hundreds of shards on a cluster of Ray; needs `pip install oodbench[ray]`.

    import oodbench.ray

    records = oodbench.ray.evaluate("s3://bucket/run", scores=["energy", "knn"], out="s3://bucket/scores")

The records are those of `oodbench score` on the same rows, to the last byte.
"""

import ray

from . import _scale
from ._scale import Progress

__all__ = ["Progress", "evaluate"]


@_scale.documented(
    "The records of a run whose rows lie in many `.npy` files, scored by the workers of Ray; `ray.init` is called where nobody has.",
    "`retries` says how often that is done, -1 for without end.",
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
    retries=3,
):
    if not ray.is_initialized():
        ray.init(include_dashboard=False)
    return _scale.evaluate(
        _Ray(retries),
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


class _Ray:
    def __init__(self, retries):
        # What a task raises is not tried again: the same rows are wrong again.
        self.options = {"num_cpus": 1, "max_retries": retries, "retry_exceptions": False}
        self.tasks = {}

    @property
    def workers(self):
        return max(1, int(ray.cluster_resources().get("CPU", 1)))

    def put(self, value):
        return ray.put(value)

    def submit(self, task, *arguments, returns=None):
        remote = self.tasks.setdefault(task, ray.remote(task)).options(**self.options, name=f"oodbench {task.__name__}", num_returns=returns or 1)
        found = remote.remote(*arguments)
        return [found] if returns == 1 else found

    def done(self, references):
        left = {reference: number for number, reference in enumerate(references)}
        while left:
            ready, _ = ray.wait(list(left), num_returns=1, timeout=None)
            for reference in ready:
                try:
                    value = ray.get(reference)
                except ray.exceptions.RayTaskError as error:
                    value = error.cause
                except ray.exceptions.RayError as error:
                    value = error
                yield left.pop(reference), value

    def cancel(self, references):
        # A task is cancelled by any of its results.
        for reference in {reference.task_id(): reference for reference in references}.values():
            ray.cancel(reference)
