"""Files of an installed system as rows for Magika, a network of 214 types of files whose input is the first and the last 1,024 bytes.

    python files.py OUT ROOT...

In-distribution are files whose extension names one of its types, at most 120 of each, every other one in train; OOD are kinds of files that it has no
type for, text and binary. Writes OUT/file-types/{train,test} and OUT/{text,binary}, each bytes.npy and, in-distribution, labels.npy.
"""

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import magika
import numpy as np

TYPES = {
    "python": "py", "pythonbytecode": "pyc", "html": "html", "rust": "rs", "json": "json", "rst": "rst", "wav": "wav", "yaml": "yaml", "png": "png",
    "javascript": "js", "xml": "xml", "svg": "svg", "css": "css", "csv": "csv", "npy": "npy", "ttf": "ttf", "pem": "pem", "gif": "gif", "sql": "sql",
    "gzip": "gz", "toml": "toml", "markdown": "md", "perl": "pl", "cmake": "cmake", "fortran": "f90", "shell": "sh", "pdf": "pdf", "jpeg": "jpg",
    "npz": "npz", "zip": "zip", "pickle": "pkl", "go": "go", "java": "java", "latex": "tex",
}
UNKNOWN = {
    "text": ["vim", "decTest", "pod", "aff", "dic", "bats", "pxd", "pyx", "td", "mod", "list"],
    "binary": ["mo", "bc", "au", "idx", "mat", "rmeta", "msgpack", "pck"],
}
MOST_OF_A_TYPE, MOST_OF_A_SET = 120, 1000


def row(path):
    """As Magika reads a file: the beginning without leading blanks, the end without trailing ones, 256 where there is nothing."""
    content = path.read_bytes()
    first, last = content[:4096].lstrip()[:1024], content[-4096:].rstrip()[-1024:]
    numbers = np.full(2048, 256, np.int32)
    numbers[: len(first)] = np.frombuffer(first, np.uint8)
    numbers[2048 - len(last) :] = np.frombuffer(last, np.uint8)
    return numbers


def found(roots):
    """Files by extension, in an order of their names alone."""
    files = defaultdict(list)
    for root in roots:
        for place, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(place, name)
                if path.is_file() and not path.is_symlink() and 600 < path.stat().st_size < 30_000_000:
                    files[path.suffix[1:]].append(path)
    return files


def distinct(paths, most, seen, rng):
    rows = []
    for place in rng.permutation(len(paths)):
        numbers = row(paths[place])
        if numbers.tobytes() not in seen:
            seen.add(numbers.tobytes())
            rows.append(numbers)
        if len(rows) == most:
            break
    return rows


def write(folder, rows, labels=None):
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "bytes.npy", np.stack(rows))
    if labels is not None:
        np.save(folder / "labels.npy", np.array(labels))
    print(f"{folder}: {len(rows)} rows", flush=True)


out, files = Path(sys.argv[1]), found(sys.argv[2:])
config = Path(magika.__file__).parent / "models/standard_v3_3/config.min.json"
classes = json.loads(config.read_text())["target_labels_space"]
rng, seen = np.random.default_rng(0), set()
train, test, kinds = [], [], 0
for name, ending in TYPES.items():
    rows = [(numbers, classes.index(name)) for numbers in distinct(files[ending], MOST_OF_A_TYPE, seen, rng)]
    train, test, kinds = train + rows[::2], test + rows[1::2], kinds + (len(rows) > 1)
print(f"{kinds} types")
for split, rows in [("train", train), ("test", test)]:
    write(out / "file-types" / split, *map(list, zip(*rows)))
for name, endings in UNKNOWN.items():
    rows = [numbers for ending in endings for numbers in distinct(files[ending], 400, seen, rng)]
    print(name, {ending: len(files[ending]) for ending in endings if files[ending]})
    write(out / name, rows[:MOST_OF_A_SET])
