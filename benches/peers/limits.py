"""What the machine can do at best, by libraries that are not ours: `python limits.py DUMPS` prints it."""

import json
import sys
import threading
import time

import numpy as np


def best(work, repeats=5):
    """The least seconds of several goes."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def measure(root):
    import torch

    threads = torch.get_num_threads()
    limits = {"threads": threads}

    file = f"{root}/logits/id/test/logits.npy"
    buffer = bytearray(1 << 20)

    def read():
        size = 0
        with open(file, "rb", buffering=0) as source:
            while count := source.readinto(buffer):
                size += count
        return size

    size = read()
    limits["read, GB/s, 1 thread"] = size / best(read) / 1e9

    # In the cache, so that the exponential is measured and not the memory.
    values = -torch.rand(1 << 14, dtype=torch.float64)
    out = torch.empty_like(values)
    torch.set_num_threads(1)
    seconds = best(lambda: [torch.exp(values, out=out) for _ in range(200)])
    limits["exp f64, ns per element, 1 thread"] = seconds / 200 / len(values) * 1e9
    torch.set_num_threads(threads)

    for name, dtype in (("f32", torch.float32), ("f64", torch.float64)):
        a = torch.rand(3072, 3072, dtype=dtype)
        limits[f"GEMM {name}, GFLOP/s"] = 2 * 3072**3 / best(lambda: a @ a) / 1e9

    # Two arrays side by side, as ID and OOD scores are; NumPy's sort leaves the interpreter's lock and uses AVX-512.
    rng = np.random.default_rng(0)
    for name, dtype in (("f32", np.float32), ("f64", np.float64)):
        both = [rng.standard_normal(1_000_000).astype(dtype) for _ in range(2)]

        def sort():
            copies = [array.copy() for array in both]
            jobs = [threading.Thread(target=copy.sort) for copy in copies]
            [job.start() for job in jobs]
            [job.join() for job in jobs]

        limits[f"sort of 1M and 1M {name}, ms"] = best(sort, 10) * 1e3
    return limits


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
