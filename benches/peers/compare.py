#!/usr/bin/env python3
"""oodbench beside NumPy, PyTorch, scikit-learn, pytorch-ood and faiss: the same jobs on the same files, in turn, several times.

    pip install -r benches/peers/requirements.txt
    cargo build --release
    python benches/peers/compare.py --rounds 5 > reports/peers/README.md      # about 20 minutes and 3 GB of disk for the dumps

Every job runs as a process of its own (start-up and imports included) and reports its peak memory. Peers also report the time of the work alone, after
imports and reading. The programs take turns, so that a machine that slows down slows all of them; medians are over the rounds.
"""
import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent.parent / "target" / "release" / "oodbench"


# ---- dumps ----------------------------------------------------------------------------------------------------------------------


def make_dumps(root):
    import numpy as np

    rng = np.random.default_rng(0)

    def save(path, array):
        path = root / path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, array())

    def normal(rows, columns):
        return rng.standard_normal((rows, columns), dtype=np.float32)

    save("logits/id/test/logits.npy", lambda: 3 * normal(50_000, 1_000))
    save("logits/ood/few/logits.npy", lambda: normal(64, 1_000))
    for name, decimals in (("free", 9), ("tied", 2)):
        save(f"metrics-{name}/id/test/logits.npy", lambda: np.round(normal(1_000_000, 1) + 1, decimals))
        save(f"metrics-{name}/ood/other/logits.npy", lambda: np.round(normal(1_000_000, 1), decimals))
    for dims, classes in ((512, 100), (2_048, 1_000)):
        run = f"mahalanobis-{dims}"
        means = normal(classes, dims)
        labels = rng.integers(0, classes, 50_000)
        save(f"{run}/id/train/features.npy", lambda: means[labels] + normal(50_000, dims))
        save(f"{run}/id/train/labels.npy", lambda: labels)
        save(f"{run}/id/test/features.npy", lambda: means[labels[:10_000]] + normal(10_000, dims))
        save(f"{run}/ood/other/features.npy", lambda: normal(64, dims))
    save("knn/id/train/features.npy", lambda: normal(50_000, 512))
    save("knn/id/test/features.npy", lambda: normal(10_000, 512))
    save("knn/ood/few/features.npy", lambda: normal(64, 512))
    weight, bias = normal(10, 512) / 16, normal(1, 10)[0]
    save("cifar/head/weight.npy", lambda: weight)
    save("cifar/head/bias.npy", lambda: bias)
    for split, rows in (("id/train", 50_000), ("id/test", 10_000), ("ood/a", 10_000), ("ood/b", 10_000), ("ood/c", 10_000)):
        features = np.maximum(normal(rows, 512), 0)
        save(f"cifar/{split}/features.npy", lambda: features)
        save(f"cifar/{split}/logits.npy", lambda: features @ weight.T + bias)
        save(f"cifar/{split}/labels.npy", lambda: (features @ weight.T + bias).argmax(1))


# ---- what the peers do, each in a process of its own ------------------------------------------------------------------------------


def load(root, run, split, array):
    import numpy as np

    return np.load(Path(root) / run / split / f"{array}.npy")


def peer_logits(root):
    import torch
    from pytorch_ood.detector import EnergyBased, Entropy, MaxLogit, MaxSoftmax

    z = torch.from_numpy(load(root, "logits", "id/test", "logits"))
    start = time.perf_counter()
    MaxSoftmax.score(z), MaxLogit.score(z), EnergyBased.score(z), Entropy.score(z)
    return time.perf_counter() - start


def two_samples(root, run):
    return load(root, run, "id/test", "logits").ravel(), load(root, run, "ood/other", "logits").ravel()


def peer_metrics_pytorch_ood(root, run):
    import numpy as np
    import torch
    from pytorch_ood.utils import OODMetrics

    known, novel = two_samples(root, run)
    scores = torch.from_numpy(-np.concatenate([known, novel]))
    labels = torch.cat([torch.zeros(len(known), dtype=torch.long), -torch.ones(len(novel), dtype=torch.long)])
    start = time.perf_counter()
    metrics = OODMetrics()
    metrics.update(scores, labels)
    metrics.compute()
    return time.perf_counter() - start


def peer_metrics_sklearn(root, run):
    import numpy as np
    from sklearn.metrics import average_precision_score, roc_auc_score

    known, novel = two_samples(root, run)
    scores = np.concatenate([known, novel])
    labels = np.concatenate([np.ones(len(known), dtype=int), np.zeros(len(novel), dtype=int)])
    start = time.perf_counter()
    roc_auc_score(labels, scores), average_precision_score(labels, scores), average_precision_score(1 - labels, -scores)
    return time.perf_counter() - start


def peer_mahalanobis(root, run):
    import torch
    from pytorch_ood.detector import Mahalanobis

    train = torch.from_numpy(load(root, run, "id/train", "features"))
    labels = torch.from_numpy(load(root, run, "id/train", "labels")).long()
    test = torch.from_numpy(load(root, run, "id/test", "features"))
    start = time.perf_counter()
    detector = Mahalanobis(None)
    detector.fit_features(train, labels)
    for rows in test.split(500):
        detector.predict_features(rows)
    return time.perf_counter() - start


def peer_knn_faiss(root):
    import faiss
    import numpy as np

    train, test = load(root, "knn", "id/train", "features"), load(root, "knn", "id/test", "features")
    start = time.perf_counter()
    train /= np.linalg.norm(train, axis=1, keepdims=True)
    test /= np.linalg.norm(test, axis=1, keepdims=True)
    index = faiss.IndexFlatL2(train.shape[1])
    index.add(train)
    index.search(test, 50)
    return time.perf_counter() - start


def peer_cifar(root):
    """Eight scores of pytorch-ood with its metrics, where --score all computes every score of the registry by three procedures."""
    import torch
    from pytorch_ood.detector import KNN, RMD, EnergyBased, Entropy, Mahalanobis, MaxLogit, MaxSoftmax, ViM
    from pytorch_ood.utils import OODMetrics

    def tensor(split, array):
        return torch.from_numpy(load(root, "cifar", split, array))

    weight, bias = (torch.from_numpy(load(root, "cifar", "head", name)) for name in ("weight", "bias"))
    train, labels = tensor("id/train", "features"), tensor("id/train", "labels")
    start = time.perf_counter()
    splits = ["id/test", "ood/a", "ood/b", "ood/c"]
    on_logits = [MaxSoftmax.score, MaxLogit.score, EnergyBased.score, Entropy.score]
    scored = [{split: score(tensor(split, "logits")) for split in splits} for score in on_logits]
    for detector in (Mahalanobis(None), RMD(None), KNN(None), ViM(None, d=256, w=weight, b=bias)):
        detector.fit_features(train, labels)
        scored.append({s: torch.cat([detector.predict_features(rows) for rows in tensor(s, "features").split(1000)]) for s in splits})
    for scores in scored:
        for ood in splits[1:]:
            metrics = OODMetrics()
            known, novel = scores["id/test"], scores[ood]
            metrics.update(torch.cat([known, novel]), torch.cat([torch.zeros(len(known)), -torch.ones(len(novel))]).long())
            metrics.compute()
    return time.perf_counter() - start


def peer_start(root):
    import pytorch_ood  # noqa: F401

    return 0.0


PEERS = {
    "logits": peer_logits,
    "metrics-free-pytorch-ood": lambda root: peer_metrics_pytorch_ood(root, "metrics-free"),
    "metrics-free-scikit-learn": lambda root: peer_metrics_sklearn(root, "metrics-free"),
    "metrics-tied-pytorch-ood": lambda root: peer_metrics_pytorch_ood(root, "metrics-tied"),
    "metrics-tied-scikit-learn": lambda root: peer_metrics_sklearn(root, "metrics-tied"),
    "mahalanobis-512": lambda root: peer_mahalanobis(root, "mahalanobis-512"),
    "mahalanobis-2048": lambda root: peer_mahalanobis(root, "mahalanobis-2048"),
    "knn-faiss": peer_knn_faiss,
    "cifar": peer_cifar,
    "start": peer_start,
}


# ---- the contest ------------------------------------------------------------------------------------------------------------------


def ours(root, run, scores):
    return [str(PROGRAM), "score", str(Path(root) / run), "--score", scores, "--format", "json", "-q"]


JOBS = [
    ("(a) four logit scores, 50,000 × 1,000", lambda r: ours(r, "logits", "mps,max_logit,energy,es"), ["logits"]),
    ("(b) metrics of 1M + 1M scores, free of ties", lambda r: ours(r, "metrics-free", "max_logit"),
     ["metrics-free-pytorch-ood", "metrics-free-scikit-learn"]),
    ("(b) metrics of 1M + 1M scores, tied", lambda r: ours(r, "metrics-tied", "max_logit"),
     ["metrics-tied-pytorch-ood", "metrics-tied-scikit-learn"]),
    ("(c) Mahalanobis, fit 50,000 × 512, score 10,000", lambda r: ours(r, "mahalanobis-512", "mahalanobis"), ["mahalanobis-512"]),
    ("(c) Mahalanobis, fit 50,000 × 2,048, score 10,000", lambda r: ours(r, "mahalanobis-2048", "mahalanobis"), ["mahalanobis-2048"]),
    ("(d) k-NN, 10,000 against 50,000 × 512", lambda r: ours(r, "knn", "knn"), ["knn-faiss"]),
    ("(e) a CIFAR-size run, --score all", lambda r: ours(r, "cifar", "all"), ["cifar"]),
    ("(g) start-up", lambda r: [str(PROGRAM), "--help"], ["start"]),
]


def run(command):
    """Wall seconds, peak memory in MB, and what the process says of itself."""
    before = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - before
    if status != 0:
        return None
    return wall, usage.ru_maxrss / 1024, output


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dumps", type=Path, default=Path("target/peers"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="jobs whose name contains this")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        print(json.dumps(PEERS[arguments.peer](arguments.dumps)))
        return
    make_dumps(arguments.dumps)
    jobs = [job for job in JOBS if arguments.only in job[0]]
    times = {}
    for _ in range(arguments.rounds):
        for name, command, peers in jobs:
            contestants = [("oodbench", command(arguments.dumps))]
            contestants += [(p, [sys.executable, __file__, "--dumps", str(arguments.dumps), "--peer", p]) for p in peers]
            for who, line in contestants:
                result = run(line)
                if result:
                    wall, memory, output = result
                    inside = wall if who == "oodbench" else json.loads(output)
                    times.setdefault((name, who), []).append((wall, inside, memory))
                print(f"{name}: {who}: {f'{result[0]:.3f} s' if result else 'failed'}", file=sys.stderr)
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "torch", "scikit-learn", "pytorch-ood", "faiss-cpu"))
    program = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.strip()
    print("# Beside the Python peers\n")
    print(f"Made by `python benches/peers/compare.py --rounds {arguments.rounds}`, interleaved; medians. {program}; {versions}; {machine()}.\n")
    print("Process: start to end, imports and reading included. Work: without imports and reading for the peers; for oodbench the whole process again.\n")
    print("| job | who | process, s | work, s | ratio of processes | ratio of work | peak memory, MB |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, _, peers in jobs:
        median = lambda who, i: statistics.median(t[i] for t in times[(name, who)])  # noqa: E731
        own = median("oodbench", 0)
        for who in ["oodbench", *peers]:
            if (name, who) not in times:
                print(f"| {name} | {who} | failed | | | | |")
                continue
            wall, inside, memory = (median(who, i) for i in range(3))
            ratios = "| |" if who == "oodbench" else f"| {wall / own:.1f} | {inside / own:.1f} |"
            print(f"| {name} | {who} | {wall:.3f} | {inside:.3f} {ratios} {memory:.0f} |")


if __name__ == "__main__":
    main()
