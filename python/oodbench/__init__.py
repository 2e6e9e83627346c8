"""Scores, metrics, tables and plots for out-of-distribution (OOD) detection, from logits and features.

    import oodbench

    oodbench.score(scores=["energy", "mds"], logits=z)             # {"energy": array, "mds": array}
    detector = oodbench.Detector("knn", k=10).fit(features=x)      # learns from in-distribution rows
    detector.calibrate(features=v, false_alarms=0.05)              # a threshold, from rows that fit has not seen
    detector.predict(features=new)                                 # +1 in-distribution, -1 not
    oodbench.metrics(id_scores, ood_scores, procedure="openood")   # {"auroc": ..., "fpr95": ..., ...}

Every score is higher = more in-distribution, as in scikit-learn. pytorch-ood and PyOD have the opposite sign.

Arrays may be NumPy's, torch's, JAX's or anything with DLPack or the buffer protocol. They are read where they lie, of any float type, in C or Fortran order.
"""

import os as _os

from . import _oodbench
from ._compare import Comparison, compare
from ._dump import dump
from ._errors import ShardError
from ._oodbench import (
    ArrayError,
    Cuts,
    Detector,
    FitError,
    Fits,
    KeyCounts,
    Metrics,
    MissingInputError,
    NotFittedError,
    OodbenchError,
    ParameterError,
    Ranking,
    Records,
    Run,
    TooFewRowsError,
    UnknownScoreError,
    evaluate,
    fit,
    get_num_threads,
    metrics,
    procedures,
    read_dump,
    read_records,
    report,
    rows_per_block,
    score,
    set_num_threads,
)

__version__ = _oodbench.version()

__all__ = [
    "ArrayError",
    "Comparison",
    "Cuts",
    "Detector",
    "FitError",
    "Fits",
    "KeyCounts",
    "Metrics",
    "MissingInputError",
    "NotFittedError",
    "OodbenchError",
    "ParameterError",
    "Ranking",
    "Records",
    "Run",
    "ShardError",
    "TooFewRowsError",
    "UnknownScoreError",
    "compare",
    "dump",
    "evaluate",
    "fit",
    "get_num_threads",
    "metrics",
    "procedures",
    "read_dump",
    "read_records",
    "report",
    "rows_per_block",
    "score",
    "scores",
    "set_num_threads",
    "sklearn",
]


def __getattr__(name):
    # Imported when asked for: pages take a moment, and scikit-learn and the engines need not be there.
    if name in ("dask", "ray", "scores", "sklearn"):
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_oodbench.after_fork)

if _threads := _os.environ.get("OODBENCH_NUM_THREADS", "").strip():
    if not _threads.isdigit():
        raise ValueError(f"OODBENCH_NUM_THREADS: found {_threads!r}, expected a number of threads")
    set_num_threads(int(_threads))
