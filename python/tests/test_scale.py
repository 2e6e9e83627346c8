"""Runs in shards, evaluated piece by piece: the records of the program. Here an engine runs every task at once; `test_engines.py` has the real ones."""

import shutil
import zipfile

import numpy as np
import pytest
import sharded

import oodbench

pytest.importorskip("fsspec")
parquet = pytest.importorskip("pyarrow.parquet")

from oodbench import _scale, _tasks  # noqa: E402


class Here:
    """Does what it is told when it is told."""

    workers = 3

    def put(self, value):
        return value

    def submit(self, task, *arguments, returns=None):
        try:
            found = task(*arguments)
        except Exception as error:
            return error if returns is None else [error] * returns
        return [found] if returns == 1 else found

    def done(self, references):
        # In another order than they were given.
        return reversed(list(enumerate(references)))


def evaluate(source, out, **options):
    asked = dict.fromkeys(["scores", "fits", "parameters", "procedures", "bootstrap", "run", "storage_options"])
    return _scale.evaluate(Here(), source, **asked | {"out": out, "level": 0.95, "seed": 0, "memory": sharded.MEMORY, "progress": False} | options)


@pytest.fixture(scope="module", params=["features", "logits"])
def run(request, tmp_path_factory, program):
    folder = sharded.write(tmp_path_factory.mktemp("run"), request.param, request.param)
    scores = sharded.SCORES[request.param]
    expected = program("score", folder, "--score", ",".join(scores), "--format", "json", "--quiet")
    program("score", folder, "--score", ",".join(scores), "--out", folder.parent / "theirs", "--quiet")
    return folder, scores, expected


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return sharded.write(tmp_path_factory.mktemp("run"), "logits", "logits")


def test_records_are_those_of_the_program_to_the_last_byte(run, tmp_path):
    folder, scores, expected = run
    events = []
    records = evaluate(folder, tmp_path / "scores", scores=scores, progress=events.append)
    assert records.text("json") == expected
    stages = {event.stage for event in events}
    assert "score" in stages and any(stage.startswith("rank") for stage in stages)
    assert max(event.rows for event in events) == sum(map(sum, sharded.SIZES.values()))
    assert str(events[0]).startswith("score 1/")


def test_scores_of_rows_are_those_of_the_program(run, tmp_path):
    folder, scores, _ = run
    evaluate(folder, tmp_path / "scores", scores=scores)
    theirs = parquet.read_table(folder.parent / "theirs" / "scores.parquet").to_pylist()
    parts = sorted((tmp_path / "scores").glob("*.parquet"))
    assert len(parts) > 5
    own = [row for part in parts for row in parquet.read_table(part).to_pylist()]
    def key(row):
        return row["split"], row["set"], row["row"]

    expected = {key(row): row for row in theirs}
    assert len(own) == len(expected) == len({key(row) for row in own})
    for row in own:
        for name in ["run", "group", *scores]:
            assert row[name] == expected[key(row)][name], (key(row), name)


def test_scores_that_crowd_are_counted_closer(wide, tmp_path, program, monkeypatch):
    # Room for 40 scores in a part.
    monkeypatch.setattr(_scale, "_RANKED", sharded.MEMORY // 40)
    events = []
    records = evaluate(wide, tmp_path / "scores", scores=["mps", "energy"], progress=events.append)
    assert any(event.stage.startswith("count") for event in events)
    assert records.text("json") == program("score", wide, "--score", "mps,energy", "--format", "json", "--quiet")


def test_other_procedures_and_intervals(wide, tmp_path, program):
    records = evaluate(wide, tmp_path / "scores", scores=["energy"], procedures=["openood", "prevalence"], bootstrap=50)
    options = ["--procedure", "openood,prevalence", "--bootstrap", "50", "--format", "json", "--quiet"]
    assert records.text("json") == program("score", wide, "--score", "energy", *options)
    with pytest.raises(oodbench.OodbenchError, match="found procedure autc, which reads scores as numbers"):
        evaluate(wide, tmp_path / "none", scores=["energy"], procedures=["autc"])
    # Before anything is scored.
    assert not (tmp_path / "none").exists()


def test_shards_by_their_names_and_fits(run, tmp_path):
    folder, scores, expected = run
    fits = oodbench.fit(oodbench.read_dump(folder), scores=scores)
    arrays = ["logits", "features"] if (folder / "head").exists() else ["logits"]
    sets = {
        name: {array: [folder / place / f"{array}-{shard:05d}.npy" for shard in range(len(sharded.SIZES[place]))] for array in arrays}
        for name, place in {"ood/near/cifar100": "ood/near/cifar100", "ood/far/svhn": "ood/far/svhn", "test": "id/test", "ood/blank": "ood/blank"}.items()
    }
    sets["ood/far/svhn"] = {array: f"{folder}/ood/far/svhn/{array}-*.npy" for array in arrays}
    described = oodbench.Run(folder.name, model="toy", loss="softmax", in_distribution="cifar10", seed=3)
    records = evaluate(sets, tmp_path / "scores", fits=fits, run=described)
    assert records.text("json") == expected


def test_a_run_in_another_file_system(run, tmp_path):
    folder, scores, expected = run
    # Named as the run is; stored as it is, as object storage has it.
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    records = evaluate(f"zip://{folder.name}::file://{tmp_path}/all.zip", f"file://{tmp_path}/scores", scores=scores)
    assert records.text("json") == expected


def test_shards_of_several_types(wide, tmp_path, program):
    folder = tmp_path / "several"
    shutil.copytree(wide, folder)
    for split, dtypes in {"id/test": ["<f2", "<f4", ">f4", "<f4"], "ood/near/cifar100": ["<f8", ">f4"], "ood/blank": ["<f2"]}.items():
        for shard, dtype in enumerate(dtypes):
            file = folder / split / f"logits-{shard:05d}.npy"
            np.save(file, np.load(file).astype(dtype))
    records = evaluate(folder, tmp_path / "scores", scores=["energy", "mds"])
    assert records.text("json") == program("score", folder, "--score", "energy,mds", "--format", "json", "--quiet")
    # As the program says, of which the standard error is not looked at here.
    assert any("the dump is 16-bit" in warning for warning in records.warnings)


def test_a_shard_that_fails_is_named(wide, tmp_path):
    def broken(change):
        folder = tmp_path / "broken" / wide.name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(wide, folder)
        change(folder / "id" / "test" / "logits-00002.npy")
        with pytest.raises(oodbench.ShardError) as error:
            evaluate(folder, tmp_path / "scores", scores=["energy"])
        return str(error.value).replace(str(folder), "")

    def nan(file):
        array = np.load(file)
        array[400, 7] = np.nan
        np.save(file, array)

    assert broken(nan).startswith("/id/test/logits-00002.npy, row 400: found NaN or infinite values")
    cut_off = broken(lambda file: file.write_bytes(file.read_bytes()[:-4]))
    assert cut_off == "/id/test/logits-00002.npy: found fewer bytes than the header says, expected the whole file; copy it again"
    assert "found 5 columns, expected 2048" in broken(lambda file: np.save(file, np.zeros((517, 5), np.float32)))
    assert "Fortran order" in broken(lambda file: np.save(file, np.asfortranarray(np.load(file))))
    assert "expected floats" in broken(lambda file: np.save(file, np.zeros((517, 2048), np.int32)))
    assert "damaged header" in broken(lambda file: file.write_bytes(b"nothing"))


def test_a_task_that_fails_is_named(wide, tmp_path, monkeypatch):
    def lost(*arguments):
        raise RuntimeError("the worker is gone")

    monkeypatch.setattr(_tasks, "_write", lost)
    with pytest.raises(oodbench.ShardError, match=r"-0000\d.npy, rows .*: score failed: RuntimeError: the worker is gone"):
        evaluate(wide, tmp_path / "scores", scores=["energy"])


def test_parts_of_different_evaluations_are_kept_apart(wide, tmp_path):
    first = evaluate(wide, tmp_path / "scores", scores=["energy"])
    before = {part.name: part.read_bytes() for part in (tmp_path / "scores").iterdir()}
    assert evaluate(wide, tmp_path / "scores", scores=["energy"]).text("json") == first.text("json")
    assert {part.name: part.read_bytes() for part in (tmp_path / "scores").iterdir()} == before
    with pytest.raises(oodbench.OodbenchError, match="found a part that this evaluation does not write"):
        evaluate(wide, tmp_path / "scores", scores=["energy"], memory=10 * sharded.MEMORY)


def test_what_cannot_be_evaluated_is_said(wide, tmp_path):
    out = tmp_path / "scores"
    with pytest.raises(oodbench.OodbenchError, match="expected one of scores="):
        evaluate(wide, out)
    with pytest.raises(oodbench.OodbenchError, match="memory=1000: found room for less than 128 rows of id/test"):
        evaluate(wide, out, scores=["energy"], memory=1000)
    with pytest.raises(oodbench.MissingInputError, match="knn reads"):
        evaluate(wide, out, scores=["knn"])
    logits = {"logits": wide / "id" / "test" / "logits-00000.npy"}
    with pytest.raises(oodbench.OodbenchError, match="at least one OOD set"):
        evaluate({"test": logits}, out, scores=["energy"])
    with pytest.raises(oodbench.ShardError, match="found no file of logits"):
        evaluate({"test": logits, "ood/x": {"logits": f"{wide}/none-*.npy"}}, out, scores=["energy"])


def test_pieces_begin_where_blocks_do_and_fit_memory(wide):
    from oodbench import _shards

    source = _shards.of_folder(wide, {})
    job = _scale.Job(source.fs, None, "", "", None, ("logits",), ("energy",), "logits")
    pieces = _scale._pieces(source.sets, job, sharded.MEMORY)
    for one in source.sets:
        own = [piece for piece in pieces if piece.set == one.name]
        assert [piece.first for piece in own[1:]] == [piece.last for piece in own[:-1]]
        assert (own[0].first, own[-1].last) == (0, one.rows)
        assert all(piece.first % 128 == 0 for piece in own)
        assert all((piece.last - piece.first) * (2 * 4 * 2048 + 64) <= sharded.MEMORY for piece in own)
