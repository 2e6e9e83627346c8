"""The package is tested as installed; the program it is compared with is OODBENCH, or the one built in the workspace."""

import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
DUMPS = ROOT / "fixtures" / "dumps"
RUNS = sorted(folder.name for folder in DUMPS.iterdir())
EXECUTABLE = Path(os.environ.get("OODBENCH", ROOT / "target" / "release" / "oodbench"))


@pytest.fixture(scope="session")
def program():
    """Runs the executable; its standard output."""
    if not EXECUTABLE.exists():
        pytest.fail(f"{EXECUTABLE}: missing; build it with cargo build --release -p oodbench-cli, or name it in OODBENCH")

    def run(*arguments, text=True):
        done = subprocess.run([EXECUTABLE, *map(str, arguments)], capture_output=True, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


class Dump:
    """The arrays of a fixture, as NumPy reads them."""

    def __init__(self, name):
        self.folder = DUMPS / name
        self.name = name

    def arrays(self, split, mmap_mode=None):
        return {file.stem: np.load(file, mmap_mode=mmap_mode) for file in sorted((self.folder / split).glob("*.npy"))}

    @property
    def ood(self):
        return sorted(folder.name for folder in (self.folder / "ood").iterdir())

    @property
    def head(self):
        arrays = self.arrays("head")
        if "weight" in arrays:
            return arrays["weight"], arrays["bias"]
        return {"prototypes": arrays["prototypes"], "distance_scale": arrays.get("distance_scale")}

    def fitted_on(self):
        return self.arrays("id/train")


@pytest.fixture(params=RUNS)
def dump(request):
    return Dump(request.param)


@pytest.fixture
def densenet():
    return Dump("densenet-cifar10-softmax")


def bits(values):
    return np.asarray(values, dtype=np.float64).view(np.uint64).tolist()


def in_a_child(work):
    """What a forked child's exit code says of some work; None if it does not come back."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(work())
        finally:
            os._exit(99)
    deadline = time.monotonic() + 100
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Started in another folder: workers of Ray look for modules where the driver was started, and the sources here are no package."""
    monkeypatch.chdir(tmp_path)
