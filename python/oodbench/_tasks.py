"""What is done on the workers: every task is a function of what lies in files and of what is passed to it, so that one that runs again gives the same bytes."""

import io
import os
import pickle
import threading
import time
import urllib.parse
import uuid
from dataclasses import dataclass

import numpy as np

from . import _oodbench, _shards
from ._errors import ShardError
from ._oodbench import Cuts, KeyCounts, Metrics, OodbenchError


@dataclass(frozen=True)
class Job:
    """What all tasks have in common."""

    fs: object
    out_fs: object
    out: str
    run: str
    in_distribution: str | None
    arrays: tuple
    scores: tuple
    # The array of id/test that records are identified by.
    identity: str
    # What every part says of the evaluation that wrote it.
    evaluation: str = ""


@dataclass(frozen=True)
class Piece:
    """Rows of a set that one task scores."""

    number: int
    set: str
    first: int
    last: int
    block: int
    parts: dict
    dtypes: dict
    # Whether its rows begin where a checksum of `identity` does, and that is wanted.
    checksums: bool
    scored: bool = True

    @property
    def file(self):
        """The name of its Parquet part; quoted, since ood/a/b and ood/a-b are two sets."""
        return f"{urllib.parse.quote(self.set, safe='')}-{self.first:012d}.parquet"

    @property
    def name(self):
        return _shards.where(next(iter(self.parts.values())))


@dataclass(frozen=True)
class Scored:
    """What a task says of a piece; `path` is its Parquet part, `seconds` are of processor time."""

    piece: Piece
    path: str
    counts: dict
    ends: dict
    checksums: list
    seconds: float
    pid: int


_FITS = {}
# Workers of Dask may have several threads.
_FITS_LOCK = threading.Lock()


def _fits(packed):
    """The fits, restored once in a process."""
    key, data = packed
    with _FITS_LOCK:
        if key not in _FITS:
            _FITS.clear()
            _oodbench.set_num_threads(1)
            _FITS[key] = pickle.loads(data.tobytes())
        return _FITS[key]


def as_arguments(arrays):
    layers = {name.partition("@")[2]: array for name, array in arrays.items() if name.startswith("features@")}
    return {name: array for name, array in arrays.items() if name in ("logits", "features")} | ({"layers": layers} if layers else {})


def score(packed, job, piece):
    """Scores a piece, and writes its scores."""
    start = time.process_time()
    fits = _fits(packed)
    arrays = {name: _shards.read(job.fs, parts, piece.dtypes[name]) for name, parts in piece.parts.items()}
    checksums = _oodbench.block_checksums(arrays[job.identity]) if piece.checksums else []
    if not piece.scored:
        return Scored(piece, "", {}, {}, checksums, time.process_time() - start, os.getpid())
    try:
        values = fits.score_samples(**as_arguments({name: arrays[name] for name in job.arrays}), rows_per_block=piece.block)
    except OodbenchError as error:
        for name in job.arrays:
            bad = np.flatnonzero(~np.isfinite(arrays[name]).all(axis=1))
            if len(bad):
                place = _shards.where(piece.parts[name], int(bad[0]))
                others = f"; rows of this piece that have some: {len(bad)}" if len(bad) > 1 else ""
                raise ShardError(f"{place}: found NaN or infinite values, expected finite ones{others}") from None
        raise ShardError(f"{piece.name}: {error}") from None
    counts, ends = {}, {}
    for name, column in values.items():
        bad = np.flatnonzero(~np.isfinite(column))
        if len(bad):
            place = _shards.where(next(iter(piece.parts.values())), int(bad[0]))
            raise ShardError(f"{place}: the score {name} of this row is NaN or infinite: its numbers are too large")
        own = KeyCounts()
        own.add(column)
        counts[name], ends[name] = own.to_bytes(), (float(column.min()), float(column.max()))
    path = f"{job.out}/{piece.file}"
    _write(job, piece, path, values)
    return Scored(piece, path, counts, ends, checksums, time.process_time() - start, os.getpid())


# What the metadata of a part calls its evaluation.
EVALUATION = "oodbench.evaluation"


def _write(job, piece, path, values):
    import pyarrow
    from pyarrow import parquet

    rows = piece.last - piece.first
    split, *names = piece.set.split("/") if piece.set.startswith("ood/") else [piece.set, job.in_distribution]
    same = {"run": job.run, "split": split, "group": names[0] if len(names) > 1 else None, "set": names[-1]}

    def column(text):
        codes = pyarrow.nulls(rows, pyarrow.int32()) if text is None else pyarrow.array(np.zeros(rows, np.int32))
        return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array([text or ""]))

    columns = {name: column(text) for name, text in same.items()}
    columns["row"] = np.arange(piece.first, piece.last)
    data = io.BytesIO()
    table = pyarrow.table(columns | values).replace_schema_metadata({EVALUATION: job.evaluation})
    # Scores hardly ever repeat.
    parquet.write_table(table, data, use_dictionary=list(same), compression="none")
    # Whole or not at all, be it that two tasks write it: a rename where there is one, a single upload elsewhere.
    if _shards.is_local(job.out_fs):
        beside = f"{path}.{uuid.uuid4().hex}"
        job.out_fs.pipe_file(beside, data.getvalue())
        os.replace(beside, path)
    else:
        job.out_fs.pipe_file(path, data.getvalue())


def _column(job, path, name):
    from pyarrow import parquet

    with job.out_fs.open(path, "rb") as file:
        return parquet.read_table(file, columns=[name])[name].to_numpy()


def count(job, path, name, counts):
    """Counts the scores of a piece once more, closer."""
    own = KeyCounts.from_bytes(counts).emptied()
    own.add(_column(job, path, name))
    return own.to_bytes()


def _results(values):
    """Several results, or one by itself, as Ray has them."""
    values = tuple(values)
    return values[0] if len(values) == 1 else values


def cut(job, path, name, is_ood, cuts):
    """The scores of a piece that belong to each part."""
    own = Metrics()
    own.update(_column(job, path, name), is_ood)
    return _results(part.to_bytes() for part in own.split(Cuts.from_bytes(cuts)))


def rank(sets, *pieces):
    """The rankings of a part, one for each OOD set, and behind them how many scores it has; sets are the numbers of the pieces' sets, 0 that of id/test."""
    _oodbench.set_num_threads(1)
    merged = [Metrics() for _ in range(max(sets) + 1)]
    for number, piece in zip(sets, pieces, strict=True):
        merged[number].merge(Metrics.from_bytes(piece))
    merged[0].sort()
    return (*(merged[0].ranking(own).to_bytes() for own in merged[1:]), sum(map(len, merged)))
