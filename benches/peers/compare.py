#!/usr/bin/env python3
"""oodbench beside NumPy, PyTorch, scikit-learn, pytorch-ood and faiss: the same jobs on the same files, in turn, several times.

    pip install -r benches/peers/requirements.txt
    cargo build --release
    python benches/peers/compare.py --rounds 5 --out reports/peers/README.md      # about 20 minutes and 3 GB of disk for the dumps

Every contestant runs as a process of its own. They take turns, so that a machine that slows down slows all of them. *Process* is from start to end;
*work* is the peers' own clock, after imports and reading; for oodbench it is the process less its start-up on the smallest dump, reading included.
Memory is the largest private part (RssAnon) seen every 2 ms: files that are mapped belong to the page cache.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import dumps

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parent.parent / "target" / "release" / "oodbench"


@dataclass
class Job:
    """One thing that everybody does."""

    name: str
    ours: list
    peers: dict = field(default_factory=dict)  # name: (phase, least ratio of processes wanted, least ratio of work wanted)
    bound: tuple | None = None  # what bounds it, and seconds at that bound from the limits


def score(run, scores, *more):
    return ["score", run, "--score", scores, "--format", "json", "-q", *more]


def gemm(flops, precision):
    return f"{flops / 1e9:,.0f} GFLOP at the rate of {precision} GEMM", lambda m: flops / m[f"GEMM {precision}, GFLOP/s"] / 1e9


def jobs():
    """The jobs of the comparison, with the ratios aimed at."""
    yield Job("(g) start-up: the smallest dump", score("small", "mds"), {"start pytorch-ood": ("work", None, None)})
    yield Job("(g) start-up: --help", ["--help"])
    yield Job(
        "(a) four logit scores, 50,000 × 1,000 f32",
        score("logits", "mps,max_logit,energy,es"),
        {"logits pytorch-ood": ("work", 30, 8)},
        ("reading 200 MB once, and 50M exp on all threads, one after the other",
         lambda m: 0.2 / m["read, GB/s, 1 thread"] + 50e6 * m["exp f64, ns per element, 1 thread"] * 1e-9 / m["threads"]),
    )
    for kind in ("free", "tied"):
        yield Job(
            f"(b) three procedures' metrics of 1M + 1M scores, {'free of ties' if kind == 'free' else 'tied'}",
            score(f"metrics-{kind}", "max_logit"),
            {f"metrics-{kind} pytorch-ood": ("work", None, 10), f"metrics-{kind} scikit-learn": ("work", None, 40)},
            ("one sort of 1M and 1M f32", lambda m: m["sort of 1M and 1M f32, ms"] / 1e3),
        )
    for dims, classes in ((512, 100), (2_048, 1_000)):
        run = f"mahalanobis-{dims}"
        yield Job(
            f"(c) Mahalanobis: fit on 50,000 × {dims:,}, {classes:,} classes",
            ["fit", run, "--score", "mahalanobis", "--out", f"{run}.fit", "-q"],
            # oodbench works in f64, pytorch-ood in the precision that it is given, scikit-learn in that of NumPy's means.
            {f"{run} pytorch-ood in f64": ("fit", None, 1.5), f"{run} pytorch-ood": ("fit", None, None), f"{run} scikit-learn": ("fit", None, None)},
            gemm(50_000 * dims * dims, "f64"),
        )
        yield Job(
            f"(c) Mahalanobis: score 10,000 × {dims:,}, {classes:,} classes",
            ["score", f"{run}-new", "--fit", f"{run}.fit", "--format", "json", "-q"],
            {f"{run} pytorch-ood": ("score", None, 40)},
            gemm(10_000 * dims * (dims + 2 * classes), "f64"),
        )
    yield Job("(d) k-NN, 10,000 against 50,000 × 512", score("knn", "knn"), {"knn faiss": ("work", None, 1.3)}, gemm(2 * 10_000 * 50_000 * 512, "f32"))
    yield Job("(e) a CIFAR-size run, --score all against 8 scores", score("cifar", "all"), {"cifar pytorch-ood": ("work", None, None)})
    yield Job(
        "(f) 1,000 bootstrap draws of 10,000 + 10,000 scores",
        # The five figures of Lee et al.; scikit-learn draws the AUROC alone.
        ["score", "bootstrap", "--score", "max_logit", "--bootstrap", "1000", "-q"],
        {"bootstrap scikit-learn": ("work", None, 100)},
    )


def run(command, folder):
    """Seconds, largest private memory in MB, and output; None if it failed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
    peak = [0]

    def watch():
        while process.returncode is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            peak[0] = max([peak[0], *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))])
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output = process.communicate()[0]
    wall = time.perf_counter() - start
    watcher.join()
    return (wall, peak[0] / 1024, output) if process.returncode == 0 else None


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def contest(folder, chosen, rounds):
    """All measurements: (who or what) → list of (process, phases, memory)."""
    found = {}
    for number in range(rounds):
        for job in chosen:
            contestants = [(f"{job.name}: oodbench", [str(PROGRAM), *job.ours])]
            contestants += [(peer, [sys.executable, str(HERE / "peers.py"), peer, "."]) for peer in job.peers]
            for who, command in contestants:
                # A peer that fits and scores in one process is run once per round.
                if len(found.get(who, [])) > number:
                    continue
                result = run(command, folder)
                print(f"{number + 1}/{rounds} {who}: {f'{result[0]:.3f} s' if result else 'failed'}", file=sys.stderr)
                if result:
                    wall, memory, output = result
                    found.setdefault(who, []).append((wall, {} if "oodbench" in who else json.loads(output), memory))
    return found


def table(chosen, found, limits):
    """The comparison as Markdown."""
    median = statistics.median
    start = [wall for who, runs in found.items() if "smallest dump" in who for wall, _, _ in runs]
    start = median(start) if start else 0.0
    lines = [
        "| job | who | process, s | work, s | processes, ratio | work, ratio | wanted | private memory, MB |",
        "|---|---|---:|---:|---:|---:|---|---:|",
    ]
    bounds = ["| job | bound | s at the bound | work, s | share of the bound reached |", "|---|---|---:|---:|---:|"]
    for job in chosen:
        runs = found.get(f"{job.name}: oodbench")
        if not runs:
            lines.append(f"| {job.name} | oodbench | failed | | | | | |")
            continue
        own = median(wall for wall, _, _ in runs)
        work = max(own - start, 0.0)
        memory = max(memory for _, _, memory in runs)
        lines.append(f"| {job.name} | **oodbench** | {own:.4f} | {work:.4f} | | | | {memory:,.0f} |")
        if job.bound:
            what, seconds = job.bound
            lines_at = seconds(limits)
            bounds.append(f"| {job.name} | {what} | {lines_at:.4f} | {work:.4f} | {lines_at / work:.2f} |")
        for peer, (phase, processes, works) in job.peers.items():
            runs = found.get(peer)
            if not runs:
                lines.append(f"| | {peer.split(maxsplit=1)[1]} | failed | | | | | |")
                continue
            wall, inside = median(r[0] for r in runs), median(r[1].get(phase, 0.0) for r in runs)
            ratios = wall / own, (inside / work if inside and work else None)
            wanted = [f"{kind} ≥ {least}: {'met' if ratio and ratio >= least else 'missed'}"
                      for kind, least, ratio in (("processes", processes, ratios[0]), ("work", works, ratios[1])) if least]
            memory = max(r[2] for r in runs)
            # Where fitting and scoring share the peer's process, its whole time belongs to neither.
            whole = phase == "work"
            lines.append(
                f"| | {peer.split(maxsplit=1)[1]} | {f'{wall:.3f}' if whole else ''} | {f'{inside:.3f}' if inside else ''} | {f'{ratios[0]:.1f}' if whole else ''} "
                f"| {f'{ratios[1]:.1f}' if ratios[1] else ''} | {'; '.join(wanted)} | {memory:,.0f} |"
            )
    return "\n".join(lines), "\n".join(bounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumps", type=Path, default=Path("target/peers"), help="where the dumps are, or are made")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="jobs whose name contains this")
    parser.add_argument("--out", type=Path, help="the report; printed if not given")
    arguments = parser.parse_args()
    dumps.make(arguments.dumps)
    chosen = [job for job in jobs() if arguments.only in job.name or "smallest dump" in job.name]
    limits = json.loads(subprocess.run([sys.executable, HERE / "limits.py", arguments.dumps], stdout=subprocess.PIPE, check=True).stdout)
    found = contest(arguments.dumps, chosen, arguments.rounds)
    compared, bounds = table(chosen, found, limits)
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("numpy", "torch", "scikit-learn", "pytorch-ood", "faiss-cpu"))
    program = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    load = Path("/proc/loadavg").read_text().split()[0]
    measured = "\n".join(f"| {name} | {value:,.2f} |" for name, value in limits.items())
    report = f"""# Beside the Python peers

Made by `python benches/peers/compare.py --rounds {arguments.rounds}` on {time.strftime('%Y-%m-%d')}; {program}; {versions}; {machine()}; load {load} at the end.

Every contestant is a process of its own; they took turns, medians over {arguments.rounds} rounds. *Process* is from start to end. *Work* is the peers' own
clock after imports and reading; for oodbench the process less its start-up on the smallest dump, so reading, checking for NaN and printing are
included. *Ratio* is the peer's time by oodbench's. pytorch-ood's scoring of 2,048 features is timed on 500 of the 10,000 rows and multiplied by 20. Memory is the largest private part (RssAnon, looked at every 2 ms) of all rounds.

{compared}

## What bounds it

The machine's limits in the same run, by PyTorch and NumPy, all threads unless said:

| limit | measured |
|---|---:|
{measured}

{bounds}
"""
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(report)
    else:
        print(report)


if __name__ == "__main__":
    main()
