"""What a task holds at most is what it was given, and the driver what the documents say."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fsspec")
pytest.importorskip("pyarrow")
if not Path("/proc/self/status").exists():
    pytest.skip("the system does not say how much memory a process took at most", allow_module_level=True)

MEMORY = 200_000_000

START = f"""
import pickle
import fsspec, numpy as np, oodbench
from oodbench import _scale, _shards, _tasks

MEMORY = {MEMORY}
def peak():
    # That of getrusage begins at the memory of the process that started this one.
    status = open("/proc/self/status").read()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])
"""

SCORE = START + """
fs = fsspec.filesystem("file")
sets = []
for name, rows in [("id/test", 300_000), ("ood/small", 1000)]:
    path = f"{name.replace('/', '-')}.npy"
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (rows, 100)})
        for first in range(0, rows, 10_000):
            file.write(np.random.default_rng(first).normal(size=(min(10_000, rows - first), 100)).astype(np.float32).tobytes())
    sets.append(_shards.Set(name, {"logits": [_shards.header(fs, path)]}))
fits = oodbench.fit(oodbench.Run(), scores=["energy", "mds"])
packed = ("key", np.frombuffer(pickle.dumps(fits), np.uint8))
job = _tasks.Job(fs, fs, ".", "run", None, ("logits",), ("energy", "mds"), "logits")
pieces = _scale._pieces(sets, job, MEMORY)
largest = max(pieces, key=lambda piece: piece.last - piece.first)
assert (largest.last - largest.first) * (2 * 400 + 64 * 2) > 0.95 * MEMORY
# What is loaded when it is first used.
_tasks.score(packed, job, pieces[-1])
before = peak()
_tasks.score(packed, job, largest)
print(peak() - before)
"""

RANK = START + """
scores, pieces, sets = MEMORY // _scale._RANKED, [], []
for number in range(20):
    own = oodbench.Metrics()
    own.update(np.random.default_rng(number).normal(size=scores // 20), number % 2 == 1)
    pieces.append(own.to_bytes())
    sets.append(number % 2)
_tasks.rank([0, 1], oodbench.Metrics().to_bytes(), oodbench.Metrics().to_bytes())
before = peak() - sum(map(len, pieces))
_tasks.rank(sets, *pieces)
print(peak() - before)
"""


@pytest.mark.parametrize("task", [SCORE, RANK], ids=["score", "rank"])
def test_a_task_keeps_to_its_memory(task, tmp_path):
    done = subprocess.run([sys.executable, "-c", task], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    used = int(done.stdout)
    # It does use it, so that the bound says something.
    print(f"{used / MEMORY:.2f} of the memory")
    assert 0.1 * MEMORY < used <= MEMORY, used


# A part many times is in memory once, so that what is seen is what comes beside the parts.
DRIVER = START + """
oodbench.set_num_threads(1)
rng = np.random.default_rng(0)
scores = oodbench.Metrics()
scores.update(rng.normal(size=100_000), rng.random(100_000) < 0.5)
part = scores.ranking().to_bytes()
fits = oodbench.fit(oodbench.Run(), scores=["energy"])
run = oodbench._oodbench.RankedRun(oodbench.Run(), procedures=["openood"], bootstrap=BOOTSTRAP, level=0.5)
run.add(fits, "energy", "ood/warm", [part])
before = peak()
run.add(fits, "energy", "ood/set", [part] * PARTS)
print((peak() - before) / (100_000 * PARTS))
"""


@pytest.mark.parametrize("bootstrap, parts, bytes_of_row", [(None, 400, 1), (4, 60, 7)])
def test_the_driver_keeps_to_what_is_said_of_it(bootstrap, parts, bytes_of_row, tmp_path):
    task = DRIVER.replace("BOOTSTRAP", str(bootstrap)).replace("PARTS", str(parts))
    done = subprocess.run([sys.executable, "-c", task], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    # The parts are the other byte.
    assert 0.5 * bytes_of_row < float(done.stdout) <= 1.1 * bytes_of_row, done.stdout
