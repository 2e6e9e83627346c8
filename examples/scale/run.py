"""Makes a run in shards, evaluates it on a local cluster and on one machine, and prints rows a second and whether the records are the same bytes.

    pip install wheels/oodbench-*.whl "oodbench[dask]" "oodbench[ray]"
    python examples/scale/run.py --engine dask --workers 2 --rows 2000000

The program `oodbench` beside this Python is the single machine. Shards are made once and kept in --folder.
"""

import argparse
import contextlib
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SETS = {"id/test": 3.0, "ood/far/noise": 0.0, "ood/near/other": 1.5}


def shards(folder, rows, columns, shard_rows):
    """Writes logits: standard normal ones, of which one is larger by a gamma variate; by more of ID rows than of OOD rows."""
    for number, (split, shift) in enumerate(SETS.items()):
        place = folder / split
        place.mkdir(parents=True, exist_ok=True)
        # ID rows are as many as those of all OOD sets.
        own = rows // 2 if split == "id/test" else rows // 4
        for shard, first in enumerate(range(0, own, shard_rows)):
            file = place / f"logits-{shard:05d}.npy"
            count = min(shard_rows, own - first)
            if file.exists() and np.load(file, mmap_mode="r").shape == (count, columns):
                continue
            rng = np.random.default_rng([number, shard])
            logits = rng.standard_normal((count, columns), dtype=np.float32)
            logits[np.arange(count), rng.integers(0, columns, count)] += rng.gamma(2.0, 1.0 + shift, count).astype(np.float32)
            np.save(file, logits)


@contextlib.contextmanager
def cluster(engine, workers):
    if engine == "dask":
        from distributed import Client, LocalCluster

        from oodbench import dask

        local = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None)
        with local, Client(local):
            yield dask.evaluate
    else:
        # Ray starts its workers at niceness 15, so that beside other jobs they would measure these.
        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0"}
        import ray

        from oodbench import ray as own

        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
        yield own.evaluate
        ray.shutdown()


def single(folder, scores, threads):
    """The program on one machine: its records, seconds, and processor seconds."""
    program = Path(sys.executable).parent / "oodbench"
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [program, "score", folder, "--score", scores, "--threads", str(threads), "--format", "json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, time.perf_counter() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def steps(scores, parts):
    """Prints processor seconds of what comes behind the scores, half of which are of ID rows, in one process of one thread."""
    import oodbench

    oodbench.set_num_threads(1)
    procedures = ["lee", "openood", "id_positive"]
    rng, half = np.random.default_rng(0), scores // 2
    sides = [(rng.normal(1.0, 1.0, half), False), (rng.normal(0.0, 1.0, half), True)]

    def counted():
        counts = oodbench.KeyCounts()
        for values, _ in sides:
            counts.add(values)
        return counts

    def cut(cuts):
        merged = oodbench.Metrics()
        for values, is_ood in sides:
            merged.update(values, is_ood)
        return [part.to_bytes() for part in merged.split(cuts)]

    def rank(pieces):
        return [oodbench.Metrics.from_bytes(piece).ranking() for piece in pieces]

    def measure(rankings):
        ranking = oodbench.Ranking.joined(rankings)
        return [ranking.compute(procedure) for procedure in procedures]

    def at_once():
        return [oodbench.metrics(sides[0][0], sides[1][0], procedure) for procedure in procedures]

    def timed(name, work, *arguments):
        start = time.process_time()
        found = work(*arguments)
        seconds = time.process_time() - start
        print(f"{name}: {seconds:.2f} s of processor time, {1e9 * seconds / (2 * half):.0f} ns a score")
        return found

    cuts = timed("counts of keys", counted).cuts(max(1, 2 * half // parts))
    pieces = timed(f"cut into {len(cuts)} parts, with bytes to send", cut, cuts)
    rankings = timed("rank of all parts", rank, pieces)
    found = timed("three procedures of the rankings", measure, rankings)
    same = found == timed("the same figures at once, procedure by procedure", at_once)
    print("figures: the same" if same else "figures: OTHERS")
    sys.exit(not same)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--engine", choices=["dask", "ray"], default="dask")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each [default: 2]")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of all sets together [default: 1000000]")
    parser.add_argument("--columns", type=int, default=100, help="logits of a row [default: 100]")
    parser.add_argument("--shard-rows", type=int, default=100_000, help="rows of a shard [default: 100000]")
    parser.add_argument("--scores", default="energy", help="scores of logits, with commas between [default: energy]")
    parser.add_argument("--memory", type=int, default=256 << 20, help="bytes of rows and scores that a task may hold [default: 268435456]")
    parser.add_argument("--folder", type=Path, default=Path("scale-shards"), help="where the shards are kept [default: scale-shards]")
    parser.add_argument("--steps", action="store_true", help="measure what comes behind the scores instead, of as many scores as rows, without an engine")
    options = parser.parse_args()
    if options.steps:
        steps(options.rows, 78)

    folder = options.folder / f"{options.rows}x{options.columns}"
    shards(folder, options.rows, options.columns, options.shard_rows)
    rows = options.rows // 2 + 2 * (options.rows // 4)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{rows:,} rows of {options.columns} logits in {len(list(folder.rglob('*.npy')))} shards; {options.scores}")
    print(f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, load {load:.1f} at the start")

    expected, seconds, processor = single(folder, options.scores, options.workers)
    print(f"one machine, {options.workers} threads: {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {processor:.1f} s of processor time")

    stages, last, of_tasks = {}, [None], []
    with cluster(options.engine, options.workers) as evaluate:
        start = last[0] = time.perf_counter()

        def progress(event):
            now, name = time.perf_counter(), event.stage.split()[0]
            stages[name] = stages.get(name, 0.0) + now - last[0]
            last[0] = now
            of_tasks.append(event.seconds or 0.0)

        out = options.folder / f"{folder.name}-scores-{options.memory}"
        records = evaluate(folder, scores=options.scores.split(","), out=out, memory=options.memory, progress=progress)
        seconds = time.perf_counter() - start
    print(f"{options.engine}, {options.workers} workers: {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {rows / seconds / options.workers:,.0f} per worker")
    for stage, took in stages.items():
        print(f"  until the last {stage}: {took:.1f} s, {rows / took / options.workers:,.0f} rows/s per worker")
    processor = sum(of_tasks)
    print(f"  processor time of the tasks that score: {processor:.1f} s, {rows / processor:,.0f} rows a second of it")
    same = records.text("json") == expected
    print("records: the same bytes" if same else "records: OTHER BYTES")
    sys.exit(not same)


if __name__ == "__main__":
    main()
