"""Which arrays are taken where they lie, and which are refused in words of Python."""

import array
import gc
import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import bits

import oodbench


@pytest.fixture
def logits():
    return np.random.default_rng(1).normal(size=(200, 10)).astype(np.float32)


def energy(logits):
    return oodbench.score(scores="energy", logits=logits)["energy"]


def test_energy_is_the_log_of_the_summed_exponentials(logits):
    wide = logits.astype(np.float64)
    assert np.allclose(energy(logits), np.log(np.exp(wide).sum(axis=1)), rtol=1e-14)


@pytest.mark.parametrize("of", [
    np.asfortranarray,
    lambda x: x.astype(">f4"),
    lambda x: x.astype(np.float64),
    lambda x: x.astype(">f8"),
    lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),
    lambda x: memoryview(x),
    lambda x: x.view(type("Own", (np.ndarray,), {})),
    lambda x: np.concatenate([x, x])[: len(x)],
    lambda x: x[::-1].copy()[::-1].copy(),
])
def test_any_order_and_type_gives_the_same_bits(logits, of):
    assert bits(energy(of(logits))) == bits(energy(logits))


def test_half_precision(logits):
    half = logits.astype(np.float16)
    assert bits(energy(half)) == bits(energy(half.astype(np.float32)))


def test_a_file_that_is_mapped(logits, tmp_path):
    np.save(tmp_path / "x.npy", logits)
    assert bits(energy(np.load(tmp_path / "x.npy", mmap_mode="r"))) == bits(energy(logits))


def test_read_only_and_unaligned(logits):
    raw = bytearray(1) + bytearray(logits.tobytes())
    unaligned = np.frombuffer(raw, np.float32, offset=1).reshape(logits.shape)
    unaligned.flags.writeable = False
    assert bits(energy(unaligned)) == bits(energy(logits))


def test_a_buffer_of_numbers():
    # A one-dimensional buffer of the standard library, as scores.
    id_scores, ood_scores = array.array("d", [0.9, 0.8, 0.7, 0.6]), array.array("d", [0.65, 0.5, 0.4, 0.3])
    assert oodbench.metrics(id_scores, ood_scores)["auroc"] == 0.9375


@pytest.mark.parametrize("of, expected", [
    (lambda x: x[::2], "strides [80, 4] for shape [100, 10]"),
    (lambda x: x[:, :5], "numpy.ascontiguousarray(logits)"),
    (lambda x: x[0], "found shape (10,), expected (rows, columns); pass logits[None]"),
    (lambda x: x.astype(np.int64), "logits: found i64, expected f16, bf16, f32 or f64"),
    (lambda x: x.astype(np.complex64), "found dtype complex64, expected floats"),
    (lambda x: x[:0], "logits: found no rows, expected at least one row"),
    (lambda x: x[:, :0], "expected shape (rows, columns)"),
    (lambda x: np.where(np.arange(10) == 3, np.nan, x), "logits: found 200 rows with NaN or infinite values, the first is row 0"),
    (lambda x: np.ma.masked_array(x, x > 1), "logits: found a masked array"),
])
def test_what_cannot_be_read_is_refused_in_one_line(logits, of, expected):
    with pytest.raises(oodbench.ArrayError) as refused:
        energy(of(logits))
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value) and ".npy" not in str(refused.value)


def test_what_is_no_array_is_a_type_error(logits):
    with pytest.raises(TypeError, match="logits: found list, expected an array.*pass numpy.asarray"):
        energy(logits.tolist())


def test_nothing_is_copied_and_nothing_is_kept(logits):
    before = sys.getrefcount(logits)
    detector = oodbench.Detector("knn")
    for _ in range(50):
        detector.fit(features=logits).score_samples(features=logits)
        energy(logits)
        with pytest.raises(oodbench.OodbenchError):
            detector.score_samples(logits=logits)
    gc.collect()
    assert sys.getrefcount(logits) == before


GROWN = """
import numpy as np
import oodbench

def peak():
    # That of getrusage begins at the memory of the process that started this one.
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])

energy = oodbench.Detector("energy")
rows = np.ones((1_000_000, 50), dtype=np.float32)
energy.score_samples(logits=rows[:1000])
before = peak()
energy.score_samples(logits=rows)
print(peak() - before)
"""


def test_memory_does_not_grow_with_the_array(tmp_path):
    if not os.path.exists("/proc/self/status"):
        pytest.skip("a system without /proc")
    # In a process of its own, whose largest memory is not that of earlier tests.
    done = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, check=True, cwd=tmp_path)
    # 200 MB of logits; 16 MB are their scores, some of it twice.
    assert int(done.stdout) < 60_000, f"{done.stdout} kB"


def test_a_run_of_batches_keeps_a_copy(logits):
    run = oodbench.Run()
    buffer = logits.copy()
    run.add("test", logits=buffer)
    buffer[:] = 0
    run.add("test", logits=buffer)
    assert np.array_equal(run["test"]["logits"], np.concatenate([logits, buffer]))
    run = oodbench.Run()
    with pytest.raises(oodbench.ArrayError, match="strides"):
        run.add("test", logits=logits[::2])
    run.add("test", logits=np.asfortranarray(logits[:7]))
    run.add("test", logits=logits[7:9])
    assert np.array_equal(run["test"]["logits"], logits[:9])


torch = None
try:
    import torch
except ImportError:
    pass


@pytest.mark.skipif(torch is None, reason="torch is not installed")
def test_tensors(logits):
    tensor = torch.from_numpy(logits)
    expected = bits(energy(logits))
    assert bits(energy(tensor)) == expected
    assert bits(energy(tensor.double())) == expected
    assert bits(energy(tensor.clone().requires_grad_())) == expected
    assert bits(energy(tensor.T.contiguous().T)) == expected
    half = tensor.bfloat16()
    assert bits(energy(half)) == bits(energy(half.float()))
    with pytest.raises(oodbench.ArrayError, match="strides"):
        energy(tensor[::2])
    layer = torch.nn.Linear(10, 3)
    found = oodbench.Detector("energy").fit(head=layer).score_samples(features=tensor)
    assert np.allclose(found, torch.logsumexp(layer(tensor), dim=1).detach().numpy(), atol=1e-5)


def test_jax(logits):
    jax = pytest.importorskip("jax")
    numbers = jax.numpy.asarray(logits)
    assert bits(energy(numbers)) == bits(energy(logits))
    half = numbers.astype(jax.numpy.bfloat16)
    assert bits(energy(half)) == bits(energy(np.asarray(half.astype(jax.numpy.float32))))
