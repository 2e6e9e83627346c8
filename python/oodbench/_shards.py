"""Rows that lie in many `.npy` files, in a folder or in object storage: where they are, and reading some of them."""

import math
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import fsspec
import numpy as np
from numpy.lib import format as npy

from . import _oodbench
from ._errors import ShardError

# What is fitted on lies in these places of a run, and is copied whole where the run is in object storage.
_OF_FIT = ("head/", "id/train", "id/val", "val_ood/")


@dataclass(frozen=True)
class Shard:
    """A file of rows, by its header."""

    path: str
    dtype: str
    shape: tuple
    start: int

    @property
    def rows(self):
        return self.shape[0]

    @property
    def columns(self):
        return math.prod(self.shape[1:])

    @property
    def row_bytes(self):
        return self.columns * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Part:
    """Consecutive rows of a shard."""

    shard: Shard
    first: int
    last: int


@dataclass(frozen=True)
class Set:
    """A split that is scored: per array its shards, in order."""

    name: str
    arrays: dict

    @property
    def rows(self):
        return sum(shard.rows for shard in next(iter(self.arrays.values())))

    @property
    def is_ood(self):
        return self.name.startswith("ood/")

    def columns(self, array):
        return self.arrays[array][0].columns

    def dtype(self, array):
        # As the command line reads shards: in double precision where any of them has it.
        return max((np.dtype(shard.dtype).newbyteorder("=") for shard in self.arrays[array]), key=lambda one: one.itemsize)

    def block(self):
        """The rows that the command line scores together."""
        widths = [shards[0].shape[-1] for name, shards in self.arrays.items() if not name.startswith(("scores@", "gram@"))]
        return _oodbench.rows_per_block(max(widths, default=1))

    def parts(self, array, first, last):
        """Where some of its rows lie."""
        parts, before = [], 0
        for shard in self.arrays[array]:
            low, high = max(first - before, 0), min(last - before, shard.rows)
            if low < high:
                parts.append(Part(shard, low, high))
            before += shard.rows
        return parts


@dataclass(frozen=True)
class Source:
    """A run whose rows lie in shards."""

    fs: object
    sets: list
    run: object
    kept: object = field(default=None, repr=False)

    def is_half_precision(self):
        """Whether some logits of what is scored are of 16 bits."""
        return any(np.dtype(shard.dtype).itemsize == 2 for one in self.sets for shard in one.arrays.get("logits", ()))


def is_local(fs):
    """Whether its files are those of a folder."""
    return "file" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)


def header(fs, path):
    """What a `.npy` file says of itself."""

    def wrong(found, expected):
        return ShardError(f"{path}: found {found}, expected {expected}")

    if not path.endswith(".npy"):
        raise wrong("a file of another format", "shards that are .npy files, of which any rows can be read; save the array by numpy.save")
    with fs.open(path, "rb", block_size=1 << 16) as file:
        try:
            version = npy.read_magic(file)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, fortran, dtype = read(file)
        except ValueError as error:
            raise wrong(f"a damaged header ({error})", "a .npy file") from None
        shard = Shard(path, dtype.str, shape, file.tell())
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > sys.maxsize:
        raise wrong(f"a header of shape {shape}", "a shape that an array can have; copy the file again")
    if dtype.kind != "f" or len(shape) not in (2, 3) or 0 in shape[1:]:
        raise wrong(f"{dtype} of shape {shape}", "floats of shape (rows, columns)")
    if fortran:
        raise wrong("Fortran order", "C order, of which some rows lie together; save it by numpy.ascontiguousarray")
    if (fs.size(path) or math.inf) < shard.start + shard.rows * shard.row_bytes:
        raise wrong("fewer bytes than the header says", "the whole file; copy it again")
    return shard


def read(fs, parts, dtype):
    """Rows as one array, of the set's dtype where that is of double precision."""
    stored = {part.shard.dtype for part in parts}
    own = dtype if np.dtype(dtype).itemsize == 8 else np.result_type(*stored)
    rows, at = np.empty((sum(part.last - part.first for part in parts), parts[0].shard.columns), own), 0
    for part in parts:
        here = rows[at : (at := at + part.last - part.first)]
        if part.shard.dtype == here.dtype.str:
            _fill(fs, part, here)
        else:
            raw = np.empty(here.shape, part.shard.dtype)
            _fill(fs, part, raw)
            here[...] = raw
    return rows


def _fill(fs, part, rows):
    left = memoryview(rows.reshape(-1).view(np.uint8))
    with fs.open(part.shard.path, "rb") as file:
        file.seek(part.shard.start + part.first * part.shard.row_bytes)
        while len(left) and (count := file.readinto(left)):
            left = left[count:]
    if len(left):
        raise ShardError(f"{part.shard.path}: found {len(left)} bytes too few from row {part.first} on; copy it again")


def where(parts, row=None):
    """The place of some rows, or of one of them, in words."""
    if row is not None:
        for part in parts:
            if row < part.last - part.first:
                return f"{part.shard.path}, row {part.first + row}"
            row -= part.last - part.first
    return " and ".join(f"{part.shard.path}, rows {part.first} to {part.last - 1}" for part in parts)


def _headers(fs, paths):
    """The headers of many files, some at a time: in object storage each takes a while."""
    with ThreadPoolExecutor(16) as threads:
        return dict(zip(paths, threads.map(lambda path: header(fs, path), paths), strict=True))


def _set(fs, name, arrays, known):
    shards = {array: [known[path] for path in paths] for array, paths in arrays.items()}
    if not shards:
        raise ShardError(f"{name}: found labels alone, expected logits or features")
    for own in shards.values():
        for shard in own:
            if shard.columns != own[0].columns:
                raise ShardError(f"{shard.path}: found {shard.columns} columns, expected {own[0].columns}, as in {own[0].path}")
    one = Set(name, shards)
    for array, own in shards.items():
        if sum(shard.rows for shard in own) != one.rows:
            raise ShardError(f"{name}: found {sum(shard.rows for shard in own)} rows of {array}, expected {one.rows}, as of the other arrays")
    if one.rows == 0:
        raise ShardError(f"{name}: found no rows, expected at least one")
    return one


def of_folder(url, options):
    """A run in a folder, with the layout of `oodbench explain layout`."""
    fs, root = fsspec.core.url_to_fs(os.fspath(url), **options)
    root, kept = root.rstrip("/"), None
    if is_local(fs):
        folder, place = root, str
    else:
        kept = tempfile.TemporaryDirectory(prefix="oodbench-")
        folder = os.path.join(kept.name, PurePosixPath(root).name or "run")
        _sketch(fs, root, folder, url)

        def place(path):
            return "/".join(filter(None, [root, Path(path).relative_to(folder).as_posix()]))

    found = {}
    for name, arrays in _oodbench.files_of_run(folder):
        if name.startswith("csid/"):
            raise ShardError(f"{url}: found {name}, a set of the full spectrum, which engines do not measure; use oodbench.evaluate, or move it away")
        if name == "id/test" or name.startswith("ood/"):
            found[name] = {array: [place(path) for path in paths] for array, paths in arrays if array != "labels"}
    return Source(fs, _sets(fs, found), _oodbench.read_dump(folder), kept)


def _sketch(fs, root, folder, url):
    """A copy of what is fitted on, and of every other file its first row: names and heads are then understood as in any folder."""

    def copy(path):
        own = path[len(root) :].lstrip("/")
        local = Path(folder, own)
        local.parent.mkdir(parents=True, exist_ok=True)
        if own.startswith(_OF_FIT) or "/" not in own:
            fs.get_file(path, str(local))
        elif own.endswith(".npy") and not PurePosixPath(own).name.startswith("labels"):
            shard = header(fs, path)
            np.save(local, read(fs, [Part(shard, 0, min(1, shard.rows))], shard.dtype).reshape(-1, *shard.shape[1:]))

    # In object storage a folder that is not there is one without files.
    paths = fs.find(root)
    if not paths:
        raise FileNotFoundError(f"{url}: found no files, expected the folder of a run")
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(copy, paths))


def _sets(fs, found):
    """Sets of the files of their arrays."""
    known = _headers(fs, [path for arrays in found.values() for paths in arrays.values() for path in paths])
    return [_set(fs, name, arrays, known) for name, arrays in found.items()]


def of_lists(sets, run, options):
    """Shards by their names: {"test": {"logits": [url, ...]}, "ood/svhn": {"logits": "s3://bucket/svhn-*.npy"}}."""
    systems, found = {}, {}
    for name, arrays in sets.items():
        if name != "test" and not name.startswith("ood/"):
            raise ShardError(f"{name}: expected a set that is scored, test, ood/NAME or ood/GROUP/NAME")
        own = {}
        for array, urls in ((array, urls) for array, urls in arrays.items() if array != "labels"):
            if array not in ("logits", "features") and not array.startswith("features@"):
                raise ShardError(f"{name}: found {array}, expected logits, features, features@LAYER or labels")
            urls = [urls] if isinstance(urls, (str, os.PathLike)) else list(urls)
            paths = []
            for url in urls:
                fs, path = fsspec.core.url_to_fs(os.fspath(url), **options)
                systems.setdefault(fs, url)
                paths += sorted(fs.glob(path)) if any(sign in path for sign in "*?[") else [path]
            if not paths:
                raise ShardError(f"{name}: found no file of {array} by {', '.join(map(str, urls))}")
            own[array] = paths
        found["id/test" if name == "test" else name] = own
    if len(systems) > 1:
        first, second, *_ = systems.values()
        raise ShardError(f"{second}: expected shards that lie in one place, such as that of {first}")
    fs = next(iter(systems), None)
    # The in-distribution rows first, as in a folder.
    ordered = sorted(_sets(fs, found), key=lambda one: one.is_ood)
    _check_lists(ordered)
    return Source(fs, ordered, run)


def _check_lists(sets):
    """Refuses names and widths that no run has, in the words of a run in memory: a folder is read by what refuses them."""
    run = _oodbench.Run()
    for one in sets:
        row = {name: np.zeros((1, one.columns(name)), np.float32) for name in one.arrays}
        layers = {name.partition("@")[2]: row.pop(name) for name in list(row) if name.startswith("features@")}
        try:
            run.add(one.name, **row, layers=layers or None)
        except _oodbench.OodbenchError as error:
            raise ShardError(f"{next(iter(one.arrays.values()))[0].path}: {error}") from None
