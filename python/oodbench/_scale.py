"""Evaluating rows that lie in shards on the workers of an engine: what `oodbench.ray` and `oodbench.dask` have in common.

    score   a piece of rows -> its scores as a Parquet part, counts of their keys        the rows are read once
    cuts    all counts, added up -> where scores are cut into parts of about equal size  on the driver
    cut     a Parquet part -> a piece of every part                                      the engine's shuffle
    rank    the pieces of a part -> the order of its scores, one byte each
    records the rankings of all parts, one after the other                               on the driver
"""

import math
import os
import pickle
import sys
import time
import uuid
from dataclasses import dataclass

import fsspec
import numpy as np

from . import _oodbench, _shards, _tasks
from ._errors import ShardError
from ._oodbench import KeyCounts, OodbenchError, RankedRun
from ._tasks import Job, Piece, Scored

# Bytes that a part takes per score while it is ranked: as it came, merged, sorted, and a copy of each.
_RANKED = 48


@dataclass(frozen=True)
class Progress:
    """A task that has ended: so many of all of its stage; for "score" the rows so far and their rate, the task's processor seconds, and its process."""

    stage: str
    done: int
    all: int
    rows: int
    rows_per_second: float
    seconds: float | None = None
    pid: int | None = None

    def __str__(self):
        return f"{self.stage} {self.done}/{self.all}" + (f", {self.rows:,} rows, {self.rows_per_second:,.0f} rows/s" if self.rows else "")


def _pieces(sets, job, memory):
    """Cuts sets into pieces of whole blocks, of as many rows as memory has room for."""
    pieces = []

    def add(one, arrays, block, checksums, scored):
        row_bytes = sum(one.columns(name) * one.dtype(name).itemsize for name in arrays)
        # The rows, once more where they come from several shards, and the scores in several forms.
        of_row = 2 * row_bytes + (64 * len(job.scores) if scored else 0)
        if block * of_row > memory:
            raise OodbenchError(f"memory={memory}: found room for less than {block} rows of {one.name}, which are scored together; pass at least {block * of_row}")
        step = memory // of_row // block * block
        for first in range(0, one.rows, step):
            last = min(one.rows, first + step)
            parts = {name: one.parts(name, first, last) for name in arrays}
            dtypes = {name: one.dtype(name).str for name in arrays}
            pieces.append(Piece(len(pieces), one.name, first, last, one.block(), parts, dtypes, checksums, scored))

    for one in sets:
        arrays, block = job.arrays, one.block()
        if one.is_ood:
            add(one, arrays, block, False, True)
            continue
        of_checksum = _oodbench.rows_per_checksum(one.columns(job.identity))
        both = math.lcm(block, of_checksum)
        row_bytes = sum(one.columns(name) * one.dtype(name).itemsize for name in {*arrays, job.identity})
        if both * (2 * row_bytes + 64 * len(job.scores)) <= memory:
            add(one, tuple(dict.fromkeys((*arrays, job.identity))), both, True, True)
        else:
            # Blocks of scores and of checksums end in other places: the rows are read twice.
            add(one, arrays, block, False, True)
            add(one, (job.identity,), of_checksum, True, False)
    return pieces


def evaluate(engine, source, *, out, scores, fits, parameters, procedures, bootstrap, level, seed, run, memory, storage_options, progress):
    """Records of a run whose rows lie in shards; `engine` has `put`, `submit`, `done` and `workers`."""
    options = storage_options or {}
    if isinstance(source, dict):
        source = _shards.of_lists(source, run or _oodbench.Run(), options)
    else:
        source = _shards.of_folder(source, options)
    if (scores is None) == (fits is None):
        raise OodbenchError("expected one of scores=[...], fitted on the training rows of the run, and fits=oodbench.fit(...)")
    measures = {"procedures": procedures, "bootstrap": bootstrap, "level": level, "seed": seed}
    # Refuses what cannot be measured before anything is scored.
    RankedRun(source.run, **measures)
    fits = fits if fits is not None else _oodbench.fit(source.run, scores=scores, parameters=parameters)
    sets = {one.name: one for one in source.sets}
    test, ood = sets.get("id/test"), [one for one in source.sets if one.is_ood]
    if test is None or not ood:
        raise OodbenchError("expected the shards of test and of at least one OOD set, ood/NAME")
    reads = [_reads(source.fs, one, fits) for one in source.sets]
    for one, own in zip(source.sets, reads, strict=True):
        if own != reads[0]:
            raise ShardError(f"{one.name}: found {', '.join(own)} to be scored, expected {', '.join(reads[0])}, as of {source.sets[0].name}")
    identity = next((name for name in ("logits", "features") if name in test.arrays), None)
    if identity is None:
        raise OodbenchError("id/test: found neither logits nor features, expected one of them")
    out_fs, folder = fsspec.core.url_to_fs(os.fspath(out), **options)
    out_fs.makedirs(folder, exist_ok=True)
    job = Job(source.fs, out_fs, folder, source.run.name, source.run.in_distribution, tuple(reads[0]), tuple(fits.scores), identity)
    pieces = _pieces(source.sets, job, memory)
    written = {piece.file for piece in pieces if piece.scored}
    for path in sorted(out_fs.ls(folder, detail=False)):
        if path.endswith(".parquet") and path.rpartition("/")[2] not in written:
            raise OodbenchError(f"{path}: found a part that this evaluation does not write, of other rows or of another memory=...; pass an empty folder as out")
    return _Evaluation(engine, job, source, sets, fits, memory, _teller(progress)).records(pieces, measures)


def _reads(fs, one, fits):
    """The arrays of a set that are read; an error says what it lacks."""
    known = [name for name in one.arrays if name in ("logits", "features") or name.startswith("features@")]
    row = {name: _shards.read(fs, one.parts(name, 0, 1), one.dtype(name).str) for name in known}
    try:
        return fits.reads(**_tasks.as_arguments(row))
    except OodbenchError as error:
        raise ShardError(f"{one.name}: {error}") from None


def _teller(progress):
    if callable(progress):
        return progress
    if not progress:
        return lambda event: None
    is_shown = sys.stderr.isatty()
    told = [-math.inf]

    def tell(event):
        ended, now = event.done == event.all, time.monotonic()
        if ended or is_shown or now - told[0] > 10:
            told[0] = now
            print(event, end="\r" if is_shown and not ended else "\n", file=sys.stderr, flush=True)

    return tell


class _Evaluation:
    """The stages, one after the other."""

    def __init__(self, engine, job, source, sets, fits, memory, tell):
        self.engine, self.job, self.source, self.sets, self.fits, self.memory, self.tell = engine, job, source, sets, fits, memory, tell
        self.order = ["id/test", *(one.name for one in source.sets if one.is_ood)]

    def wait(self, stage, references, names):
        """The results, in the order of references; the first failure is raised with the name of what failed."""
        found, start, rows = [None] * len(references), time.perf_counter(), 0
        for done, (number, value) in enumerate(self.engine.done(references), 1):
            if isinstance(value, ShardError):
                raise value
            if isinstance(value, BaseException):
                raise ShardError(f"{names[number]}: {stage} failed: {type(value).__name__}: {value}") from value
            found[number] = value
            if isinstance(value, Scored) and value.piece.scored:
                rows += value.piece.last - value.piece.first
            rate = rows / max(time.perf_counter() - start, 1e-9)
            self.tell(Progress(stage, done, len(references), rows, rate, getattr(value, "seconds", None), getattr(value, "pid", None)))
        return found

    def scored(self, pieces):
        data = pickle.dumps(self.fits)
        packed = self.engine.put((uuid.uuid4().hex, np.frombuffer(data, np.uint8)))
        references = [self.engine.submit(_tasks.score, packed, self.job, piece) for piece in pieces]
        return self.wait("score", references, [piece.name for piece in pieces])

    def cuts(self, name, scored):
        """Cuts of a score into parts that memory has room for, and as many as keep the workers busy."""
        total = KeyCounts()
        for one in scored:
            total.merge(KeyCounts.from_bytes(one.counts[name]))
        most = max(1, min(self.memory // _RANKED, -(-len(total) // (2 * self.engine.workers))))
        # Balance is worth no second look at the rows: only memory is.
        while (closer := total.refined(self.memory // _RANKED)) is not None:
            wanted = closer.to_bytes()
            references = [self.engine.submit(_tasks.count, self.job, one.path, name, wanted) for one in scored]
            for counts in self.wait(f"count {name}", references, [one.path for one in scored]):
                closer.merge(KeyCounts.from_bytes(counts))
            total = closer
        return total.cuts(most)

    def ranked(self, name, scored):
        """Per OOD set references to the rankings of the parts."""
        cuts = self.cuts(name, scored)
        packed, parts = cuts.to_bytes(), range(len(cuts))
        pieces = [self.engine.submit(_tasks.cut, self.job, one.path, name, one.piece.set != "id/test", packed, returns=len(parts)) for one in scored]
        numbers = [self.order.index(one.piece.set) for one in scored]
        ranked = [self.engine.submit(_tasks.rank, numbers, *(own[part] for own in pieces), returns=len(self.order) - 1) for part in parts]
        return [[part[number] for part in ranked] for number in range(len(self.order) - 1)]

    def records(self, pieces, measures):
        all_ = self.scored(pieces)
        scored = [one for one in all_ if one.piece.scored]
        of_test = [one for one in scored if one.piece.set == "id/test"]
        test = self.sets["id/test"]
        blocks = [checksum for one in all_ for checksum in one.checksums]
        data = _oodbench.identity(self.job.identity, test.rows, test.columns(self.job.identity), blocks)
        half = any(np.dtype(shard.dtype).itemsize == 2 for one in self.source.sets for shard in one.arrays.get("logits", ()))
        run = RankedRun(self.source.run, data=data, half_precision=half, **measures)
        ends = [(name, min(one.ends[name][0] for one in of_test), max(one.ends[name][1] for one in of_test)) for name in self.fits.scores]
        run.warn_of_id(test.rows, ends)
        ranked = {name: self.ranked(name, scored) for name in self.fits.scores}
        for number, set_ in enumerate(self.order[1:]):
            for name in self.fits.scores:
                parts = self.wait(f"rank {name} {set_}", ranked[name][number], [f"part {part} of {name}" for part in range(len(ranked[name][number]))])
                run.add(self.fits, name, set_, parts)
        return run.records()
