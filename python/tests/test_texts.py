"""Embeddings of texts in `head`, and patches in `layers`: what the command line gives of the same files, to the last bit, and what is wrong with them."""

import pickle

import numpy as np
import pytest
from conftest import ROOT, bits

import oodbench

CLIP = ROOT / "fixtures" / "clip"
SCORES = ["mcm", "gl_mcm", "neglabel"]
SPLITS = ["id/test", "ood/far", "ood/near"]


def arrays(split):
    """A split as arguments."""
    files = {file.stem: np.load(file) for file in (CLIP / split).glob("*.npy")}
    return {"features": files["features"], "layers": {"patches": files["features@patches"]}} | {"labels": files[name] for name in files if name == "labels"}


def rows(split):
    """The same without labels."""
    return {name: array for name, array in arrays(split).items() if name != "labels"}


@pytest.fixture
def head():
    return {name: np.load(CLIP / "head" / f"{name}.npy") for name in ("text", "negatives")}


@pytest.fixture
def run(head):
    """The folder, in batches."""
    run = oodbench.Run("clip", in_distribution="embeddings", head=head)
    for split in ["val", *SPLITS]:
        whole = arrays({"val": "id/val"}.get(split, split))
        for start in range(0, len(whole["features"]), 7):
            batch = {name: array[start : start + 7] for name, array in whole.items() if name != "layers"}
            run.add(split.removeprefix("id/"), **batch, layers={"patches": whole["layers"]["patches"][start : start + 7]})
    return run


@pytest.fixture(scope="module")
def expected(program, tmp_path_factory):
    """What the program gives: of every split its scores."""
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path_factory.mktemp("clip")
    program("score", CLIP, "--score", ",".join(SCORES), "--out", out, "--quiet")
    columns = parquet.read_table(out / "scores.parquet").to_pydict()
    of_rows = [split if split == "id/test" else f"ood/{set_}" for split, set_ in zip(columns["split"], columns["set"], strict=True)]
    return {split: {score: [value for own, value in zip(of_rows, columns[score], strict=True) if own == split] for score in SCORES} for split in SPLITS}


@pytest.mark.parametrize("split", SPLITS)
def test_scores_are_the_programs_to_the_last_bit(head, expected, split):
    new = rows(split)
    together = oodbench.score(scores=SCORES, head=head, **new)
    for score in SCORES:
        assert len(expected[split][score]) == len(new["features"])
        detector = oodbench.Detector(score).fit(head=head)
        for fitted in (detector, pickle.loads(pickle.dumps(detector))):
            assert bits(fitted.score_samples(**new)) == bits(expected[split][score]), score
        assert bits(together[score]) == bits(expected[split][score]), score


def test_patches_may_lie_side_by_side(head):
    new = rows("id/test")
    found = oodbench.score(scores="gl_mcm", head=head, **new)["gl_mcm"]
    flat = new["layers"]["patches"].reshape(len(found), -1)
    assert bits(oodbench.score(scores="gl_mcm", head=head, features=new["features"], layers={"patches": flat})["gl_mcm"]) == bits(found)


def test_records_of_batches_are_those_of_the_folder(run, program, tmp_path):
    text = program("score", CLIP, "--score", ",".join(SCORES), "--format", "json", "--quiet")
    assert oodbench.evaluate(run, scores=SCORES).text("json") == text
    assert oodbench.evaluate(oodbench.read_dump(CLIP), scores=SCORES).text("json") == text
    # A folder written of them is read alike, patches with their axis.
    run.write(tmp_path / "clip")
    again = oodbench.read_dump(tmp_path / "clip")
    assert oodbench.evaluate(again, scores=SCORES).text("json") == text
    for one in (run, again):
        assert np.array_equal(one["test"]["features@patches"], arrays("id/test")["layers"]["patches"])
    for name in ("text", "negatives"):
        assert np.array_equal(np.load(tmp_path / "clip" / "head" / f"{name}.npy"), np.load(CLIP / "head" / f"{name}.npy"))


def test_a_report_is_the_programs(run, program, tmp_path):
    oodbench.report(run, tmp_path / "own", scores=SCORES)
    program("report", CLIP, "--score", ",".join(SCORES), "--out", tmp_path / "theirs", "--quiet")
    assert (tmp_path / "own" / "tables.md").read_bytes() == (tmp_path / "theirs" / "tables.md").read_bytes()


@pytest.mark.parametrize("score", SCORES)
def test_files_are_the_programs_to_the_last_byte(head, program, tmp_path, score):
    own, theirs = tmp_path / "own", tmp_path / "theirs"
    program("fit", CLIP, "--score", score, "--out", theirs, "--quiet")
    # The program tells the widths of arrays by the rows that lie there.
    detector = oodbench.Detector(score).fit(head=head, val=arrays("id/val"), run="clip")
    detector.save(own)
    assert own.read_bytes() == theirs.read_bytes()
    new = rows("ood/far")
    for given in (None, head):
        assert bits(oodbench.Detector.load(theirs, head=given).score_samples(**new)) == bits(detector.score_samples(**new))
    with pytest.raises(oodbench.OodbenchError, match="the head: found texts with checksum .*, expected .*; fit this model"):
        oodbench.Detector.load(theirs, head=head | {"text": 2 * head["text"]})
    program("calibrate", CLIP, "--score", score, "--false-alarms", "20%", "--out", theirs, "--quiet")
    calibrated = detector.calibrate(**arrays("id/val"), false_alarms=0.2)
    assert oodbench.Detector.load(theirs).thresholds == calibrated.thresholds
    assert np.array_equal(oodbench.Detector.load(theirs).predict(**new), calibrated.predict(**new))


def test_fits_of_a_run_keep_the_texts(run, expected, tmp_path):
    fits = oodbench.fit(run, scores=SCORES)
    fits.save(tmp_path / "fits")
    for one in (fits, pickle.loads(pickle.dumps(fits)), oodbench.Fits.load(tmp_path / "fits")):
        found = one.score_samples(**rows("ood/near"))
        assert {score: bits(values) for score, values in found.items()} == {score: bits(values) for score, values in expected["ood/near"].items()}


def test_texts_beside_a_linear_head(head, expected):
    weight = np.asfortranarray(head["text"])
    both = head | {"weight": weight, "bias": None}
    features = rows("id/test")["features"]
    found = oodbench.score(scores=["mcm", "mds"], features=features, head=both)
    assert bits(found["mcm"]) == bits(expected["id/test"]["mcm"])
    assert bits(found["mds"]) == bits(oodbench.score(scores="mds", features=features, head=(weight, None))["mds"])
    assert bits(found["mds"]) == bits(oodbench.score(scores="mds", features=features, head={"weight": weight})["mds"])


@pytest.mark.parametrize("change, kind, expected", [
    (lambda head: head | {"text": head["text"][:, :7].copy()}, "ArrayError", "head negatives: found 16 columns, expected 7, as head text has"),
    (lambda head: {"text": head["text"] * np.nan}, "ArrayError", "head text: found 5 rows with NaN or infinite values"),
    (lambda head: {"text": head["text"][:0]}, "ArrayError", "head text: found no rows, expected one row per class"),
    (lambda head: {"text": head["text"], "weight": np.ones((5, 7))}, "ArrayError", "head text: found 16 columns, expected 7, as the features have"),
    (lambda head: {"text": head["text"], "weight": np.ones((4, 16))}, "ArrayError", "head text: found 5 rows, expected 4, one per class"),
    (lambda head: {"negatives": head["negatives"]}, "MissingInputError", 'head: found negatives alone, expected text too; pass "text" beside it'),
    (lambda head: {"bias": np.ones(5)}, "MissingInputError", "head: found bias alone, expected weight too"),
    (lambda head: head | {"weight": np.ones((5, 16)), "prototypes": np.ones((5, 16))}, "ArrayError", "head: found weight and prototypes"),
    (lambda head: head | {"texts": head["text"]}, "ArrayError", 'head: found the key "texts", expected some of weight, bias, '),
    (lambda head: {"text": None}, "ArrayError", "head: found dict, expected (weight, bias)"),
])
def test_heads_that_are_none(head, change, kind, expected):
    for make in (lambda given: oodbench.Run(head=given), lambda given: oodbench.Detector("mcm").fit(head=given)):
        with pytest.raises(getattr(oodbench, kind)) as refused:
            make(change(head))
        assert expected in str(refused.value)


def test_what_is_missing_is_said_by_the_argument(head):
    new = rows("id/test")
    with pytest.raises(oodbench.MissingInputError, match=r'score mcm reads class texts, found none; pass head=\{"text": ...\}'):
        oodbench.score(scores="mcm", **new)
    with pytest.raises(oodbench.MissingInputError, match=r'neglabel reads negative texts, found none; pass head=\{"text": ..., "negatives": ...\}'):
        oodbench.Detector("neglabel").fit(head={"text": head["text"]})
    with pytest.raises(oodbench.MissingInputError, match=r'reads features@patches of the rows to be scored, found none; pass layers=\{"patches": ...\}'):
        oodbench.score(scores="gl_mcm", features=new["features"], head=head)


@pytest.mark.parametrize("change, expected", [
    (lambda all_: all_.reshape(60, 2, 32), "found 2 patches of 32 columns, expected 16 columns, as the features have"),
    (lambda all_: all_[:, 0, :15].copy(), "found 15 columns, expected a multiple of 16, the columns of the features"),
    (lambda all_: np.asfortranarray(all_), "found Fortran order, expected patches in C order; pass numpy.ascontiguousarray"),
    (lambda all_: all_[:, :0].copy(), "found shape (60, 0, 16), expected shape (rows, patches, features)"),
])
def test_patches_that_are_none(head, change, expected):
    new = rows("id/test")
    layers = {"patches": change(new["layers"]["patches"])}
    run = oodbench.Run(head=head)
    for use in (
        lambda: oodbench.score(scores="gl_mcm", features=new["features"], layers=layers, head=head),
        lambda: run.add("test", features=new["features"], layers=layers),
        lambda: run.add("test", layers=layers),
    ):
        with pytest.raises(oodbench.ArrayError) as refused:
            use()
        assert expected in str(refused.value)
    assert run.splits == {}


def test_other_batches_and_layers_with_an_axis_are_refused(head):
    new = rows("id/test")
    run = oodbench.Run(head=head)
    run.add("test", **new)
    with pytest.raises(oodbench.ArrayError, match="features@patches: found 3 patches of 16 columns, expected 4 patches of 16 columns, as in the rows of id/test before"):
        run.add("ood/a", features=new["features"], layers={"patches": new["layers"]["patches"][:, :3].copy()})
    with pytest.raises(oodbench.ArrayError, match="features: found 15 columns, expected 16, as in head text"):
        run.add("ood/a", features=new["features"][:, :15].copy())
    with pytest.raises(oodbench.ArrayError, match=r"features@block: found shape \(60, 4, 16\), expected \(rows, columns\)"):
        run.add("ood/a", layers={"block": new["layers"]["patches"]})
    with pytest.raises(oodbench.ArrayError, match="labels: found label 5 at row 0, expected labels from 0 to 4"):
        run.add("csid/a", **new, labels=np.full(60, 5))
    assert run.splits == {"id/test": 60}
