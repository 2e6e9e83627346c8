"""Runs in shards, evaluated piece by piece: the records of the program. Here an engine runs every task at once; `test_engines.py` has the real ones."""

import shutil
import subprocess
import threading
import time
import zipfile

import numpy as np
import pytest
import sharded
from conftest import EXECUTABLE

import oodbench

fsspec = pytest.importorskip("fsspec")
parquet = pytest.importorskip("pyarrow.parquet")

from oodbench import _scale, _shards, _tasks  # noqa: E402


class Here:
    """Does what it is told when it is told."""

    workers = 3

    def __init__(self):
        self.cancelled = []

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

    def cancel(self, references):
        self.cancelled += references


def evaluate(source, out, engine=None, **options):
    asked = dict.fromkeys(["scores", "fits", "parameters", "procedures", "bootstrap", "run", "storage_options"])
    return _scale.evaluate(engine or Here(), source, **asked | {"out": out, "level": 0.95, "seed": 0, "memory": sharded.MEMORY, "progress": False} | options)


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
    with pytest.raises(oodbench.OodbenchError, match="found procedure oscr, which needs the predictions of id/test"):
        evaluate(wide, tmp_path / "none", scores=["energy"], procedures=["openood", "oscr"])
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
    theirs = warnings(folder, "energy,mds")
    assert any("the dump is 16-bit" in warning for warning in theirs)
    # One that is no warning of the values: of a score and the head, which no rows change.
    assert records.warnings == [warning for warning in theirs if "of a linear head" not in warning]


def warnings(folder, scores):
    """Those of the program."""
    done = subprocess.run([EXECUTABLE, "score", folder, "--score", scores, "--format", "json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line.removeprefix("warning: ") for line in done.stderr.splitlines() if line.startswith("warning: ")]


def test_training_rows_of_16_bits_are_warned_of_as_by_the_program(wide, tmp_path):
    folder = tmp_path / "half"
    shutil.copytree(wide, folder)
    file = folder / "id" / "train" / "logits.npy"
    np.save(file, np.load(file).astype(np.float16))
    for file in folder.glob("*/**/logits-*.npy"):
        # Ties, without which nothing is said.
        np.save(file, np.load(file).round())
    records = evaluate(folder, tmp_path / "scores", scores=["max_logit"])
    assert records.warnings == warnings(folder, "max_logit")
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

    assert broken(nan) == "/id/test/logits-00002.npy, row 400: found NaN or infinite values, expected finite ones"

    def several(file):
        array = np.load(file)
        array[400:403, 7] = np.nan
        np.save(file, array)

    assert broken(several).endswith("row 400: found NaN or infinite values, expected finite ones; rows of this piece that have some: 3")
    cut_off = broken(lambda file: file.write_bytes(file.read_bytes()[:-4]))
    assert cut_off == "/id/test/logits-00002.npy: found fewer bytes than the header says, expected the whole file; copy it again"
    assert "found 5 columns, expected 2048" in broken(lambda file: np.save(file, np.zeros((517, 5), np.float32)))
    assert "Fortran order" in broken(lambda file: np.save(file, np.asfortranarray(np.load(file))))
    assert "expected floats" in broken(lambda file: np.save(file, np.zeros((517, 2048), np.int32)))
    assert "damaged header" in broken(lambda file: file.write_bytes(b"nothing"))
    assert "logits-00002.npy: found a header of shape (-1, 2048), expected a shape that an array can have" in broken(shape(-1, 2048))
    assert "logits-00002.npy: found a header of shape (-3, -5)" in broken(shape(-3, -5))
    assert f"logits-00002.npy: found a header of shape ({2**61}, 2048)" in broken(shape(2**61, 2048))
    # 2**64 elements are none, to who counts them in 64 bits.
    assert f"logits-00002.npy: found a header of shape ({2**32}, {2**32})" in broken(shape(2**32, 2**32))
    assert "expected floats of shape (rows, columns)" in broken(shape(517, 0))


def shape(*shape):
    """Writes a file that says to be of a shape."""

    def write(file):
        with open(file, "wb") as out:
            np.lib.format.write_array_header_1_0(out, {"descr": "<f4", "fortran_order": False, "shape": shape})

    return write


def test_what_is_left_of_a_failed_evaluation_is_cancelled(wide, tmp_path, monkeypatch):
    class Counts(Here):
        def submit(self, task, *arguments, returns=None):
            found = super().submit(task, *arguments, returns=returns)
            submitted.extend([found] if returns is None else found)
            return found

    def lost(*arguments):
        raise RuntimeError("the worker is gone")

    for stage in ["_write", "rank"]:
        submitted, engine = [], Counts()
        with monkeypatch.context() as patch:
            patch.setattr(_tasks, stage, lost)
            with pytest.raises(oodbench.ShardError, match="the worker is gone"):
                evaluate(wide, tmp_path / stage, engine, scores=["energy"])
        # With "rank", all but what had ended before: the tasks that score.
        cancelled = {id(one) for one in engine.cancelled}
        assert cancelled and all(id(one) in cancelled for one in submitted if not isinstance(one, _tasks.Scored))
        if stage == "_write":
            assert len(engine.cancelled) == len(submitted)


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
    other = shutil.copytree(wide, tmp_path / "other")
    changed = [
        # Fewer parts, as many parts of another run or with other scores, and a file that is none.
        lambda: evaluate(wide, tmp_path / "scores", scores=["energy"], memory=10 * sharded.MEMORY),
        lambda: evaluate(other, tmp_path / "scores", scores=["energy"]),
        lambda: evaluate(wide, tmp_path / "scores", scores=["energy", "max_logit"]),
        lambda: evaluate(wide, tmp_path / "scores", scores=["energy"], parameters={"energy.temperature": 2}),
    ]
    for evaluation in changed:
        with pytest.raises(oodbench.OodbenchError, match="scores/.*parquet: found a part of another evaluation"):
            evaluation()
        assert {part.name: part.read_bytes() for part in (tmp_path / "scores").iterdir()} == before
    name = next(iter(before))
    (tmp_path / "scores" / name).write_bytes(b"no part")
    with pytest.raises(oodbench.OodbenchError, match=f"{name}: found a part of another evaluation"):
        evaluate(wide, tmp_path / "scores", scores=["energy"])


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
    ensemble = wide.parent / "ensemble"
    ensemble.mkdir(exist_ok=True)
    (ensemble / "run.toml").write_text(f'members = ["../{wide.name}"]\n')
    with pytest.raises(oodbench.OodbenchError, match="ensemble: found an ensemble of networks, which is not evaluated in shards"):
        evaluate(ensemble, out, scores=["ensemble_mps"])
    with pytest.raises(oodbench.ShardError, match="found no file of logits"):
        evaluate({"test": logits, "ood/x": {"logits": f"{wide}/none-*.npy"}}, out, scores=["energy"])


def test_shards_by_their_names_are_checked(wide, bucket, tmp_path):
    def refused(**sets):
        names = {"test": "test", "svhn": "ood/svhn", "train": "train", "nameless": "ood/", "deep": "ood/a/b/c"}
        with pytest.raises(oodbench.ShardError) as error:
            evaluate({names[name]: arrays for name, arrays in sets.items()}, tmp_path / "scores", fits=oodbench.fit(oodbench.Run(), scores=["energy"]))
        assert not (tmp_path / "scores").exists()
        return str(error.value)

    logits = {"logits": wide / "id" / "test" / "logits-00000.npy"}
    narrow = tmp_path / "narrow.npy"
    np.save(narrow, np.zeros((3, 5), np.float32))
    assert refused(test=logits, svhn=logits, train=logits) == "train: expected a set that is scored, test, ood/NAME or ood/GROUP/NAME"
    assert 'split "ood/": expected' in refused(test=logits, nameless=logits)
    assert 'split "ood/a/b/c": expected' in refused(test=logits, deep=logits)
    assert refused(test={"logit": narrow}, svhn=logits) == "test: found logit, expected logits, features, features@LAYER or labels"
    assert "narrow.npy: ood/svhn: logits: found 5 columns, expected 2048, as in the rows of id/test before" in refused(test=logits, svhn={"logits": narrow})
    fsspec.filesystem("bucket").put_file(str(logits["logits"]), "bucket://other/logits.npy")
    assert refused(test=logits, svhn={"logits": "bucket://other/logits.npy"}).startswith("bucket://other/logits.npy: expected shards that lie in one place")


@pytest.fixture
def bucket():
    memory = pytest.importorskip("fsspec.implementations.memory")

    class Bucket(memory.MemoryFileSystem):
        """Object storage: a folder without files is none."""

        protocol = "bucket"
        store, pseudo_dirs = {}, [""]

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(path.removeprefix("bucket://"))

        def makedirs(self, path, exist_ok=False):
            pass

    fsspec.register_implementation("bucket", Bucket, clobber=True)
    return Bucket()


def test_folders_that_are_not_there_yet_in_object_storage(run, bucket):
    folder, scores, expected = run
    for file in folder.rglob("*"):
        if file.is_file():
            bucket.pipe_file(f"/runs/{folder.name}/{file.relative_to(folder).as_posix()}", file.read_bytes())
    # Labels are not looked at, which may lie in shards, too.
    with bucket.open(f"/runs/{folder.name}/id/test/labels-00000.npy", "wb") as file:
        np.save(file, np.zeros(300, np.int64))
    with pytest.raises(FileNotFoundError, match="bucket://runs/none: found no files, expected the folder of a run"):
        evaluate("bucket://runs/none", "bucket://scores", scores=scores)
    records = evaluate(f"bucket://runs/{folder.name}", "bucket://scores", scores=scores)
    assert records.text("json") == expected
    assert len(bucket.glob("/scores/*.parquet")) > 5


def test_sets_of_similar_names_have_parts_of_their_own(wide, tmp_path, program):
    folder = tmp_path / "similar"
    shutil.copytree(wide, folder)
    (folder / "ood" / "blank").rename(folder / "ood" / "far-svhn")
    records = evaluate(folder, tmp_path / "scores", scores=["energy"])
    assert records.text("json") == program("score", folder, "--score", "energy", "--format", "json", "--quiet")
    rows = [row for part in (tmp_path / "scores").glob("*.parquet") for row in parquet.read_table(part, columns=["group", "set", "row"]).to_pylist()]
    of_set = [sum((row["group"], row["set"]) == place for row in rows) for place in [("far", "svhn"), (None, "far-svhn")]]
    assert of_set == [700, 31]


def test_intervals_of_too_many_rows_are_refused_before_anything_is_scored(tmp_path):
    # Files with nothing but gaps: 2**32 rows take no place.
    for name in ["test", "svhn"]:
        with open(tmp_path / f"{name}.npy", "wb") as file:
            np.lib.format.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": (2**31, 1)})
            file.truncate(file.tell() + 2 * 2**31)
    sets = {"test": {"logits": tmp_path / "test.npy"}, "ood/svhn": {"logits": tmp_path / "svhn.npy"}}
    fits = oodbench.fit(oodbench.Run(), scores=["energy"])
    with pytest.raises(oodbench.OodbenchError, match="ood/svhn: found 4294967296 ID and OOD rows, expected at most 4294967295"):
        evaluate(sets, tmp_path / "scores", fits=fits, bootstrap=50)
    assert not (tmp_path / "scores").exists()


def test_rankings_are_dropped_once_they_are_measured(wide, tmp_path, monkeypatch):
    class Own(bytes):
        """Of which is known how many there are."""

        there = 0

        def __new__(cls, ranking):
            cls.there += 1
            return super().__new__(cls, ranking)

        def __del__(self):
            Own.there -= 1

    rank, left = _tasks.rank, {}

    def watched(*arguments):
        *rankings, scores = rank(*arguments)
        return (*map(Own, rankings), scores)

    def progress(event):
        if event.stage.startswith("measure"):
            left.setdefault(event.stage, Own.there)
            parts.add(event.all)

    parts = set()
    monkeypatch.setattr(_tasks, "rank", watched)
    evaluate(wide, tmp_path / "scores", scores=["energy"], progress=progress)
    (parts,) = parts
    assert parts > 1
    # Those of one OOD set after the other.
    assert list(left.values()) == [3 * parts, 2 * parts, parts]


def test_fits_are_restored_once_by_several_threads(monkeypatch):
    restored = []

    def slow(data):
        restored.append(data)
        time.sleep(0.1)
        return data

    monkeypatch.setattr(_tasks.pickle, "loads", slow)
    monkeypatch.setattr(_tasks, "_FITS", {})
    packed, threads = ("key", np.zeros(3, np.uint8)), oodbench.get_num_threads()
    found = []
    try:
        workers = [threading.Thread(target=lambda: found.append(_tasks._fits(packed))) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        oodbench.set_num_threads(threads)
    assert (len(restored), found) == (1, [bytes(3)] * 4)


def test_blocks_are_those_of_the_arrays_that_are_scored_together():
    def shards(columns):
        return [_shards.Shard("file", "<f4", (10, columns), 128)]

    of = {"logits": shards(100), "gram@block": shards(50_000), "scores@mine": shards(1)}
    assert _shards.Set("id/test", of).block() == oodbench.rows_per_block(100)
    assert _shards.Set("id/test", {"gram@block": shards(50_000)}).block() == oodbench.rows_per_block(1)


def test_pieces_begin_where_blocks_do_and_fit_memory(wide):
    source = _shards.of_folder(wide, {})
    job = _scale.Job(source.fs, None, "", "", None, ("logits",), ("energy",), "logits")
    pieces = _scale._pieces(source.sets, job, sharded.MEMORY)
    for one in source.sets:
        own = [piece for piece in pieces if piece.set == one.name]
        assert [piece.first for piece in own[1:]] == [piece.last for piece in own[:-1]]
        assert (own[0].first, own[-1].last) == (0, one.rows)
        assert all(piece.first % 128 == 0 for piece in own)
        assert all((piece.last - piece.first) * (2 * 4 * 2048 + 64) <= sharded.MEMORY for piece in own)
