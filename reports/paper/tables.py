"""Tables 2 to 6 of the paper by networks of our own, beside the published ones: writes tables.md and records.csv beside this file.

    python tables.py OODBENCH WORK        WORK is the folder in which train.sh ran

With one seed, brackets hold a bootstrap interval of that network (95 %, images drawn anew): how much another training would change is not in it.
"""

import csv
import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE.parents[1] / "cli" / "src" / "paper" / "tables.csv"
FAR, NEAR = ["svhn", "imagenet-resize"], "cifar100"
# As the published tables call them. LSUN is not to be had here.
SETS = {"SVHN": "svhn", "TinyImageNet": "imagenet-resize"}
METRICS = {"TNR@TPR95": "tnr_at_tpr95", "AUROC": "auroc", "DTACC": "dtacc"}
DRAWS = 1000


@dataclass(frozen=True)
class System:
    name: str
    dump: str
    score: str
    # Loss and score in the published tables.
    published: str = ""
    note: str = ""


SYSTEMS = [
    System("SoftMax, MPS", "softmax", "mps"),
    System("SoftMax, ES", "softmax", "es", "SoftMax/ES"),
    System("SoftMax, energy", "softmax", "energy"),
    System("IsoMax, MPS", "isomax", "mps"),
    System("IsoMax, ES", "isomax", "es", "IsoMax/ES"),
    System("IsoMax, MDS", "isomax", "mds", "IsoMax/MDS"),
    System("IsoMax+, MPS", "isomax-plus", "mps"),
    System("IsoMax+, ES", "isomax-plus", "es", "IsoMax+/ES"),
    System("IsoMax+, MDS", "isomax-plus", "mds", "IsoMax+/MDS"),
    System("Scaled Cosine", "scaled-cosine", "scores@cosine"),
    System("LogitNorm, MPS", "logit-norm", "mps"),
    System("DisMax, MMLES", "dismax", "mmles"),
    System("Generalized ODIN, without a step", "generalized-odin", "scores@h"),
    System("Generalized ODIN", "generalized-odin", "scores@godin_*", note="the step that raises h of held-out images most"),
    System("ODIN", "odin", "odin", "SoftMax/ODIN", "step chosen on FGSM images, T = 1000"),
    System("Mahalanobis, one layer", "softmax", "mahalanobis"),
    System("Mahalanobis, full", "mahalanobis", "mahalanobis_perturbed", "SoftMax/Mahalanobis", "weights of layers chosen on FGSM images, one step"),
    System("Gram matrices", "gram", "gram", note="27 to 77 % of pairs tie, and count against it: see README"),
    System("Outlier Exposure, MPS", "outlier-exposure", "mps", note="learns from CIFAR-100"),
    System("Outlier Exposure, ES", "outlier-exposure", "es", "SoftMax+OE/ES", "learns from CIFAR-100"),
    System("energy fine-tuning", "energy-bounded", "energy", note="learns from CIFAR-100"),
    System("ACET, MPS", "acet", "mps", note="five steps, two epochs after SoftMax, on noise"),
    System("MC-dropout, mutual information", "dropout", "mutual_information", note="10 passes"),
    System("MC-dropout, predictive entropy", "dropout", "predictive_entropy", note="10 passes"),
]


class Bench:
    def __init__(self, program, work):
        self.program, self.dumps, self.runs = str(Path(program).resolve()), Path(work) / "dumps", Path(work) / "runs"
        self.kept = {}

    def asked(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments), "--format", "json", "--quiet"], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def seeds(self, dump):
        numbers = (re.fullmatch(rf"{re.escape(dump)}-seed(\d+)", path.name) for path in self.dumps.iterdir() if (path / "run.toml").exists())
        return sorted(int(number[1]) for number in numbers if number)

    def score(self, system, seed):
        """The score; where its name has a step that was chosen, that of this dump."""
        files = (self.dumps / f"{system.dump}-seed{seed}" / "id" / "test").glob(f"{system.score}.npy") if "*" in system.score else []
        return next((file.stem for file in files), system.score)

    def records(self, dump, seed):
        """The values of all scores of SYSTEMS that this dump has."""
        if (dump, seed) not in self.kept:
            scores = sorted({self.score(system, seed) for system in SYSTEMS if system.dump == dump})
            arguments = [self.dumps / f"{dump}-seed{seed}", "--score", ",".join(scores), "--procedure", "lee,openood", "--bootstrap", DRAWS]
            self.kept[dump, seed] = self.asked("score", *arguments)
        return self.kept[dump, seed]

    def found(self, system, metric, sets):
        """Percent: of each seed its mean over these OOD sets, and the interval if it is of one set."""
        all_values, interval = [], None
        for seed in self.seeds(system.dump):
            own = [
                record for record in self.records(system.dump, seed)
                if record["procedure"] == "lee" and record["score"] == self.score(system, seed) and record["metric"] == metric and record["ood"] in sets and not record.get("mean_over")
            ]
            if {record["ood"] for record in own} != set(sets):
                return [], None
            all_values.append(100 * statistics.mean(record["value"] for record in own))
            if len(own) == 1 and own[0].get("low") is not None:
                interval = 100 * own[0]["low"], 100 * own[0]["high"]
        return all_values, interval

    def cell(self, system, metric, sets):
        values, interval = self.found(system, metric, sets)
        if not values:
            return "–"
        if len(values) > 1:
            return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"
        return f"{values[0]:.1f}" + (f" [{interval[0]:.1f}, {interval[1]:.1f}]" if interval else "")

    def accuracies(self, dump):
        """Percent of test images, a seed each."""
        return [float(one["found"].split()[0]) for seed in self.seeds(dump) for one in self.asked("inspect", self.dumps / f"{dump}-seed{seed}") if one["name"] == "ID accuracy"]

    def training_accuracies(self, dump):
        histories = (self.runs / f"{dump}-seed{seed}" / "history.csv" for seed in self.seeds(dump))
        return [100 * float(list(csv.DictReader(history.open()))[-1]["train_accuracy"]) for history in histories]


def spread(values):
    if not values:
        return "–"
    return f"{statistics.mean(values):.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")


def published(number):
    return [row for row in csv.DictReader(PUBLISHED.open()) if row["table"] == str(number) and row["in_distribution"] == "CIFAR10"]


def table2(bench):
    yield "| | " + " | ".join(f"{loss}, {part}" for part in ["training images, %", "test images, %"] for loss in ["SoftMax", "IsoMax", "IsoMax+"]) + " |"
    yield "|---|" + "---:|" * 6
    rows = published(2)
    for model in dict.fromkeys(row["model"] for row in rows):
        cells = [f"{row['mean_percent']} ± {row['std_percent']}" for part in ["train_accuracy", "test_accuracy"] for loss in ["SoftMax", "IsoMax", "IsoMax+"]
                 for row in rows if (row["model"], row["metric"], row["method"]) == (model, part, loss)]
        yield f"| {model}, published | {' | '.join(cells)} |"
    dumps = ["softmax", "isomax", "isomax-plus"]
    cells = [spread(bench.training_accuracies(dump)) for dump in dumps] + [spread(bench.accuracies(dump)) for dump in dumps]
    yield f"| small CNN, ours | {' | '.join(cells)} |"


def table(number, bench):
    """A table of the paper for CIFAR-10: what is published, and ours in the row below."""
    rows = published(number)
    columns = list(dict.fromkeys((row["metric"], row["method"]) for row in rows))
    yield "| OOD | network | " + " | ".join(f"{metric}, {method}" for metric, method in columns) + " |"
    yield "|---|---|" + "---:|" * len(columns)
    for ood in dict.fromkeys(row["out_of_distribution"] for row in rows):
        names = ood.removeprefix("mean of ").split(", ")
        sets = [SETS[name] for name in names if name in SETS]
        if not sets:
            continue
        for model in dict.fromkeys(row["model"] for row in rows):
            values = {(row["metric"], row["method"]): f"{row['mean_percent']} ± {row['std_percent']}" for row in rows if (row["model"], row["out_of_distribution"]) == (model, ood)}
            yield f"| {ood} | {model}, published | " + " | ".join(values.get(column, "–") for column in columns) + " |"
        own = {system.published: system for system in SYSTEMS if system.published}
        cells = [bench.cell(own[method], METRICS[metric], sets) for metric, method in columns]
        yield f"| {ood if len(sets) == len(names) else 'mean of ' + ', '.join(name for name in names if name in SETS)} | small CNN, ours | {' | '.join(cells)} |"


def everything(bench):
    yield "| system | seeds | test images, % | AUROC, SVHN | AUROC, TinyImageNet resized | AUROC, CIFAR-100 | AUROC, mean of the first two | TNR@TPR95, mean of the first two | |"
    yield "|---|---:|" + "---:|" * 6 + "---|"
    for system in SYSTEMS:
        seeds = bench.seeds(system.dump)
        if not seeds:
            continue
        sets = [[name] for name in [*FAR, NEAR]] + [FAR]
        cells = [bench.cell(system, "auroc", one) for one in sets] + [bench.cell(system, "tnr_at_tpr95", FAR)]
        yield f"| {system.name} (`{system.score}`) | {len(seeds)} | {spread(bench.accuracies(system.dump))} | {' | '.join(cells)} | {system.note} |"


def write_records(bench):
    fields = ["dump", "seed", "score", "ood", "procedure", "metric", "value", "low", "high"]
    with (HERE / "records.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
        out.writeheader()
        for (dump, seed), records in sorted(bench.kept.items()):
            out.writerows({**record, "dump": dump, "seed": seed} for record in records if not record.get("mean_over"))


def main(program, work):
    bench = Bench(program, work)
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    seeds = {number for system in SYSTEMS for number in bench.seeds(system.dump)}
    parts = [
        f"Made by `python tables.py OODBENCH WORK` with oodbench {version}. Seeds {', '.join(map(str, sorted(seeds)))}; percent, mean ± standard deviation over seeds where there are several, else the value and the bootstrap interval of this one network.",
        "# Table 2: classification accuracy, CIFAR-10", *table2(bench),
    ]
    text = "\n".join([parts[0], "", parts[1], "", *parts[2:], ""])
    for number, title in [(3, "fair comparison"), (4, "ODIN and Mahalanobis"), (5, "Outlier Exposure"), (6, "scores of IsoMax and IsoMax+")]:
        text += "\n".join(["", f"# Table {number}: {title}, CIFAR-10", "", *table(number, bench), ""])
    text += "\n".join(["", "# Every system", "", *everything(bench), ""])
    (HERE / "tables.md").write_text(text)
    write_records(bench)


if __name__ == "__main__":
    main(*sys.argv[1:])
