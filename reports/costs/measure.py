"""What each system of the paper costs, and two others, on the images inside the program: writes table.md beside this file.

    python measure.py OODBENCH WORK [EPOCHS]        about an hour of processor time for 6 epochs; finished parts in WORK are not done again

All networks are `strided-cnn` with one recipe and seed. Processor time, which other programs change less than wall time.
"""

import json
import resource
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

DATA, OOD = ["--data", "embedded"], ["--ood", "embedded:kmnist"]
# Of what an image costs in use: two commands differ by these.
MORE, IMAGES = ["--ood", "embedded:kmnist,embedded:mnist"], 4000
HELD_OUT = 500


@dataclass
class System:
    name: str
    score: str
    loss: str = "softmax"
    # What the paper's Table 1 asks of a system: other data, and what has to be tuned.
    data: str = ""
    tuned: str = ""
    train: list = field(default_factory=list)
    # What is done with each image beside the pass that classifies it: one step and one temperature, as in use.
    use: list = field(default_factory=list)
    # What its dump needs besides.
    fit: list = field(default_factory=list)
    # The loss whose network is trained on.
    start: str = ""
    members: int = 1


OUTLIERS = ["--outliers", "embedded:mnist"]
SYSTEMS = [
    System("SoftMax with ES", "es"),
    System("IsoMax with ES", "es", "isomax"),
    System("IsoMax+ with MDS", "mds", "isomax-plus"),
    System("Scaled Cosine", "scores@cosine", "scaled-cosine"),
    System("LogitNorm", "mps", "logit-norm", tuned="temperature"),
    System("DisMax", "mmles", "dismax"),
    System("Generalized ODIN", "scores@godin_0.0025", "generalized-odin", "held-out images", "step", use=["--perturb", "godin", "--epsilon", "0.0025"]),
    System("ODIN", "odin", "softmax", "held-out images", "T, step", use=["--perturb", "odin", "--epsilon", "0.0014"]),
    System(
        "Mahalanobis", "mahalanobis_perturbed", "softmax", "held-out images, attacked", "step, weights of layers",
        use=["--perturb", "mahalanobis", "--epsilon", "0.0014"], fit=["--val-ood", "fgsm"],
    ),
    System("Gram matrices", "gram", "softmax", "held-out images", use=["--gram", "all"]),
    System("Outlier Exposure", "mps", "outlier-exposure", "images of no class", "their weight", train=OUTLIERS),
    System("energy fine-tuning", "energy", "energy-bounded", "images of no class", "two margins", train=[*OUTLIERS, "--lr", "0.001"], start="softmax"),
    System("ACET, 5 of 40 steps", "mps", "acet(steps=5)", "noise", "size of the attack", train=["--outliers", "smooth-noise"]),
    System("ensemble of 5", "predictive_entropy", members=5),
    System("MC-dropout, 5 passes", "mutual_information", tuned="share of dropout", train=["--dropout", "0.2"], use=["--mc-samples", "5"]),
]


class Bench:
    def __init__(self, program, work, epochs):
        # Networks of other epochs are other networks.
        self.program, self.work, self.epochs = Path(program).resolve(), Path(work).resolve() / f"{epochs}-epochs", epochs
        self.work.mkdir(parents=True, exist_ok=True)

    def timed(self, key, *arguments):
        """Processor seconds of a command that makes dumps/KEY; not run again once it was."""
        kept = self.work / f"{key}.seconds"
        if not kept.exists():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([self.program, *map(str, arguments), "--out", f"dumps/{key}", "--replace", "--quiet"], check=True, cwd=self.work)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            kept.write_text(repr(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
        return float(kept.read_text())

    def asked(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--format", "json", "--quiet"], check=True, capture_output=True, text=True, cwd=self.work)
        return json.loads(done.stdout)

    def extract(self, key, run, *options):
        return self.timed(key, "extract", "--weights", f"runs/{run}/weights.safetensors", *DATA, *options)

    def train(self, system, seed):
        """The name of a training, and its processor seconds without those of its dump."""
        run = f"{system.loss.partition('(')[0]}{'-dropout' if '--dropout' in system.train else ''}-seed{seed}"
        start = ["--weights", f"runs/{system.start}-seed{seed}/weights.safetensors"] if system.start else []
        recipe = ["--model", "strided-cnn", "--loss", system.loss, "--epochs", self.epochs, "--augmentation", "none", "--val", HELD_OUT, "--seed", seed]
        whole = self.timed(run, "train", *DATA, *OOD, *recipe, *system.train, *start)
        seconds = whole - self.extract(f"{run}-again", run, "--split", "train,val,test", *OOD)
        if system.start:
            seconds += self.train(System("", "", system.start), seed)[1]
        return run, seconds

    def milliseconds(self, run, use):
        """Processor time of an image in use: of a command with more images, less that of one without them, the least of three each."""
        name = f"{run}-{'-'.join(option.strip('-') for option in use) or 'pass'}"
        # Its images move towards means of classes, which are found first.
        split = "train,test" if "mahalanobis" in use else "test"
        found = {}
        for kind, sets in [("few", []), ("many", MORE)]:
            found[kind] = min(self.extract(f"{name}-{kind}{turn}", run, "--split", split, *use, *sets) for turn in range(3))
        return (found["many"] - found["few"]) / IMAGES * 1e3

    def dump(self, system, runs):
        if system.members > 1:
            folder = self.work / "dumps" / "ensemble"
            folder.mkdir(exist_ok=True)
            # Their tests alone: each seed holds out other images.
            members = ", ".join(f'"../{run}-pass-many0"' for run in runs)
            (folder / "run.toml").write_text(f"members = [{members}]\n")
            return "dumps/ensemble"
        if not system.use:
            return f"dumps/{runs[0]}"
        key = f"{runs[0]}-{system.score.partition('@')[2] or system.score}"
        self.extract(key, runs[0], "--split", "train,val,test", *OOD, *system.use, *system.fit)
        return f"dumps/{key}"

    def row(self, system):
        trained = [self.train(system, seed) for seed in range(1, system.members + 1)]
        runs = [run for run, _ in trained]
        image = sum(self.milliseconds(run, system.use) for run in runs)
        dump = self.dump(system, runs)
        records = self.asked("score", dump, "--score", system.score, "--procedure", "lee")
        (auroc,) = {record["value"] for record in records if record["metric"] == "auroc" and record["ood"] == "kmnist"}
        accuracy = [float(one["found"].split()[0]) for one in self.asked("inspect", f"dumps/{runs[0]}") if one["name"] == "ID accuracy"]
        return {
            "seconds": sum(seconds for _, seconds in trained),
            "image": image,
            "accuracy": accuracy[0] if system.members == 1 else None,
            "auroc": 100 * auroc,
        }


def table(rows):
    base = rows[SYSTEMS[0].name]
    yield "| system | training, s | × SoftMax | an image in use, ms | × SoftMax | accuracy, % | difference | AUROC, KMNIST, % | other data | tuned |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---|---|"
    for system in SYSTEMS:
        row = rows[system.name]
        accuracy = "| |" if row["accuracy"] is None else f"{row['accuracy']:.2f} | {row['accuracy'] - base['accuracy']:+.2f} |"
        costs = (f"{row[name]:{form}} | {row[name] / base[name]:.2f}" for name, form in [("seconds", ".0f"), ("image", ".3f")])
        yield f"| {system.name} (`{system.score}`) | {' | '.join(costs)} | {accuracy} {row['auroc']:.2f} | {system.data or 'none'} | {system.tuned or 'nothing'} |"


def main(program, work, epochs="6"):
    bench = Bench(program, work, epochs)
    rows = {system.name: bench.row(system) for system in SYSTEMS}
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    text = "\n".join([f"Made by `python measure.py OODBENCH WORK {epochs}` with oodbench {version}: {epochs} epochs of 11,500 images, seed 1.", "", *table(rows), ""])
    (Path(__file__).resolve().parent / "table.md").write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
