"""Evaluating rows that lie in shards on the workers of an engine: what `oodbench.ray` and `oodbench.dask` have in common.

    score   a piece of rows -> its scores as a Parquet part, counts of their keys        the rows are read once
    cuts    all counts, added up -> where scores are cut into parts of about equal size  on the driver
    cut     a Parquet part -> a piece of every part                                      the engine's shuffle
    rank    the pieces of a part -> the order of its scores, one byte each
    measure the rankings of all parts, one after the other -> records                    on the driver
"""

import contextlib
import hashlib
import math
import os
import pickle
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

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


_DOCUMENT = """
    source is a folder with the layout of `oodbench explain layout`, local or a URL that fsspec knows, with shards logits-00000.npy, logits-00001.npy, ...; or
    the shards by their names, {"test": {"logits": [url, ...]}, "ood/svhn": {"logits": "s3://bucket/svhn-*.npy"}}, and then `run` says what records call them.
    All of them lie in one place that every worker reaches, with these storage_options of fsspec; so does out, a folder that the scores of every row are written
    to as Parquet parts, whole or not at all, and which holds no parts of another evaluation: columns run, split, group, set, row, and one per score.

    scores are names, fitted once on the driver on the training rows in the folder, with parameters {"knn.k": 10}; or fits is an `oodbench.Fits`. Procedures
    are names, the three usual ones unless given, of those that read the order of scores alone. bootstrap is a number of draws that gives every value an
    interval, as on one machine, of fewer than 2**32 rows of id/test and an OOD set.

    A task holds `memory` bytes of rows and scores at most, beside Python, the fits and what a score needs for one block of rows; only scores that are equal
    are never cut apart, and take 48 bytes each where there are more of them than that. The driver holds 2 bytes per row of id/test and of one OOD set; with
    bootstrap 6, and 2 more for each of its threads. progress is True for lines on the standard error, or a function that takes a `Progress`.

    What cannot be read or scored is an `oodbench.ShardError` with the shard and the row, at once; tasks that were not done by then are cancelled. A task that
    loses its worker is run again by the engine.
"""


def documented(beginning, end):
    """Gives the `evaluate` of an engine the words that all of them have in common, between its own."""

    def give(evaluate):
        evaluate.__doc__ = f"{beginning}\n{_DOCUMENT}\n    {end}\n"
        return evaluate

    return give


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
    """Records of a run whose rows lie in shards; `engine` has `put`, `submit`, `done`, `cancel` and `workers`."""
    options = storage_options or {}
    _check_procedures(procedures)
    if isinstance(source, dict):
        source = _shards.of_lists(source, run or _oodbench.Run(), options)
    else:
        source = _shards.of_folder(source, options)
    if (scores is None) == (fits is None):
        raise OodbenchError("expected one of scores=[...], fitted on the training rows of the run, and fits=oodbench.fit(...)")
    measures = {"procedures": procedures, "bootstrap": bootstrap, "level": level, "seed": seed}
    sets = {one.name: one for one in source.sets}
    test, ood = sets.get("id/test"), [one for one in source.sets if one.is_ood]
    if test is None or not ood:
        raise OodbenchError("expected the shards of test and of at least one OOD set, ood/NAME")
    # Refuses what cannot be measured before anything is fitted or scored.
    can = RankedRun(source.run, **measures)
    for one in ood:
        can.check_rows(one.name, test.rows, one.rows)
    fits = fits if fits is not None else _oodbench.fit(source.run, scores=scores, parameters=parameters)
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
    packed = pickle.dumps(fits)
    job = replace(job, evaluation=_evaluation(job, pieces, packed))
    _check_out(job, {piece.file for piece in pieces if piece.scored})
    return _Evaluation(engine, job, source, sets, fits, memory, _teller(progress)).records(pieces, packed, measures)


def _check_procedures(names):
    """Refuses procedures that need to know which ID rows are classified rightly: scores are brought together here, and predictions are not."""
    known = {one["id"]: one["needs_predictions"] for one in _oodbench.procedures()}
    for name in names or ():
        if known.get(name):
            raise OodbenchError(
                f"found procedure {name}, which needs the predictions of id/test, expected one that reads the order of scores alone; use oodbench.evaluate for it"
            )


def _evaluation(job, pieces, packed):
    """What tells an evaluation from any other: the run, the fits, and the rows of every part."""
    digest = hashlib.sha256(packed)
    rows = [(piece.set, piece.first, piece.last, piece.parts) for piece in pieces if piece.scored]
    digest.update(repr((job.run, job.in_distribution, job.scores, rows)).encode())
    return digest.hexdigest()


def _check_out(job, written):
    """Refuses a folder with parts of other rows, fits or runs, which would be taken for this evaluation's, or be overwritten."""
    from pyarrow import parquet

    fs = job.out_fs
    fs.invalidate_cache()
    try:
        there = sorted(path for path in fs.ls(job.out, detail=False) if path.endswith(".parquet"))
    except FileNotFoundError:
        # In object storage a folder without files is none.
        return

    def evaluation(path):
        try:
            with fs.open(path, "rb") as file:
                return (parquet.read_schema(file).metadata or {}).get(_tasks.EVALUATION.encode(), b"").decode()
        except ValueError:
            return None

    with ThreadPoolExecutor(16) as threads:
        for path, own in zip(there, threads.map(evaluation, there), strict=True):
            if path.rpartition("/")[2] not in written or own != job.evaluation:
                raise OodbenchError(f"{path}: found a part of another evaluation, of other rows, fits, run or memory=...; pass an empty folder as out")


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

    def wait(self, stage, references, names, before=()):
        """The results, in the order of references; the first failure is raised with the name of what failed, and nothing of them is computed any more, nor of
        what they are made of, `before`."""
        try:
            return self._results(stage, references, names)
        except BaseException:
            # Whatever comes of that, the failure is what is told.
            with contextlib.suppress(Exception):
                self.engine.cancel([*references, *before])
            raise

    def _results(self, stage, references, names):
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

    def scored(self, pieces, packed):
        fits = self.engine.put((uuid.uuid4().hex, np.frombuffer(packed, np.uint8)))
        references = [self.engine.submit(_tasks.score, fits, self.job, piece) for piece in pieces]
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
        """Per OOD set references to the rankings of the parts, all of which are made: the pieces of one score lie in the engine's memory at a time."""
        cuts = self.cuts(name, scored)
        packed, parts = cuts.to_bytes(), range(len(cuts))
        pieces = [self.engine.submit(_tasks.cut, self.job, one.path, name, one.piece.set != "id/test", packed, returns=len(parts)) for one in scored]
        numbers = [self.order.index(one.piece.set) for one in scored]
        # Behind the rankings comes a number, which says that they are made.
        ranked = [self.engine.submit(_tasks.rank, numbers, *(own[part] for own in pieces), returns=len(self.order)) for part in parts]
        made = [part[-1] for part in ranked]
        self.wait(f"rank {name}", made, [f"part {part} of {name}" for part in parts], [piece for own in pieces for piece in own])
        return [[part[number] for part in ranked] for number in range(len(self.order) - 1)]

    def records(self, pieces, packed, measures):
        all_ = self.scored(pieces, packed)
        scored = [one for one in all_ if one.piece.scored]
        of_test = [one for one in scored if one.piece.set == "id/test"]
        test = self.sets["id/test"]
        blocks = [checksum for one in all_ for checksum in one.checksums]
        data = _oodbench.identity(self.job.identity, test.rows, test.columns(self.job.identity), blocks)
        run = RankedRun(self.source.run, data=data, half_precision=self.source.is_half_precision(), **measures)
        ends = [(name, min(one.ends[name][0] for one in of_test), max(one.ends[name][1] for one in of_test)) for name in self.fits.scores]
        run.warn_of_id(test.rows, ends)
        ranked = {name: self.ranked(name, scored) for name in self.fits.scores}
        for number, set_ in enumerate(self.order[1:]):
            for name in self.fits.scores:
                # Nothing else refers to them, so that the engine forgets them here, and this process before it asks for the next.
                references, ranked[name][number] = ranked[name][number], None
                parts = self.wait(f"measure {name} {set_}", references, [f"part {part} of {name}" for part in range(len(references))])
                del references
                run.add(self.fits, name, set_, parts)
                del parts
        return run.records()
