"""What a call from Python costs: writes reports/python/README.md.

    python benches/peers/calls.py WHEEL        with the wheel installed; pytorch-ood and torch are timed where they are installed
"""

import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

import oodbench

REPORT = Path(__file__).resolve().parents[2] / "reports" / "python" / "README.md"


def per_call(work, seconds=1.0, rounds=7):
    """Microseconds of a call: the least of some rounds, since other programs only add to it; processor time of this process."""
    work()
    calls = 1
    while True:
        start = time.process_time()
        for _ in range(calls):
            work()
        if time.process_time() - start > seconds / rounds / 4:
            break
        calls *= 2
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(calls):
            work()
        best = min(best, (time.process_time() - start) / calls)
    return best * 1e6


def start_of(code):
    """Milliseconds of processor time of a new process."""
    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd="/")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(5)) * 1e3


MEMORY = """
import numpy as np
import oodbench

many = np.ones((50_000, 1000), dtype=np.float32)
oodbench.set_num_threads(1)
def peak():
    # That of getrusage begins at the memory of the process that started this one.
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])

before = peak()
oodbench.score(scores="energy", logits=many)
print(peak() - before)
"""


def grown():
    """By how many kB the largest memory of a process grows when it scores 200 MB of logits, the first that it scores at all."""
    return int(subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True, cwd="/").stdout)


def main(wheel):
    rng = np.random.default_rng(0)
    oodbench.set_num_threads(1)
    one = rng.normal(size=(1, 10)).astype(np.float32)
    many = rng.normal(size=(50_000, 1000)).astype(np.float32)
    features = rng.normal(size=(5000, 128)).astype(np.float32)
    labels = rng.integers(0, 10, 5000)
    wide = features[:1].copy()
    energy = oodbench.Detector("energy")
    mahalanobis = oodbench.Detector("mahalanobis").fit(features=features[:4000], labels=labels[:4000])
    calibrated = oodbench.Detector("mahalanobis").fit(features=features[:4000], labels=labels[:4000])
    calibrated.calibrate(features=features[4000:], false_alarms=0.05)
    id_scores, ood_scores = rng.normal(1, 1, 500_000), rng.normal(0, 1, 500_000)
    lines = [
        ("`Detector(\"energy\").score_samples`, 1 × 10 logits, NumPy", per_call(lambda: energy.score_samples(logits=one))),
        ("`oodbench.score(scores=\"energy\")` of the same, the score made anew", per_call(lambda: oodbench.score(scores="energy", logits=one))),
        ("`Detector(\"mahalanobis\").score_samples`, 1 × 128 features, 10 classes", per_call(lambda: mahalanobis.score_samples(features=wide))),
        ("`predict` of the same", per_call(lambda: calibrated.predict(features=wide))),
        ("NumPy's `log(exp(x).sum(axis=1))` of 1 × 10", per_call(lambda: np.log(np.exp(one).sum(axis=1)))),
    ]
    blocks = [
        ("`energy` of 50,000 × 1,000 f32", per_call(lambda: energy.score_samples(logits=many), 2, 3)),
        ("`energy`, `mps`, `es` and `mds` of the same at once", per_call(lambda: oodbench.score(scores=["energy", "mps", "es", "mds"], logits=many), 2, 3)),
        ("`metrics(..., \"openood\")` of 500,000 and 500,000 scores", per_call(lambda: oodbench.metrics(id_scores, ood_scores, "openood"), 2, 3)),
    ]
    try:
        import torch
        from pytorch_ood.detector import EnergyBased, MaxSoftmax
        from pytorch_ood.metrics import OODMetrics

        torch.set_num_threads(1)
        small, large = torch.from_numpy(one), torch.from_numpy(many)
        lines.append(("the first with a tensor of torch", per_call(lambda: energy.score_samples(logits=small))))
        lines.append(("pytorch-ood's `EnergyBased.score`, 1 × 10", per_call(lambda: EnergyBased.score(small))))
        blocks.append(("pytorch-ood's `EnergyBased.score` of 50,000 × 1,000", per_call(lambda: EnergyBased.score(large), 2, 3)))
        blocks.append(("pytorch-ood's `MaxSoftmax.score` of the same", per_call(lambda: MaxSoftmax.score(large), 2, 3)))

        def theirs():
            metrics = OODMetrics()
            metrics.update(torch.from_numpy(-id_scores), torch.zeros(len(id_scores)))
            metrics.update(torch.from_numpy(-ood_scores), -torch.ones(len(ood_scores)))
            return metrics.compute()

        blocks.append(("pytorch-ood's `OODMetrics` of 500,000 and 500,000 scores", per_call(theirs, 2, 3)))
    except ImportError:
        lines.append(("torch and pytorch-ood: not installed where this was measured", None))
    with zipfile.ZipFile(wheel) as files:
        module = max(files.infolist(), key=lambda file: file.file_size)
    starts = [("`python -c pass`", "pass"), ("`import oodbench`", "import oodbench"), ("`import numpy`", "import numpy"), ("`oodbench --version` by the console script", "import sys; sys.argv[1:] = ['--version']; from oodbench._cli import main; main()")]
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "torch", "pytorch-ood") if _is_there(name))
    load = os.getloadavg()[0]
    text = [
        "# From Python: what a call costs",
        "",
        f"Made by `python benches/peers/calls.py {Path(wheel).name}` on {time.strftime('%Y-%m-%d')}; oodbench {oodbench.__version__}; CPython {platform.python_version()}; {versions}; "
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}; load {load:.1f} at the end. Processor time of the process, the least of some rounds; on one thread.",
        "",
        "| call | µs |",
        "|---|---:|",
        *(f"| {name} | {'' if took is None else f'{took:.1f}'} |" for name, took in lines),
        "",
        "| many rows | ms |",
        "|---|---:|",
        *(f"| {name} | {took / 1e3:.1f} |" for name, took in blocks),
        "",
        "Scores are computed in f64 here and in f32 there, which costs most where a processor has no AVX-512.",
        "",
        "| start of a process, processor time | ms |",
        "|---|---:|",
        *(f"| {name} | {start_of(code):.0f} |" for name, code in starts),
        "",
        f"The wheel is {Path(wheel).stat().st_size / 1e6:.1f} MB, the module in it {module.file_size / 1e6:.1f} MB. The first scoring of 200 MB of logits, 50,000 × 1,000, raises the largest memory of a new process by {grown() / 1e3:.1f} MB.",
        "",
    ]
    REPORT.write_text("\n".join(text))
    print("\n".join(text))


def _is_there(name):
    try:
        return bool(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False


if __name__ == "__main__":
    main(sys.argv[1])
