"""Tables 1 to 6 of the paper by networks of our own, beside the published ones: writes tables.md and records.csv beside this file.

    python tables.py OODBENCH WORK        WORK is the folder in which train.sh and strong.sh ran

With one seed, brackets hold a bootstrap interval of that network (95 %, images drawn anew): how much another training would change is not in it.
"""

import csv
import functools
import json
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
COSTS = HERE.parent / "costs" / "table.md"
PUBLISHED = HERE.parents[1] / "cli" / "src" / "paper" / "tables.csv"
FAR, NEAR = ["svhn", "imagenet-resize"], "cifar100"
# As the published tables call them. LSUN is not to be had here.
SETS = {"SVHN": "svhn", "TinyImageNet": "imagenet-resize"}
METRICS = {"TNR@TPR95": "tnr_at_tpr95", "AUROC": "auroc", "DTACC": "dtacc"}
DRAWS = 1000
# Our networks, and what the names of their dumps begin with.
NETWORKS = {"small CNN": "", "ResNet-9": "resnet-9-"}


@dataclass(frozen=True)
class System:
    name: str
    dump: str
    score: str
    # Loss and score in the published tables.
    published: str = ""
    note: str = ""
    # Of the score, as `--set` takes it.
    setting: str = ""


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
    System("ODIN", "odin", "odin", "SoftMax/ODIN", "step chosen on FGSM images, T = 1000", "odin.fit_on=fgsm"),
    System("Mahalanobis, one layer", "softmax", "mahalanobis"),
    System("Mahalanobis, full", "mahalanobis", "mahalanobis_perturbed", "SoftMax/Mahalanobis", "weights of layers chosen on FGSM images, one step"),
    System("Gram matrices", "gram", "gram", note="19 to 77 % of pairs tie, and count against it: see README"),
    System("Outlier Exposure, MPS", "outlier-exposure", "mps", note="learns from CIFAR-100"),
    System("Outlier Exposure, ES", "outlier-exposure", "es", "SoftMax+OE/ES", "learns from CIFAR-100"),
    System("energy fine-tuning", "energy-bounded", "energy", note="learns from CIFAR-100"),
    System("ACET, MPS", "acet", "mps", note="five steps, two epochs after SoftMax, on noise"),
    System("MC-dropout, mutual information", "dropout", "mutual_information", note="10 passes"),
    System("MC-dropout, predictive entropy", "dropout", "predictive_entropy", note="10 passes"),
    System("ensemble of SoftMax, MPS", "softmax-ensemble", "ensemble_mps", note="of all seeds"),
    System("ensemble of SoftMax, predictive entropy", "softmax-ensemble", "predictive_entropy", note="of all seeds"),
    System("ensemble of SoftMax, mutual information", "softmax-ensemble", "mutual_information", note="of all seeds"),
]


@dataclass(frozen=True)
class Approach:
    """A row of the paper's Table 1, or a comparison of its section 1 that has none."""

    # As in reports/costs.
    name: str
    dump: str
    # What the paper says that it asks for and does.
    said: str


APPROACHES = [
    Approach("ODIN", "odin", "tuning, inefficient use"),
    Approach("Mahalanobis", "mahalanobis", "tuning, inefficient use"),
    Approach("ACET, 5 of 40 steps", "acet", "tuning, lower accuracy"),
    Approach("Outlier Exposure", "outlier-exposure", "other data"),
    Approach("Generalized ODIN", "generalized-odin", "tuning, inefficient use, lower accuracy"),
    Approach("Gram matrices", "gram", "inefficient use"),
    Approach("Scaled Cosine", "scaled-cosine", "lower accuracy"),
    Approach("energy fine-tuning", "energy-bounded", "tuning, other data"),
    Approach("IsoMax with ES", "isomax", "nothing"),
    Approach("IsoMax+ with MDS", "isomax-plus", "nothing"),
    Approach("ensemble of 5", "softmax-ensemble", "not in its table"),
    Approach("MC-dropout, 5 passes", "dropout", "not in its table"),
    Approach("DisMax", "dismax", "not in its table"),
    Approach("LogitNorm", "logit-norm", "not in its table"),
]


class Bench:
    def __init__(self, program, work):
        self.program, self.dumps, self.runs = str(Path(program).resolve()), Path(work) / "dumps", Path(work) / "runs"
        self.kept = {}

    def asked(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments), "--format", "json", "--quiet"], check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def trained(self, dump):
        """Names of the dumps of a system: one for each seed; an ensemble is one of all."""
        names = sorted(path.name for path in self.dumps.iterdir() if (path / "run.toml").exists())
        return [name for name in names if re.fullmatch(rf"{re.escape(dump)}(-seed\d+)?", name)]

    def score(self, system, name):
        """The score; where its name has a step that was chosen, that of this dump."""
        files = (self.dumps / name / "id" / "test").glob(f"{system.score}.npy") if "*" in system.score else []
        return next((file.stem for file in files), system.score)

    def records(self, dump, name):
        """The values of all scores of SYSTEMS that this dump has."""
        if name not in self.kept:
            own = [system for system in SYSTEMS if system.dump == dump]
            scores = sorted({self.score(system, name) for system in own})
            settings = [part for system in own if system.setting for part in ("--set", system.setting)]
            self.kept[name] = self.asked("score", self.dumps / name, "--score", ",".join(scores), *settings, "--procedure", "lee,openood", "--bootstrap", DRAWS)
        return self.kept[name]

    def found(self, system, network, metric, sets):
        """Percent: of each training its mean over these OOD sets, and the interval if it is of one set."""
        all_values, interval = [], None
        for name in self.trained(NETWORKS[network] + system.dump):
            own = [
                record for record in self.records(system.dump, name)
                if record["procedure"] == "lee" and record["score"] == self.score(system, name) and record["metric"] == metric and record["ood"] in sets and not record.get("mean_over")
            ]
            if {record["ood"] for record in own} != set(sets):
                return [], None
            all_values.append(100 * statistics.mean(record["value"] for record in own))
            if len(own) == 1 and own[0].get("low") is not None:
                interval = 100 * own[0]["low"], 100 * own[0]["high"]
        return all_values, interval

    def cell(self, system, network, metric, sets):
        values, interval = self.found(system, network, metric, sets)
        return spread(values, ".1f") + (f" [{interval[0]:.1f}, {interval[1]:.1f}]" if interval and len(values) == 1 else "")

    @functools.cache
    def accuracy(self, name):
        """Percent of the test images of a dump."""
        (found,) = (float(one["found"].split()[0]) for one in self.asked("inspect", self.dumps / name) if one["name"] == "ID accuracy")
        return found

    def accuracies(self, dump):
        """Of each training."""
        return [self.accuracy(name) for name in self.trained(dump)]

    def above_softmax(self, dump):
        """Points of accuracy above SoftMax of the same seed; an ensemble's, above the mean of its members."""
        softmax = {name.removeprefix("softmax"): self.accuracy(name) for name in self.trained("softmax")}
        own = {name.removeprefix(dump): self.accuracy(name) for name in self.trained(dump)}
        return [accuracy - (softmax[seed] if seed else statistics.mean(softmax.values())) for seed, accuracy in own.items() if not seed or seed in softmax]

    def training_accuracies(self, dump):
        histories = (self.runs / name / "history.csv" for name in self.trained(dump))
        return [100 * float(list(csv.DictReader(history.open()))[-1]["train_accuracy"]) for history in histories]


def spread(values, form=".2f"):
    if not values:
        return "–"
    return f"{statistics.mean(values):{form}}" + (f" ± {statistics.stdev(values):{form.removeprefix('+')}}" if len(values) > 1 else "")


def costs():
    """The rows of reports/costs by the names of systems, each by the names of columns."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in COSTS.read_text().splitlines() if line.startswith("|")]
    # Two columns are called so; the later one is that of use.
    columns = ["training ratio" if (at, name) == (2, "× SoftMax") else name for at, name in enumerate(rows[0])]
    return {row[0].rpartition(" (")[0]: dict(zip(columns, row)) for row in rows[2:]}


def table1(bench):
    yield "| approach | the paper says | tuned | other data | training, × SoftMax | an image in use, × SoftMax | accuracy above SoftMax's, points |"
    yield "|---|---|---|---|---:|---:|---:|"
    cost = costs()
    for approach in APPROACHES:
        row = cost[approach.name]
        accuracy = spread(bench.above_softmax(approach.dump), "+.2f")
        yield f"| {approach.name} | {approach.said} | {row['tuned']} | {row['other data']} | {row['training ratio']} | {row['× SoftMax']} | {accuracy} |"


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
    for network, prefix in NETWORKS.items():
        dumps = [prefix + loss for loss in ["softmax", "isomax", "isomax-plus"]]
        cells = [spread(bench.training_accuracies(dump)) for dump in dumps] + [spread(bench.accuracies(dump)) for dump in dumps]
        yield f"| {network}, ours | {' | '.join(cells)} |"


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
        ours = ood if len(sets) == len(names) else "mean of " + ", ".join(name for name in names if name in SETS)
        for network in NETWORKS:
            cells = [bench.cell(own[method], network, METRICS[metric], sets) for metric, method in columns]
            if set(cells) != {"–"}:
                yield f"| {ours} | {network}, ours | {' | '.join(cells)} |"


def everything(bench, network):
    yield "| system | trainings | test images, % | AUROC, SVHN | AUROC, TinyImageNet resized | AUROC, CIFAR-100 | AUROC, mean of the first two | TNR@TPR95, mean of the first two | |"
    yield "|---|---:|" + "---:|" * 6 + "---|"
    for system in SYSTEMS:
        dump = NETWORKS[network] + system.dump
        trained = bench.trained(dump)
        if not trained:
            continue
        sets = [[name] for name in [*FAR, NEAR]] + [FAR]
        cells = [bench.cell(system, network, "auroc", one) for one in sets] + [bench.cell(system, network, "tnr_at_tpr95", FAR)]
        yield f"| {system.name} (`{system.score}`) | {len(trained)} | {spread(bench.accuracies(dump))} | {' | '.join(cells)} | {system.note} |"


def write_records(bench):
    fields = ["dump", "score", "ood", "procedure", "metric", "value", "low", "high"]
    with (HERE / "records.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, fields, extrasaction="ignore", lineterminator="\n")
        out.writeheader()
        for name, records in sorted(bench.kept.items()):
            out.writerows({**record, "dump": name} for record in records if not record.get("mean_over"))


def main(program, work):
    bench = Bench(program, work)
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    parts = [
        f"Made by `python tables.py OODBENCH WORK` with oodbench {version}. Percent; mean ± standard deviation over trainings (seeds) where there are several, else the value and the bootstrap interval of this one network.",
        "",
        "# Table 1: what approaches ask for and what they do",
        "",
        "Costs are those of [../costs](../costs/README.md), on other images and another small network; accuracy is the small CNN's on CIFAR-10, above SoftMax of the same seed "
        "(0 for what is done with SoftMax's own network); an ensemble here has a member for each seed and is compared with their mean.",
        "",
        *table1(bench),
        "",
        "# Table 2: classification accuracy, CIFAR-10",
        "",
        *table2(bench),
        "",
    ]
    text = "\n".join(parts)
    for number, title in [(3, "fair comparison"), (4, "ODIN and Mahalanobis"), (5, "Outlier Exposure"), (6, "scores of IsoMax and IsoMax+")]:
        text += "\n".join(["", f"# Table {number}: {title}, CIFAR-10", "", *table(number, bench), ""])
    for network in NETWORKS:
        text += "\n".join(["", f"# Every system, {network}", "", *everything(bench, network), ""])
    (HERE / "tables.md").write_text(text)
    write_records(bench)


if __name__ == "__main__":
    main(*sys.argv[1:])
