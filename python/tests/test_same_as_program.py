"""What Python gets is, to the last bit, what the command line writes of the same rows."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import DUMPS, RUNS, bits

import oodbench

pyarrow = pytest.importorskip("pyarrow.parquet")

ALL = [score["id"] for score in oodbench.scores.table()]


@pytest.fixture(scope="module", params=RUNS)
def scored(request, program, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    program("score", DUMPS / request.param, "--score", "all", "--out", out, "--quiet")
    return request.param, out


def test_all_scores_of_all_rows(scored):
    from conftest import Dump

    name, out = scored
    dump = Dump(name)
    table = pyarrow.read_table(out / "scores.parquet")
    columns = table.to_pydict()
    splits = ["id/test", *(f"ood/{name}" for name in dump.ood)]
    of_rows = [split if split == "id/test" else f"ood/{set_}" for split, set_ in zip(columns["split"], columns["set"], strict=True)]
    train, checked = dump.fitted_on(), 0
    for score in ALL:
        if score not in columns or all(value is None for value in columns[score]):
            continue
        fitted = oodbench.Detector(score).fit(**train, head=dump.head)
        for split in splits:
            expected = [value for own, value in zip(of_rows, columns[score], strict=True) if own == split]
            arrays = dump.arrays(split)
            arrays.pop("labels", None)
            found = fitted.score_samples(**arrays)
            assert bits(found) == bits(expected), (score, split)
            checked += len(expected)
    assert checked > 30 * 500


def test_records_of_a_run_in_memory_are_those_of_its_folder(scored):
    name, out = scored
    records = oodbench.evaluate(oodbench.read_dump(DUMPS / name))
    assert records.text("json") == (out / "records.json").read_text()
    assert records.text("csv") == (out / "records.csv").read_text()


def test_records_of_batches_are_those_of_a_folder(densenet, program):
    run = oodbench.Run(densenet.name, model="DenseNet-BC-100", loss="softmax", in_distribution="CIFAR10", head=densenet.head)
    for split, folder in [("train", "id/train"), ("test", "id/test"), *((f"ood/{name}", f"ood/{name}") for name in densenet.ood)]:
        arrays = densenet.arrays(folder)
        for start in range(0, len(arrays["logits"]), 64):
            run.add(split, **{name: array[start : start + 64] for name, array in arrays.items()})
    expected = program("score", densenet.folder, "--score", "mds,mahalanobis,vim", "--format", "json", "--quiet")
    assert oodbench.evaluate(run, scores=["mds", "mahalanobis", "vim"]).text("json") == expected


@pytest.mark.parametrize("score", ["knn", "vim", "react", "mahalanobis", "energy"])
def test_a_file_of_a_fit_is_the_programs_to_the_last_byte(densenet, program, tmp_path, score):
    own, theirs = tmp_path / "own.fit", tmp_path / "theirs.fit"
    program("fit", densenet.folder, "--score", score, "--out", theirs, "--quiet")
    needs = next(one["needs"] for one in oodbench.scores.table() if one["id"] == score)
    detector = oodbench.Detector(score).fit(**densenet.fitted_on(), head=densenet.head, run=densenet.name)
    detector.save(own)
    assert own.read_bytes() == theirs.read_bytes(), needs
    arrays = densenet.arrays("id/test")
    arrays.pop("labels")
    for file in (own, theirs):
        loaded = oodbench.Detector.load(file, head=densenet.head)
        assert bits(loaded.score_samples(**arrays)) == bits(detector.score_samples(**arrays))


@pytest.mark.parametrize("options, keywords", [
    (["--false-alarms", "5%"], {"false_alarms": 0.05}),
    (["--false-alarms", "5%", "--confidence", "90%"], {"false_alarms": 0.05, "confidence": 0.9}),
    (["--false-alarms", "10%", "--per-class"], {"false_alarms": 0.1, "per_class": True}),
    (["--tpr", "95"], {"tpr": 0.95}),
    (["--wrong-answers", "20%"], {"wrong_answers": 0.2}),
])
def test_a_detector_is_the_programs_to_the_last_byte(densenet, program, tmp_path, options, keywords):
    # The program calibrates on id/val: the rows of id/test under that name.
    with oodbench.dump(tmp_path / "run", name="run", head=densenet.head) as out:
        out.add("train", **densenet.fitted_on())
        out.add("val", **densenet.arrays("id/test"))
        out.add("test", **densenet.arrays("id/test"))
    theirs, own = tmp_path / "theirs.detector", tmp_path / "own.detector"
    program("calibrate", tmp_path / "run", "--score", "mahalanobis", *options, "--out", theirs, "--quiet")
    detector = oodbench.Detector("mahalanobis").fit(**densenet.fitted_on(), head=densenet.head, run="run")
    detector.calibrate(**densenet.arrays("id/test"), **keywords).save(own)
    assert own.read_bytes() == theirs.read_bytes()
    new = densenet.arrays("ood/svhn")
    new.pop("labels", None)
    loaded = oodbench.Detector.load(theirs)
    assert loaded.thresholds == detector.thresholds
    for name, values in loaded.decide(**new).items():
        assert np.array_equal(values, detector.decide(**new)[name]), name
    # With so many wrong answers allowed, all rows may pass.
    assert set(loaded.predict(**new)) == ({1} if "wrong_answers" in keywords else {-1, 1})
    assert bits(loaded.score_samples(**new)) == bits(detector.score_samples(**new))


def test_values_of_two_arrays_are_the_programs(program, tmp_path):
    rng = np.random.default_rng(0)
    id_scores, ood_scores = rng.normal(1, 1, 999).round(1), rng.normal(0, 1, 1234).round(1)
    np.save(tmp_path / "id.npy", id_scores)
    np.save(tmp_path / "svhn.npy", ood_scores)
    usual = ["lee", "openood", "id_positive", "operating_points", "partial_auroc", "prevalence", "autc"]
    text = program("measure", tmp_path / "id.npy", tmp_path / "svhn.npy", "--procedure", ",".join(usual), "--format", "json", "--quiet")
    expected = {(row["procedure"], row["metric"]): row["value"] for row in json.loads(text) if row["mean_over"] is None}
    for procedure in usual:
        for metric, value in oodbench.metrics(id_scores, ood_scores, procedure).items():
            assert expected[procedure, metric] == value, (procedure, metric)


def test_comparison_and_report(densenet, program, tmp_path):
    run = oodbench.read_dump(densenet.folder)
    found = oodbench.compare(run, scores=["mds", "mps", "energy"])
    text = program("compare", densenet.folder, "--score", "mds,mps,energy", "--format", "json", "--quiet")
    assert list(found) == json.loads(text)
    assert "mds" in str(found)
    lead = oodbench.report(run, tmp_path / "own", scores=["mds", "mps"])
    printed = program("report", densenet.folder, "--score", "mds,mps", "--out", tmp_path / "theirs", "--quiet")
    assert printed == lead + "\n"
    assert (tmp_path / "own" / "tables.md").read_bytes() == (tmp_path / "theirs" / "tables.md").read_bytes()


@pytest.mark.parametrize("arguments", [
    ["score", "--help"],
    ["--version"],
    ["explain", "knn"],
    ["list"],
    ["score", DUMPS / "densenet-cifar10-softmax", "--score", "mds,es", "--format", "json"],
    ["score", DUMPS / "densenet-cifar10-softmax", "--score", "enrgy"],
    ["inspect", DUMPS / "densenet-cifar10-softmax"],
    [],
])
def test_the_console_script_prints_what_the_executable_prints(arguments):
    from conftest import EXECUTABLE

    script = Path(sys.executable).parent / "oodbench"
    arguments = list(map(str, arguments))
    own, theirs = (subprocess.run([one, *arguments], capture_output=True) for one in (script, EXECUTABLE))
    assert own.returncode == theirs.returncode
    assert own.stdout == theirs.stdout
    assert own.stderr == theirs.stderr


def test_files_of_the_console_script_are_those_of_the_executable(densenet, program, tmp_path):
    script = Path(sys.executable).parent / "oodbench"
    program("score", densenet.folder, "--score", "mds,knn", "--out", tmp_path / "theirs", "--quiet")
    subprocess.run([script, "score", densenet.folder, "--score", "mds,knn", "--out", tmp_path / "own", "--quiet"], check=True, capture_output=True)
    for file in sorted((tmp_path / "theirs").iterdir()):
        # It holds the command as typed.
        if file.name != "provenance.json":
            assert file.read_bytes() == (tmp_path / "own" / file.name).read_bytes(), file.name
    typed = json.loads((tmp_path / "own" / "provenance.json").read_text())["command"]
    assert typed[:2] == ["oodbench", "score"]


def test_parquet_of_records_is_read_back(densenet, tmp_path):
    records = oodbench.evaluate(oodbench.read_dump(densenet.folder), scores="mds")
    for ending in ("csv", "json", "parquet"):
        records.write(tmp_path / f"records.{ending}")
        again = oodbench.read_records(tmp_path / f"records.{ending}")
        assert again.text("json") == records.text("json")
    assert pyarrow.read_table(io.BytesIO((tmp_path / "records.parquet").read_bytes())).num_rows == len(records)
