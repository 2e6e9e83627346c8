"""Records as data frames, runs as folders."""

import numpy as np
import pytest

import oodbench


@pytest.fixture(scope="module")
def records():
    from conftest import DUMPS

    return oodbench.evaluate([oodbench.read_dump(DUMPS / name) for name in ("densenet-cifar10-softmax", "smallcnn-cifar10-isomax-seed1")], scores=["mds", "es"])


def test_rows_and_text(records):
    rows = records.rows()
    means = sum(row["mean_over"] is not None for row in rows)
    assert means > 0 and repr(records) == f"<oodbench.Records: {len(rows) - means} values and {means} means>"
    assert len(rows) == len(records) and {row["score"] for row in rows} == {"mds", "es"}
    assert {row["run"] for row in rows} >= {"densenet-cifar10-softmax", "smallcnn-cifar10-isomax-seed1"}
    assert "svhn" in str(records) and "Percent." in str(records)


def test_pyarrow(records):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(records)
    assert table.to_pylist() == records.rows()


def test_polars(records):
    polars = pytest.importorskip("polars")
    assert polars.DataFrame(records).to_dicts() == records.rows()


def test_pandas(records):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(records.rows())
    assert frame.groupby("score")["value"].count().gt(0).all()


def test_a_dump_is_whole_or_not_there(tmp_path):
    x = np.random.default_rng(4).normal(size=(20, 3)).astype(np.float32)
    with pytest.raises(RuntimeError), oodbench.dump(tmp_path / "run") as out:
        out.add("test", logits=x)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    for _ in range(2):
        with oodbench.dump(tmp_path / "run", model="m", seed=3, head=(x, np.zeros(20)), replace=True) as out:
            out.add("test", features=x, labels=np.arange(20))
            out.add("ood/near/a", features=x)
    read = oodbench.read_dump(tmp_path / "run")
    assert read.name == "run" and read.splits == {"id/test": 20, "ood/near/a": 20}
    assert np.array_equal(read["test"]["features"], x) and np.array_equal(read["test"]["labels"], np.arange(20))
    with pytest.raises(FileExistsError, match="replace=True"), oodbench.dump(tmp_path / "run") as out:
        out.add("test", logits=x)
    with pytest.raises(oodbench.OodbenchError, match="expected \"train\""):
        out.add("tset", logits=x)
    with pytest.raises(oodbench.ArrayError, match="labels: found 3 rows, expected 20"):
        oodbench.Run().add("test", logits=x, labels=np.arange(3))
    with pytest.raises(oodbench.OodbenchError, match="no rows of test"):
        oodbench.evaluate(oodbench.Run())
